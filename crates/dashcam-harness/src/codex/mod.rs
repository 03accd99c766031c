//! Codex: rollouts under `~/.codex`, one file per thread.
//!
//! A thread is a session, or the work of a subagent; both look alike. What is
//! known of the format is in the modules that read it, with the versions in
//! which it was seen. The decoder must never count a copied history twice:
//! [`counting`] decides what is a rollout's own.

mod calls;
mod content;
mod counting;
mod decode;
mod events;
mod facts;
mod file_changes;
mod meta;
mod nest;
mod records;
#[cfg(test)]
mod tests;
mod thread;
mod tool_calls;
mod tools;
mod turns;
mod usage;

pub(crate) use file_changes::parse_patch;

use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};

/// Codex.
pub(crate) struct Codex;

impl HarnessReader for Codex {
    fn harness(&self) -> Harness {
        Harness::Codex
    }

    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        let codex_home = match home
            .variables
            .get("CODEX_HOME")
            .filter(|path| !path.is_empty())
        {
            Some(path) => PathBuf::from(path),
            None => home.folder.join(".codex"),
        };
        vec![
            codex_home.join("sessions"),
            codex_home.join("archived_sessions"),
        ]
    }

    fn is_evidence(&self, _root: &Path, path: &Path) -> bool {
        decode::is_rollout(path)
    }

    fn membership(&self, _path: &Path, first_line: &[u8]) -> Option<Membership> {
        meta::membership(first_line)
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence)
    }

    fn usage_scanner(&self, _path: &Path) -> Option<Box<dyn UsageScanner>> {
        Some(Box::new(usage::Scanner::default()))
    }
}
