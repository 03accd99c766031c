//! Spans of every convention, put into the one that is read.

use crate::telemetry::Attributes;
use dashcam_trace::openinference::names;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;

/// What a span did, in OpenInference's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Model,
    Tool,
    Agent,
    /// A step that holds others.
    Step,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Model => "LLM",
            Self::Tool => "TOOL",
            Self::Agent => "AGENT",
            Self::Step => "CHAIN",
        }
    }

    /// What a span did. Conventions are asked from the most to the least
    /// exact.
    pub(super) fn of(span: &Span) -> Self {
        let attributes = Attributes(&span.attributes);
        if let Some(kind) = attributes.text("openinference.span.kind") {
            return match kind.to_ascii_uppercase().as_str() {
                "LLM" => Self::Model,
                // A search in documents is a tool's work; so is reordering.
                "TOOL" | "RETRIEVER" | "RERANKER" | "EMBEDDING" => Self::Tool,
                "AGENT" => Self::Agent,
                _ => Self::Step,
            };
        }
        if let Some(operation) = attributes.text("ai.operationId") {
            return match operation {
                "ai.toolCall" => Self::Tool,
                // The outer span repeats the usage of the inner ones.
                operation if operation.contains(".do") => Self::Model,
                _ => Self::Step,
            };
        }
        let operation = attributes.text("gen_ai.operation.name");
        if let Some(operation) = operation {
            return match operation {
                "chat" | "text_completion" | "generate_content" | "completion" => Self::Model,
                "execute_tool" | "embeddings" | "retrieval" => Self::Tool,
                "invoke_agent" | "create_agent" => Self::Agent,
                _ => Self::Step,
            };
        }
        match attributes.text("traceloop.span.kind") {
            Some("tool") => Self::Tool,
            Some("agent") => Self::Agent,
            None if attributes.has("gen_ai.tool.name") => Self::Tool,
            None if attributes.has("gen_ai.request.model")
                || attributes.has("llm.request.type") =>
            {
                Self::Model
            }
            _ => Self::Step,
        }
    }
}

/// Names that mean the same: the one that is read, then those of others.
const SYNONYMS: [(&str, &[&str]); 12] = [
    (
        names::GEN_AI_PROVIDER,
        &["gen_ai.system", "ai.model.provider"],
    ),
    (names::GEN_AI_REQUEST_MODEL, &["ai.model.id"]),
    (names::GEN_AI_RESPONSE_MODEL, &["ai.response.model"]),
    (names::LLM_FINISH_REASON, &["ai.response.finishReason"]),
    (names::TOOL_NAME, &["gen_ai.tool.name", "ai.toolCall.name"]),
    (
        names::TOOL_ID,
        &["tool_call.id", "gen_ai.tool.call.id", "ai.toolCall.id"],
    ),
    (
        names::TOOL_PARAMETERS,
        &["gen_ai.tool.call.arguments", "ai.toolCall.args"],
    ),
    (
        names::OUTPUT_VALUE,
        &[
            "gen_ai.tool.call.result",
            "ai.toolCall.result",
            "traceloop.entity.output",
        ],
    ),
    (names::INPUT_VALUE, &["traceloop.entity.input"]),
    (names::AGENT_NAME, &["gen_ai.agent.name"]),
    (names::GEN_AI_RESPONSE_ID, &["ai.response.id"]),
    (names::ERROR, &["exception.message"]),
];

/// The same for counts, which some write as numbers with a point.
const COUNTS: [(&str, &[&str]); 7] = [
    (
        names::GEN_AI_INPUT_TOKENS,
        &[
            "gen_ai.usage.prompt_tokens",
            "ai.usage.inputTokens",
            "ai.usage.promptTokens",
        ],
    ),
    (
        names::GEN_AI_OUTPUT_TOKENS,
        &[
            "gen_ai.usage.completion_tokens",
            "ai.usage.outputTokens",
            "ai.usage.completionTokens",
        ],
    ),
    (
        names::GEN_AI_CACHE_READ,
        &[
            "gen_ai.usage.cache_read_input_tokens",
            "ai.usage.cachedInputTokens",
        ],
    ),
    (
        names::GEN_AI_CACHE_CREATION,
        &[
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
        ],
    ),
    (
        names::GEN_AI_REASONING,
        &["gen_ai.usage.reasoning_tokens", "ai.usage.reasoningTokens"],
    ),
    (names::TOKENS_PROMPT, &[]),
    (names::TOKENS_COMPLETION, &[]),
];

/// Adds the names that are read where only others stand, and takes away what
/// would be read as dashcam's own.
pub(super) fn translate(span: &mut Span, kind: Kind) {
    span.attributes.retain(|attribute| {
        attribute.key != names::SPAN_KIND && !attribute.key.starts_with("dashcam.")
    });
    let mut added = vec![text(names::SPAN_KIND, kind.word())];
    let attributes = Attributes(&span.attributes);
    for (name, others) in SYNONYMS {
        if !attributes.has(name)
            && let Some(value) = others.iter().find_map(|other| attributes.value(other))
        {
            added.push(pair(name, value.clone()));
        }
    }
    for (name, others) in COUNTS {
        let is_count = matches!(attributes.value(name), Some(Value::IntValue(_)));
        let count = attributes
            .count(name)
            .or_else(|| others.iter().find_map(|other| attributes.count(other)));
        if !is_count && let Some(count) = count {
            added.push(pair(name, Value::IntValue(count as i64)));
        }
    }
    // The last of a name counts.
    span.attributes.extend(added);
}

fn text(name: &str, text: &str) -> KeyValue {
    pair(name, Value::StringValue(text.to_owned()))
}

fn pair(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
