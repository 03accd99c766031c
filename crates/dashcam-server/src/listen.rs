//! Listens on loopback, serves, stops.

use crate::app::App;
use crate::error::ApiError;
use crate::guard::{self, Guard};
use crate::{headers, openapi, page, telemetry};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

/// The server could not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Something else listens there.
    #[error(
        "port {port} is in use: another dashcam may be running at http://127.0.0.1:{port}; \
         choose another port with --port"
    )]
    InUse {
        /// The port.
        port: u16,
    },
    /// The system refused.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Refused {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The server broke down.
    #[error("the server stopped: {0}")]
    Serve(io::Error),
}

/// A port that is ours, before anything is served on it.
#[derive(Debug)]
pub struct Listener {
    listener: tokio::net::TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Takes a port of loopback; 0 takes any that is free.
    pub async fn bind(port: u16) -> Result<Self, ListenError> {
        let refused = |source| ListenError::Refused { port, source };
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => ListenError::InUse { port },
            _ => refused(error),
        })?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.address.port())
    }

    /// Serves until `stop` is ready; then ends live connections, finishes the
    /// other requests, and returns.
    pub async fn serve(
        self,
        app: App,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ListenError> {
        let router = router(app.clone(), self.address.port());
        self.serve_router(router, app, stop).await
    }

    /// Serves only what takes in telemetry, until `stop` is ready.
    pub async fn serve_telemetry(
        self,
        app: App,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ListenError> {
        let router = secured(telemetry::router(app.clone()), self.address.port());
        self.serve_router(router, app, stop).await
    }

    async fn serve_router(
        self,
        router: Router,
        app: App,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ListenError> {
        let stop = async move {
            stop.await;
            app.stop();
        };
        axum::serve(self.listener, router)
            .with_graceful_shutdown(stop)
            .await
            .map_err(ListenError::Serve)
    }
}

/// Everything that is served, behind the checks.
pub(crate) fn router(app: App, port: u16) -> Router {
    let (api, document) = openapi::split();
    let router = Router::new()
        .merge(api.with_state(app.clone()))
        .merge(openapi::document_route(document))
        .fallback(page::serve)
        .method_not_allowed_fallback(|| async { ApiError::wrong_method() })
        .layer(CompressionLayer::new())
        .merge(telemetry::router(app));
    secured(router, port)
}

/// A router behind the checks.
fn secured(router: Router, port: u16) -> Router {
    router
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Guard { port }, guard::check))
        .layer(from_fn(headers::secure))
}
