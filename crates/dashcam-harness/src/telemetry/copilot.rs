//! What GitHub Copilot's runtime sends. Seen in 1.0.102.
//!
//! Only spans and metrics, no logs. Every span names the session in
//! `gen_ai.conversation.id`, a subagent's the session that it works for. A
//! `chat` span is one attempt at a model call; the one that succeeded names
//! the response, which is the transcript's `apiCallId`, and those that failed
//! stand before it under the same `invoke_agent`. `github.copilot.cost` is a
//! multiplier of premium requests, not money. Texts come only where
//! `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is on.

use super::attributes::{Attributes, moment};
use super::evidence::Items;
use super::record::{ModelCallRecord, PromptRecord, TelemetryRecord, ToolCallRecord};
use dashcam_trace::{Timestamp, Tokens};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Where the runtime tells the model the time, before the prompt.
const CLOCK_END: &str = "</current_datetime>";

/// The session that a span tells of, if it is worth keeping.
pub(super) fn session_of_span(span: &Span) -> Option<&str> {
    let attributes = Attributes(&span.attributes);
    let is_kept = matches!(
        attributes.text("gen_ai.operation.name"),
        Some("chat" | "execute_tool" | "invoke_agent")
    );
    is_kept
        .then(|| attributes.text("gen_ai.conversation.id"))
        .flatten()
}

/// The facts: prompts, then model calls agent by agent, then tools.
pub(super) fn records(items: &Items) -> Vec<TelemetryRecord> {
    let mut prompts = Vec::new();
    let mut tools = Vec::new();
    let mut attempts: BTreeMap<&[u8], Vec<&Span>> = BTreeMap::new();
    for (_, span) in &items.spans {
        let attributes = Attributes(&span.attributes);
        match attributes.text("gen_ai.operation.name") {
            Some("invoke_agent") => prompts.extend(prompt(span)),
            Some("execute_tool") => tools.extend(tool_call(span)),
            Some("chat") => attempts.entry(&span.parent_span_id).or_default().push(span),
            _ => {}
        }
    }
    let calls = attempts.into_values().flat_map(model_calls);
    prompts
        .into_iter()
        .map(TelemetryRecord::Prompt)
        .chain(calls.map(TelemetryRecord::ModelCall))
        .chain(tools.into_iter().map(TelemetryRecord::ToolCall))
        .collect()
}

/// The prompt that the session's own agent set out with: an event of its span.
fn prompt(span: &Span) -> Option<PromptRecord> {
    let told = span.events.iter().find_map(|event| {
        let attributes = Attributes(&event.attributes);
        let is_prompt = event.name == "github.copilot.user.message"
            && attributes.text("github.copilot.user.message.source") == Some("user");
        is_prompt.then_some((attributes, moment(event.time_unix_nano)))
    });
    let (attributes, at) = told?;
    Some(PromptRecord {
        prompt_id: attributes.owned("github.copilot.user.message.interaction_id"),
        at: at.or_else(|| moment(span.start_time_unix_nano))?,
        text: Attributes(&span.attributes)
            .text("gen_ai.input.messages")
            .and_then(|messages| words(messages, "user"))
            .map(|text| without_clock(&text).to_owned()),
    })
}

