//! The server: takes requests on loopback and answers as the script says.

use crate::error::ServerError;
use crate::exchange::Question;
use crate::log::{Delivery, Entry, Log, RequestSummary};
use crate::scenario::{Drop, Reply, Scenario};
use crate::script::{Chosen, Script};
use crate::stream::{Ending, paced};
use crate::wire::{self, Encoded, Endpoint, WireError};
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// The largest body that is taken, packed or unpacked.
const MAX_BODY: usize = 512 << 20;

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    state: Arc<State>,
    runtime: Option<tokio::runtime::Runtime>,
}

#[derive(Debug)]
struct State {
    script: Mutex<Script>,
    log: Log,
}

impl State {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModelServer {
    /// Starts a server on a free port, in threads of its own.
    pub fn start(scenario: Scenario) -> Result<Self, ServerError> {
        Self::listen(scenario, 0, Log::default())
    }

    /// Starts a server on `port` (0: a free one).
    pub(crate) fn listen(scenario: Scenario, port: u16, log: Log) -> Result<Self, ServerError> {
        let state = Arc::new(State {
            script: Mutex::new(Script::new(scenario)?),
            log,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(ServerError::Runtime)?;
        let refused = |source| ServerError::Listen { port, source };
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))
            .map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        runtime.spawn(accept(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as harnesses want it, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was served so far.
    pub fn log(&self) -> Vec<Entry> {
        self.state.log.entries()
    }

    /// How many replies each queue still holds.
    pub fn left(&self) -> BTreeMap<String, usize> {
        self.state.script().left()
    }

    /// Ends the server, cutting what is under way, and returns its log.
    pub fn shutdown(mut self) -> Vec<Entry> {
        self.stop();
        self.log()
    }

    fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

impl std::ops::Drop for ModelServer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        // Out of files for a moment: others will close.
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&state), request));
            // What goes wrong here is the harness's leaving or a scripted cut.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

/// `Err` closes the connection without an answer.
async fn answer(state: Arc<State>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let Ok(packed) = to_bytes(Body::new(body), MAX_BODY).await else {
        return Ok(plain_error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large",
        ));
    };
    let body = match unpacked(&head.headers, &packed) {
        Ok(body) => body,
        Err(problem) => {
            return Ok(plain_error(
                StatusCode::BAD_REQUEST,
                &format!("unreadable body: {problem}"),
            ));
        }
    };
    let path = head.uri.path();
    if head.method == Method::GET && path == "/__left" {
        return Ok(json_response(StatusCode::OK, &json!(state.script().left())));
    }
    match wire::endpoint(head.method == Method::GET, path, head.uri.query(), &body) {
        Endpoint::Answer { question, as_array } => {
            let chosen = state.script().choose(&question);
            reply(&state, &question, chosen, as_array).await
        }
        Endpoint::Fixed(value) => Ok(json_response(StatusCode::OK, &value)),
        Endpoint::Models { gemini } => {
            let models = state.script().models();
            Ok(json_response(
                StatusCode::OK,
                &wire::models(gemini, &models),
            ))
        }
        Endpoint::Unknown => Ok(plain_error(
            StatusCode::NOT_FOUND,
            &format!("not scripted: {} {path}", head.method),
        )),
    }
}

async fn reply(
    state: &State,
    question: &Question,
    chosen: Chosen,
    as_array: bool,
) -> io::Result<Response<Body>> {
    let Chosen {
        serial,
        queue,
        reply,
        answer,
    } = chosen;
    let status = reply
        .status
        .and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::OK);
    let encoded = (status == StatusCode::OK).then(|| question.api.encode(&answer));
    let place = state.log.add(Entry {
        ts: jiff::Timestamp::now(),
        serial,
        api: question.api,
        model: answer.model,
        queue,
        status: status.as_u16(),
        usage: encoded.is_some().then_some(answer.usage),
        response_id: encoded.as_ref().map(|encoded| encoded.response_id.clone()),
        reply: reply.clone(),
        request: RequestSummary::of(question),
        delivery: Delivery::Sending,
    });
    let mut ending = Ending::new(state.log.clone(), place);
    if let Some(delay) = reply.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if reply.drop == Some(Drop::Before) {
        ending.set(Delivery::Cut);
        return Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "cut by the script",
        ));
    }
    let mut response = match encoded {
        None => {
            ending.set(Delivery::Whole);
            json_response(status, &error_body(question.api, status, &reply))
        }
        Some(encoded) if question.stream && !as_array => sse(&encoded, &reply, ending),
        Some(encoded) => {
            ending.set(Delivery::Whole);
            let events = encoded.frames.into_iter().map(|frame| frame.data);
            let body = if as_array {
                events.collect()
            } else {
                encoded.whole
            };
            json_response(status, &body)
        }
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&format!("req_{}", answer.seed)) {
        headers.insert(question.api.request_id_header(), id);
    }
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

fn sse(encoded: &Encoded, reply: &Reply, ending: Ending) -> Response<Body> {
    let mut parts: Vec<_> = encoded.frames.iter().map(wire::Frame::to_sse).collect();
    if let (Some(last), Some(trailer)) = (parts.last_mut(), encoded.trailer) {
        last.push_str(trailer);
    }
    let pause = Duration::from_millis(reply.chunk_delay_ms.unwrap_or_default());
    let body = Body::from_stream(paced(parts, pause, reply.drop_after_events, ending));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    headers.insert("connection", HeaderValue::from_static("close"));
    response
}

fn error_body(api: wire::Api, status: StatusCode, reply: &Reply) -> Value {
    if let Some(body) = &reply.body {
        return body.clone();
    }
    let usual = format!("scripted error {}", status.as_u16());
    api.encode_error(&WireError {
        status: status.as_u16(),
        message: reply.message.as_deref().unwrap_or(&usual),
        kind: reply.kind.as_deref(),
        retry_delay: reply.retry_delay.as_deref(),
    })
}

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn plain_error(status: StatusCode, message: &str) -> Response<Body> {
    json_response(status, &json!({ "error": { "message": message } }))
}

/// The body as text. Some harnesses pack large requests.
fn unpacked(headers: &HeaderMap, packed: &[u8]) -> io::Result<String> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let mut unpacked = Vec::new();
    let limit = MAX_BODY as u64;
    match encoding.unwrap_or_default() {
        "gzip" => {
            flate2::read::MultiGzDecoder::new(packed)
                .take(limit)
                .read_to_end(&mut unpacked)?;
        }
        "deflate" => {
            flate2::read::ZlibDecoder::new(packed)
                .take(limit)
                .read_to_end(&mut unpacked)?;
        }
        "zstd" => {
            zstd::Decoder::new(packed)?
                .take(limit)
                .read_to_end(&mut unpacked)?;
        }
        _ => unpacked.extend_from_slice(packed),
    }
    Ok(String::from_utf8_lossy(&unpacked).into_owned())
}

/// Waits until the process is told to end.
pub(crate) fn wait_for_end(server: &ModelServer) -> Result<(), ServerError> {
    let Some(runtime) = &server.runtime else {
        return Ok(());
    };
    runtime
        .block_on(tokio::signal::ctrl_c())
        .map_err(ServerError::Runtime)
}
