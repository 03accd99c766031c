//! GitHub Copilot: the CLI's sessions under `~/.copilot/session-state`.
//!
//! Each session is a folder with `events.jsonl`, one event a line, only ever
//! appended to, and `workspace.yaml` beside it with the session's name. What
//! is known of the format comes from the JSON schema that ships with the
//! program (`schemas/session-events.schema.json`, seen in 1.0.102) and from
//! recordings of that version.

mod cli;
mod text;

use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};

/// GitHub Copilot.
pub(crate) struct Copilot;

impl HarnessReader for Copilot {
    fn harness(&self) -> Harness {
        Harness::Copilot
    }

    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        let copilot_home = match home
            .variables
            .get("COPILOT_HOME")
            .filter(|path| !path.is_empty())
        {
            Some(path) => PathBuf::from(path),
            None => home.folder.join(".copilot"),
        };
        vec![copilot_home.join("session-state")]
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        cli::is_evidence(root, path)
    }

    fn membership(&self, path: &Path, _first_line: &[u8]) -> Option<Membership> {
        cli::session_of(path).map(|native_id| Membership {
            native_id: native_id.to_owned(),
            parent: None,
        })
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        cli::decode(evidence)
    }

    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>> {
        cli::usage_scanner(path)
    }
}