/// The model calls of one agent: its attempts in order of time, those that
/// failed added to the next one that did not.
fn model_calls(mut spans: Vec<&Span>) -> Vec<ModelCallRecord> {
    spans.sort_by_key(|span| (span.start_time_unix_nano, span.end_time_unix_nano));
    let mut failed: Vec<Timestamp> = Vec::new();
    let mut calls = Vec::new();
    for span in spans {
        let attributes = Attributes(&span.attributes);
        let start = moment(span.start_time_unix_nano);
        let Some(request_id) = attributes.owned("gen_ai.response.id") else {
            failed.extend(start);
            continue;
        };
        let mut attempts = std::mem::take(&mut failed);
        let retries = u32::try_from(attempts.len()).ok();
        attempts.extend(start);
        calls.push(ModelCallRecord {
            request_id: Some(request_id),
            prompt_id: attributes.owned("github.copilot.interaction_id"),
            model: attributes
                .owned("gen_ai.response.model")
                .or_else(|| attributes.owned("gen_ai.request.model")),
            start: attempts.first().copied(),
            end: moment(span.end_time_unix_nano),
            attempts,
            retries,
            ttft_ms: attributes
                .number("gen_ai.response.time_to_first_chunk")
                .map(|seconds| seconds * 1_000.0),
            tokens: tokens(attributes),
            stop_reason: stop_reason(attributes),
            error: failure(span),
            answer: attributes
                .text("gen_ai.output.messages")
                .and_then(|messages| words(messages, "assistant")),
            ..ModelCallRecord::default()
        });
    }
    calls
}

/// `input_tokens` is the whole prompt; what is not told is 0.
fn tokens(attributes: Attributes<'_>) -> Option<Tokens> {
    let count = |name| attributes.count(name).unwrap_or_default();
    Some(Tokens {
        prompt: attributes.count("gen_ai.usage.input_tokens")?,
        cache_read: count("gen_ai.usage.cache_read.input_tokens"),
        cache_write_5m: count("gen_ai.usage.cache_write.input_tokens"),
        cache_write_1h: 0,
        completion: attributes.count("gen_ai.usage.output_tokens")?,
        reasoning: count("gen_ai.usage.reasoning.output_tokens"),
    })
}

fn stop_reason(attributes: Attributes<'_>) -> Option<String> {
    match attributes.value("gen_ai.response.finish_reasons")? {
        Value::ArrayValue(reasons) => match reasons.values.first()?.value.as_ref()? {
            Value::StringValue(reason) => Some(reason.clone()),
            _ => None,
        },
        Value::StringValue(reason) => Some(reason.clone()),
        _ => None,
    }
}

fn tool_call(span: &Span) -> Option<ToolCallRecord> {
    let attributes = Attributes(&span.attributes);
    let error = failure(span);
    Some(ToolCallRecord {
        call_id: attributes.owned("gen_ai.tool.call.id")?,
        tool: attributes.owned("gen_ai.tool.name"),
        prompt_id: None,
        start: moment(span.start_time_unix_nano),
        end: moment(span.end_time_unix_nano),
        success: Some(error.is_none()),
        error,
    })
}

fn failure(span: &Span) -> Option<String> {
    let status = span.status.as_ref()?;
    if status.code != StatusCode::Error as i32 {
        return None;
    }
    let kind = Attributes(&span.attributes).owned("error.type");
    Some(status.message.clone())
        .filter(|message| !message.is_empty())
        .or(kind)
        .or_else(|| Some("it failed".to_owned()))
}

/// A message as the semantic conventions of generative AI have it.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    role: String,
    #[serde(default)]
    parts: Vec<MessagePart>,
}

#[derive(Deserialize)]
struct MessagePart {
    #[serde(default, rename = "type")]
    kind: String,
    content: Option<serde_json::Value>,
}

/// The text of the first message of a role.
fn words(messages: &str, role: &str) -> Option<String> {
    let messages = serde_json::from_str::<Vec<Message>>(messages).ok()?;
    let message = messages.into_iter().find(|message| message.role == role)?;
    let texts: Vec<String> = message
        .parts
        .into_iter()
        .filter(|part| part.kind == "text")
        .filter_map(|part| part.content?.as_str().map(str::to_owned))
        .collect();
    Some(texts.join("\n")).filter(|text| !text.is_empty())
}

fn without_clock(prompt: &str) -> &str {
    match prompt.split_once(CLOCK_END) {
        Some((before, prompt)) if before.starts_with("<current_datetime>") => prompt.trim_start(),
        _ => prompt,
    }
}
