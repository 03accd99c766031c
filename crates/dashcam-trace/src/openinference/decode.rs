//! From OTLP to spans.
//!
//! Spans of other programs are read as far as they follow OpenInference or
//! the `gen_ai` conventions.

use super::attributes::Reader;
use super::{messages, names};
use crate::{
    AgentRun, Cost, CostSource, Credits, Event, EventKind, McpTool, ModelCall, Money, RawJson,
    Span, SpanBody, SpanId, SpanKind, Status, Timestamp, Tokens, ToolCall, ToolOutput,
};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use otlp::status::StatusCode;
use serde::de::{MapAccess, Visitor};
use std::fmt;

/// An OTLP span that is none of dashcam's.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A span id of another length than OTLP has.
    #[error("the span id has {0} bytes, not 8")]
    SpanId(usize),
    /// A time that no calendar has.
    #[error("attribute `{name}` is not a time: {text}")]
    Time {
        /// The attribute, or the field.
        name: &'static str,
        /// What it says.
        text: String,
    },
    /// Neither dashcam's kind nor one of OpenInference that dashcam has.
    #[error("no `{}` and no known `{}`", names::KIND, names::SPAN_KIND)]
    Kind,
    /// A word that an attribute cannot hold.
    #[error("attribute `{name}` has no meaning for `{word}`")]
    Word {
        /// The attribute.
        name: &'static str,
        /// What it says.
        word: String,
    },
    /// An attribute that should hold JSON.
    #[error("attribute `{name}` does not hold the expected JSON")]
    Json {
        /// The attribute.
        name: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
}

/// The span that an OTLP span was written from.
pub fn decode_span(span: &otlp::Span) -> Result<Span, DecodeError> {
    let attributes = Reader::new(&span.attributes);
    let parent = if span.parent_span_id.is_empty() {
        None
    } else {
        Some(span_id(&span.parent_span_id)?)
    };
    let (status, error) = read_status(span, &attributes)?;
    let (start, end) = read_times(span, &attributes)?;
    let body = match read_kind(&attributes, parent)? {
        SpanKind::Turn => SpanBody::Turn,
        SpanKind::ModelCall => SpanBody::ModelCall(read_model_call(&attributes)?),
        SpanKind::ToolCall => SpanBody::ToolCall(read_tool_call(&attributes)?),
        SpanKind::AgentRun => SpanBody::AgentRun(read_agent_run(&attributes)?),
        SpanKind::Event => SpanBody::Event(read_event(&attributes)?),
    };
    let sources = attributes
        .texts(names::SOURCES)
        .into_iter()
        .map(|word| super::attributes::parse_word(names::SOURCES, word))
        .collect::<Result<_, _>>()?;
    Ok(Span {
        id: span_id(&span.span_id)?,
        parent,
        name: span.name.clone(),
        start,
        end,
        status,
        error,
        timing: attributes.word(names::TIMING)?.unwrap_or_default(),
        sources,
        body,
    })
}

fn span_id(bytes: &[u8]) -> Result<SpanId, DecodeError> {
    let id = <[u8; 8]>::try_from(bytes).map_err(|_| DecodeError::SpanId(bytes.len()))?;
    Ok(SpanId::from_bytes(id))
}

fn read_kind(attributes: &Reader<'_>, parent: Option<SpanId>) -> Result<SpanKind, DecodeError> {
    if let Some(kind) = attributes.word(names::KIND)? {
        return Ok(kind);
    }
    match attributes.text(names::SPAN_KIND) {
        Some("LLM") => Ok(SpanKind::ModelCall),
        Some("TOOL") => Ok(SpanKind::ToolCall),
        Some("AGENT") => Ok(SpanKind::AgentRun),
        Some("CHAIN") if parent.is_none() => Ok(SpanKind::Turn),
        Some("CHAIN") => Ok(SpanKind::Event),
        _ => Err(DecodeError::Kind),
    }
}

fn read_times(
    span: &otlp::Span,
    attributes: &Reader<'_>,
) -> Result<(Timestamp, Option<Timestamp>), DecodeError> {
    let time = |name: &'static str, nanoseconds: u64| match attributes.text(name) {
        Some(text) => text.parse().map_err(|_| DecodeError::Time {
            name,
            text: text.to_owned(),
        }),
        None => {
            Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(|_| DecodeError::Time {
                name,
                text: nanoseconds.to_string(),
            })
        }
    };
    let start = time(names::START, span.start_time_unix_nano)?;
    if attributes.flag(names::NO_END) {
        return Ok((start, None));
    }
    Ok((start, Some(time(names::END, span.end_time_unix_nano)?)))
}

