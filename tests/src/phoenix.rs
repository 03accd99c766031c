//! A real Phoenix on loopback.

use crate::install::python_environment;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long it may take to start, and to show what it took.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(250);

/// Arize Phoenix, not running yet.
#[derive(Debug)]
pub struct Phoenix {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    running: Option<Child>,
}

/// A span as Phoenix gives it back (`GET /v1/projects/{project}/spans`).
#[derive(Clone, Debug, Deserialize)]
pub struct PhoenixSpan {
    /// Its ids.
    pub context: SpanContext,
    /// The span that it is below of.
    pub parent_id: Option<String>,
    /// Its name.
    pub name: String,
    /// `LLM`, `TOOL`, `AGENT` or `CHAIN`.
    pub span_kind: String,
    /// When it began.
    pub start_time: dashcam_trace::Timestamp,
    /// When it ended.
    pub end_time: dashcam_trace::Timestamp,
    /// `OK`, `ERROR` or `UNSET`.
    pub status_code: String,
    /// What it says, by dotted names.
    pub attributes: Map<String, Value>,
}

/// The ids of a span.
#[derive(Clone, Debug, Deserialize)]
pub struct SpanContext {
    /// The trace.
    pub trace_id: String,
    /// The span.
    pub span_id: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<PhoenixSpan>,
    next_cursor: Option<String>,
}

impl Phoenix {
    /// The version under test.
    pub const VERSION: &'static str = "20.26.1";

    /// Phoenix from `PyPI`, to keep its data below a folder; `None` where it
    /// cannot be had.
    pub fn find(folder: &Path) -> Option<Self> {
        let environment = python_environment("arize-phoenix", Self::VERSION)?;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Some(Self {
            program: environment.join("bin/phoenix"),
            folder: folder.join("phoenix"),
            port: listener.local_addr().unwrap().port(),
            running: None,
        })
    }

    /// Where it is, running or not.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it on its port and its data, and waits until it answers.
    pub fn start(&mut self) {
        std::fs::create_dir_all(&self.folder).unwrap();
        let grpc = TcpListener::bind("127.0.0.1:0").unwrap();
        let grpc_port = grpc.local_addr().unwrap().port();
        drop(grpc);
        let child = Command::new(&self.program)
            .arg("serve")
            .env("PHOENIX_WORKING_DIR", &self.folder)
            .env("PHOENIX_HOST", "127.0.0.1")
            .env("PHOENIX_PORT", self.port.to_string())
            .env("PHOENIX_GRPC_PORT", grpc_port.to_string())
            .env("PHOENIX_TELEMETRY_ENABLED", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.running = Some(child);
        let begun = Instant::now();
        while ureq::get(format!("{}/healthz", self.url())).call().is_err() {
            assert!(begun.elapsed() < PATIENCE, "Phoenix does not start");
            sleep(GLANCE);
        }
    }

    /// Kills it, with whatever it has only in memory.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What a project holds; nothing if there is no such project.
    pub fn spans(&self, project: &str) -> Vec<PhoenixSpan> {
        let mut spans = Vec::new();
        let mut cursor = String::new();
        loop {
            let url = format!(
                "{}/v1/projects/{project}/spans?limit=200{cursor}",
                self.url()
            );
            let Ok(mut answer) = ureq::get(url).call() else {
                return spans;
            };
            let page: Page = answer
                .body_mut()
                .with_config()
                .limit(1 << 30)
                .read_json()
                .unwrap();
            spans.extend(page.data);
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return spans,
            }
        }
    }

    /// What it says of a session, by the harness's id.
    pub fn session(&self, native_id: &str) -> Value {
        let url = format!("{}/v1/sessions/{native_id}", self.url());
        let mut answer = ureq::get(url).call().unwrap();
        answer.body_mut().read_json().unwrap()
    }

    /// Waits until a project holds so many spans, and returns them.
    pub fn wait(&self, project: &str, count: usize) -> Vec<PhoenixSpan> {
        let begun = Instant::now();
        loop {
            let spans = self.spans(project);
            if spans.len() >= count {
                return spans;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {count} spans in {project}",
                spans.len()
            );
            sleep(GLANCE);
        }
    }
}

impl Drop for Phoenix {
    fn drop(&mut self) {
        self.kill();
    }
}
