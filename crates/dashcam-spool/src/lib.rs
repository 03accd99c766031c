//! The spool: where hooks leave what a harness tells them.
//!
//! A hook appends one frame to the day's segment with one write and leaves.
//! Writes to a file opened for appending do not mix, so no lock is needed,
//! and any number of hooks may write at once. Whoever reads finds the next
//! frame behind a damaged one, so that a write cut short by a full disk or a
//! dying process costs only itself.

mod frame;
mod lock;
mod place;
#[cfg(feature = "read")]
mod read;
mod write;

pub use frame::{FRAME_LIMIT, encode};
pub use lock::Lock;
pub use place::{data_dir, segment_name, spool_dir};
#[cfg(feature = "read")]
pub use read::{Header, Item, Items, Segment, segments};
pub use write::append;