fn read_status(
    span: &otlp::Span,
    attributes: &Reader<'_>,
) -> Result<(Status, Option<String>), DecodeError> {
    let code = span
        .status
        .as_ref()
        .map_or(StatusCode::Unset, otlp::Status::code);
    let status = match attributes.word(names::STATUS)? {
        Some(status) => status,
        None if code == StatusCode::Error => Status::Error,
        None => Status::Ok,
    };
    let message = || {
        let status = span.status.as_ref().filter(|_| code == StatusCode::Error)?;
        Some(status.message.clone()).filter(|message| !message.is_empty())
    };
    Ok((status, attributes.owned(names::ERROR).or_else(message)))
}

fn read_model_call(attributes: &Reader<'_>) -> Result<ModelCall, DecodeError> {
    let first = |names: &[&str]| names.iter().find_map(|name| attributes.owned(name));
    let parameters: Option<Parameters> = attributes.json(names::LLM_INVOCATION_PARAMETERS)?;
    Ok(ModelCall {
        model: first(&[
            names::LLM_MODEL_NAME,
            names::GEN_AI_RESPONSE_MODEL,
            names::GEN_AI_REQUEST_MODEL,
        ])
        .unwrap_or_default(),
        provider: first(&[names::PROVIDER, names::LLM_PROVIDER, names::GEN_AI_PROVIDER]),
        response_id: attributes.owned(names::GEN_AI_RESPONSE_ID),
        tokens: read_tokens(attributes),
        cost: read_cost(attributes)?,
        credits: read_credits(attributes),
        retries: attributes
            .count(names::RETRIES)
            .and_then(|count| u32::try_from(count).ok()),
        attempts: attributes.json(names::ATTEMPTS)?.unwrap_or_default(),
        ttft_ms: attributes.float(names::TTFT_MS).or_else(|| {
            attributes
                .float(names::GEN_AI_TIME_TO_FIRST_CHUNK)
                .map(|seconds| seconds * 1e3)
        }),
        stop_reason: attributes.owned(names::LLM_FINISH_REASON).or_else(|| {
            let reasons = attributes.texts(names::GEN_AI_FINISH_REASONS);
            reasons.first().map(|reason| (*reason).to_owned())
        }),
        parameters: parameters.unwrap_or_default().0,
        input: messages::read_input(attributes)?,
        output: messages::read_output(attributes)?,
    })
}

fn read_tokens(attributes: &Reader<'_>) -> Option<Tokens> {
    let count = |own: &str, other: &str| attributes.count(own).or_else(|| attributes.count(other));
    let prompt = count(names::TOKENS_PROMPT, names::GEN_AI_INPUT_TOKENS);
    let completion = count(names::TOKENS_COMPLETION, names::GEN_AI_OUTPUT_TOKENS);
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let for_an_hour = attributes.count(names::CACHE_WRITE_1H).unwrap_or_default();
    let for_minutes = attributes.count(names::CACHE_WRITE_5M).unwrap_or_else(|| {
        count(names::TOKENS_CACHE_WRITE, names::GEN_AI_CACHE_CREATION)
            .unwrap_or_default()
            .saturating_sub(for_an_hour)
    });
    Some(Tokens {
        prompt: prompt.unwrap_or_default(),
        cache_read: count(names::TOKENS_CACHE_READ, names::GEN_AI_CACHE_READ).unwrap_or_default(),
        cache_write_5m: for_minutes,
        cache_write_1h: for_an_hour,
        completion: completion.unwrap_or_default(),
        reasoning: count(names::TOKENS_REASONING, names::GEN_AI_REASONING).unwrap_or_default(),
    })
}

fn read_cost(attributes: &Reader<'_>) -> Result<Option<Cost>, DecodeError> {
    let exact = attributes.int(names::COST_NANOS).map(Money::from_nanos);
    let usd = exact.or_else(|| attributes.float(names::COST_TOTAL).map(Money::from_usd));
    let source = attributes
        .word(names::COST_SOURCE)?
        .unwrap_or(CostSource::Harness);
    Ok(usd.map(|usd| Cost { usd, source }))
}

