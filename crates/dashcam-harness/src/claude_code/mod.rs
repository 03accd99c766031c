//! ClaudeCode.

use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};

/// ClaudeCode.
pub(crate) struct ClaudeCode;

impl HarnessReader for ClaudeCode {
    fn harness(&self) -> Harness {
        Harness::ClaudeCode
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

    fn decode(&self, _evidence: &Evidence<'_>) -> Decoded {
        Decoded::default()
    }

    fn usage_scanner(&self, _path: &Path) -> Option<Box<dyn UsageScanner>> {
        None
    }
}
