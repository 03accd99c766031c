//! Telemetry over a real socket: taken, kept, refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dashcam_server::{App, Listener, SampleHistory};
use dashcam_store::{ImportBatch, Store, TelemetryLog};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::oneshot;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// A running server, with a port for nothing but telemetry beside it.
struct Server {
    page: String,
    telemetry: String,
    app: App,
    store: Arc<Store>,
    stop: Option<[oneshot::Sender<()>; 2]>,
    thread: Option<std::thread::JoinHandle<()>>,
    folder: TempDir,
}

struct NoSamples;

impl SampleHistory for NoSamples {
    fn add(&self) -> Result<u64, String> {
        Ok(0)
    }

    fn remove(&self) -> Result<u64, String> {
        Ok(0)
    }
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let app = App::new(Arc::clone(&store), NoSamples);
        let (stop_page, page_stopped) = oneshot::channel();
        let (stop_telemetry, telemetry_stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let served = app.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let page = Listener::bind(0).await.unwrap();
                let telemetry = Listener::bind(0).await.unwrap();
                tell.send((page.url(), telemetry.url())).unwrap();
                let (one, other) = tokio::join!(
                    page.serve(served.clone(), async { drop(page_stopped.await) }),
                    telemetry.serve_telemetry(served, async { drop(telemetry_stopped.await) })
                );
                one.and(other).unwrap();
            });
        });
        let (page, telemetry) = told.recv().unwrap();
        Self {
            page,
            telemetry,
            app,
            store,
            stop: Some([stop_page, stop_telemetry]),
            thread: Some(thread),
            folder,
        }
    }

    fn receiving() -> Self {
        let server = Self::start();
        let log = TelemetryLog::open(server.folder.path()).unwrap();
        server.app.receive_telemetry(Arc::new(log));
        server
    }

    fn kept(&self) -> Vec<Vec<u8>> {
        let mut kept = Vec::new();
        while let Some(batch) = self.store.next_telemetry(usize::MAX).unwrap() {
            kept.extend(batch.arrivals.into_iter().map(|arrival| arrival.body));
            let taken_in = ImportBatch {
                telemetry: Some(batch.cursor),
                ..ImportBatch::default()
            };
            self.store.write(taken_in).unwrap();
        }
        kept
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn post(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Body> {
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = Request::builder().method("POST").uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    agent.run(request.body(body).unwrap()).unwrap()
}

fn text(mut answer: Response<Body>) -> String {
    answer.body_mut().read_to_string().unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

#[test]
fn a_request_is_kept_before_it_is_acknowledged_on_either_port() {
    let server = Server::receiving();
    for (url, signal) in [(&server.page, "traces"), (&server.telemetry, "logs")] {
        let answer = post(&format!("{url}/v1/{signal}"), &[PROTOBUF], b"");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/x-protobuf");
        assert_eq!(text(answer), "");
    }
    let body = br#"{"resourceMetrics":[]}"#;
    let answer = post(&format!("{}/v1/metrics", server.telemetry), &[JSON], body);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(text(answer), "{}");
    assert_eq!(server.kept(), [Vec::new(), Vec::new(), body.to_vec()]);
}

#[test]
fn what_cannot_be_read_is_refused_in_the_senders_encoding() {
    let server = Server::receiving();
    let url = format!("{}/v1/traces", server.page);
    let answer = post(&url, &[JSON], b"[");
    assert_eq!(answer.status(), 400);
    assert!(text(answer).contains(r#""code":3"#));
    let answer = post(&url, &[PROTOBUF], b"\xff\xff");
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "application/x-protobuf");
    let answer = post(&url, &[("content-type", "text/plain")], b"hello");
    assert_eq!(answer.status(), 415);
    let answer = post(&url, &[JSON, ("content-encoding", "gzip")], b"{}");
    assert_eq!(answer.status(), 400);
    assert_eq!(server.kept(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_request_beyond_the_limit_is_refused_with_the_limit() {
    let server = Server::receiving();
    let url = format!("{}/v1/traces", server.page);
    let answer = post(&url, &[JSON], &vec![b' '; (64 << 20) + 1]);
    assert_eq!(answer.status(), 413);
    assert!(text(answer).contains("64 MiB"));
    // One byte less is only malformed.
    let answer = post(&url, &[JSON], &vec![b' '; 64 << 20]);
    assert_eq!(answer.status(), 400);
}

#[test]
fn a_page_elsewhere_is_no_exporter() {
    let server = Server::receiving();
    for url in [&server.page, &server.telemetry] {
        let url = format!("{url}/v1/logs");
        for header in [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert_eq!(
                post(&url, &[JSON, header], b"{}").status(),
                403,
                "{header:?}"
            );
        }
        let host = ("host", "evil.example");
        assert_eq!(post(&url, &[JSON, host], b"{}").status(), 421);
    }
    assert_eq!(server.kept(), Vec::<Vec<u8>>::new());
}

#[test]
fn the_telemetry_port_has_nothing_else() {
    let server = Server::receiving();
    let answer = post(&format!("{}/api/v1/sample", server.telemetry), &[JSON], b"");
    assert!(answer.status().is_client_error());
    assert_eq!(post(&server.telemetry, &[JSON], b"").status(), 403);
}

#[test]
fn senders_are_told_to_come_again_while_nothing_can_be_kept() {
    let server = Server::start();
    let answer = post(&format!("{}/v1/traces", server.page), &[JSON], b"{}");
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    let log = TelemetryLog::open(server.folder.path()).unwrap();
    server.app.receive_telemetry(Arc::new(log));
    let answer = post(&format!("{}/v1/traces", server.page), &[JSON], b"{}");
    assert_eq!(answer.status(), 200);
}

#[test]
fn many_large_requests_at_once_wait_for_one_another() {
    let server = Server::receiving();
    let url = format!("{}/v1/traces", server.page);
    let body = format!(
        r#"{{"resourceSpans":[],"padding":"{}"}}"#,
        "x".repeat(20 << 20)
    );
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(post(&url, &[JSON], body.as_bytes()).status(), 200));
        }
    });
    assert_eq!(server.kept().len(), 8);
}
