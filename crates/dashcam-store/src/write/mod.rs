//! Writing: sessions are prepared on any thread, and written by one.

mod archive;
mod ownership;
mod prepared;
mod removal;
mod session_rows;
pub(crate) mod writer;

pub(crate) use removal::remove_words;

pub use archive::{ArchiveChunk, FileWrite};
pub use prepared::{PreparedSession, SessionExtras};
pub use writer::{ImportBatch, SessionChange};

use rustc_hash::FxHashMap;

/// The revisions of a session's turns as they stand in the store, by index.
pub type TurnHashes = FxHashMap<u32, u64>;
