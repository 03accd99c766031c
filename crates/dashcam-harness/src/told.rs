//! A session with what was told of it, beside what its harness kept.

use crate::{hooks, telemetry};
use dashcam_trace::{Harness, Session};

/// A session with what its telemetry and its hooks add; made from these alone,
/// where the harness kept nothing. `decoded` is what its own evidence gave.
pub fn with_told(
    harness: Harness,
    native_id: &str,
    decoded: Option<Session>,
    items: &telemetry::Items,
    calls: &hooks::Calls<'_>,
) -> Option<Session> {
    if items.is_empty() && calls.is_empty() {
        return decoded;
    }
    let records = telemetry::records(harness, items);
    let mut session = decoded
        // Hooks know of tools what telemetry does not.
        .or_else(|| hooks::session_alone(harness, native_id, calls))
        .or_else(|| telemetry::session_alone(harness, native_id, items, &records))?;
    telemetry::enrich(&mut session, &records);
    hooks::enrich(&mut session, calls);
    Some(session)
}
