//! Telemetry from the log to the sessions of a store.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_harness::{HarnessReader, Home};
use dashcam_insight::Prices;
use dashcam_otlp::receive::{Encoding, Headers, Signal};
use dashcam_recorder::{Importer, NoProgress};
use dashcam_store::view::{SessionFilter, SessionSummary};
use dashcam_store::{Store, TelemetryLog, Wait};
use dashcam_trace::{Harness, Session, Source};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    prices: Prices,
    home: Home,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir(&home).unwrap();
        Self {
            store: Store::open(&folder.path().join("data")).unwrap(),
            prices: Prices::load("").unwrap(),
            home: Home::at(home),
            folder,
        }
    }

    fn with_importer<T>(&self, work: impl FnOnce(&Importer<'_>) -> T) -> T {
        let readers: Vec<&dyn HarnessReader> = dashcam_harness::all().to_vec();
        let importer = Importer::new(&self.store, &self.prices, &self.home, &readers);
        let _lock = self.store.import_lock(Wait::No, || {}).unwrap();
        work(&importer)
    }

    /// Keeps requests, as the server does.
    fn send(&self, requests: &[(Signal, Vec<u8>)]) {
        let log = TelemetryLog::open(&self.folder.path().join("data")).unwrap();
        let headers = Headers {
            encoding: Encoding::Json,
            gzip: false,
        };
        for (signal, body) in requests {
            let (sender, receiver) = channel();
            log.append(headers.tag(*signal), body.clone(), move |kept| {
                sender.send(kept).unwrap();
            });
            receiver.recv().unwrap().unwrap();
        }
    }

    fn take_in(&self) -> usize {
        self.with_importer(|importer| importer.take_in_telemetry().unwrap().len())
    }

    fn import(&self) {
        self.with_importer(|importer| importer.import(&NoProgress).unwrap());
    }

    fn reindex(&self) {
        self.with_importer(|importer| importer.reindex(&NoProgress).unwrap());
    }

    fn list(&self) -> Vec<SessionSummary> {
        self.store
            .sessions(&SessionFilter::default())
            .unwrap()
            .sessions
    }

    fn session(&self, native_id: &str) -> Session {
        let list = self.list();
        let found = list.iter().find(|session| session.native_id == native_id);
        let id = found
            .unwrap_or_else(|| panic!("no {native_id} in {list:#?}"))
            .id;
        self.store.session(id).unwrap()
    }
}

fn span(trace: u8, id: u8, parent: u8, values: &Value) -> Value {
    let hex = |byte: u8, length: usize| format!("{byte:02x}").repeat(length);
    let attributes: Value = values
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } }))
        .collect();
    json!({
        "traceId": hex(trace, 16), "spanId": hex(id, 8),
        "parentSpanId": if parent == 0 { String::new() } else { hex(parent, 8) },
        "name": "step", "attributes": attributes,
        "startTimeUnixNano": format!("{}", 1_795_000_000_000_000_000_u64 + u64::from(id)),
        "endTimeUnixNano": format!("{}", 1_795_000_000_000_001_000_u64 + u64::from(id)),
    })
}

fn traces(spans: &[Value]) -> (Signal, Vec<u8>) {
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
    (Signal::Traces, body.to_string().into_bytes())
}

const SESSION: &str = "a-session-drawn-at-random";

#[test]
fn a_trace_joins_its_session_as_soon_as_a_span_names_it() {
    let bench = Bench::new();
    let llm = json!({ "openinference.span.kind": "LLM", "llm.model_name": "m" });
    bench.send(&[traces(&[span(1, 2, 1, &llm)])]);
    assert_eq!(bench.take_in(), 1);
    assert_eq!(bench.list()[0].native_id, "01".repeat(16));
    assert_eq!(bench.list()[0].harness, Harness::Program);

    let root = json!({
        "openinference.span.kind": "CHAIN", "session.id": SESSION, "input.value": "Hi",
    });
    bench.send(&[traces(&[span(1, 1, 0, &root)])]);
    bench.take_in();
    assert_eq!(
        bench.list().len(),
        1,
        "it is no session of its own any more"
    );
    let session = bench.session(SESSION);
    assert_eq!(session.turns.len(), 1);
    assert_eq!(session.turns[0].prompt.text, "Hi");
    assert_eq!(session.turns[0].spans.len(), 2);

    // Another trace of the session, whose first span comes again.
    bench.send(&[
        traces(&[span(2, 3, 0, &root)]),
        traces(&[span(2, 3, 0, &root)]),
    ]);
    bench.take_in();
    assert_eq!(bench.session(SESSION).turns.len(), 2);
    assert_eq!(bench.take_in(), 0, "there is nothing left");

    let before = bench.session(SESSION);
    bench.reindex();
    assert_eq!(bench.session(SESSION), before);
    assert_eq!(bench.list().len(), 1);
}

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../dashcam-harness/fixtures/claude-code/recordings/errors")
}

