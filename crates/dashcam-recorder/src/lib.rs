//! Brings evidence into the store.
//!
//! One direction: [`discover`] finds files, the plan tells what is new since
//! last time, files are grouped into sessions, decoded by their harness,
//! priced, and written. Following a live session and reading everything anew
//! from the archive are the same steps with another beginning. This crate is
//! where files, clocks and threads meet the pure decoders; it interprets no
//! record itself.

mod databases;
pub mod discover;
mod disk_usage;
mod disk_usage_report;
mod first_record;
mod follow;
mod group;
mod hash_key;
mod import;
mod incoming;
mod left_out;
mod plan;
mod process;
mod progress;
mod read;
mod report;
pub mod sample;
mod spool;
mod telemetry;

pub use databases::FoundDatabase;
pub use disk_usage_report::{DiskUsageReport, disk_usage_report};
pub use follow::{Change, FollowError, Follower};
pub use hash_key::{HashKeyError, hash_key};
pub use import::{ImportError, Importer};
pub use left_out::{RulesError, exclusions};
pub use progress::{NoProgress, Progress};
pub use report::{ImportReport, Trouble};
pub use spool::SpoolFollower;
pub use telemetry::TelemetryFollower;
