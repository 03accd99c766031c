//! Every fixture, all the way: put where its harness would have left it, with
//! what its hooks were told; imported, read back, exported as OpenInference
//! spans, and decoded again.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::read_home;
use dashcam_fixtures::{Fixture, group};
use dashcam_trace::openinference::{decode_span, encode_session};
use dashcam_trace::{Harness, Session, SpanId};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Leaves what hooks were told in the spool.
fn tell(fixture: &Fixture, data: &Path) {
    for call in fixture.hook_calls().unwrap() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(call.time_ns);
        let header = json!({
            "time_ns": call.time_ns,
            "harness": fixture.harness.as_str(),
            "event": call.event,
            "session": call.session,
        });
        let (header, payload) = (header.to_string(), call.payload.to_string());
        let frame = dashcam_spool::encode(header.as_bytes(), payload.as_bytes());
        dashcam_spool::append(data, at, &frame).unwrap();
    }
}

/// The spans of each session, by its native id.
type Spans = BTreeMap<String, BTreeSet<SpanId>>;

fn spans<'s>(sessions: impl IntoIterator<Item = &'s Session>) -> Spans {
    let ids = |session: &Session| session.spans().map(|span| span.id).collect();
    sessions
        .into_iter()
        .map(|session| (session.native_id.clone(), ids(session)))
        .collect()
}

fn check_export(session: &Session, name: &str) {
    let request = encode_session(session, "fixtures");
    let spans: BTreeMap<_, _> = request
        .resource_spans
        .iter()
        .flat_map(|group| &group.scope_spans)
        .flat_map(|scope| &scope.spans)
        .map(|span| decode_span(span).unwrap())
        .map(|span| (span.id, span))
        .collect();
    assert_eq!(spans.len(), session.spans().count(), "{name}");
    for span in session.spans() {
        assert_eq!(spans.get(&span.id), Some(span), "{name}");
    }
}

#[test]
fn what_is_recorded_and_exported_is_what_the_fixtures_hold() {
    let fixtures = dashcam_fixtures::all().unwrap();
    let mut walked: BTreeSet<Harness> = BTreeSet::new();
    for fixture in &fixtures {
        let name = fixture.folder.display().to_string();
        let scratch = tempfile::tempdir().unwrap();
        let (home, data) = (scratch.path().join("home"), scratch.path().join("data"));
        std::fs::create_dir_all(&home).unwrap();
        fixture.build_home(&home).unwrap();
        tell(fixture, &data);
        let recorded = read_home(&home, &data);

        let reader = dashcam_harness::reader(fixture.harness);
        let pieces = [fixture.records().unwrap(), fixture.hooks().unwrap()].concat();
        let decoded: Vec<Session> = group(pieces)
            .iter()
            .filter_map(|pieces| pieces.session(reader))
            .collect();
        assert_eq!(spans(&recorded.sessions), spans(&decoded), "{name}");
        for session in &recorded.sessions {
            check_export(session, &name);
            walked.insert(session.harness);
        }
    }
    let all: BTreeSet<Harness> = fixtures.iter().map(|fixture| fixture.harness).collect();
    assert_eq!(walked, all);
}
