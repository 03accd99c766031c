//! What Codex sends. Seen in 0.169.0.
//!
//! Log records are named by the attribute `event.name`; the OTLP field for it
//! holds a place in the program's source, and the time is 0, so the time of
//! observation counts. `conversation.id` is the thread's id. No record of a
//! model call names the response: a call is told by the requests before its
//! `response.completed`, and joins by its tokens and its end.
//!
//! Of some five hundred spans a turn, all but the ones that time a request or
//! a tool are the program's internals.

use super::attributes::{Attributes, moment};
use super::evidence::Items;
use super::record::{
    ModelCallRecord, PermissionRecord, PromptRecord, TelemetryRecord, ToolCallRecord,
};
use dashcam_trace::{Timestamp, Tokens};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long after the end of a request's span its completion may be logged.
const SLACK: Duration = Duration::from_millis(250);

/// The session that a span tells of, if it is worth keeping.
pub(super) fn session_of_span(span: &Span) -> Option<&str> {
    let is_kept = matches!(span.name.as_str(), "codex.sampling" | "exec_command");
    let attributes = Attributes(&span.attributes);
    is_kept
        .then(|| attributes.text("conversation.id"))
        .flatten()
}

/// The session that a log record tells of, if it is worth keeping.
pub(super) fn session_of_log(record: &LogRecord) -> Option<&str> {
    let attributes = Attributes(&record.attributes);
    let is_kept = match attributes.text("event.name")? {
        "codex.user_prompt" | "codex.api_request" | "codex.tool_decision" | "codex.tool_result" => {
            true
        }
        // It comes twice, once with usage; all other kinds are the pieces of
        // the stream.
        "codex.sse_event" => {
            attributes.text("event.kind") == Some("response.completed")
                && attributes.has("input_token_count")
        }
        _ => false,
    };
    is_kept
        .then(|| attributes.text("conversation.id"))
        .flatten()
}

/// The facts, conversation by conversation.
pub(super) fn records(items: &Items) -> Vec<TelemetryRecord> {
    let mut conversations: BTreeMap<&str, Conversation<'_>> = BTreeMap::new();
    for (_, span) in &items.spans {
        if let Some(id) = session_of_span(span) {
            conversations.entry(id).or_default().spans.push(span);
        }
    }
    for record in &items.logs {
        if let Some(id) = session_of_log(record) {
            conversations.entry(id).or_default().logs.push(record);
        }
    }
    conversations
        .values()
        .flat_map(Conversation::records)
        .collect()
}

#[derive(Default)]
struct Conversation<'a> {
    spans: Vec<&'a Span>,
    logs: Vec<&'a LogRecord>,
}

impl Conversation<'_> {
    fn records(&self) -> Vec<TelemetryRecord> {
        let mut records = Vec::new();
        let mut attempts = Vec::new();
        for record in &self.logs {
            let attributes = Attributes(&record.attributes);
            let Some(at) = moment(record.time_unix_nano)
                .or_else(|| moment(record.observed_time_unix_nano))
                .or_else(|| attributes.time("event.timestamp"))
            else {
                continue;
            };
            match attributes.text("event.name").unwrap_or_default() {
                "codex.user_prompt" => records.push(TelemetryRecord::Prompt(PromptRecord {
                    prompt_id: None,
                    at,
                    text: attributes
                        .owned("prompt")
                        .filter(|text| text != "[REDACTED]"),
                })),
                "codex.api_request" => {
                    let is_answer = attributes
                        .text("endpoint")
                        .is_none_or(|endpoint| endpoint.ends_with("/responses"));
                    if is_answer {
                        attempts.push(before(at, attributes).unwrap_or(at));
                    }
                }
                "codex.sse_event" => {
                    let attempts = std::mem::take(&mut attempts);
                    let call = self.model_call(at, attempts, attributes);
                    records.push(TelemetryRecord::ModelCall(call));
                }
                "codex.tool_decision" => {
                    records.extend(permission(at, attributes).map(TelemetryRecord::Permission));
                }
                "codex.tool_result" => {
                    records.extend(
                        self.tool_call(at, attributes)
                            .map(TelemetryRecord::ToolCall),
                    );
                }
                _ => {}
            }
        }
        records
    }

    fn model_call(
        &self,
        at: Timestamp,
        attempts: Vec<Timestamp>,
        attributes: Attributes<'_>,
    ) -> ModelCallRecord {
        let timed = self.spans.iter().rev().find_map(|span| {
            let start = moment(span.start_time_unix_nano)?;
            let end = moment(span.end_time_unix_nano)?;
            let is_it = span.name == "codex.sampling" && start <= at && at <= end + SLACK;
            is_it.then_some((start, end))
        });
        let (start, end) = timed.map_or_else(
            || (attempts.first().copied(), at),
            |(start, end)| (Some(start), end),
        );
        let count = |name| attributes.count(name).unwrap_or_default();
        ModelCallRecord {
            model: attributes.owned("model"),
            start,
            end: Some(end),
            retries: u32::try_from(attempts.len().saturating_sub(1)).ok(),
            attempts,
            // Sent as 0 where the first piece was the last.
            ttft_ms: attributes.number("ttft_ms").filter(|ttft| *ttft > 0.0),
            tokens: Some(Tokens {
                prompt: count("input_token_count"),
                cache_read: count("cached_token_count"),
                cache_write_5m: count("cache_write_token_count"),
                cache_write_1h: 0,
                completion: count("output_token_count"),
                reasoning: count("reasoning_token_count"),
            }),
            ..ModelCallRecord::default()
        }
    }

    fn tool_call(&self, at: Timestamp, attributes: Attributes<'_>) -> Option<ToolCallRecord> {
        let call_id = attributes.owned("call_id")?;
        let timed = self.spans.iter().find_map(|span| {
            let found = Attributes(&span.attributes).text("call_id")?;
            let start = moment(span.start_time_unix_nano)?;
            (found == call_id).then_some((start, moment(span.end_time_unix_nano)?))
        });
        let success = attributes.flag("success");
        Some(ToolCallRecord {
            call_id,
            tool: attributes.owned("tool_name"),
            prompt_id: None,
            start: timed.map_or_else(|| before(at, attributes), |(start, _)| Some(start)),
            end: Some(timed.map_or(at, |(_, end)| end)),
            success,
            error: (success == Some(false)).then(|| {
                let output = attributes.owned("output");
                output.unwrap_or_else(|| "it failed".to_owned())
            }),
        })
    }
}

fn permission(at: Timestamp, attributes: Attributes<'_>) -> Option<PermissionRecord> {
    Some(PermissionRecord {
        call_id: attributes.owned("call_id")?,
        start: None,
        end: Some(at),
        decision: attributes.owned("decision"),
        decided_by: attributes.owned("source"),
    })
}

fn before(at: Timestamp, attributes: Attributes<'_>) -> Option<Timestamp> {
    let millis = attributes.count("duration_ms")?;
    at.checked_sub(Duration::from_millis(millis)).ok()
}
