//! pi and Oh My Pi (`omp`), its relative: one JSONL file per session, whose
//! records form a tree.
//!
//! Both write the same records ([`records`]); Oh My Pi has some of its own. An
//! edited prompt begins another branch of the tree in the same file, and the
//! record written last tells which branch is the live one ([`tree`]). A
//! subagent of Oh My Pi writes a file of its own into a folder named as the
//! session's file ([`place`]).
//!
//! Seen: pi 0.74.2 and 0.87.1, Oh My Pi 17.3.5; what only older versions write
//! is taken from their documentation and says so.

mod calls;
mod decode;
mod events;
mod place;
mod records;
#[cfg(test)]
mod tests;
mod tools;
mod tree;
mod usage;
mod walk;

use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};

/// pi and Oh My Pi.
pub(crate) struct Omp;

impl HarnessReader for Omp {
    fn harness(&self) -> Harness {
        Harness::Omp
    }

    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        place::roots(home)
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        place::is_session_file(root, path)
    }

    fn membership(&self, path: &Path, first_line: &[u8]) -> Option<Membership> {
        place::membership(path, first_line)
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence)
    }

    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>> {
        Some(Box::new(usage::Scanner::new(path)))
    }
}
