//! From one prompt to the end of the work on it.

use crate::{Image, SessionId, Span, Timestamp, TurnId};
use serde::{Deserialize, Serialize};

/// From one prompt of the person to the end of the agent's work on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Turn {
    /// The turn's id; also its OTLP trace id.
    pub id: TurnId,
    /// Its place in the session, from 0, in order of time.
    pub index: u32,
    /// What the person asked.
    pub prompt: Prompt,
    /// When the prompt was sent.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub start: Timestamp,
    /// When the last step ended; absent while the turn runs.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub end: Option<Timestamp>,
    /// How it ended.
    pub status: TurnStatus,
    /// Whether an edited prompt took this turn out of the live conversation.
    /// Its tokens were spent all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub abandoned: bool,
    /// The session that this turn was copied from when the session was
    /// forked; its usage is counted there, not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<SessionId>,
    /// The steps, by start. The first is the turn's own span, of kind `turn`;
    /// all others descend from it.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::SpanJson>))]
    pub spans: Vec<Span>,
}

/// What the person asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prompt {
    /// The text; empty for a turn that the harness began by itself.
    pub text: String,
    /// Images sent with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
}

/// How a turn ended, as far as the evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TurnStatus {
    /// The agent finished its answer.
    Completed,
    /// The person stopped it.
    Interrupted,
    /// An error ended it.
    Failed,
    /// No end was seen: it runs, or its process died.
    Unfinished,
}

impl TurnStatus {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }
}
