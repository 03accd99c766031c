//! What Claude Code sends. Seen in 2.1.197 and 2.1.330.
//!
//! Log records are named by `event.name`; spans `claude_code.…`. Both name the
//! session in `session.id` and a model call by `request_id`, which is the
//! transcript's `requestId`. The prompt's id stands on log records only.
//! Numbers and flags may be texts. How many attempts a call took is told by
//! the spans alone: `attempt` is the one that succeeded, counted from 1, and a
//! span event `gen_ai.request.attempt` marks the beginning of each.

use super::attributes::{Attributes, moment};
use super::evidence::Items;
use super::record::{
    ModelCallRecord, PermissionRecord, PromptRecord, TelemetryRecord, ToolCallRecord,
};
use dashcam_trace::{Cost, CostSource, Money, Timestamp, Tokens};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use rustc_hash::FxHashMap;
use std::time::Duration;

/// The log records that sessions are made from. The others tell how the
/// program starts, which hooks it has and when they run.
const KEPT_EVENTS: [&str; 12] = [
    "user_prompt",
    "api_request",
    "assistant_response",
    "tool_decision",
    "tool_result",
    "api_error",
    "api_retries_exhausted",
    "api_refusal",
    "compaction",
    "permission_mode_changed",
    "skill_activated",
    "subagent_completed",
];

/// The session that a span tells of.
pub(super) fn session_of_span(span: &Span) -> Option<&str> {
    Attributes(&span.attributes).text("session.id")
}

/// The session that a log record tells of, if it is worth keeping.
pub(super) fn session_of_log(record: &LogRecord) -> Option<&str> {
    let attributes = Attributes(&record.attributes);
    let name = attributes.text("event.name")?;
    KEPT_EVENTS
        .contains(&name)
        .then(|| attributes.text("session.id"))
        .flatten()
}

/// The facts: those of spans first, since they are measured more finely.
pub(super) fn records(items: &Items) -> Vec<TelemetryRecord> {
    // A span that tells of waiting names the tool's span, not the call.
    let calls: FxHashMap<&[u8], &str> = items
        .spans
        .iter()
        .filter(|(_, span)| span.name == "claude_code.tool")
        .filter_map(|(_, span)| {
            let call = Attributes(&span.attributes).text("tool_use_id")?;
            Some((span.span_id.as_slice(), call))
        })
        .collect();
    let of_spans = items
        .spans
        .iter()
        .filter_map(|(_, span)| span_record(span, &calls));
    let of_logs = items.logs.iter().filter_map(log_record);
    of_spans.chain(of_logs).collect()
}

fn span_record(span: &Span, calls: &FxHashMap<&[u8], &str>) -> Option<TelemetryRecord> {
    let attributes = Attributes(&span.attributes);
    let start = moment(span.start_time_unix_nano);
    let end = moment(span.end_time_unix_nano);
    match span.name.as_str() {
        "claude_code.llm_request" => Some(TelemetryRecord::ModelCall(ModelCallRecord {
            start,
            end,
            attempts: attempts(span),
            retries: attributes
                .count("attempt")
                .and_then(|attempt| u32::try_from(attempt).ok()?.checked_sub(1)),
            stop_reason: attributes.owned("stop_reason"),
            error: failure(attributes),
            ..model_call(attributes)
        })),
        "claude_code.tool" => Some(TelemetryRecord::ToolCall(ToolCallRecord {
            start,
            end,
            ..tool_call(attributes)?
        })),
        "claude_code.tool.execution" => Some(TelemetryRecord::ToolCall(ToolCallRecord {
            start,
            end,
            success: attributes.flag("success"),
            error: failure(attributes),
            ..tool_call(attributes)?
        })),
        "claude_code.tool.blocked_on_user" => {
            let known = |name| attributes.owned(name).filter(|word| word != "unknown");
            Some(TelemetryRecord::Permission(PermissionRecord {
                call_id: (*calls.get(span.parent_span_id.as_slice())?).to_owned(),
                start,
                end,
                decision: known("decision"),
                decided_by: known("source"),
            }))
        }
        _ => None,
    }
}

