//! `OpenCode`: one `SQLite` database for all sessions, `opencode.db`; before
//! version 1.2 a JSON file for every session, message and part.
//!
//! Both hold the same records ([`records`]): a session, its messages, and what
//! each message consists of. A subagent's work is a session of its own that
//! names its parent. The database belongs to the program while it runs; what
//! is asked of it is in [`tables`].

mod decode;
mod nest;
mod read;
mod records;
mod runs;
mod steps;
mod tables;
#[cfg(test)]
mod tests;
mod tools;
mod usage;

use crate::{DatabasePlace, Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};

/// `OpenCode`.
pub(crate) struct OpenCode;

/// The folder in which it keeps data: `~/.local/share/opencode` on every
/// platform (1.18.33), or below `XDG_DATA_HOME`.
fn data_folder(home: &Home) -> PathBuf {
    let moved = home.variables.get("XDG_DATA_HOME");
    match moved.filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => home.folder.join(".local/share"),
    }
    .join("opencode")
}

/// `opencode.db`; other channels than the released ones put their name in it:
/// `opencode-local.db`, `opencode-dev.db`.
fn is_database(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| {
        name.strip_suffix(".db")
            .is_some_and(|stem| stem == "opencode" || stem.starts_with("opencode-"))
    })
}

impl HarnessReader for OpenCode {
    fn harness(&self) -> Harness {
        Harness::OpenCode
    }

    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        let storage = data_folder(home).join("storage");
        ["session", "message", "part"]
            .map(|kind| storage.join(kind))
            .to_vec()
    }

    fn databases(&self, home: &Home) -> Vec<DatabasePlace> {
        let data = data_folder(home);
        // `OPENCODE_DB` names another file, in the data folder if not absolute.
        let named = home.variables.get("OPENCODE_DB");
        let named = named
            .filter(|path| !path.is_empty() && *path != ":memory:")
            .map(|path| data.join(path));
        let elsewhere = named
            .as_deref()
            .and_then(Path::parent)
            .filter(|folder| *folder != data)
            .map(|folder| DatabasePlace {
                folder: folder.to_owned(),
                depth: 0,
                is_database: |path| path.extension().is_some_and(|extension| extension == "db"),
                layouts: tables::LAYOUTS,
            });
        let usual = DatabasePlace {
            folder: data,
            depth: 0,
            is_database,
            layouts: tables::LAYOUTS,
        };
        std::iter::once(usual).chain(elsewhere).collect()
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        read::is_stored_file(root, path)
    }

    fn membership(&self, path: &Path, first_line: &[u8]) -> Option<Membership> {
        read::membership(path, first_line)
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence)
    }

    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>> {
        match read::Kind::of(path.to_str()?) {
            None => Some(Box::new(usage::Scanner::default())),
            Some(read::Kind::Message) => Some(Box::new(usage::DocumentScanner)),
            Some(read::Kind::Session | read::Kind::Part) => None,
        }
    }
}
