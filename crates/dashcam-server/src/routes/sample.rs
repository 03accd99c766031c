//! The bundled sample history.

use crate::app::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use serde::Serialize;

/// How many sessions were added or removed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SampleChange {
    /// The number of sessions.
    sessions: u64,
}

/// Adds the sample history. Needs the header `x-dashcam: 1`.
#[utoipa::path(post, path = "/sample", tag = "sample", responses((status = 200, body = SampleChange)))]
pub(crate) async fn add(State(app): State<App>) -> Result<Json<SampleChange>, ApiError> {
    let sessions = app.sample(|sample| sample.add()).await?;
    Ok(Json(SampleChange { sessions }))
}

/// Removes the sample history. Needs the header `x-dashcam: 1`.
#[utoipa::path(delete, path = "/sample", tag = "sample", responses((status = 200, body = SampleChange)))]
pub(crate) async fn remove(State(app): State<App>) -> Result<Json<SampleChange>, ApiError> {
    let sessions = app.sample(|sample| sample.remove()).await?;
    Ok(Json(SampleChange { sessions }))
}
