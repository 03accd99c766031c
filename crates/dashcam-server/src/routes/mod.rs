//! One file per part of the API.

mod overview;
mod sample;
mod search;
mod session;
mod sessions;
mod state;
mod usage;

use crate::app::App;
use crate::events;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of version 1.
pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(overview::overview))
        .routes(routes!(sessions::sessions))
        .routes(routes!(session::session))
        .routes(routes!(session::turn))
        .routes(routes!(session::export))
        .routes(routes!(session::image))
        .routes(routes!(search::search))
        .routes(routes!(usage::usage))
        .routes(routes!(state::facets))
        .routes(routes!(state::health))
        .routes(routes!(state::status))
        .routes(routes!(sample::add, sample::remove))
        .routes(routes!(events::events))
}
