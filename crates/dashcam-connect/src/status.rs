//! What is connected, without changing anything.

use crate::connect::{Connector, Scope};
use crate::files;
use crate::hooks;
use crate::json::Document;
use crate::registrations::Connectable;
use crate::telemetry::{self, State};
use serde::Serialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is known of one harness.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Which.
    pub harness: Connectable,
    /// Whether its program or its settings were found.
    pub is_installed: bool,
    /// Its program.
    pub program: Option<PathBuf>,
    /// Whether hooks are registered for the current folder at all.
    pub is_connected: bool,
    /// The user's settings.
    pub user: Registered,
    /// The current folder's settings.
    pub project: Registered,
    /// Where its own telemetry goes; `None` where it cannot be known.
    pub telemetry: Option<State>,
    /// Whether Arize's hooks are registered.
    pub has_arize: bool,
}

/// What is registered in one file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Registered {
    /// The file.
    pub path: PathBuf,
    /// Events with a hook of ours.
    pub events: Vec<String>,
    /// Events without one, where others have it.
    pub missing: Vec<String>,
    /// The programs that hooks run.
    pub programs: Vec<HookedProgram>,
    /// How many of the hooks the harness runs, where it asks for trust first.
    pub trusted: Option<usize>,
    /// Why the file cannot be read.
    pub problem: Option<String>,
}

/// A program that hooks run.
#[derive(Clone, Debug, Serialize)]
pub struct HookedProgram {
    /// Its path.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
}

impl Connector {
    /// What is known of a harness. Programs are looked for in `search_path`.
    pub fn status(&self, harness: Connectable, search_path: Option<&OsStr>) -> Status {
        let program = program(harness.registration().program, search_path);
        let user = self.registered(harness, Scope::User);
        let project = self.registered(harness, Scope::Project);
        Status {
            harness,
            is_installed: program.is_some() || harness.folder(&self.home).is_dir(),
            program,
            is_connected: !user.events.is_empty() || !project.events.is_empty(),
            telemetry: self.telemetry(harness),
            has_arize: self.has_arize(harness),
            user,
            project,
        }
    }

    fn registered(&self, harness: Connectable, scope: Scope) -> Registered {
        let registration = harness.registration();
        // Of several files, one that has hooks stands for all.
        let paths = self.hook_files(harness, scope).into_iter();
        let mut hooked = paths.filter(|path| {
            let bytes = files::read(path).ok().flatten();
            let found = bytes.and_then(|bytes| registration.find(path, &bytes).ok());
            found.is_some_and(|found| !found.events.is_empty())
        });
        let own = || self.hook_file(harness, scope);
        let path = hooked.next().unwrap_or_else(own);
        let mut registered = Registered {
            path: path.clone(),
            ..Registered::default()
        };
        let bytes = match files::read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return registered,
            Err(problem) => {
                registered.problem = Some(problem.to_string());
                return registered;
            }
        };
        let found = match registration.find(&path, &bytes) {
            Ok(found) => found,
            Err(problem) => {
                registered.problem = Some(problem.to_string());
                return registered;
            }
        };
        if found.events.is_empty() {
            return registered;
        }
        let (has, has_not): (Vec<_>, Vec<_>) = self
            .events(harness)
            .iter()
            .map(|event| (*event).to_owned())
            .partition(|event| found.events.contains_key(event));
        registered.events = has;
        registered.missing = has_not;
        registered.programs = found
            .programs
            .into_iter()
            .map(|path| HookedProgram {
                exists: path.is_file(),
                path,
            })
            .collect();
        if harness == Connectable::Codex
            && let Ok(document) = Document::parse(&path, &bytes)
        {
            registered.trusted = Some(self.trusted(&document, &path));
        }
        registered
    }

    /// How many of our hooks in a file Codex has a trust on record for: it
    /// keeps one below `hooks.state."<file>:<event>:<entry>:<handler>"`.
    fn trusted(&self, document: &Document, path: &Path) -> usize {
        let config = files::read(&self.codex_config())
            .ok()
            .flatten()
            .unwrap_or_default();
        let config = String::from_utf8_lossy(&config).into_owned();
        let Ok(config) = toml_edit::Document::parse(config) else {
            return 0;
        };
        let state = config
            .as_table()
            .get("hooks")
            .and_then(|hooks| hooks.get("state"));
        let Some(state) = state.and_then(toml_edit::Item::as_table_like) else {
            return 0;
        };
        hooks::places_of(document, Connectable::Codex.registration())
            .iter()
            .filter(|(event, entry, handler)| {
                let key = format!("{}:{}:{entry}:{handler}", path.display(), snake_case(event));
                state.get(&key).is_some_and(|trust| {
                    let is_off =
                        trust.get("enabled").and_then(toml_edit::Item::as_bool) == Some(false);
                    !is_off && trust.get("trusted_hash").is_some()
                })
            })
            .count()
    }

    fn telemetry(&self, harness: Connectable) -> Option<State> {
        if let Some(target) = telemetry::elsewhere(&self.environment) {
            return Some(State::Elsewhere(target));
        }
        match harness {
            Connectable::Codex => {
                let path = self.codex_config();
                let bytes = files::read(&path).ok()?.unwrap_or_default();
                telemetry::codex_state(&path, &bytes).ok()
            }
            Connectable::Copilot
            | Connectable::Cursor
            | Connectable::OpenCode
            | Connectable::Pi
            | Connectable::OhMyPi
            | Connectable::Kiro => None,
            Connectable::ClaudeCode | Connectable::Gemini => {
                let path = self.hook_file(harness, Scope::User);
                let bytes = files::read(&path).ok()?.unwrap_or_default();
                let document = Document::parse(&path, &bytes).ok()?;
                Some(telemetry::settings(harness)?.state(&document))
            }
        }
    }

    /// When a hook last wrote to the spool.
    pub fn last_hook(&self) -> Option<SystemTime> {
        let segments = dashcam_spool::segments(&self.data_dir).ok()?;
        segments
            .into_iter()
            .filter_map(|segment| segment.modified)
            .max()
    }
}

/// `PreToolUse` as `pre_tool_use`.
fn snake_case(event: &str) -> String {
    let mut out = String::new();
    for (index, letter) in event.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn program(name: &str, search_path: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(search_path?)
        .map(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        .find(|path| path.is_file())
}
