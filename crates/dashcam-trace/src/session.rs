//! One conversation with a harness.

use crate::{Credits, Harness, Money, SessionId, Span, SpanBody, SpanId, Timestamp, Tokens, Turn};
use serde::{Deserialize, Serialize};

/// One conversation with a harness, over any number of processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The harness it belongs to.
    pub harness: Harness,
    /// Derived from harness and native id.
    pub id: SessionId,
    /// The harness's own id.
    pub native_id: String,
    /// A title, where the harness or the person gave one.
    pub title: Option<String>,
    /// The working directory it began in.
    pub cwd: Option<String>,
    /// The repository it began in.
    pub git: Git,
    /// The harness's version, the latest seen.
    pub version: Option<String>,
    /// How it was started: `cli`, `sdk-cli`, `exec`, `vscode`, …, in the
    /// harness's words.
    pub entrypoint: Option<String>,
    /// When its first step was recorded.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    /// When its last step was recorded.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub ended_at: Timestamp,
    /// The session that this one came from.
    pub parent: Option<Parent>,
    /// How it ended; absent where nothing says so.
    pub outcome: Option<Outcome>,
    /// Its turns, in order of time, abandoned ones included.
    pub turns: Vec<Turn>,
}

impl Session {
    /// Every span of every turn, in order.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.turns.iter().flat_map(|turn| &turn.spans)
    }

    /// Tokens of every model call that is this session's own: turns copied
    /// from another session are left out.
    pub fn tokens(&self) -> Tokens {
        self.own_model_calls().filter_map(|call| call.tokens).sum()
    }

    /// The known cost of every model call that is this session's own.
    pub fn cost(&self) -> Money {
        self.own_model_calls()
            .filter_map(|call| call.cost.as_ref())
            .map(|cost| cost.usd)
            .sum()
    }

    /// What the harness's maker charged, in a unit of their own, for every
    /// model call that is this session's own.
    pub fn credits(&self) -> Credits {
        self.own_model_calls().filter_map(|call| call.credits).sum()
    }

    fn own_model_calls(&self) -> impl Iterator<Item = &crate::ModelCall> {
        self.turns
            .iter()
            .filter(|turn| turn.copied_from.is_none())
            .flat_map(|turn| &turn.spans)
            .filter_map(|span| match &span.body {
                SpanBody::ModelCall(call) => Some(call),
                _ => None,
            })
    }
}

/// The repository of a session's working directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Git {
    /// The branch.
    pub branch: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The address of the remote.
    pub remote: Option<String>,
}

/// The session that another one came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parent {
    /// The parent session.
    pub session: SessionId,
    /// The span of the parent that started it, where the evidence says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanId>,
    /// How it came from it.
    pub relation: ParentRelation,
}

/// How a session came from its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ParentRelation {
    /// It continues a copy of the parent's history.
    Fork,
    /// It is the work of an agent that the parent started.
    Subagent,
}

/// How a session ended, with the evidence for saying so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outcome {
    /// One word: what happened.
    pub label: String,
    /// Why it is said.
    pub evidence: String,
}
