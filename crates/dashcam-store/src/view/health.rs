//! What the store holds, and what could not be read.

use dashcam_trace::{Harness, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the store holds, and what could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// The store's file.
    pub path: String,
    /// The version of its layout.
    pub schema_version: u32,
    /// Its size on disk in bytes, journal included.
    pub store_bytes: u64,
    /// Bytes of evidence archived, before compression.
    pub evidence_bytes: u64,
    /// Bytes of evidence archived, compressed.
    pub archived_bytes: u64,
    /// Turns not yet in the search index.
    pub pending_turns: u64,
    /// By harness.
    pub harnesses: Vec<HarnessHealth>,
    /// Files that could not be read at the last import.
    pub unreadable: Vec<FileTrouble>,
    /// The latest problems in evidence, at most a hundred.
    pub problems: Vec<Problem>,
    /// Problems in evidence in all.
    pub problem_count: u64,
    /// The models that no price is known for, with the calls they answered.
    pub unpriced_models: BTreeMap<String, u64>,
}

/// What the store holds of one harness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HarnessHealth {
    /// The harness.
    pub harness: Harness,
    /// Files of evidence.
    pub files: u64,
    /// Files that have vanished from disk since; their evidence is kept.
    pub vanished_files: u64,
    /// Sessions.
    pub sessions: u64,
    /// The latest step.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub last_activity: Option<Timestamp>,
    /// Versions seen, latest first.
    pub versions: Vec<String>,
    /// Record types that this version of dashcam does not know.
    pub unknown_records: BTreeMap<String, u64>,
}

/// A file that could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileTrouble {
    /// The file.
    pub path: String,
    /// Why, and what to do.
    pub message: String,
}
