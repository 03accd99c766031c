//! What came in over OTLP, kept before it is acknowledged.
//!
//! A request goes into a log of segment files beside the store, as it was
//! received; only then is it acknowledged. Reading it, finding the sessions
//! that it tells of, and writing them into the store happens afterwards, at
//! its own pace. A segment is deleted once the store has all of it.
//!
//! A request counts as kept when the operating system has it: no death of
//! this process loses it. Segments are also synchronised to the disk once a
//! second, on a thread of its own, so that a power cut costs at most the last
//! second. Synchronising before every answer would cost the harness some
//! milliseconds of waiting per batch, for telemetry of which a power cut kills
//! the sender as well; the store itself commits the same way.
//!
//! This module does not look into what it keeps.

mod frame;
mod log;
mod read;
mod seen;

pub use log::{AppendError, TelemetryLog};
pub(crate) use read::write_cursor;
pub use read::{Arrival, ReadBatch, TelemetryCursor};
pub use seen::ProgramTelemetry;
pub(crate) use seen::write_seen;

/// The folder of segments in the data folder.
const FOLDER: &str = "telemetry";
/// How the names of segments end.
const EXTENSION: &str = "segment";
