//! Cursor: the editor's agent, and `cursor-agent` in the terminal.
//!
//! A conversation may be told of by four sources at once: hooks, the editor's
//! database `state.vscdb`, the terminal's `store.db`, and transcripts. Each
//! lacks something that another has: only hooks tell tokens and, with the
//! editor's database, times. All of them together make one session.

mod conversation;
mod decode;
mod hook_payload;
mod hooks;
mod outcome;
mod session;
mod spans;
#[cfg(test)]
mod tests;
mod tools;

use crate::hooks::Link;
use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};

/// Cursor.
pub(crate) struct Cursor;

impl HarnessReader for Cursor {
    fn harness(&self) -> Harness {
        Harness::Cursor
    }

    fn roots(&self, _home: &Home) -> Vec<PathBuf> {
        Vec::new()
    }

    fn is_evidence(&self, _root: &Path, _path: &Path) -> bool {
        false
    }

    fn membership(&self, _path: &Path, _first_line: &[u8]) -> Option<Membership> {
        None
    }

    fn reads_hooks(&self) -> bool {
        true
    }

    fn hook_link(&self, event: &str, session: &str, payload: &str) -> Option<Link> {
        hooks::link(event, session, payload)
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence, &|_| None)
    }

    /// Token counts are told to hooks alone.
    fn usage_scanner(&self, _path: &Path) -> Option<Box<dyn UsageScanner>> {
        None
    }
}
