//! The truth about a history.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// The truth about a history: what a reader must find in it.
///
/// A response that was copied into another session counts once, where it was
/// first received. The cost is left to the checker: prices change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The seed it was made with.
    pub seed: u64,
    /// The size it was asked for.
    pub megabytes: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes before compression; differs from `bytes` by the compressed files.
    pub content_bytes: u64,
    /// Files.
    pub files: u64,
    /// Lines, unreadable ones included.
    pub lines: u64,
    /// Lines that are no JSON: torn, or of arbitrary bytes.
    pub malformed_lines: u64,
    /// The BLAKE3 hash of the paths and uncompressed contents, in the order of
    /// writing.
    pub digest: String,
    /// Sessions, forks included, subagents not.
    pub sessions: u64,
    /// Everything together.
    pub total: Counts,
    /// By the name of the harness.
    pub by_harness: BTreeMap<String, Counts>,
    /// By model. Tool calls count for the model that asked for them.
    pub by_model: BTreeMap<String, Counts>,
    /// By UTC day of a response's last record.
    pub by_day: BTreeMap<String, Counts>,
    /// By the harness's own id of the session.
    pub by_session: BTreeMap<String, SessionTruth>,
    /// Words that occur in exactly one session each.
    pub needles: Vec<Needle>,
    /// How often each trap is set.
    pub traps: BTreeMap<String, u64>,
}

/// The truth about one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTruth {
    /// The harness.
    pub harness: String,
    /// The working directory.
    pub cwd: String,
    /// The session that its history was copied from.
    pub forked_from: Option<String>,
    /// What it adds to the totals, its subagents included.
    pub counts: Counts,
}

/// Calls and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Model calls.
    pub model_calls: u64,
    /// Tool calls.
    pub tool_calls: u64,
    /// The whole prompt, cached parts included.
    pub prompt: u64,
    /// The part of the prompt that was read from the cache.
    pub cache_read: u64,
    /// The part of the prompt written to the cache for five minutes.
    pub cache_write_5m: u64,
    /// The part of the prompt written to the cache for one hour.
    pub cache_write_1h: u64,
    /// Everything the model wrote, reasoning included.
    pub completion: u64,
    /// The part of the completion that the harness calls reasoning.
    pub reasoning: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.model_calls += other.model_calls;
        self.tool_calls += other.tool_calls;
        self.prompt += other.prompt;
        self.cache_read += other.cache_read;
        self.cache_write_5m += other.cache_write_5m;
        self.cache_write_1h += other.cache_write_1h;
        self.completion += other.completion;
        self.reasoning += other.reasoning;
    }
}

/// A word that occurs in exactly one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needle {
    /// The word.
    pub word: String,
    /// The harness's own id of the session.
    pub session: String,
    /// Where it stands: `prompt`, `answer`, `tool_input` or `tool_output`.
    pub field: String,
}
