//! The server over a real socket, with the sample history behind it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dashcam_insight::Prices;
use dashcam_server::{App, ImportProgress, Listener, LiveEvent, Phase, SampleHistory};
use dashcam_store::Store;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

/// A running server; stops when it is dropped.
struct Server {
    url: String,
    app: App,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: TempDir,
}

struct Samples(Arc<Store>);

impl SampleHistory for Samples {
    fn add(&self) -> Result<u64, String> {
        let prices = Prices::load("").map_err(|error| error.to_string())?;
        let added = dashcam_recorder::sample::add(&self.0, &prices);
        added
            .map(|added| added.len() as u64)
            .map_err(|error| error.to_string())
    }

    fn remove(&self) -> Result<u64, String> {
        dashcam_recorder::sample::remove(&self.0).map_err(|error| error.to_string())
    }
}

impl Server {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let app = App::new(Arc::clone(&store), Samples(store));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let served = app.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listener = Listener::bind(0).await.unwrap();
                tell.send(listener.url()).unwrap();
                let stop = async { drop(stopped.await) };
                listener.serve(served, stop).await.unwrap();
            });
        });
        let url = told.recv().unwrap();
        Self {
            url,
            app,
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        }
    }

    fn with_sample() -> Self {
        let server = Self::empty();
        let answer = server.send("POST", "/api/v1/sample", &[("x-dashcam", "1")]);
        assert_eq!(answer.status(), StatusCode::OK);
        server
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        agent.run(request.body(()).unwrap()).unwrap()
    }

    fn get(&self, path: &str) -> Response<Body> {
        self.send("GET", path, &[])
    }

    fn json(&self, path: &str) -> Value {
        let mut answer = self.get(path);
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn first_session(&self) -> String {
        self.json("/api/v1/sessions?harness=claude-code&order=tokens")["sessions"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        let _ = self.thread.take().unwrap().join();
    }
}

fn text(mut answer: Response<Body>) -> String {
    answer.body_mut().read_to_string().unwrap()
}

#[test]
fn every_part_of_the_history_is_answered() {
    let server = Server::with_sample();
    let id = server.first_session();
    let overview = server.json("/api/v1/overview?timezone=Europe/Berlin");
    let page = server.json("/api/v1/sessions?limit=1000");
    assert_eq!(overview["total"]["sessions"], page["total"]);
    let detail = server.json(&format!("/api/v1/sessions/{id}"));
    assert_eq!(detail["summary"]["id"], id.as_str());
    let outline = &detail["turns"][0]["spans"];
    let turn = server.json(&format!("/api/v1/sessions/{id}/turns/0"));
    assert_eq!(
        turn["spans"].as_array().unwrap().len(),
        outline.as_array().unwrap().len()
    );
    let usage = server.json("/api/v1/usage?by=harness,model");
    assert_eq!(usage["rows"].as_array().unwrap().len(), 2);
    let facets = server.json("/api/v1/facets");
    assert_eq!(
        facets["harnesses"],
        serde_json::json!(["claude-code", "codex"])
    );
    assert_eq!(server.json("/api/v1/health")["problem_count"], 0);
    let status = server.json("/api/v1/status");
    assert_eq!(
        (&status["empty"], &status["sample"]),
        (&false.into(), &true.into())
    );
    assert_eq!(server.json("/api/openapi.json")["info"]["title"], "dashcam");
}

#[test]
fn a_session_leaves_in_every_form_as_a_download() {
    let server = Server::with_sample();
    let id = server.first_session();
    for format in [
        "json", "text", "markdown", "html", "messages", "otlp", "atif",
    ] {
        let answer = server.get(&format!("/api/v1/sessions/{id}/export?format={format}"));
        assert_eq!(answer.status(), StatusCode::OK, "{format}");
        let disposition = answer.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            disposition.starts_with("attachment"),
            "{format}: {disposition}"
        );
        assert!(!text(answer).is_empty());
    }
}

#[test]
fn a_turn_that_has_not_changed_is_not_sent_again() {
    let server = Server::with_sample();
    let path = format!("/api/v1/sessions/{}/turns/0", server.first_session());
    let answer = server.get(&path);
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let again = server.send("GET", &path, &[("if-none-match", &tag)]);
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(text(again), "");
}

