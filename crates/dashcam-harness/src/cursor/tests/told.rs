//! Conversations that only hooks saw.

use super::{outline, session, spans};
use dashcam_trace::{SpanBody, SpanKind};

#[test]
fn a_session_that_only_hooks_saw() {
    let session = session("hooks-only");
    insta::assert_snapshot!(outline(&session));
}

#[test]
fn what_two_hooks_tell_of_one_call_is_one_step() {
    let session = session("hooks-only");
    let calls = spans(&session, SpanKind::ToolCall);
    let mut ids: Vec<&str> = calls
        .iter()
        .filter_map(|span| match &span.body {
            SpanBody::ToolCall(call) => call.call_id.as_deref(),
            _ => None,
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), calls.len());
}
