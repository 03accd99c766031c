//! The embedded store of dashcam: sessions, search, rollups and archived
//! evidence in one `SQLite` file that several processes can read while one
//! writes.
//!
//! Numbers that are filtered and summed live in narrow rows and in rollups by
//! quarter hour; a turn's full content is one compressed blob; full-text
//! search is an index beside them that may catch up later. A response that
//! stands in several sessions (copied history) is counted in one of them.
//!
//! This crate knows no harness's formats.

mod codes;
mod columns;
mod error;
mod file_state;
mod left_out;
mod lock;
mod outbox;
mod project;
mod read;
mod schema;
mod search;
mod spool;
mod steps;
mod store;
mod sums;
mod telemetry;
mod turn_key;
pub mod usage_table;
pub mod view;
mod write;
mod zstd_frames;

pub use error::StoreError;
pub use file_state::{FileId, FileState, tail_hash};
pub use left_out::LeftOut;
pub use lock::{ImportLock, Wait};
pub use outbox::{
    Attempt, Delivered, DeliveredTurn, Dispatch, QueuedSession, QueuedTurn, Refusal, RefusedSpans,
    TargetStatus, TurnKey, Wanting,
};
pub use project::project_name;
pub use spool::{HooksSeen, SpoolCursor};
pub use store::Store;
pub use telemetry::{
    AppendError, Arrival, ProgramTelemetry, ReadBatch, TelemetryCursor, TelemetryLog,
};
pub use usage_table::{UsageFact, UsageTable, time_zone};
pub use write::{
    ArchiveChunk, FileWrite, ImportBatch, PreparedSession, SessionChange, SessionExtras, TurnHashes,
};
