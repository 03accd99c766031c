//! The API's own description, made from the routes and types themselves.

use crate::app::App;
use crate::routes;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "dashcam",
        description = "What coding agents did on this machine. Served on loopback only; \
                       requests that change something need the header `x-dashcam: 1`."
    ),
    components(schemas(
        dashcam_trace::Turn,
        dashcam_trace::Part,
        dashcam_trace::InputPart,
        dashcam_trace::ToolOutput,
    ))
)]
struct Document;

/// The document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    split().1
}

/// The routes and their document.
pub(crate) fn split() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .nest("/api/v1", routes::all())
        .split_for_parts()
}

/// Serves the document itself.
pub(crate) fn document_route(document: utoipa::openapi::OpenApi) -> Router {
    let document = std::sync::Arc::new(document);
    let answer = move || async move { Json((*document).clone()) };
    Router::new().route("/api/openapi.json", axum::routing::get(answer))
}

#[cfg(test)]
mod tests {
    /// The page's types are made from the document beside it, so that one
    /// must be the other.
    #[test]
    fn the_document_beside_the_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/openapi.json");
        let current = super::openapi().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == current,
            "ui/openapi.json is out of date: renew it with \
             `UPDATE_OPENAPI=1 cargo test -p dashcam-server` and then run `npm run types` in ui/"
        );
    }
}
