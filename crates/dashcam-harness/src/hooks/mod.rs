//! What harnesses told dashcam's hooks.
//!
//! Hook calls are evidence like any other: a [`Sorter`] sorts them by the
//! session that they tell of, and they are archived beside its files, under a
//! name of their own ([`evidence_path`]). Decoding a session again, [`enrich`]
//! reads all of them and adds what no transcript has: who waited for
//! permission, what the harness told the person, that a turn ended by a
//! failure, that a session ended. It does not matter what came first or how
//! often: the same evidence gives the same session.
//!
//! Nothing here opens the spool or a file.

mod alone;
mod call;
mod calls;
mod enrich;
mod extension;
mod payload;
mod retries;
mod sorter;
mod tools;

pub use alone::session_alone;
pub use calls::Calls;
pub(crate) use calls::{ToldCall, told};
pub use enrich::enrich;
pub use sorter::{Link, SessionCalls, Sorter};

use dashcam_trace::Harness;

/// How the names of archived hook calls begin: no path of a file does.
const PREFIX: &str = "hook:";

/// The name under which the hook calls of a session are archived.
pub fn evidence_path(harness: Harness, native_id: &str) -> String {
    format!("{PREFIX}{}/{native_id}", harness.as_str())
}

/// Whether archived evidence is hook calls, by its name.
pub fn is_evidence_path(path: &str) -> bool {
    path.starts_with(PREFIX)
}