fn attempts(span: &Span) -> Vec<Timestamp> {
    let mut attempts: Vec<Timestamp> = span
        .events
        .iter()
        .filter(|event| event.name == "gen_ai.request.attempt")
        .filter_map(|event| moment(event.time_unix_nano))
        .collect();
    attempts.sort();
    attempts
}

fn failure(attributes: Attributes<'_>) -> Option<String> {
    (attributes.flag("success") == Some(false)).then(|| {
        let error = attributes.owned("error");
        error.unwrap_or_else(|| "it failed".to_owned())
    })
}

fn log_record(record: &LogRecord) -> Option<TelemetryRecord> {
    let attributes = Attributes(&record.attributes);
    let at = moment(record.time_unix_nano)
        .or_else(|| attributes.time("event.timestamp"))
        .or_else(|| moment(record.observed_time_unix_nano))?;
    let prompt_id = attributes.owned("prompt.id");
    match attributes.text("event.name")? {
        "user_prompt" => Some(TelemetryRecord::Prompt(PromptRecord {
            prompt_id,
            at,
            // Without the switch for it, a placeholder is sent.
            text: attributes
                .owned("prompt")
                .filter(|text| text != "<REDACTED>"),
        })),
        "api_request" => Some(TelemetryRecord::ModelCall(ModelCallRecord {
            prompt_id,
            start: before(at, attributes),
            end: Some(at),
            asked_by: attributes.owned("query_source"),
            cost: attributes.number("cost_usd").map(|usd| Cost {
                usd: Money::from_usd(usd),
                source: CostSource::Harness,
            }),
            ..model_call(attributes)
        })),
        "assistant_response" => Some(TelemetryRecord::ModelCall(ModelCallRecord {
            prompt_id,
            request_id: attributes.owned("request_id"),
            answer: attributes
                .owned("response")
                .filter(|text| text != "<REDACTED>"),
            ..ModelCallRecord::default()
        })),
        "tool_decision" => Some(TelemetryRecord::Permission(PermissionRecord {
            call_id: attributes.owned("tool_use_id")?,
            start: None,
            end: Some(at),
            decision: attributes.owned("decision"),
            decided_by: attributes.owned("source"),
        })),
        "tool_result" => Some(TelemetryRecord::ToolCall(ToolCallRecord {
            prompt_id,
            start: before(at, attributes),
            end: Some(at),
            success: attributes.flag("success"),
            error: failure(attributes),
            ..tool_call(attributes)?
        })),
        _ => None,
    }
}

/// When something began that took `duration_ms` until now.
fn before(at: Timestamp, attributes: Attributes<'_>) -> Option<Timestamp> {
    let millis = attributes.count("duration_ms")?;
    at.checked_sub(Duration::from_millis(millis)).ok()
}

fn model_call(attributes: Attributes<'_>) -> ModelCallRecord {
    ModelCallRecord {
        request_id: attributes.owned("request_id"),
        model: attributes.owned("model"),
        ttft_ms: attributes.number("ttft_ms"),
        tokens: tokens(attributes),
        ..ModelCallRecord::default()
    }
}

/// `input_tokens` counts what is neither read from nor written to the cache.
/// The two durations of cache writes are told apart from 2.1.330 on.
fn tokens(attributes: Attributes<'_>) -> Option<Tokens> {
    let input = attributes.count("input_tokens")?;
    let count = |name| attributes.count(name).unwrap_or_default();
    let cache_read = count("cache_read_tokens");
    let cache_write = count("cache_creation_tokens");
    let cache_write_1h = count("cache_creation_1h_tokens");
    Some(Tokens {
        prompt: input.saturating_add(cache_read).saturating_add(cache_write),
        cache_read,
        cache_write_5m: cache_write.saturating_sub(cache_write_1h),
        cache_write_1h,
        completion: count("output_tokens"),
        reasoning: 0,
    })
}

fn tool_call(attributes: Attributes<'_>) -> Option<ToolCallRecord> {
    Some(ToolCallRecord {
        call_id: attributes.owned("tool_use_id")?,
        tool: attributes.owned("tool_name"),
        ..ToolCallRecord::default()
    })
}
