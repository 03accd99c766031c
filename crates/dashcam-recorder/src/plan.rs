//! What there is to import: which sessions have files that are new or changed.
//!
//! Compares what lies on disk with what the store has seen. Only new files are
//! opened, and only for their first line. An unchanged file costs its stamp.

use crate::databases::{DatabaseSource, Looked};
use crate::discover::{Found, FoundFile, Stamp, describe_io_error};
use crate::group::{Place, Roots};
use crate::read;
use crate::report::Trouble;
use dashcam_harness::HarnessReader;
use dashcam_harness::database::database_of;
use dashcam_harness::is_told;
use dashcam_store::{FileState, FileWrite};
use dashcam_trace::{Harness, SessionId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};

/// What there is to import.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The sessions to decode, the latest first.
    pub(crate) sessions: Vec<PlannedSession>,
    /// Known files that are gone from disk.
    pub(crate) vanished: Vec<FileState>,
    /// Sessions that are none any more, since their root was found.
    pub(crate) obsolete: Vec<SessionId>,
    /// What could not be read.
    pub(crate) unreadable: Vec<Trouble>,
    /// Files that are new or have changed.
    pub(crate) changed_files: u64,
}

impl Plan {
    /// The bytes of all files of all planned sessions.
    pub(crate) fn bytes(&self) -> u64 {
        self.sessions.iter().map(PlannedSession::bytes).sum()
    }
}

/// One session to decode, with all its files.
#[derive(Clone, Debug)]
pub(crate) struct PlannedSession {
    pub(crate) harness: Harness,
    pub(crate) native_id: String,
    pub(crate) files: Vec<PlannedFile>,
}

impl PlannedSession {
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.stamp.size).sum()
    }

    fn modified_ns(&self) -> i64 {
        self.files
            .iter()
            .map(|file| file.stamp.modified_ns)
            .max()
            .unwrap_or_default()
    }
}

/// One file of a session to decode.
#[derive(Clone, Debug)]
pub(crate) struct PlannedFile {
    pub(crate) path: PathBuf,
    pub(crate) native_id: String,
    pub(crate) parent: Option<String>,
    pub(crate) stamp: Stamp,
    /// What the store knows of it.
    pub(crate) known: Option<FileState>,
    /// Where its content is.
    pub(crate) source: Source,
    /// Whether it is new or has changed.
    pub(crate) changed: bool,
}

/// Where the content of evidence is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// In the file that its path names.
    File,
    /// In the rows of a database.
    Database(DatabaseSource),
    /// Only in the archive.
    Archive,
}

/// The stamp that the store remembers.
pub(crate) fn stamp_of(known: &FileState) -> Stamp {
    Stamp {
        size: known.size,
        modified_ns: known.modified_ns,
        inode: known.inode,
    }
}

/// Which of the found files' sessions are to be decoded. `complete`: `found`
/// holds everything below its roots, so a known file that is not in it is gone.
/// `looked`: what became of databases.
pub(crate) fn plan(
    found: Found,
    looked: Looked,
    read: &FxHashMap<PathBuf, FileWrite>,
    known: Vec<FileState>,
    readers: &[&dyn HarnessReader],
    complete: bool,
) -> Plan {
    let mut plan = Plan::default();
    plan.unreadable
        .extend(found.unreadable.into_iter().map(|trouble| Trouble {
            path: trouble.path.display().to_string(),
            message: trouble.message,
        }));
    plan.unreadable.extend(looked.unreadable);
    let mut known_by_path: FxHashMap<PathBuf, FileState> = known
        .into_iter()
        .map(|state| (PathBuf::from(&state.path), state))
        .collect();
    let formerly_root = former_roots(&known_by_path);

    let mut files = Vec::with_capacity(found.files.len());
    for file in found.files {
        let known = known_by_path.remove(&file.path);
        match place(&file, known, readers) {
            Ok(Some(planned)) => files.push((file.harness, planned)),
            Ok(None) => {}
            Err(error) if error.vanished() => {}
            Err(error) => plan.unreadable.push(Trouble {
                path: file.path.display().to_string(),
                message: describe_io_error(&error.source),
            }),
        }
    }
    for session in looked.sessions {
        let known = known_by_path.remove(&session.path);
        let source = if session.changed {
            Source::Database(session.source)
        } else {
            Source::Archive
        };
        let planned = PlannedFile {
            path: session.path,
            native_id: session.native_id,
            parent: session.parent,
            stamp: session.stamp,
            known,
            source,
            changed: session.changed,
        };
        files.push((session.harness, planned));
    }
    for (path, state) in known_by_path {
        let database = database_of(&state.path, &state.native_id).map(Path::new);
        let gone = !state.vanished
            && match database {
                _ if state.is_database() => looked.gone.contains(&path),
                // It is in none that was listed just now.
                Some(database) => looked.gone.contains(database) || read.contains_key(database),
                None => complete && is_below(&path, &found.roots),
            };
        if gone {
            plan.vanished.push(state.clone());
        }
        if state.is_database() {
            continue;
        }
        let is_file = !gone && !state.vanished && database.is_none();
        files.push((state.harness, archived(path, state, is_file)));
    }
    plan.changed_files = files.iter().filter(|(_, file)| file.changed).count() as u64;
    plan.group(files, &formerly_root, &Which::Changed);
    plan
}

