//! The front page.

use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Query;
use crate::json::JsonBytes;
use crate::params::Selection;
use axum::extract::State;
use dashcam_store::view::{Overview, OverviewQuery};
use dashcam_trace::Timestamp;
use jiff::SignedDuration;

/// A session without a step for so long is not live any more.
const LIVE_FOR: SignedDuration = SignedDuration::from_mins(5);

/// What happened in a stretch of time.
#[utoipa::path(get, path = "/overview", tag = "history", params(Selection),
    responses((status = 200, body = Overview), (status = 400, body = ErrorBody)))]
pub(crate) async fn overview(
    State(app): State<App>,
    Query(selection): Query<Selection>,
) -> Result<JsonBytes, ApiError> {
    let query = OverviewQuery {
        since: selection.since()?,
        until: selection.until()?,
        harness: selection.harnesses()?,
        project: selection.project(),
        timezone: selection.timezone(),
        live_since: Timestamp::now()
            .saturating_sub(LIVE_FOR)
            .map_err(ApiError::internal)?,
    };
    app.answer(move |store| store.overview(&query)).await
}
