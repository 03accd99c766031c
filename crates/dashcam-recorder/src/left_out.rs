//! Sessions of projects that the user left out: not recorded, not archived,
//! only counted.
//!
//! A session's folder is known once it is decoded, so each is decoded once;
//! after that, its files' stamps tell that there is nothing to look at.

use crate::import::ImportError;
use crate::plan::{Plan, PlannedSession};
use crate::process::Processed;
use dashcam_harness::Home;
use dashcam_harness::is_told;
use dashcam_privacy::{ConfigError, Exclusions, PatternError, PrivacyConfig};
use dashcam_store::{
    FileState, FileWrite, ImportBatch, LeftOut, PreparedSession, Store, tail_hash,
};
use dashcam_trace::{Harness, SessionId};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The user's configuration, in the data folder.
const CONFIG: &str = "config.toml";

/// The rules by which projects are left out could not be read. Nothing is
/// recorded then, since it might be what was to be left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// The configuration could not be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The `[privacy]` table could not be used.
    #[error("cannot use [privacy] in {path}: {source}")]
    Config {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ConfigError,
    },
    /// A pattern could not be used.
    #[error("cannot use [privacy] in {path}: {source}")]
    Pattern {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PatternError,
    },
}

/// The rules by which projects are left out, as they are now: those of the
/// `config.toml` in the data folder, and the `.dashcamignore` files in
/// projects and above them.
pub fn exclusions(data_dir: &Path, home: &Home) -> Result<Exclusions, RulesError> {
    let path = data_dir.join(CONFIG);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(RulesError::Unreadable { path, source }),
    };
    let config = match PrivacyConfig::parse(&text) {
        Ok(config) => config,
        Err(source) => return Err(RulesError::Config { path, source }),
    };
    Exclusions::new(Some(&home.folder), &config.ignore, read_ignore_file)
        .map_err(|source| RulesError::Pattern { path, source })
}

/// What a `.dashcamignore` says. One that is there and cannot be read leaves
/// out its whole folder, as an empty one does.
fn read_ignore_file(path: &Path) -> Option<String> {
    match std::fs::read(path) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) if std::fs::symlink_metadata(path).is_ok() => Some(String::new()),
        Err(_) => None,
    }
}

/// What one import leaves out.
pub(crate) struct LeavingOut<'a> {
    store: &'a Store,
    rules: Exclusions,
    known: FxHashMap<(Harness, String), LeftOut>,
    fresh: Mutex<Vec<LeftOut>>,
    /// Sessions that were made of telemetry before their folder was known.
    obsolete: Mutex<Vec<SessionId>>,
    no_longer: Vec<(Harness, String)>,
    skipped: u64,
}

impl<'a> LeavingOut<'a> {
    /// Reads the rules, and takes out of the plan what they still leave out
    /// and what has not changed since it was looked at.
    pub(crate) fn begin(
        store: &'a Store,
        home: &Home,
        plan: &mut Plan,
    ) -> Result<Self, ImportError> {
        let folder = store.path().parent().unwrap_or_else(|| Path::new(""));
        let rules = exclusions(folder, home)?;
        let known: FxHashMap<(Harness, String), LeftOut> = store
            .left_out()?
            .into_iter()
            .map(|session| ((session.harness, session.native_id.clone()), session))
            .collect();
        let mut leaving_out = Self {
            store,
            rules,
            known,
            fresh: Mutex::default(),
            obsolete: Mutex::default(),
            no_longer: Vec::new(),
            skipped: 0,
        };
        plan.sessions
            .retain(|planned| leaving_out.is_to_read(planned));
        Ok(leaving_out)
    }

    /// Whether a session is to be read: it was not left out, or is no longer,
    /// or has changed since.
    fn is_to_read(&mut self, planned: &PlannedSession) -> bool {
        let key = (planned.harness, planned.native_id.clone());
        let Some(session) = self.known.get(&key) else {
            return true;
        };
        if self.rules.excluded(&session.cwd).is_none() {
            self.no_longer.push(key);
            return true;
        }
        let is_unchanged = session.stamp == stamp(planned);
        self.skipped += u64::from(is_unchanged);
        !is_unchanged
    }

    /// Takes everything out of what was made of a session that is left out.
    pub(crate) fn filter(&self, planned: &PlannedSession, processed: &mut Processed) {
        // Telemetry does not tell the folder: what was found out before holds.
        let key = (planned.harness, planned.native_id.clone());
        let told = processed.session.as_ref().and_then(PreparedSession::cwd);
        let remembered = self.known.get(&key).map(|session| session.cwd.as_str());
        let Some(cwd) = told.or(remembered).map(str::to_owned) else {
            return;
        };
        let Some(reason) = self.rules.excluded(&cwd) else {
            return;
        };
        processed.session = None;
        processed.files = without_telemetry(planned);
        processed.problems = 0;
        if !processed.files.is_empty() {
            self.obsolete
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(SessionId::derive(planned.harness, &planned.native_id));
        }
        let left_out = LeftOut {
            harness: planned.harness,
            native_id: planned.native_id.clone(),
            cwd,
            reason: reason.to_string(),
            stamp: stamp(planned),
        };
        self.fresh
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(left_out);
    }

    /// Remembers what was left out. Returns how many sessions that were.
    pub(crate) fn end(self) -> Result<u64, ImportError> {
        let fresh = self
            .fresh
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let obsolete = self
            .obsolete
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if !obsolete.is_empty() {
            self.store.write(ImportBatch {
                obsolete,
                ..ImportBatch::default()
            })?;
        }
        self.store.update_left_out(&fresh, &self.no_longer)?;
        Ok(self.skipped + fresh.len() as u64)
    }
}

/// Telemetry comes before it is known what session it is of: what was kept of
/// it is emptied. A session that was recorded before the rule keeps its own.
fn without_telemetry(planned: &PlannedSession) -> Vec<FileWrite> {
    let known = || planned.files.iter().filter_map(|file| file.known.as_ref());
    if known().any(|state| !is_told(&state.path)) {
        return Vec::new();
    }
    known()
        .filter(|state| state.cursor > 0)
        .map(|state| FileWrite {
            state: FileState {
                cursor: 0,
                tail_hash: tail_hash(&[]),
                ..state.clone()
            },
            chunks: Vec::new(),
            replaced: true,
        })
        .collect()
}

/// Tells whether a session's files are as they were.
fn stamp(planned: &PlannedSession) -> u64 {
    let mut files: Vec<_> = planned
        .files
        .iter()
        .map(|file| (&file.path, file.stamp.size, file.stamp.modified_ns))
        .collect();
    files.sort_unstable();
    let mut hasher = FxHasher::default();
    files.hash(&mut hasher);
    hasher.finish()
}
