//! Sessions as lists and headers show them.

use dashcam_trace::{
    CreditSum, EventKind, Git, Harness, Money, Outcome, Parent, Problem, SessionId, SpanId,
    SpanKind, Status, Timestamp, Timing, Tokens, ToolKind, TurnId, TurnStatus,
};
use serde::{Deserialize, Serialize};

/// One session in a list: what it was about, and what it took.
///
/// Sums leave out turns that were copied from another session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    /// The session's id.
    pub id: SessionId,
    /// The harness.
    pub harness: Harness,
    /// The harness's own id.
    pub native_id: String,
    /// The given title, or else the beginning of the first prompt.
    pub title: String,
    /// The name of the project: the last part of the repository's remote, or
    /// else of the working directory.
    pub project: String,
    /// The working directory.
    pub cwd: Option<String>,
    /// The repository.
    pub git: Git,
    /// The harness's version.
    pub version: Option<String>,
    /// How it was started.
    pub entrypoint: Option<String>,
    /// When its first step was recorded.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    /// When its last step was recorded.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub ended_at: Timestamp,
    /// The session that it came from.
    pub parent: Option<Parent>,
    /// How it ended, where something says so.
    pub outcome: Option<Outcome>,
    /// How its last live turn ended.
    pub status: TurnStatus,
    /// Whether it belongs to the bundled sample history.
    pub sample: bool,
    /// The models that answered, most used first.
    pub models: Vec<String>,
    /// Turns, abandoned and copied ones included.
    pub turns: u32,
    /// Spans of every kind.
    pub spans: u32,
    /// Model calls.
    pub model_calls: u32,
    /// Tool calls.
    pub tool_calls: u32,
    /// Spans that failed.
    pub errors: u32,
    /// Subagents that worked in it.
    pub agent_runs: u32,
    /// Tokens.
    pub tokens: Tokens,
    /// Known cost.
    pub cost: Money,
    /// Model calls without a known price.
    pub unpriced_calls: u32,
    /// What the harness's maker charged in a unit of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<CreditSum>,
}

/// Which sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionFilter {
    /// Only of these harnesses; empty means of all.
    pub harness: Vec<Harness>,
    /// Only of projects with this name.
    pub project: Option<String>,
    /// Only where a model whose name contains this answered.
    pub model: Option<String>,
    /// Only on this git branch.
    pub branch: Option<String>,
    /// Only with an activity at or after this time.
    pub since: Option<Timestamp>,
    /// Only begun before this time.
    pub until: Option<Timestamp>,
    /// Only with this outcome.
    pub outcome: Option<String>,
    /// Only whose title, project, branch or native id contains this text.
    pub query: Option<String>,
    /// Only with at least one failed span.
    pub errors: bool,
    /// Leave out the bundled sample history.
    pub without_sample: bool,
    /// The order.
    pub order: SessionOrder,
    /// Lowest first.
    pub ascending: bool,
    /// How many to skip.
    pub offset: u32,
    /// How many to list; `None` means all.
    pub limit: Option<u32>,
}

/// By what sessions are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionOrder {
    /// The last step.
    #[default]
    EndedAt,
    /// The first step.
    StartedAt,
    /// The cost.
    Cost,
    /// The tokens, prompt and completion together.
    Tokens,
    /// Model and tool calls.
    Spans,
    /// The time from first to last step.
    Duration,
    /// The failed spans.
    Errors,
}

/// A part of a list of sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionPage {
    /// How many sessions the filter lets through.
    pub total: u64,
    /// Those asked for.
    pub sessions: Vec<SessionSummary>,
}

/// One session with the outline of all its spans, without their content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionDetail {
    /// The header.
    pub summary: SessionSummary,
    /// Sessions that came from this one.
    pub children: Vec<SessionSummary>,
    /// The turns.
    pub turns: Vec<TurnOutline>,
    /// What could not be read in its evidence.
    pub problems: Vec<Problem>,
    /// The files it was decoded from.
    pub files: Vec<String>,
}

/// One turn without content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnOutline {
    /// The turn's id.
    pub id: TurnId,
    /// Its place in the session, from 0.
    pub index: u32,
    /// The beginning of the prompt, at most 200 characters.
    pub prompt: String,
    /// When it began.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub start: Timestamp,
    /// When it ended.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub end: Option<Timestamp>,
    /// How it ended.
    pub status: TurnStatus,
    /// Whether an edited prompt took it out of the conversation.
    pub abandoned: bool,
    /// The session it was copied from.
    pub copied_from: Option<SessionId>,
    /// Changes whenever anything in the turn changes; to know what to fetch anew.
    pub revision: String,
    /// Tokens of its model calls.
    pub tokens: Tokens,
    /// Known cost of its model calls.
    pub cost: Money,
    /// What the harness's maker charged for them in a unit of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<CreditSum>,
    /// Its spans.
    pub spans: Vec<SpanOutline>,
}

/// One span without content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanOutline {
    /// The span's id.
    pub id: SpanId,
    /// Its parent.
    pub parent: Option<SpanId>,
    /// Its kind.
    pub kind: SpanKind,
    /// Its name.
    pub name: String,
    /// When it began.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub start: Timestamp,
    /// When it ended.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub end: Option<Timestamp>,
    /// Whether it went well.
    pub status: Status,
    /// Whether its times were measured.
    pub timing: Timing,
    /// What a tool call does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_kind: Option<ToolKind>,
    /// What an event is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventKind>,
    /// What a tool call was done to, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A model call's tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// A model call's cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// What the harness's maker charged for a model call in a unit of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<CreditSum>,
}

/// An image's bytes and their type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageBytes {
    /// The media type that the transcript names.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}
