//! A span as flat JSON: the form of the command line, the API and the store.
//!
//! A span's fields by kind stand beside the common ones, as the command line
//! contract has it. The flat form is a struct of its own, because serde's
//! flattened and tagged forms are slow and cannot keep raw JSON.

use crate::{
    AgentRun, Cost, Credits, Event, EventKind, FileDiff, InputPart, McpTool, ModelCall, Part,
    RawJson, Sources, Span, SpanBody, SpanId, SpanKind, Status, Timestamp, Timing, Tokens,
    ToolCall, ToolKind, ToolOutput,
};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A [`Span`] as JSON: common fields, then those of its kind.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Span))]
pub struct SpanJson {
    id: SpanId,
    parent: Option<SpanId>,
    kind: SpanKind,
    name: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    start: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    end: Option<Timestamp>,
    status: Status,
    #[serde(default)]
    error: Option<String>,
    timing: Timing,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::Source>))]
    sources: Sources,

    // Model calls.
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    response_id: Option<String>,
    #[serde(default)]
    tokens: Option<Tokens>,
    #[serde(default)]
    cost: Option<Cost>,
    #[serde(default)]
    credits: Option<Credits>,
    #[serde(default)]
    retries: Option<u32>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    attempts: Vec<Timestamp>,
    #[serde(default)]
    ttft_ms: Option<f64>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    parameters: Vec<(String, String)>,

    // Tool calls.
    #[serde(default)]
    tool: Option<String>,
    #[serde(default)]
    tool_kind: Option<ToolKind>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    exit_code: Option<i32>,
    #[serde(default)]
    mcp: Option<McpTool>,
    #[serde(default)]
    diff: Vec<FileDiff>,

    // Model calls (a list of parts) and tool calls (arguments; what came back).
    #[serde(default)]
    input: Option<RawJson>,
    #[serde(default)]
    output: Option<RawJson>,

    // Agent runs.
    #[serde(default)]
    agent: Option<AgentRun>,

    // Events.
    #[serde(default)]
    event: Option<EventKind>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    details: Option<RawJson>,
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = SpanMap(serializer.serialize_map(None)?);
        map.field("id", &self.id)?;
        map.field("parent", &self.parent)?;
        map.field("kind", &self.kind())?;
        map.field("name", &self.name)?;
        map.field("start", &self.start)?;
        map.field("end", &self.end)?;
        map.field("status", &self.status)?;
        map.optional("error", self.error.as_ref())?;
        map.field("timing", &self.timing)?;
        map.field("sources", &self.sources)?;
        match &self.body {
            SpanBody::Turn => {}
            SpanBody::ModelCall(call) => map.model_call(call)?,
            SpanBody::ToolCall(call) => map.tool_call(call)?,
            SpanBody::AgentRun(run) => map.field("agent", run)?,
            SpanBody::Event(event) => {
                map.field("event", &event.kind)?;
                map.optional("text", event.text.as_ref())?;
                map.optional("details", event.details.as_ref())?;
            }
        }
        map.0.end()
    }
}

struct SpanMap<M>(M);

impl<M: SerializeMap> SpanMap<M> {
    fn field(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    fn optional(
        &mut self,
        name: &'static str,
        value: Option<&impl Serialize>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.field(name, value))
    }

    fn list<T: Serialize>(&mut self, name: &'static str, values: &[T]) -> Result<(), M::Error> {
        if values.is_empty() {
            Ok(())
        } else {
            self.field(name, &values)
        }
    }

    fn model_call(&mut self, call: &ModelCall) -> Result<(), M::Error> {
        self.field("model", &call.model)?;
        self.optional("provider", call.provider.as_ref())?;
        self.optional("response_id", call.response_id.as_ref())?;
        self.optional("tokens", call.tokens.as_ref())?;
        self.optional("cost", call.cost.as_ref())?;
        self.optional("credits", call.credits.as_ref())?;
        self.optional("retries", call.retries.as_ref())?;
        self.list("attempts", &call.attempts)?;
        self.optional("ttft_ms", call.ttft_ms.as_ref())?;
        self.optional("stop_reason", call.stop_reason.as_ref())?;
        self.list("parameters", &call.parameters)?;
        self.field("input", &call.input)?;
        self.field("output", &call.output)
    }

    fn tool_call(&mut self, call: &ToolCall) -> Result<(), M::Error> {
        self.field("tool", &call.tool)?;
        self.field("tool_kind", &call.tool_kind)?;
        self.optional("target", call.target.as_ref())?;
        self.optional("call_id", call.call_id.as_ref())?;
        self.optional("exit_code", call.exit_code.as_ref())?;
        self.optional("mcp", call.mcp.as_ref())?;
        self.list("diff", &call.diff)?;
        self.field("input", &call.input)?;
        self.optional("output", call.output.as_ref())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SpanJson::deserialize(deserializer)?
            .into_span()
            .map_err(serde::de::Error::custom)
    }
}

impl SpanJson {
    fn into_span(self) -> Result<Span, InvalidSpan> {
        let (id, kind) = (self.id, self.kind);
        let missing = |field| InvalidSpan::MissingField {
            id,
            kind: kind.as_str(),
            field,
        };
        let body = match kind {
            SpanKind::Turn => SpanBody::Turn,
            SpanKind::ModelCall => SpanBody::ModelCall(ModelCall {
                model: self.model.ok_or_else(|| missing("model"))?,
                provider: self.provider,
                response_id: self.response_id,
                tokens: self.tokens,
                cost: self.cost,
                credits: self.credits,
                retries: self.retries,
                attempts: self.attempts,
                ttft_ms: self.ttft_ms,
                stop_reason: self.stop_reason,
                parameters: self.parameters,
                input: parse_parts::<InputPart>(self.input)?,
                output: parse_parts::<Part>(self.output)?,
            }),
            SpanKind::ToolCall => SpanBody::ToolCall(ToolCall {
                tool: self.tool.ok_or_else(|| missing("tool"))?,
                tool_kind: self.tool_kind.unwrap_or_default(),
                target: self.target,
                call_id: self.call_id,
                input: self.input.unwrap_or_default(),
                output: self
                    .output
                    .map(|output| serde_json::from_str::<ToolOutput>(output.as_str()))
                    .transpose()?,
                exit_code: self.exit_code,
                mcp: self.mcp,
                diff: self.diff,
            }),
            SpanKind::AgentRun => SpanBody::AgentRun(self.agent.ok_or_else(|| missing("agent"))?),
            SpanKind::Event => SpanBody::Event(Event {
                kind: self.event.ok_or_else(|| missing("event"))?,
                text: self.text,
                details: self.details,
            }),
        };
        Ok(Span {
            id,
            parent: self.parent,
            name: self.name,
            start: self.start,
            end: self.end,
            status: self.status,
            error: self.error,
            timing: self.timing,
            sources: self.sources,
            body,
        })
    }
}

fn parse_parts<T: serde::de::DeserializeOwned>(
    json: Option<RawJson>,
) -> Result<Vec<T>, serde_json::Error> {
    json.map_or_else(
        || Ok(Vec::new()),
        |json| serde_json::from_str(json.as_str()),
    )
}

/// JSON that is not a span.
#[derive(Debug, thiserror::Error)]
enum InvalidSpan {
    #[error("span {id} of kind {kind} has no field `{field}`")]
    MissingField {
        id: SpanId,
        kind: &'static str,
        field: &'static str,
    },
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
