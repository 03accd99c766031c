//! What is still to be sent, to which target, and what became of it.
//!
//! Nothing is copied: a turn waits by its row id, and which of its spans a
//! target has is remembered by their ids. So a target that is down for a day
//! costs a row for each turn, and what is sent is always the turn as it is
//! known by then.

mod outcome;
mod queue;
mod targets;

pub use outcome::{Attempt, Delivered, Dispatch, Refusal, Wanting};
pub use queue::{QueuedSession, QueuedTurn, TurnKey};
pub use targets::{DeliveredTurn, RefusedSpans, TargetStatus};

pub(crate) use queue::queue_turn;
pub(crate) use targets::has_targets;

use dashcam_trace::SpanId;
use rustc_hash::FxHashSet;

/// How long a span's id is.
const ID_BYTES: usize = 8;

/// Ids that stand one after another.
fn ids(blob: &[u8]) -> impl Iterator<Item = SpanId> {
    let (ids, _) = blob.as_chunks::<ID_BYTES>();
    ids.iter().copied().map(SpanId::from_bytes)
}

/// Adds ids to those that stand there, each once. Returns how many were new.
fn add_ids(blob: &mut Vec<u8>, new: impl IntoIterator<Item = SpanId>) -> u64 {
    let mut known: FxHashSet<SpanId> = ids(blob).collect();
    let mut added = 0;
    for id in new {
        if known.insert(id) {
            blob.extend_from_slice(id.as_bytes());
            added += 1;
        }
    }
    added
}
