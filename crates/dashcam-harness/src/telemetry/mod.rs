//! What harnesses and other programs tell of themselves over OpenTelemetry.
//!
//! Telemetry is evidence like any other: a [`Router`] sorts what came in by
//! the session that it tells of and leaves out the programs' internals; what
//! it keeps is archived beside the session's files, under a name of its own
//! ([`evidence_path`]). Decoding a session again, [`enrich`] reads all of it
//! and adds to the session what no transcript has. It does not matter what
//! came first or how often: the same evidence gives the same session.
//!
//! Nothing here opens a port or a file.

mod attributes;
mod claude_code;
mod codex;
mod copilot;
mod enrich;
mod evidence;
mod gemini;
pub mod metrics;
mod native;
mod opencode;
mod record;
mod router;

pub use enrich::{enrich, session_alone};
pub use evidence::Items;
pub use record::{
    ModelCallRecord, PermissionRecord, PromptRecord, TelemetryRecord, ToolCallRecord,
};
pub use router::{ProgramCount, Routed, Router, SessionEvidence};

pub(crate) use attributes::Attributes;

use dashcam_trace::Harness;

/// How the names of archived telemetry begin: no path of a file does.
const PREFIX: &str = "otel:";

/// The name under which the telemetry of a session (or agent, or trace) is
/// archived.
pub fn evidence_path(harness: Harness, native_id: &str) -> String {
    format!("{PREFIX}{}/{native_id}", harness.as_str())
}

/// Whether archived evidence is telemetry, by its name.
pub fn is_evidence_path(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// What the telemetry of a session of a known harness tells, in an order that
/// does not depend on how it came.
pub fn records(harness: Harness, items: &Items) -> Vec<TelemetryRecord> {
    native::of(harness).map_or_else(Vec::new, |native| (native.records)(items))
}