fn read_credits(attributes: &Reader<'_>) -> Option<Credits> {
    let exact = attributes.int(names::CREDITS_NANOS);
    let amount = || attributes.float(names::CREDITS).map(Credits::from_amount);
    exact.map(Credits::from_nanos).or_else(amount)
}

fn read_tool_call(attributes: &Reader<'_>) -> Result<ToolCall, DecodeError> {
    let first = |names: [&str; 2]| names.into_iter().find_map(|name| attributes.owned(name));
    let mcp = attributes
        .owned(names::MCP_SERVER)
        .zip(attributes.owned(names::MCP_TOOL));
    let exit_code = attributes
        .int(names::EXIT_CODE)
        .and_then(|code| i32::try_from(code).ok());
    Ok(ToolCall {
        tool: first([names::TOOL_NAME, names::GEN_AI_TOOL_NAME]).unwrap_or_default(),
        tool_kind: attributes.word(names::TOOL_KIND)?.unwrap_or_default(),
        target: attributes.owned(names::TOOL_TARGET),
        call_id: first([names::TOOL_ID, names::GEN_AI_TOOL_CALL_ID]),
        input: first([names::TOOL_PARAMETERS, names::INPUT_VALUE])
            .map_or_else(RawJson::null, json_or_text),
        output: read_tool_output(attributes)?,
        exit_code,
        mcp: mcp.map(|(server, tool)| McpTool { server, tool }),
        diff: attributes.json(names::DIFF)?.unwrap_or_default(),
    })
}

/// Arguments of other programs' tools may be plain text.
fn json_or_text(text: String) -> RawJson {
    match serde_json::from_str::<&serde_json::value::RawValue>(&text) {
        // The text is kept as it is, with the spaces around it.
        Ok(_) => RawJson::parse(text).unwrap_or_default(),
        Err(_) => RawJson::from_value(&text),
    }
}

fn read_tool_output(attributes: &Reader<'_>) -> Result<Option<ToolOutput>, DecodeError> {
    let Some(text) = attributes.owned(names::OUTPUT_VALUE) else {
        return Ok(None);
    };
    Ok(Some(ToolOutput {
        text,
        stderr: attributes.owned(names::STDERR),
        images: attributes.json(names::IMAGES)?.unwrap_or_default(),
        omitted_bytes: attributes.count(names::OMITTED_BYTES).unwrap_or_default(),
    }))
}

fn read_agent_run(attributes: &Reader<'_>) -> Result<AgentRun, DecodeError> {
    // dashcam writes a name for every run, but a type only where it is known.
    let own = attributes.text(names::KIND).is_some();
    let name = || attributes.owned(names::AGENT_NAME).filter(|_| !own);
    Ok(AgentRun {
        id: attributes.owned(names::GEN_AI_AGENT_ID).unwrap_or_default(),
        agent_type: attributes.owned(names::AGENT_TYPE).or_else(name),
        description: attributes.owned(names::GEN_AI_AGENT_DESCRIPTION),
        prompt: attributes.owned(names::INPUT_VALUE),
        answer: attributes.owned(names::OUTPUT_VALUE),
        model: attributes.owned(names::AGENT_MODEL),
        background: attributes.flag(names::AGENT_BACKGROUND),
        reported_tokens: attributes.json(names::AGENT_TOKENS)?,
    })
}

fn read_event(attributes: &Reader<'_>) -> Result<Event, DecodeError> {
    let details = attributes
        .owned(names::EVENT_DETAILS)
        .map(RawJson::parse)
        .transpose();
    Ok(Event {
        kind: attributes.word(names::EVENT)?.unwrap_or(EventKind::Other),
        text: attributes.owned(names::INPUT_VALUE),
        details: details.map_err(|source| DecodeError::Json {
            name: names::EVENT_DETAILS,
            source,
        })?,
    })
}

/// The members of a JSON object in their order; values that are no strings
/// as their JSON text.
#[derive(Default)]
struct Parameters(Vec<(String, String)>);

impl<'de> serde::Deserialize<'de> for Parameters {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Parameters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    let text = match value {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    };
                    members.push((name, text));
                }
                Ok(Parameters(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