/// The sessions of these records, to be decoded anew because of what was
/// archived of them.
pub(crate) fn plan_archived(
    known: Vec<FileState>,
    records: FxHashSet<(Harness, String)>,
    obsolete: Vec<SessionId>,
) -> Plan {
    let mut plan = Plan {
        obsolete,
        ..Plan::default()
    };
    let files = known
        .into_iter()
        .filter(|state| !state.is_database())
        .map(|state| {
            let is_file = !state.vanished && database_of(&state.path, &state.native_id).is_none();
            let path = PathBuf::from(&state.path);
            (state.harness, archived(path, state, is_file))
        })
        .collect();
    plan.group(files, &FxHashSet::default(), &Which::Of(records));
    plan
}

/// Every known session, to be decoded anew from the archive.
pub(crate) fn plan_from_archive(known: Vec<FileState>) -> Plan {
    let mut plan = Plan::default();
    let files = known
        .into_iter()
        .filter(|state| !state.is_database())
        .map(|state| {
            (
                state.harness,
                archived(PathBuf::from(&state.path), state, false),
            )
        })
        .collect();
    plan.group(files, &FxHashSet::default(), &Which::All);
    plan
}

/// Which sessions are planned.
enum Which {
    /// Those with a file that is new or has changed.
    Changed,
    /// Those that one of these records belongs to.
    Of(FxHashSet<(Harness, String)>),
    /// All.
    All,
}

fn is_below(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

/// Sessions that stand in the store: the roots of what it has seen.
fn former_roots(known: &FxHashMap<PathBuf, FileState>) -> FxHashSet<(Harness, String)> {
    let roots = Roots::new(known.values().map(|state| Place {
        harness: state.harness,
        native_id: &state.native_id,
        parent: state.parent.as_deref(),
    }));
    known
        .values()
        .map(|state| {
            (
                state.harness,
                roots.root_of(state.harness, &state.native_id).to_owned(),
            )
        })
        .collect()
}

/// Where a found file belongs; `None` for a file that tells of no session.
fn place(
    file: &FoundFile,
    known: Option<FileState>,
    readers: &[&dyn HarnessReader],
) -> Result<Option<PlannedFile>, read::ReadError> {
    if let Some(state) = known {
        let changed = stamp_of(&state) != file.stamp || state.vanished;
        return Ok(Some(PlannedFile {
            path: file.path.clone(),
            native_id: state.native_id.clone(),
            parent: state.parent.clone(),
            stamp: file.stamp,
            known: Some(state),
            source: Source::File,
            changed,
        }));
    }
    let Some(reader) = readers
        .iter()
        .find(|reader| reader.harness() == file.harness)
    else {
        return Ok(None);
    };
    let first_record = read::first_record(&file.path)?;
    Ok(reader
        .membership(&file.path, &first_record)
        .map(|membership| PlannedFile {
            path: file.path.clone(),
            native_id: membership.native_id,
            parent: membership.parent,
            stamp: file.stamp,
            known: None,
            source: Source::File,
            changed: true,
        }))
}

/// A known file that was not looked at: it may still be part of a session
/// that is decoded because of another file.
fn archived(path: PathBuf, state: FileState, is_file: bool) -> PlannedFile {
    PlannedFile {
        path,
        native_id: state.native_id.clone(),
        parent: state.parent.clone(),
        stamp: stamp_of(&state),
        // Telemetry has no other place than the archive.
        source: if is_file && !is_told(&state.path) {
            Source::File
        } else {
            Source::Archive
        },
        known: Some(state),
        changed: false,
    }
}

impl Plan {
    /// Puts files of one session together.
    fn group(
        &mut self,
        files: Vec<(Harness, PlannedFile)>,
        formerly_root: &FxHashSet<(Harness, String)>,
        which: &Which,
    ) {
        let roots: Vec<String> = {
            let roots = Roots::new(files.iter().map(|(harness, file)| Place {
                harness: *harness,
                native_id: &file.native_id,
                parent: file.parent.as_deref(),
            }));
            files
                .iter()
                .map(|(harness, file)| roots.root_of(*harness, &file.native_id).to_owned())
                .collect()
        };
        let mut changed: FxHashSet<(Harness, &str)> = FxHashSet::default();
        let mut obsolete: FxHashSet<SessionId> = FxHashSet::default();
        for ((harness, file), root) in files.iter().zip(&roots) {
            let is_meant = match which {
                Which::Changed => file.changed,
                Which::Of(records) => records.contains(&(*harness, file.native_id.clone())),
                Which::All => true,
            };
            if is_meant {
                changed.insert((*harness, root));
            }
            let was_root = formerly_root.contains(&(*harness, file.native_id.clone()));
            if was_root && file.native_id != *root {
                obsolete.insert(SessionId::derive(*harness, &file.native_id));
                changed.insert((*harness, root));
            }
        }
        self.obsolete.extend(obsolete);

        let mut sessions: FxHashMap<(Harness, &str), PlannedSession> = FxHashMap::default();
        for ((harness, file), root) in files.into_iter().zip(&roots) {
            if changed.contains(&(harness, root.as_str())) {
                let session = sessions
                    .entry((harness, root))
                    .or_insert_with(|| PlannedSession {
                        harness,
                        native_id: root.clone(),
                        files: Vec::new(),
                    });
                session.files.push(file);
            }
        }
        self.sessions = sessions.into_values().collect();
        for session in &mut self.sessions {
            let root = session.native_id.clone();
            // The root's own file first, then by path: the order that decoders rely on.
            session.files.sort_by(|a, b| {
                (a.native_id != root, &a.path).cmp(&(b.native_id != root, &b.path))
            });
        }
        self.sessions
            .sort_by(|a, b| (b.modified_ns(), &a.native_id).cmp(&(a.modified_ns(), &b.native_id)));
    }
}
