//! What hooks were told and what was sent over OTLP, as it is archived.

use crate::evidence::Piece;
use crate::fixture::{Fixture, entries, name_of};
use anyhow::Context;
use dashcam_harness::hooks::{self, Sorter};
use dashcam_harness::telemetry::{self, Router};
use dashcam_otlp::receive::{Encoding, Signal, Telemetry, decode};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// The names under which payloads give their session.
const SESSION: [&str; 4] = [
    "session_id",
    "sessionId",
    "conversation_id",
    "conversationId",
];

/// One hook call of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct HookCall {
    /// Nanoseconds since 1970.
    pub time_ns: u64,
    /// The event.
    pub event: String,
    /// The session that the payload names.
    pub session: Option<String>,
    /// What the hook was told.
    pub payload: Value,
}

impl HookCall {
    /// Reads `{"time_ns":…,"event":…,"payload":…}`, or what a script that
    /// stood in for the hook wrote: `{"ts":…,"label":…,"stdin":…}`.
    fn read(line: &str) -> anyhow::Result<Self> {
        let mut call: Value = serde_json::from_str(line)?;
        let (time_ns, event, payload) = if call["time_ns"].is_u64() {
            (call["time_ns"].as_u64(), "event", "payload")
        } else {
            // Microseconds are what a float of seconds holds.
            let seconds = call["ts"].as_f64();
            let time_ns = seconds.map(|seconds| (seconds * 1e6) as u64 * 1000);
            (time_ns, "label", "stdin")
        };
        let payload = call[payload].take();
        let session = SESSION.iter().find_map(|name| payload[name].as_str());
        Ok(Self {
            time_ns: time_ns.context("a call has a time")?,
            event: call[event]
                .as_str()
                .context("a call has an event")?
                .to_owned(),
            session: session.map(str::to_owned),
            payload,
        })
    }
}

impl Fixture {
    /// The calls of its hooks, in the order of the recording.
    pub fn hook_calls(&self) -> anyhow::Result<Vec<HookCall>> {
        let mut calls = Vec::new();
        for path in entries(&self.folder)? {
            let name = name_of(&path);
            if name == "hooks.jsonl" || name.starts_with("hook-") {
                for line in fs::read_to_string(&path)?.lines() {
                    let call = HookCall::read(line);
                    calls.push(call.with_context(|| path.display().to_string())?);
                }
            }
        }
        Ok(calls)
    }

    /// What was sent over OTLP, in the order of the recording.
    pub fn requests(&self) -> anyhow::Result<Vec<Telemetry>> {
        let mut requests = Vec::new();
        for (name, signal) in [
            ("traces.jsonl", Signal::Traces),
            ("logs.jsonl", Signal::Logs),
            ("metrics.jsonl", Signal::Metrics),
        ] {
            let path = self.folder.join("otlp").join(name);
            if !path.is_file() {
                continue;
            }
            for line in fs::read_to_string(&path)?.lines() {
                let request = decode(signal, Encoding::Json, line.as_bytes());
                requests.push(request.with_context(|| path.display().to_string())?);
            }
        }
        Ok(requests)
    }
}

/// The hook calls of a fixture, sorted by session.
pub(crate) fn hooks(fixture: &Fixture) -> anyhow::Result<Vec<Piece>> {
    let mut sorter = Sorter::default();
    for call in fixture.hook_calls()? {
        sorter.add(
            fixture.harness.as_str(),
            &call.event,
            call.session.as_deref(),
            call.time_ns,
            &BTreeMap::new(),
            call.payload.to_string().as_bytes(),
        );
    }
    let sessions = sorter.finish().into_iter();
    Ok(sessions
        .map(|session| Piece {
            path: hooks::evidence_path(session.harness, &session.native_id),
            native_id: session.native_id,
            parent: session.parent,
            bytes: session.bytes,
        })
        .collect())
}

/// The telemetry of a fixture, sorted by session.
pub(crate) fn telemetry(fixture: &Fixture) -> anyhow::Result<Vec<Piece>> {
    let mut router = Router::default();
    for request in fixture.requests()? {
        match request {
            Telemetry::Traces(request) => router.traces(request),
            Telemetry::Logs(request) => router.logs(request),
            Telemetry::Metrics(request) => router.metrics(request),
        }
    }
    let sessions = router.finish().sessions.into_iter();
    Ok(sessions
        .filter(|session| session.harness == fixture.harness)
        .map(|session| Piece {
            path: telemetry::evidence_path(session.harness, &session.native_id),
            native_id: session.native_id,
            parent: session.parent,
            bytes: session.bytes,
        })
        .collect())
}
