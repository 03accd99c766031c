//! One observed step inside a turn.

use crate::{Event, ModelCall, SpanId, Timestamp, Tokens, ToolCall};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One observed step inside a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Unique within the session.
    pub id: SpanId,
    /// The step that caused it; only a turn's own span has none.
    pub parent: Option<SpanId>,
    /// A short name for lists: the model, the tool, the agent, the event.
    pub name: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended; absent while it runs, or when its end was never seen.
    pub end: Option<Timestamp>,
    /// Whether it went well.
    pub status: Status,
    /// What went wrong, when it did.
    pub error: Option<String>,
    /// Whether the times were measured.
    pub timing: Timing,
    /// Who saw it.
    pub sources: Sources,
    /// What was done.
    pub body: SpanBody,
}

impl Span {
    /// The kind of step.
    pub const fn kind(&self) -> SpanKind {
        match self.body {
            SpanBody::Turn => SpanKind::Turn,
            SpanBody::ModelCall(_) => SpanKind::ModelCall,
            SpanBody::ToolCall(_) => SpanKind::ToolCall,
            SpanBody::AgentRun(_) => SpanKind::AgentRun,
            SpanBody::Event(_) => SpanKind::Event,
        }
    }
}

/// What a span did, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanBody {
    /// The whole turn; the prompt is in the turn itself.
    Turn,
    /// A model call.
    ModelCall(ModelCall),
    /// A tool call.
    ToolCall(ToolCall),
    /// The work of a subagent.
    AgentRun(AgentRun),
    /// Something that happened.
    Event(Event),
}

/// The work of an agent that another agent started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AgentRun {
    /// The harness's id of the run.
    pub id: String,
    /// The agent's type (`Explore`, `general-purpose`, …).
    pub agent_type: Option<String>,
    /// What it was called for.
    pub description: Option<String>,
    /// What it was asked.
    pub prompt: Option<String>,
    /// What it answered.
    pub answer: Option<String>,
    /// The model it ran on.
    pub model: Option<String>,
    /// Whether the parent went on without waiting for it.
    pub background: bool,
    /// Tokens that the harness reports for the run as a whole; where its model
    /// calls are known, they are the measure and this is only kept.
    pub reported_tokens: Option<Tokens>,
}

/// The kinds of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// A whole turn (OpenInference `CHAIN`).
    Turn,
    /// A model call (`LLM`).
    ModelCall,
    /// A tool call (`TOOL`).
    ToolCall,
    /// The work of a subagent (`AGENT`).
    AgentRun,
    /// Something that happened (`CHAIN`).
    Event,
}

impl SpanKind {
    /// The word used in JSON and in derived ids; never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::ModelCall => "model_call",
            Self::ToolCall => "tool_call",
            Self::AgentRun => "agent_run",
            Self::Event => "event",
        }
    }
}

/// Whether a step went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It went well, as far as the evidence says.
    #[default]
    Ok,
    /// It failed.
    Error,
    /// The person stopped or refused it.
    Interrupted,
    /// Its end was never seen.
    Unfinished,
}

impl Status {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Whether a span's times were measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// The harness gave start and end.
    Measured,
    /// Taken from the times of neighbouring records: an estimate.
    #[default]
    Derived,
}

/// Who saw a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The harness's own record on disk.
    Transcript,
    /// A hook call.
    Hook,
    /// The harness's OpenTelemetry.
    Otel,
}

/// A set of [`Source`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sources(u8);

impl Sources {
    /// Only the transcript.
    pub const TRANSCRIPT: Self = Self(1);

    /// Adds a source.
    pub const fn insert(&mut self, source: Source) {
        self.0 |= 1 << source as u8;
    }

    /// Whether a source is in the set.
    pub const fn contains(self, source: Source) -> bool {
        self.0 & (1 << source as u8) != 0
    }

    /// The sources, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Source> {
        [Source::Transcript, Source::Hook, Source::Otel]
            .into_iter()
            .filter(move |source| self.contains(*source))
    }
}

impl FromIterator<Source> for Sources {
    fn from_iter<I: IntoIterator<Item = Source>>(iter: I) -> Self {
        let mut sources = Self::default();
        for source in iter {
            sources.insert(source);
        }
        sources
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Source>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}
