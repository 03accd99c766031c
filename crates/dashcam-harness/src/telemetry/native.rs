//! The harnesses that send telemetry of their own, and how it is read.

use super::evidence::Items;
use super::record::TelemetryRecord;
use super::{claude_code, codex, copilot, gemini, opencode};
use dashcam_trace::Harness;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

/// The telemetry of one harness.
#[derive(Debug)]
pub(super) struct Native {
    pub(super) harness: Harness,
    /// Whether a resource's `service.name` is the harness's.
    is_its_name: fn(&str) -> bool,
    /// The session that a span tells of, if it is worth keeping.
    pub(super) session_of_span: fn(&Span) -> Option<&str>,
    /// The session that a log record tells of, if it is worth keeping.
    pub(super) session_of_log: fn(&LogRecord) -> Option<&str>,
    /// Takes attributes away that are not worth archiving.
    pub(super) lighten: fn(&mut Vec<KeyValue>),
    /// What it all tells.
    pub(super) records: fn(&Items) -> Vec<TelemetryRecord>,
}

/// Every harness that sends telemetry. Names as seen.
static ALL: [Native; 5] = [
    Native {
        harness: Harness::ClaudeCode,
        is_its_name: |name| name == "claude-code",
        session_of_span: claude_code::session_of_span,
        session_of_log: claude_code::session_of_log,
        lighten: |_| {},
        records: claude_code::records,
    },
    Native {
        harness: Harness::Codex,
        // `codex_exec`, `codex_cli_rs`, `codex_vscode`.
        is_its_name: |name| name == "codex" || name.starts_with("codex_"),
        session_of_span: codex::session_of_span,
        session_of_log: codex::session_of_log,
        lighten: |_| {},
        records: codex::records,
    },
    Native {
        harness: Harness::Copilot,
        is_its_name: |name| name == "github-copilot",
        session_of_span: copilot::session_of_span,
        // It sends none.
        session_of_log: |_| None,
        lighten: |_| {},
        records: copilot::records,
    },
    Native {
        harness: Harness::Gemini,
        is_its_name: |name| name == "gemini-cli",
        session_of_span: gemini::session_of_span,
        session_of_log: gemini::session_of_log,
        lighten: gemini::lighten,
        records: gemini::records,
    },
    Native {
        harness: Harness::OpenCode,
        is_its_name: |name| name == "opencode",
        session_of_span: opencode::session_of_span,
        // The program's own log.
        session_of_log: |_| None,
        lighten: opencode::lighten,
        records: opencode::records,
    },
];

/// Whose telemetry a service's is.
pub(super) fn of_service(name: &str) -> Option<&'static Native> {
    ALL.iter().find(|native| (native.is_its_name)(name))
}

/// The telemetry of a harness.
pub(super) fn of(harness: Harness) -> Option<&'static Native> {
    ALL.iter().find(|native| native.harness == harness)
}
