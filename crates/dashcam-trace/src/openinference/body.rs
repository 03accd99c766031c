//! What a span did, as attributes.

use super::attributes::{Writer, word};
use super::{messages, names, providers};
use crate::{AgentRun, Event, ModelCall, Span, SpanId, Tokens, ToolCall};
use serde::ser::{SerializeMap, Serializer};
use std::collections::HashMap;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

pub(super) fn write_model_call(
    call: &ModelCall,
    spans: &HashMap<SpanId, &Span>,
    attributes: &mut Writer,
) {
    attributes.text(names::GEN_AI_OPERATION, "chat");
    attributes.optional_text(names::LLM_SYSTEM, providers::system(&call.model));
    if let Some(provider) = call.provider.as_deref() {
        let standard = providers::openinference(provider);
        attributes.text(names::LLM_PROVIDER, standard);
        attributes.text(names::GEN_AI_PROVIDER, providers::gen_ai(provider));
        if standard != provider {
            attributes.text(names::PROVIDER, provider);
        }
    }
    if !call.model.is_empty() {
        for name in [
            names::LLM_MODEL_NAME,
            names::GEN_AI_REQUEST_MODEL,
            names::GEN_AI_RESPONSE_MODEL,
        ] {
            attributes.text(name, call.model.as_str());
        }
    }
    attributes.optional_text(names::GEN_AI_RESPONSE_ID, call.response_id.as_deref());
    if let Some(tokens) = &call.tokens {
        write_tokens(tokens, attributes);
    }
    if let Some(cost) = &call.cost {
        attributes.float(names::COST_TOTAL, cost.usd.usd());
        attributes.int(names::COST_NANOS, cost.usd.nanos());
        attributes.text(names::COST_SOURCE, word(&cost.source));
    }
    if let Some(credits) = call.credits {
        attributes.float(names::CREDITS, credits.amount());
        attributes.int(names::CREDITS_NANOS, credits.nanos());
    }
    if let Some(retries) = call.retries {
        attributes.count(names::RETRIES, u64::from(retries));
    }
    if !call.attempts.is_empty() {
        attributes.json(names::ATTEMPTS, &call.attempts);
    }
    if let Some(milliseconds) = call.ttft_ms {
        attributes.float(names::GEN_AI_TIME_TO_FIRST_CHUNK, milliseconds / 1e3);
        attributes.float(names::TTFT_MS, milliseconds);
    }
    if let Some(reason) = call.stop_reason.as_deref() {
        attributes.text(names::LLM_FINISH_REASON, reason);
        attributes.texts(names::GEN_AI_FINISH_REASONS, std::iter::once(reason));
    }
    if !call.parameters.is_empty() {
        attributes.json(
            names::LLM_INVOCATION_PARAMETERS,
            &Parameters(&call.parameters),
        );
    }
    messages::write_input(&call.input, spans, attributes);
    messages::write_output(&call.output, spans, attributes);
}

fn write_tokens(tokens: &Tokens, attributes: &mut Writer) {
    attributes.count(names::TOKENS_PROMPT, tokens.prompt);
    attributes.count(names::TOKENS_COMPLETION, tokens.completion);
    attributes.count(names::TOKENS_TOTAL, tokens.total());
    attributes.count(names::GEN_AI_INPUT_TOKENS, tokens.prompt);
    attributes.count(names::GEN_AI_OUTPUT_TOKENS, tokens.completion);
    let parts = [
        (names::TOKENS_CACHE_READ, tokens.cache_read),
        (names::GEN_AI_CACHE_READ, tokens.cache_read),
        (names::TOKENS_CACHE_WRITE, tokens.cache_write()),
        (names::GEN_AI_CACHE_CREATION, tokens.cache_write()),
        (names::CACHE_WRITE_5M, tokens.cache_write_5m),
        (names::CACHE_WRITE_1H, tokens.cache_write_1h),
        (names::TOKENS_REASONING, tokens.reasoning),
        (names::GEN_AI_REASONING, tokens.reasoning),
    ];
    for (name, count) in parts {
        attributes.count_above_zero(name, count);
    }
}

pub(super) fn write_tool_call(call: &ToolCall, attributes: &mut Writer) {
    attributes.text(names::GEN_AI_OPERATION, "execute_tool");
    attributes.text(names::TOOL_NAME, call.tool.as_str());
    attributes.text(names::GEN_AI_TOOL_NAME, call.tool.as_str());
    attributes.text(names::TOOL_KIND, call.tool_kind.as_str());
    attributes.optional_text(names::TOOL_TARGET, call.target.as_deref());
    attributes.optional_text(names::TOOL_ID, call.call_id.as_deref());
    attributes.optional_text(names::GEN_AI_TOOL_CALL_ID, call.call_id.as_deref());
    if !call.input.is_null() {
        attributes.text(names::TOOL_PARAMETERS, call.input.as_str());
        attributes.text(names::INPUT_VALUE, call.input.as_str());
        attributes.text(names::INPUT_MIME_TYPE, JSON);
    }
    if let Some(output) = &call.output {
        attributes.text(names::OUTPUT_VALUE, output.text.as_str());
        attributes.text(names::OUTPUT_MIME_TYPE, TEXT);
        attributes.optional_text(names::STDERR, output.stderr.as_deref());
        if !output.images.is_empty() {
            attributes.json(names::IMAGES, &output.images);
        }
        attributes.count_above_zero(names::OMITTED_BYTES, output.omitted_bytes);
    }
    if let Some(code) = call.exit_code {
        attributes.int(names::EXIT_CODE, i64::from(code));
    }
    if let Some(mcp) = &call.mcp {
        attributes.text(names::MCP_SERVER, mcp.server.as_str());
        attributes.text(names::MCP_TOOL, mcp.tool.as_str());
    }
    if !call.diff.is_empty() {
        attributes.json(names::DIFF, &call.diff);
    }
}

pub(super) fn write_agent_run(run: &AgentRun, span_name: &str, attributes: &mut Writer) {
    attributes.text(names::GEN_AI_OPERATION, "invoke_agent");
    let name = run.agent_type.as_deref().unwrap_or(span_name);
    attributes.text(names::AGENT_NAME, name);
    attributes.text(names::GEN_AI_AGENT_NAME, name);
    attributes.optional_text(names::AGENT_TYPE, run.agent_type.as_deref());
    if !run.id.is_empty() {
        attributes.text(names::GEN_AI_AGENT_ID, run.id.as_str());
    }
    attributes.optional_text(names::GEN_AI_AGENT_DESCRIPTION, run.description.as_deref());
    attributes.optional_text(names::INPUT_VALUE, run.prompt.as_deref());
    attributes.optional_text(names::OUTPUT_VALUE, run.answer.as_deref());
    attributes.optional_text(names::AGENT_MODEL, run.model.as_deref());
    attributes.flag(names::AGENT_BACKGROUND, run.background);
    if let Some(tokens) = &run.reported_tokens {
        attributes.json(names::AGENT_TOKENS, tokens);
    }
}

pub(super) fn write_event(event: &Event, attributes: &mut Writer) {
    attributes.text(names::EVENT, event.kind.as_str());
    attributes.optional_text(names::INPUT_VALUE, event.text.as_deref());
    let details = event.details.as_ref().map(crate::RawJson::as_str);
    attributes.optional_text(names::EVENT_DETAILS, details);
}

/// Parameters as a JSON object, in their order.
struct Parameters<'a>(&'a [(String, String)]);

impl serde::Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
