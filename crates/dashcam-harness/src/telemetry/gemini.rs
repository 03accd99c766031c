//! What Gemini CLI sends. Seen in 0.61.0.
//!
//! Log records are named by the attribute `event.name` and name the session in
//! `session.id`, a subagent's the session that it works for. Each attempt at a
//! model call ends in an `api_response` or an `api_error`; nothing in them
//! names the message of the chat file, so a call joins by its tokens and its
//! end. An answer that Gemini CLI throws away is told by a `content_retry`
//! behind it: it was paid for, and stands in no chat file. Nor do the calls
//! that choose a model or shorten the conversation, which have roles of their
//! own.
//!
//! Of the spans only those of tools are kept: a tool's log record has no id of
//! its call. The others carry the whole conversation each time.

use super::attributes::{Attributes, moment};
use super::evidence::Items;
use super::record::{ModelCallRecord, PromptRecord, TelemetryRecord, ToolCallRecord};
use dashcam_trace::{Timestamp, Tokens};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeMap;
use std::time::Duration;

/// Attributes that hold whole conversations, or the same words in each record.
const HEAVY: [&str; 8] = [
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.description",
    "gen_ai.agent.description",
    "request_text",
    "response_text",
];

/// The session that a span tells of, if it is worth keeping.
pub(super) fn session_of_span(span: &Span) -> Option<&str> {
    let attributes = Attributes(&span.attributes);
    let is_tool = attributes.text("gen_ai.operation.name") == Some("tool_call");
    is_tool
        .then(|| attributes.text("gen_ai.conversation.id"))
        .flatten()
}

/// The session that a log record tells of, if it is worth keeping.
pub(super) fn session_of_log(record: &LogRecord) -> Option<&str> {
    let attributes = Attributes(&record.attributes);
    let is_kept = matches!(
        attributes.text("event.name"),
        Some(
            "gemini_cli.user_prompt"
                | "gemini_cli.api_response"
                | "gemini_cli.api_error"
                | "gemini_cli.chat.content_retry"
                | "gemini_cli.chat.content_retry_failure"
        )
    );
    is_kept.then(|| attributes.text("session.id")).flatten()
}

/// Leaves out what the chat file has as well, and what would be archived again
/// with each step.
pub(super) fn lighten(attributes: &mut Vec<KeyValue>) {
    attributes.retain(|attribute| !HEAVY.contains(&attribute.key.as_str()));
}

/// The facts: prompts, then model calls conversation by conversation, then tools.
pub(super) fn records(items: &Items) -> Vec<TelemetryRecord> {
    let mut prompts = Vec::new();
    let mut conversations: BTreeMap<(&str, &str), Conversation> = BTreeMap::new();
    for record in &items.logs {
        let attributes = Attributes(&record.attributes);
        let at = moment(record.time_unix_nano).or_else(|| attributes.time("event.timestamp"));
        let Some(at) = at else { continue };
        let text = |name| attributes.text(name).unwrap_or_default();
        let key = (text("prompt_id"), text("role"));
        match text("event.name") {
            "gemini_cli.user_prompt" => prompts.push(PromptRecord {
                // The same for every prompt of a session without a terminal.
                prompt_id: None,
                at,
                text: attributes.owned("prompt"),
            }),
            "gemini_cli.api_response" => {
                let conversation = conversations.entry(key).or_default();
                conversation.answered(at, attributes);
            }
            "gemini_cli.api_error" => {
                let conversation = conversations.entry(key).or_default();
                conversation.failed(at, attributes);
            }
            // It names no conversation: it follows the answer that it is about.
            _ => {
                let last = conversations
                    .values_mut()
                    .filter_map(|conversation| conversation.calls.last_mut())
                    .filter(|call| call.model.as_deref() == attributes.text("model"))
                    .max_by_key(|call| call.end);
                if let Some(call) = last {
                    discard(call, attributes);
                }
            }
        }
    }
    let calls = conversations.into_iter().flat_map(|((_, role), calls)| {
        let is_own = !matches!(role, "" | "main" | "subagent");
        calls.finish(is_own.then(|| role.to_owned()))
    });
    let tools = items.spans.iter().filter_map(|(_, span)| tool_call(span));
    prompts
        .into_iter()
        .map(TelemetryRecord::Prompt)
        .chain(calls.map(TelemetryRecord::ModelCall))
        .chain(tools.map(TelemetryRecord::ToolCall))
        .collect()
}

