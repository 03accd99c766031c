//! One hook call, as it stands in the archive: a line of JSON.

use dashcam_trace::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One call of a hook.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line<'a> {
    /// Nanoseconds since 1970.
    pub(super) time_ns: u64,
    /// The event, as the hook was registered for it.
    #[serde(borrow)]
    pub(super) event: Cow<'a, str>,
    /// Where the session runs, as far as the environment tells.
    #[serde(default, borrow, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) env: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// What the harness told.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub(super) payload: Option<&'a RawValue>,
    /// The same, where it is not the JSON that it should be.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Cow<'a, str>>,
}

impl Line<'_> {
    /// Appends the line to a session's evidence.
    pub(super) fn append(&self, evidence: &mut Vec<u8>) {
        // Texts, numbers and JSON are written to memory without failing.
        if serde_json::to_writer(&mut *evidence, self).is_ok() {
            evidence.push(b'\n');
        }
    }

    /// When it was.
    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.time_ns)).unwrap_or_default()
    }
}
