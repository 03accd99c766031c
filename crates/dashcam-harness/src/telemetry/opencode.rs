//! What `OpenCode` sends with `experimental.openTelemetry`. Seen in 1.18.33.
//!
//! Of a thousand spans a turn, the AI SDK's `ai.streamText.doStream` is one
//! attempt at a model call, and `Tool.execute` a tool. Both name the session in
//! `session.id`, a subagent's its own. Nothing names the message in the
//! database, so a call joins by its tokens and its time. `OpenCode` repeats the
//! agent's attempts itself and tells the SDK not to; the calls that it makes
//! for a title it leaves to the SDK, and `ai.settings.maxRetries` tells them
//! apart. No database has those.

use super::attributes::{Attributes, moment};
use super::evidence::Items;
use super::record::{ModelCallRecord, TelemetryRecord, ToolCallRecord};
use dashcam_trace::{Timestamp, Tokens};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use std::collections::BTreeMap;

/// One attempt at a model call.
const ATTEMPT: &str = "ai.streamText.doStream";

/// The session that a span tells of, if it is worth keeping.
pub(super) fn session_of_span(span: &Span) -> Option<&str> {
    matches!(span.name.as_str(), ATTEMPT | "Tool.execute")
        .then(|| Attributes(&span.attributes).text("session.id"))
        .flatten()
}

/// Leaves the conversation out, which the database has and each span repeats.
pub(super) fn lighten(attributes: &mut Vec<KeyValue>) {
    attributes.retain(|attribute| {
        !attribute.key.starts_with("ai.prompt")
            && !attribute.key.starts_with("ai.request.headers")
            && attribute.key != "ai.response.toolCalls"
    });
}

/// The facts, session by session.
pub(super) fn records(items: &Items) -> Vec<TelemetryRecord> {
    let mut records = Vec::new();
    let mut attempts: BTreeMap<(&str, bool), Vec<&Span>> = BTreeMap::new();
    for (_, span) in &items.spans {
        let attributes = Attributes(&span.attributes);
        let session = attributes.text("session.id").unwrap_or_default();
        if span.name == ATTEMPT {
            let is_title = attributes.count("ai.settings.maxRetries") > Some(0);
            attempts.entry((session, is_title)).or_default().push(span);
        } else {
            records.extend(tool_call(span).map(TelemetryRecord::ToolCall));
        }
    }
    for ((_, is_title), spans) in attempts {
        let calls = model_calls(&spans, is_title);
        records.extend(calls.into_iter().map(TelemetryRecord::ModelCall));
    }
    records
}

/// Calls from attempts in order of time: those that failed are part of the next
/// one that did not. Calls that failed for good the database has.
fn model_calls(spans: &[&Span], is_title: bool) -> Vec<ModelCallRecord> {
    let mut failed: Vec<Timestamp> = Vec::new();
    let mut calls = Vec::new();
    for span in spans {
        let attributes = Attributes(&span.attributes);
        let start = moment(span.start_time_unix_nano);
        let end = moment(span.end_time_unix_nano);
        if is_failed(span) {
            failed.extend(start);
            continue;
        }
        let Some(tokens) = tokens(attributes) else {
            continue;
        };
        let mut attempts = std::mem::take(&mut failed);
        let retries = u32::try_from(attempts.len()).ok();
        attempts.extend(start);
        calls.push(ModelCallRecord {
            request_id: end.filter(|_| is_title).map(|end| format!("title@{end}")),
            asked_by: is_title.then(|| "title".to_owned()),
            model: attributes.owned("ai.model.id"),
            start: attempts.first().copied(),
            end,
            attempts,
            retries,
            ttft_ms: attributes.number("ai.response.msToFirstChunk"),
            tokens: Some(tokens),
            stop_reason: attributes.owned("ai.response.finishReason"),
            answer: attributes.owned("ai.response.text").filter(|_| is_title),
            ..ModelCallRecord::default()
        });
    }
    calls
}

/// `ai.usage.inputTokens` is the whole prompt; reasoning is part of the output.
fn tokens(attributes: Attributes<'_>) -> Option<Tokens> {
    let count = |name| attributes.count(name).unwrap_or_default();
    Some(Tokens {
        prompt: attributes.count("ai.usage.inputTokens")?,
        cache_read: count("ai.usage.cachedInputTokens"),
        cache_write_5m: count("ai.usage.inputTokenDetails.cacheWriteTokens"),
        cache_write_1h: 0,
        completion: attributes.count("ai.usage.outputTokens")?,
        reasoning: count("ai.usage.reasoningTokens"),
    })
}

fn tool_call(span: &Span) -> Option<ToolCallRecord> {
    let attributes = Attributes(&span.attributes);
    let error = is_failed(span).then(|| {
        let message = span.status.as_ref().map(|status| status.message.clone());
        message.unwrap_or_default()
    });
    Some(ToolCallRecord {
        call_id: attributes.owned("tool.call_id")?,
        tool: attributes.owned("tool.name"),
        prompt_id: None,
        start: moment(span.start_time_unix_nano),
        end: moment(span.end_time_unix_nano),
        success: None,
        error,
    })
}

fn is_failed(span: &Span) -> bool {
    let status = span.status.as_ref();
    status.is_some_and(|status| status.code == StatusCode::Error as i32)
}
