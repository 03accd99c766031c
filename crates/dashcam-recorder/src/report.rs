//! What an import did.

use serde::{Serialize, Serializer};
use std::time::Duration;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// Files of evidence that lie on disk.
    pub files_seen: u64,
    /// Files that were new or had changed.
    pub files_changed: u64,
    /// Sessions written.
    pub sessions: u64,
    /// Turns written; those that had not changed are left out.
    pub turns: u64,
    /// Sessions that were left out because their project is.
    pub left_out: u64,
    /// Bytes read of the files of those sessions.
    pub bytes_read: u64,
    /// Bytes of text added to the search index.
    pub indexed_bytes: u64,
    /// Problems in the evidence of those sessions.
    pub problems: u64,
    /// What could not be read at all.
    pub unreadable: Vec<Trouble>,
    /// How long it took, the search index left out; in seconds in JSON.
    #[serde(rename = "seconds", serialize_with = "in_seconds")]
    pub duration: Duration,
}

/// A file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The file.
    pub path: String,
    /// Why, and what to do.
    pub message: String,
}

fn in_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
