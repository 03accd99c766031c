//! Tokens and cost.

use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::json::JsonBytes;
use crate::params::{self, Selection};
use axum::extract::State;
use dashcam_store::view::{UsageKey, UsageQuery, UsageReport};
use serde::Deserialize;

/// How to group.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Grouping {
    /// The keys, comma separated, outermost first: `day`, `week`, `month`,
    /// `harness`, `model`, `project`, `branch`, `session`, `user`, `tool`.
    by: Option<String>,
}

/// Tokens and cost by group, and in all.
#[utoipa::path(get, path = "/usage", tag = "history", params(Grouping, Selection),
    responses((status = 200, body = UsageReport), (status = 400, body = ErrorBody)))]
pub(crate) async fn usage(
    State(app): State<App>,
    Query(grouping): Query<Grouping>,
    Query(selection): Query<Selection>,
) -> Result<JsonBytes, ApiError> {
    let mut by: Vec<UsageKey> = params::list(grouping.by.as_deref())
        .map(|key| params::word(key, "key"))
        .collect::<Result<_, _>>()?;
    if by.is_empty() {
        by.push(UsageKey::Day);
    }
    let query = UsageQuery {
        by,
        harness: selection.harnesses()?,
        project: selection.project(),
        model: selection.model(),
        since: selection.since()?,
        until: selection.until()?,
        timezone: selection.timezone(),
        without_sample: false,
    };
    app.answer(move |store| store.usage(&query)).await
}
