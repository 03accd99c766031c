//! Full-text search.

use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::json::JsonBytes;
use crate::params::{self, Selection};
use axum::extract::State;
use dashcam_store::view::{SearchQuery, SearchResults, SessionFilter};
use serde::Deserialize;

/// What to search for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Words {
    /// The words: all must occur in one turn; `"several words"` together,
    /// `word*` as a beginning, `-word` not at all.
    text: String,
    /// Only in these, comma separated: `prompt`, `answer`, `thinking`,
    /// `tool_input`, `tool_output`.
    fields: Option<String>,
    /// Only in this session.
    session: Option<String>,
    /// Only in sessions with at least one failed span.
    errors: Option<bool>,
    /// How many hits to skip.
    offset: Option<u32>,
    /// How many hits to give, at most 200.
    limit: Option<u32>,
}

/// Spans that hold the words, best first.
#[utoipa::path(get, path = "/search", tag = "history", params(Words, Selection),
    responses((status = 200, body = SearchResults), (status = 400, body = ErrorBody)))]
pub(crate) async fn search(
    State(app): State<App>,
    Query(words): Query<Words>,
    Query(selection): Query<Selection>,
) -> Result<JsonBytes, ApiError> {
    let session = params::given(words.session.as_ref());
    let sessions = SessionFilter {
        errors: words.errors.unwrap_or_default(),
        ..selection.session_filter()?
    };
    let query = SearchQuery {
        text: words.text,
        fields: params::list(words.fields.as_deref())
            .map(|field| params::word(field, "field"))
            .collect::<Result<_, _>>()?,
        sessions,
        session: session.map(|id| params::session(&id)).transpose()?,
        offset: words.offset.unwrap_or_default(),
        limit: words.limit.unwrap_or(50).min(200),
    };
    app.answer(move |store| store.search(&query)).await
}
