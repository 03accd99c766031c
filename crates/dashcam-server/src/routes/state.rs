//! How the recorder and the store are.

use crate::app::{App, Status};
use crate::error::ApiError;
use crate::json::JsonBytes;
use axum::Json;
use axum::extract::State;
use dashcam_store::Store;
use dashcam_store::view::{Facets, Health, SessionFilter};

/// What sessions can be filtered by.
#[utoipa::path(get, path = "/facets", tag = "state", responses((status = 200, body = Facets)))]
pub(crate) async fn facets(State(app): State<App>) -> Result<JsonBytes, ApiError> {
    app.answer(Store::facets).await
}

/// What the store holds, and what could not be read.
#[utoipa::path(get, path = "/health", tag = "state", responses((status = 200, body = Health)))]
pub(crate) async fn health(State(app): State<App>) -> Result<JsonBytes, ApiError> {
    app.answer(Store::health).await
}

/// How the server is doing.
#[utoipa::path(get, path = "/status", tag = "state", responses((status = 200, body = Status)))]
pub(crate) async fn status(State(app): State<App>) -> Result<Json<Status>, ApiError> {
    let count = |without_sample| SessionFilter {
        limit: Some(0),
        without_sample,
        ..SessionFilter::default()
    };
    let (all, own, pending_turns) = app
        .ask(move |store| {
            let all = store.sessions(&count(false))?.total;
            let own = store.sessions(&count(true))?.total;
            Ok((all, own, store.pending_turns()?))
        })
        .await?;
    let import = app.import_progress();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        import,
        empty: all == 0,
        sample: all > own,
        pending_turns,
        trouble: app.trouble(),
    }))
}