#[test]
fn wrong_questions_are_answered_with_what_is_wrong() {
    let server = Server::with_sample();
    for (path, status, word) in [
        ("/api/v1/sessions/zz", 400, "not an id"),
        (
            "/api/v1/sessions/00000000000000000000000000000000",
            404,
            "no session",
        ),
        ("/api/v1/sessions?harness=hal", 400, "unknown harness"),
        ("/api/v1/sessions?order=mood", 400, "mood"),
        ("/api/v1/sessions?since=soon", 400, "soon"),
        ("/api/v1/overview?range=aeon", 400, "aeon"),
        (
            "/api/v1/overview?timezone=Mars/Olympus",
            400,
            "Mars/Olympus",
        ),
        ("/api/v1/usage?by=moon", 400, "moon"),
        ("/api/v1/images/none", 404, "no such image"),
        ("/api/v1/nothing", 404, "no such address"),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let body = text(answer);
        assert!(body.contains(word), "{path}: {body}");
    }
}

#[test]
fn strangers_are_refused() {
    let server = Server::with_sample();
    let refused = |method: &str, headers: &[(&str, &str)]| {
        let status = server
            .send(method, "/api/v1/sample", headers)
            .status()
            .as_u16();
        matches!(status, 403 | 421)
    };
    assert!(refused("DELETE", &[]));
    assert!(refused(
        "DELETE",
        &[("x-dashcam", "1"), ("origin", "https://evil.example")]
    ));
    assert!(refused(
        "DELETE",
        &[("x-dashcam", "1"), ("host", "evil.example")]
    ));
    assert!(refused(
        "POST",
        &[("x-dashcam", "1"), ("sec-fetch-site", "cross-site")]
    ));
    assert!(server.json("/api/v1/sessions")["total"].as_u64().unwrap() > 0);
    let removed = server.send("DELETE", "/api/v1/sample", &[("x-dashcam", "1")]);
    assert_eq!(removed.status(), StatusCode::OK);
    assert_eq!(server.json("/api/v1/status")["empty"], true);
}

#[test]
fn every_answer_carries_the_same_protection() {
    let server = Server::with_sample();
    for path in [
        "/",
        "/sessions/abc",
        "/api/v1/status",
        "/api/v1/nothing",
        "/missing.js",
    ] {
        let answer = server.get(path);
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(
            !policy.contains("unsafe-eval") && !policy.contains("script-src 'unsafe"),
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
    }
    assert_eq!(
        server.get("/api/v1/status").headers()["cache-control"],
        "no-store"
    );
}

#[test]
fn addresses_of_the_page_lead_to_the_page_and_missing_files_do_not() {
    let server = Server::empty();
    for path in ["/", "/sessions", "/sessions/0123?turn=2"] {
        let answer = server.get(path);
        assert_eq!(
            answer.headers()["content-type"],
            "text/html; charset=utf-8",
            "{path}"
        );
        assert!(text(answer).contains("<title>"), "{path}");
    }
    assert_eq!(
        server.get("/assets/missing.js").status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(server.get("/../Cargo.toml").status(), StatusCode::NOT_FOUND);
}

#[test]
fn live_events_arrive_and_the_server_stops_under_them() {
    let server = Server::with_sample();
    let id = server.first_session().parse().unwrap();
    let response = server.get("/api/v1/events");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (sender, lines) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let Ok(line) = line else { break };
            sender.send(line).unwrap();
        }
    });
    let next = move || {
        let [name, data, _blank] =
            [(); 3].map(|()| lines.recv_timeout(Duration::from_mins(1)).unwrap());
        (name, data)
    };
    let (name, data) = next();
    assert_eq!(name, "event: import");
    assert!(data.contains("\"phase\":\"idle\""));
    assert_eq!(next().1, "data: {\"message\":null}");
    server.app.live().tell(LiveEvent::Session {
        id,
        turns: vec![2],
        new: false,
    });
    server.app.set_import(ImportProgress {
        phase: Phase::Importing,
        ..ImportProgress::default()
    });
    server.app.set_trouble(Some("the disk is full".to_owned()));
    let (name, data) = next();
    assert_eq!(name, "event: session");
    assert!(data.contains(&format!("\"id\":\"{id}\"")) && data.contains("\"turns\":[2]"));
    let (name, data) = next();
    assert_eq!(name, "event: import");
    assert!(data.contains("\"phase\":\"importing\""));
    assert_eq!(
        next(),
        (
            "event: trouble".to_owned(),
            "data: {\"message\":\"the disk is full\"}".to_owned(),
        )
    );
    let status = server.json("/api/v1/status");
    assert_eq!(status["import"]["phase"], "importing");
    assert_eq!(status["trouble"], "the disk is full");
    // Stops although a page still listens.
    drop(server);
    reader.join().unwrap();
}
