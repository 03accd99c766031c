//! `/v1/traces`, `/v1/logs`, `/v1/metrics`: telemetry comes in.
//!
//! A request is read, tried, kept in the log, and only then acknowledged. What
//! it tells of is found out afterwards. Requests wait while more than a fixed
//! number of bytes is under way; none is refused for being one too many.

use crate::app::App;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use dashcam_otlp::receive::{self, Answer, Encoding, Headers, LIMIT, Rejection, Signal};
use dashcam_store::TelemetryLog;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Bytes of requests that may be under way at once: enough for one of the
/// largest.
const BUDGET: usize = LIMIT;
/// The budget is handed out in pieces of this size.
const PIECE: usize = 1 << 10;
/// How much larger than its packed form a request is reckoned to be.
const PACKED_FACTOR: usize = 8;
/// Bodies up to this size are read at once, without another thread.
const SMALL: usize = 32 << 10;
/// The longest that a body may take to arrive, since it holds its share of
/// the budget meanwhile.
const BODY_WAIT: Duration = Duration::from_mins(1);

/// Where telemetry goes.
pub(crate) struct Intake {
    log: Arc<TelemetryLog>,
    budget: Arc<Semaphore>,
}

impl Intake {
    pub(crate) fn new(log: Arc<TelemetryLog>) -> Self {
        Self {
            log,
            budget: Arc::new(Semaphore::new(BUDGET / PIECE)),
        }
    }

    async fn take(&self, signal: Signal, request: Request) -> Answer {
        let headers = match read_headers(request.headers()) {
            Ok(headers) => headers,
            Err(rejection) => return Answer::rejected(asked_encoding(&request), &rejection),
        };
        let encoding = headers.encoding;
        let share = share(headers, announced_length(request.headers()));
        let Ok(_share) = self.budget.acquire_many(share).await else {
            return Answer::unavailable(encoding, "dashcam is stopping");
        };
        let body = match tokio::time::timeout(BODY_WAIT, read_body(request)).await {
            Ok(Ok(body)) => body,
            Ok(Err(BodyError::TooLarge)) => {
                return Answer::rejected(encoding, &Rejection::TooLarge);
            }
            Ok(Err(BodyError::Broken(error))) => {
                let message = format!("the body did not arrive: {error}");
                return Answer::failed(400, encoding, &message);
            }
            Err(_) => return Answer::failed(408, encoding, "the body took too long to arrive"),
        };
        let invalid = match try_out(signal, headers, body.clone()).await {
            Ok(invalid) => invalid,
            Err(rejection) => return Answer::rejected(encoding, &rejection),
        };
        let (done, kept) = oneshot::channel();
        self.log.append(headers.tag(signal), body, move |outcome| {
            // Nobody waits any more if the sender went away; it will send again.
            let _ = done.send(outcome);
        });
        match kept.await {
            Ok(Ok(())) => Answer::taken(signal, encoding, invalid),
            Ok(Err(error)) => Answer::unavailable(encoding, &error.to_string()),
            Err(_) => Answer::unavailable(encoding, "dashcam is stopping"),
        }
    }
}

/// How much is received of a request that is too large anyway.
const MOST_THROWN_AWAY: usize = 4 * LIMIT;

enum BodyError {
    TooLarge,
    Broken(axum::Error),
}

async fn read_body(request: Request) -> Result<Bytes, BodyError> {
    let announced = announced_length(request.headers()).unwrap_or_default();
    let mut is_too_large = announced > LIMIT;
    let mut pieces = request.into_body().into_data_stream();
    let mut body = Vec::with_capacity(if is_too_large { 0 } else { announced });
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(BodyError::Broken)?;
        length += piece.len();
        if length > LIMIT {
            is_too_large = true;
            body = Vec::new();
        }
        // A sender whose connection is cut while it sends never reads the
        // answer: what is too large is received, and thrown away.
        if length > MOST_THROWN_AWAY {
            break;
        }
        if !is_too_large {
            body.extend_from_slice(&piece);
        }
    }
    if is_too_large {
        return Err(BodyError::TooLarge);
    }
    Ok(body.into())
}

/// Reads a body as it will be read later. What cannot be read is refused now,
/// while the sender listens.
async fn try_out(
    signal: Signal,
    headers: Headers,
    body: Bytes,
) -> Result<Option<(usize, &'static str)>, Rejection> {
    let is_small = !headers.gzip && body.len() <= SMALL;
    let read = move || {
        let unpacked = receive::unpack(headers, &body)?;
        let telemetry = receive::decode(signal, headers.encoding, &unpacked)?;
        Ok(telemetry.invalid())
    };
    if is_small {
        return read();
    }
    match tokio::task::spawn_blocking(read).await {
        Ok(outcome) => outcome,
        // A reader that panicked has not read it.
        Err(error) => Err(Rejection::Packing(std::io::Error::other(error))),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn read_headers(headers: &HeaderMap) -> Result<Headers, Rejection> {
    Headers::read(
        text(headers, header::CONTENT_TYPE),
        text(headers, header::CONTENT_ENCODING),
    )
}

/// How to answer a request whose headers cannot be read.
fn asked_encoding(request: &Request) -> Encoding {
    let kind = text(request.headers(), header::CONTENT_TYPE).unwrap_or_default();
    if kind.contains("protobuf") {
        Encoding::Protobuf
    } else {
        Encoding::Json
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    text(headers, header::CONTENT_LENGTH)?.parse().ok()
}

/// The share of the budget that a request takes.
fn share(headers: Headers, announced: Option<usize>) -> u32 {
    let factor = if headers.gzip { PACKED_FACTOR } else { 1 };
    let bytes = announced.map_or(BUDGET, |length| length.saturating_mul(factor));
    (bytes.min(BUDGET) / PIECE) as u32
}

/// The paths of OTLP/HTTP.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route(
            "/v1/traces",
            post(|app, request| take(Signal::Traces, app, request)),
        )
        .route(
            "/v1/logs",
            post(|app, request| take(Signal::Logs, app, request)),
        )
        .route(
            "/v1/metrics",
            post(|app, request| take(Signal::Metrics, app, request)),
        )
        .with_state(app)
}

async fn take(signal: Signal, State(app): State<App>, request: Request) -> Response {
    let answer = match app.intake() {
        Some(intake) => intake.take(signal, request).await,
        None => Answer::unavailable(asked_encoding(&request), "telemetry is not taken in yet"),
    };
    response(answer)
}

fn response(answer: Answer) -> Response {
    let status = http::StatusCode::from_u16(answer.status);
    let status = status.unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static(answer.encoding.media_type());
    headers.insert(header::CONTENT_TYPE, media_type);
    if let Some(seconds) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
