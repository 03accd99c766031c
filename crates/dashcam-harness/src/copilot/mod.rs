//! GitHub Copilot: the CLI's sessions under `~/.copilot/session-state`, and
//! chats in VS Code ([`vscode`]).
//!
//! Each session of the CLI is a folder with `events.jsonl`, one event a line, only ever
//! appended to, and `workspace.yaml` beside it with the session's name. What
//! is known of the format comes from the JSON schema that ships with the
//! program (`schemas/session-events.schema.json`, seen in 1.0.102) and from
//! recordings of that version.

mod cli;
mod hooks;
mod text;
mod tools;
mod vscode;

use crate::hooks::Link;
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
        let mut roots = vec![copilot_home.join("session-state")];
        roots.extend(vscode::roots(home));
        roots
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        match path.to_str().and_then(vscode::place) {
            Some(_) => true,
            None => root.ends_with("session-state") && cli::is_evidence(root, path),
        }
    }

    fn membership(&self, path: &Path, _first_line: &[u8]) -> Option<Membership> {
        let native_id = match path.to_str().and_then(vscode::place) {
            Some((session, _)) => session,
            None => cli::session_of(path)?,
        };
        Some(Membership {
            native_id: native_id.to_owned(),
            parent: None,
        })
    }

    fn hook_link(&self, _event: &str, _session: &str, payload: &str) -> Option<Link> {
        hooks::link(payload)
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        let is_chat = |path: &str| vscode::place(path).is_some();
        if evidence.files.iter().any(|file| is_chat(file.path)) {
            vscode::decode(evidence)
        } else {
            cli::decode(evidence)
        }
    }

    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>> {
        if path.to_str().and_then(vscode::place).is_some() {
            vscode::usage_scanner(path)
        } else {
            cli::usage_scanner(path)
        }
    }
}
