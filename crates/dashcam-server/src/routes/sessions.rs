//! The list of sessions.

use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::json::JsonBytes;
use crate::params::{self, Selection};
use axum::extract::State;
use dashcam_store::view::{SessionFilter, SessionOrder, SessionPage};
use serde::Deserialize;

/// The most sessions that one answer holds.
const MOST: u32 = 1000;

/// Which part of the list, and how ordered.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Listing {
    /// Only with this outcome.
    outcome: Option<String>,
    /// Only whose title, project, branch or native id contains this.
    query: Option<String>,
    /// Only with at least one failed span.
    errors: Option<bool>,
    /// The order: `ended_at`, `started_at`, `cost`, `tokens`, `spans`,
    /// `duration`, `errors`.
    order: Option<String>,
    /// Lowest first.
    ascending: Option<bool>,
    /// How many to skip.
    offset: Option<u32>,
    /// How many to list, at most 1000.
    limit: Option<u32>,
}

/// Sessions, the latest first unless ordered otherwise.
#[utoipa::path(get, path = "/sessions", tag = "history", params(Selection, Listing),
    responses((status = 200, body = SessionPage), (status = 400, body = ErrorBody)))]
pub(crate) async fn sessions(
    State(app): State<App>,
    Query(selection): Query<Selection>,
    Query(listing): Query<Listing>,
) -> Result<JsonBytes, ApiError> {
    let order = params::given(listing.order.as_ref());
    let filter = SessionFilter {
        outcome: params::given(listing.outcome.as_ref()),
        query: params::given(listing.query.as_ref()),
        errors: listing.errors.unwrap_or_default(),
        order: order.map_or_else(
            || Ok(SessionOrder::default()),
            |order| params::word(&order, "order"),
        )?,
        ascending: listing.ascending.unwrap_or_default(),
        offset: listing.offset.unwrap_or_default(),
        limit: Some(listing.limit.unwrap_or(100).min(MOST)),
        ..selection.session_filter()?
    };
    app.answer(move |store| store.sessions(&filter)).await
}