fn recorded_requests() -> Vec<(Signal, Vec<u8>)> {
    let of = |name: &str, signal| {
        let text = std::fs::read_to_string(recording().join("otlp").join(name)).unwrap();
        let lines = text.lines().map(|line| (signal, line.as_bytes().to_vec()));
        lines.collect::<Vec<_>>()
    };
    [
        of("logs.jsonl", Signal::Logs),
        of("traces.jsonl", Signal::Traces),
        of("metrics.jsonl", Signal::Metrics),
    ]
    .concat()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn it_does_not_matter_whether_transcript_or_telemetry_comes_first() {
    let mut found = Vec::new();
    for telemetry_first in [true, false] {
        let bench = Bench::new();
        let write_transcript = || copy(&recording().join("home"), &bench.home.folder);
        if telemetry_first {
            bench.send(&recorded_requests());
            bench.take_in();
            let alone = &bench.list()[0];
            assert_eq!(alone.harness, Harness::ClaudeCode);
            assert_eq!(alone.model_calls, 2);
            write_transcript();
            bench.import();
        } else {
            write_transcript();
            bench.import();
            bench.send(&recorded_requests());
            bench.take_in();
        }
        let list = bench.list();
        assert_eq!(list.len(), 1);
        let session = bench.session(&list[0].native_id);
        let joined = session.spans().filter(|span| {
            span.sources.contains(Source::Otel) && span.sources.contains(Source::Transcript)
        });
        assert_eq!(joined.count(), 3, "two calls and a tool");
        bench.reindex();
        assert_eq!(bench.session(&list[0].native_id), session);
        found.push(session);
    }
    assert_eq!(found[0], found[1]);
}

#[test]
fn telemetry_of_a_project_that_is_left_out_is_not_kept() {
    for telemetry_first in [true, false] {
        let bench = Bench::new();
        let config = bench.folder.path().join("data/config.toml");
        std::fs::write(&config, "[privacy]\nignore = [\"/home/dev/work\"]\n").unwrap();
        if telemetry_first {
            // Telemetry does not tell the folder.
            bench.send(&recorded_requests());
            bench.take_in();
        }
        copy(&recording().join("home"), &bench.home.folder);
        bench.import();
        bench.send(&recorded_requests());
        bench.take_in();
        bench.import();
        assert_eq!(bench.list(), []);
        let evidence: u64 = bench
            .store
            .files()
            .unwrap()
            .iter()
            .map(|state| state.cursor)
            .sum();
        assert_eq!(evidence, 0);
        let left_out = bench.store.left_out().unwrap();
        assert_eq!(left_out.len(), 1);
        assert_eq!(left_out[0].reason, "`/home/dev/work` in config.toml");

        std::fs::write(&config, "").unwrap();
        bench.import();
        assert_eq!(bench.list().len(), 1);
        assert_eq!(bench.store.left_out().unwrap(), []);
    }
}

#[test]
fn what_a_process_left_behind_is_taken_in_by_the_next_import() {
    let bench = Bench::new();
    bench.send(&recorded_requests());
    bench.import();
    assert_eq!(bench.list().len(), 1);
    let programs = bench.store.telemetry_programs().unwrap();
    assert_eq!(programs[0].program, "claude-code");
    assert!(programs[0].kept > 0 && programs[0].dropped > 0);
    let left = std::fs::read_dir(bench.folder.path().join("data/telemetry")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn what_cannot_be_read_holds_nothing_up() {
    let bench = Bench::new();
    let llm = json!({ "openinference.span.kind": "LLM" });
    bench.send(&[
        (Signal::Traces, b"not json".to_vec()),
        traces(&[span(1, 1, 0, &llm)]),
    ]);
    assert_eq!(bench.take_in(), 1);
    assert_eq!(bench.take_in(), 0);
}
