//! Kiro in the terminal (`kiro-cli`): a JSONL file for every session with a
//! JSON document beside it; in older versions rows of one `SQLite` database.
//!
//! Files lie in `~/.kiro/sessions/cli/`: `<id>.jsonl` is the conversation,
//! `<id>.json` what Kiro knows of the session and of each of its turns
//! ([`records`]). The database is `kiro-cli/data.sqlite3` in the folder for
//! programs' data; its schema is that of Amazon Q Developer CLI, from which
//! Kiro comes ([`conversation`]).
//!
//! Kiro charges in credits. Token counts are in its documents, but were 0 in
//! every version seen (2.5.1 to 2.6.0): they are taken only where they are not.
//!
//! Seen in published recordings of versions 2.5.1 to 2.6.0; it cannot be run
//! without an account.

mod conversation;
mod decode;
mod history;
mod records;
mod tables;
mod tools;
mod transcript;
mod turns;
mod usage;

use crate::{DatabasePlace, Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};

/// Kiro in the terminal.
pub(crate) struct Kiro;

/// The name of the database.
const DATABASE: &str = "data.sqlite3";

impl HarnessReader for Kiro {
    fn harness(&self) -> Harness {
        Harness::Kiro
    }

    /// `KIRO_HOME` stands for `~/.kiro`.
    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        let moved = home.variables.get("KIRO_HOME");
        let folder = match moved.filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => home.folder.join(".kiro"),
        };
        vec![folder.join("sessions/cli")]
    }

    fn databases(&self, home: &Home) -> Vec<DatabasePlace> {
        let moved = home.variables.get("XDG_DATA_HOME");
        let data = match moved.filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => home.folder.join(".local/share"),
        };
        [data, home.folder.join("Library/Application Support")]
            .map(|folder| DatabasePlace {
                folder: folder.join("kiro-cli"),
                depth: 0,
                is_database: |path| path.file_name().is_some_and(|name| name == DATABASE),
                layouts: tables::LAYOUTS,
            })
            .to_vec()
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        let is_of_session = || {
            let end = path.extension()?;
            (end == "jsonl" || end == "json").then_some(())
        };
        path.parent() == Some(root) && is_of_session().is_some()
    }

    /// A conversation and its document share their name. A helper's session is
    /// one of its own: Kiro does not tell which call started it.
    fn membership(&self, path: &Path, _first_line: &[u8]) -> Option<Membership> {
        Some(Membership {
            native_id: path.file_stem()?.to_str()?.to_owned(),
            parent: None,
        })
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence)
    }

    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>> {
        let end = path.extension().and_then(|end| end.to_str());
        match end {
            Some("json") => Some(Box::new(usage::DocumentScanner)),
            Some("jsonl") => None,
            _ => Some(Box::new(usage::RequestScanner)),
        }
    }
}
