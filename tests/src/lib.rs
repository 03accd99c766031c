//! End-to-end tests: real harnesses run scenarios against the model server,
//! dashcam imports what they leave on disk, and the result is compared with
//! what the server served.
//!
//! Everything happens in scratch folders and on loopback. Where npm cannot be
//! reached, the tests say so loudly and pass.

#![expect(
    clippy::unwrap_used,
    reason = "all of this runs in tests, which stop at what should not be"
)]
#![expect(clippy::print_stderr, reason = "a skipped test has to say so")]

mod compare;
mod copilot;
mod dashcam;
mod gemini;
mod harness;
mod install;
mod opencode;
mod phoenix;
mod pi;
mod process;
mod receiver;
mod served;
mod workbench;

pub use compare::{check, check_recorded};
pub use copilot::{Copilot, CopilotModel};
pub use dashcam::{Recorded, read_home};
pub use gemini::Gemini;
pub use harness::{ClaudeCode, Codex};
pub use opencode::OpenCode;
pub use phoenix::{Phoenix, PhoenixSpan};
pub use pi::Pi;
pub use process::{Ended, Until};
pub use receiver::Receiver;
pub use served::{Served, ServedCall, from_log, from_truth};
pub use workbench::Workbench;

use dashcam_trace::{Event, EventKind, ModelCall, Session, Span, SpanBody, ToolCall};

/// The model calls of a session, in the order of its spans.
pub fn model_calls(session: &Session) -> impl Iterator<Item = (&Span, &ModelCall)> {
    session.spans().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some((span, call)),
        _ => None,
    })
}

/// The tool calls of a session, in the order of its spans.
pub fn tool_calls(session: &Session) -> impl Iterator<Item = (&Span, &ToolCall)> {
    session.spans().filter_map(|span| match &span.body {
        SpanBody::ToolCall(call) => Some((span, call)),
        _ => None,
    })
}

/// The events of a kind in a session, in the order of its spans.
pub fn events(session: &Session, kind: EventKind) -> impl Iterator<Item = (&Span, &Event)> {
    session.spans().filter_map(move |span| match &span.body {
        SpanBody::Event(event) if event.kind == kind => Some((span, event)),
        _ => None,
    })
}
