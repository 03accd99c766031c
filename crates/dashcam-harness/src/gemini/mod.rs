//! Gemini CLI: a JSONL file for every session, and one for every subagent;
//! before version 0.5x one JSON document for a session.
//!
//! Files lie in `~/.gemini/tmp/<project>/chats/`: `session-<minute>-<id>.jsonl`
//! for sessions, `<session>/<agent>.jsonl` for subagents. A file is a log of
//! messages that are written again as they grow, and of patches that replace
//! the whole conversation when it is resumed or compressed ([`records`]).
//!
//! What is not in them (0.61.0): failed attempts, errors of the API, calls
//! that Gemini makes for itself (routing, compressing), response ids, exit
//! codes. Its telemetry has the most of it.

mod decode;
mod records;
mod thread;
mod tools;
mod turns;
mod usage;

use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use records::Header;
use std::path::{Path, PathBuf};

/// Gemini CLI.
pub(crate) struct Gemini;

impl HarnessReader for Gemini {
    fn harness(&self) -> Harness {
        Harness::Gemini
    }

    /// `GEMINI_CLI_HOME` moves the folder that `.gemini` lies in (0.61.0).
    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        let moved = home.variables.get("GEMINI_CLI_HOME");
        let folder = match moved.filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => home.folder.clone(),
        };
        vec![folder.join(".gemini/tmp")]
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(root) else {
            return false;
        };
        let parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
        match parts.as_slice() {
            [_, "chats", file] => {
                let path = Path::new(file);
                file.starts_with("session-")
                    && path
                        .extension()
                        .is_some_and(|end| end == "jsonl" || end == "json")
            }
            [_, "chats", _, file] => Path::new(file)
                .extension()
                .is_some_and(|end| end == "jsonl"),
            _ => false,
        }
    }

    fn membership(&self, path: &Path, first_line: &[u8]) -> Option<Membership> {
        let header: Option<Header<'_>> = serde_json::from_slice(first_line).ok();
        let id = header.and_then(|header| header.session_id.owned());
        let folder = path.parent()?.file_name()?.to_str()?;
        let parent = (folder != "chats").then(|| folder.to_owned());
        let stem = path.file_stem()?.to_str()?;
        Some(Membership {
            // A document of an older version begins with a line of `{`.
            native_id: id.unwrap_or_else(|| stem.to_owned()),
            parent,
        })
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence)
    }

    fn usage_scanner(&self, _path: &Path) -> Option<Box<dyn UsageScanner>> {
        Some(Box::<usage::Scanner>::default())
    }
}
