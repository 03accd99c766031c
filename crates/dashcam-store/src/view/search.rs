//! Full-text search.

use super::SessionFilter;
use dashcam_trace::{Harness, SessionId, SpanId, Timestamp};
use serde::{Deserialize, Serialize};

/// What to search for.
///
/// Words must all occur in one turn; `"several words"` must occur together;
/// `word*` matches beginnings; `-word` must not occur.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchQuery {
    /// The words.
    pub text: String,
    /// Only in these fields; empty means in all.
    pub fields: Vec<SearchField>,
    /// Only in sessions that this filter lets through; its order and limits
    /// are not looked at.
    pub sessions: SessionFilter,
    /// Only in this session.
    pub session: Option<SessionId>,
    /// How many hits to skip.
    pub offset: u32,
    /// How many hits to give.
    pub limit: u32,
}

/// Where a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SearchField {
    /// What the person asked.
    Prompt,
    /// What the model answered.
    Answer,
    /// What the model thought.
    Thinking,
    /// What a tool was given.
    ToolInput,
    /// What a tool gave back.
    ToolOutput,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResults {
    /// The hits, best first.
    pub hits: Vec<SearchHit>,
    /// Whether there are more after these.
    pub more: bool,
    /// Turns not yet in the index; 0 once it has caught up.
    pub pending_turns: u64,
}

/// One span that matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    /// The session.
    pub session: SessionId,
    /// Its harness.
    pub harness: Harness,
    /// Its title.
    pub title: String,
    /// Its project.
    pub project: String,
    /// The turn's place in the session.
    pub turn: u32,
    /// The span that holds the text.
    pub span: SpanId,
    /// The span's name.
    pub span_name: String,
    /// Where in the span.
    pub field: SearchField,
    /// When the span began.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// A piece of the text around the first match.
    pub snippet: String,
    /// The matches in the snippet: start and end, in characters.
    pub matches: Vec<(u32, u32)>,
}
