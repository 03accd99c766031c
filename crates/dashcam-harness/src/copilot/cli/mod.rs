//! Sessions of the Copilot CLI, and of what runs on its runtime.

mod agents;
mod calls;
mod diffs;
mod events;
mod records;
mod session;
mod tool_calls;
mod turns;
mod usage;
mod workspace;

use crate::{Decoded, Evidence, UsageScanner};
use std::path::Path;

const EVENTS: &str = "events.jsonl";
const WORKSPACE: &str = "workspace.yaml";

/// Whether a file is a session's events or says what the session is called.
/// Versions before the folders wrote `<session>.jsonl` right below the root.
pub(super) fn is_evidence(root: &Path, path: &Path) -> bool {
    let folder = path.parent();
    match path.file_name().and_then(|name| name.to_str()) {
        Some(EVENTS | WORKSPACE) => folder.and_then(Path::parent) == Some(root),
        Some(_) => folder == Some(root) && path.extension().is_some_and(|end| end == "jsonl"),
        None => false,
    }
}

/// The session that a file belongs to: its folder's name, or its own.
pub(super) fn session_of(path: &Path) -> Option<&str> {
    let name = match path.file_name()?.to_str()? {
        EVENTS | WORKSPACE => path.parent()?.file_name()?,
        _ => path.file_stem()?,
    };
    name.to_str().filter(|name| !name.is_empty())
}

/// Decodes one session.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    session::decode(evidence)
}

/// A scanner for a session's events.
pub(super) fn usage_scanner(path: &Path) -> Option<Box<dyn UsageScanner>> {
    if path.extension()? != "jsonl" {
        return None;
    }
    Some(Box::new(usage::Scanner::new(session_of(path)?)))
}