/// The model calls of one conversation, in order of time.
#[derive(Default)]
struct Conversation {
    calls: Vec<ModelCallRecord>,
    /// When the attempts at the next call began, all of which failed.
    failed: Vec<Timestamp>,
    /// What the last of them failed of.
    failure: Option<Failure>,
}

struct Failure {
    at: Timestamp,
    model: Option<String>,
    text: String,
}

impl Conversation {
    fn answered(&mut self, at: Timestamp, attributes: Attributes<'_>) {
        let start = before(at, attributes);
        let mut attempts = std::mem::take(&mut self.failed);
        self.failure = None;
        let retries = u32::try_from(attempts.len()).ok();
        attempts.extend(start);
        self.calls.push(ModelCallRecord {
            model: attributes.owned("model"),
            start: attempts.first().copied(),
            end: Some(at),
            attempts,
            retries,
            tokens: tokens(attributes),
            stop_reason: stop_reason(attributes),
            ..ModelCallRecord::default()
        });
    }

    fn failed(&mut self, at: Timestamp, attributes: Attributes<'_>) {
        self.failed.push(before(at, attributes).unwrap_or(at));
        self.failure = Some(Failure {
            at,
            model: attributes.owned("model"),
            text: attributes
                .owned("error")
                .or_else(|| attributes.owned("error.type"))
                .unwrap_or_else(|| "the call failed".to_owned()),
        });
    }

    /// All calls. One that `asked_by` tells of has no place in a chat file; nor
    /// has one that failed for good.
    fn finish(mut self, asked_by: Option<String>) -> Vec<ModelCallRecord> {
        if let Some(failure) = self.failure.take() {
            let retries = u32::try_from(self.failed.len().saturating_sub(1)).ok();
            self.calls.push(ModelCallRecord {
                request_id: Some(format!("failed@{}", failure.at)),
                model: failure.model,
                start: self.failed.first().copied(),
                end: Some(failure.at),
                attempts: self.failed,
                retries,
                error: Some(failure.text),
                ..ModelCallRecord::default()
            });
        }
        if let Some(asked_by) = asked_by {
            for call in &mut self.calls {
                if let (None, Some(end)) = (&call.request_id, call.end) {
                    call.request_id = Some(format!("{asked_by}@{end}"));
                }
                call.asked_by = Some(asked_by.clone());
            }
        }
        self.calls
    }
}

/// The answer was paid for and thrown away; Gemini CLI asks again.
fn discard(call: &mut ModelCallRecord, attributes: Attributes<'_>) {
    let Some(end) = call.end else { return };
    let kind = attributes
        .text("error_type")
        .or_else(|| attributes.text("final_error_type"))
        .unwrap_or("INVALID_CONTENT");
    call.request_id = Some(format!("discarded@{end}"));
    call.error = Some(format!("Gemini CLI threw the answer away: {kind}"));
}

/// `input_token_count` is the whole prompt but for what tools of the API added.
fn tokens(attributes: Attributes<'_>) -> Option<Tokens> {
    let count = |name| attributes.count(name).unwrap_or_default();
    let reasoning = count("thoughts_token_count");
    Some(Tokens {
        prompt: attributes
            .count("input_token_count")?
            .saturating_add(count("tool_token_count")),
        cache_read: count("cached_content_token_count"),
        completion: attributes
            .count("output_token_count")?
            .saturating_add(reasoning),
        reasoning,
        ..Tokens::default()
    })
}

/// One reason for each piece of the stream, of which the last one counts.
fn stop_reason(attributes: Attributes<'_>) -> Option<String> {
    match attributes.value("finish_reasons")? {
        Value::ArrayValue(reasons) => match reasons.values.last()?.value.as_ref()? {
            Value::StringValue(reason) => Some(reason.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The span tells when it ran; its status is the same when the tool failed.
fn tool_call(span: &Span) -> Option<ToolCallRecord> {
    let attributes = Attributes(&span.attributes);
    Some(ToolCallRecord {
        call_id: attributes.owned("gen_ai.tool.call_id")?,
        tool: attributes.owned("gen_ai.tool.name"),
        prompt_id: None,
        start: moment(span.start_time_unix_nano),
        end: moment(span.end_time_unix_nano),
        success: None,
        error: None,
    })
}

fn before(at: Timestamp, attributes: Attributes<'_>) -> Option<Timestamp> {
    let millis = attributes.count("duration_ms")?;
    at.checked_sub(Duration::from_millis(millis)).ok()
}
