//! What real runs sent over OTLP, joined with what they left on disk.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod home;
mod invariants;

use dashcam_fixtures::Fixture;
use dashcam_harness::telemetry::{
    Items, PermissionRecord, Routed, Router, TelemetryRecord, enrich, records, session_alone,
};
use dashcam_harness::{Decoded, reader};
use dashcam_otlp::receive::Telemetry;
use dashcam_trace::{
    CostSource, EventKind, Harness, ModelCall, Money, Session, Source, Span, SpanBody, SpanKind,
    Status, Timing, ToolCall, TurnStatus,
};
use home::{fixtures, sessions};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// The requests of a recording, in the order in which they came.
fn requests(recording: &Path) -> Vec<Telemetry> {
    Fixture::at(recording).unwrap().requests().unwrap()
}

fn route(requests: impl IntoIterator<Item = Telemetry>) -> Routed {
    let mut router = Router::default();
    for request in requests {
        match request {
            Telemetry::Traces(request) => router.traces(request),
            Telemetry::Logs(request) => router.logs(request),
            Telemetry::Metrics(request) => router.metrics(request),
        }
    }
    router.finish()
}

fn items_of(routed: &Routed, native_id: &str) -> Items {
    let evidence = routed
        .sessions
        .iter()
        .filter(|evidence| evidence.native_id == native_id)
        .map(|evidence| evidence.bytes.as_slice());
    Items::read(evidence)
}

fn claude_code(recording: &str) -> PathBuf {
    fixtures("claude-code").join("recordings").join(recording)
}

/// The sessions on disk, with what was sent.
fn joined(harness: Harness, home: &Path, recording: &Path) -> Vec<(Session, Session)> {
    let reader = reader(harness);
    let routed = route(requests(recording));
    sessions(reader, home)
        .iter()
        .map(|files| {
            let Decoded { session, .. } = files.decode(reader);
            let before = session.unwrap();
            let mut after = before.clone();
            let items = items_of(&routed, &files.native_id);
            let told = records(harness, &items);
            enrich(&mut after, &told);
            invariants::check(&after);
            let mut again = after.clone();
            enrich(&mut again, &told);
            assert_eq!(after, again, "a second time changes nothing");
            (before, after)
        })
        .collect()
}

fn claude_code_session(recording: &str) -> (Session, Session) {
    let folder = claude_code(recording);
    let mut sessions = joined(Harness::ClaudeCode, &folder.join("home"), &folder);
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

fn calls(session: &Session) -> Vec<(&Span, &ModelCall)> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some((span, call)),
            _ => None,
        })
        .collect()
}

fn tools(session: &Session) -> Vec<(&Span, &ToolCall)> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ToolCall(call) => Some((span, call)),
            _ => None,
        })
        .collect()
}

#[test]
fn retries_that_no_transcript_shows_are_attempts_of_the_call() {
    let (before, after) = claude_code_session("errors");
    assert!(
        calls(&before)
            .iter()
            .all(|(_, call)| call.retries.is_none())
    );
    let calls = calls(&after);
    // Served: 529, 429, 200; then 500, 200.
    let retries: Vec<_> = calls.iter().map(|(_, call)| call.retries).collect();
    assert_eq!(retries, [Some(2), Some(1)]);
    for (span, call) in calls {
        assert_eq!(call.attempts.len(), 1 + call.retries.unwrap() as usize);
        assert!(
            call.attempts
                .iter()
                .all(|at| *at >= span.start && *at <= span.end.unwrap())
        );
        assert_eq!(call.ttft_ms, Some(10.0));
        assert_eq!(span.timing, Timing::Measured);
        assert!(span.sources.contains(Source::Otel) && span.sources.contains(Source::Transcript));
        let cost = call.cost.as_ref().unwrap();
        assert_eq!(cost.usd, Money::from_usd(0.00075));
        assert_eq!(cost.source, CostSource::Harness);
    }
    let took = |span: &Span| span.end.unwrap().duration_since(span.start).as_millis();
    assert_eq!(took(self::calls(&after)[0].0), 1677);
    // The tool's own time is known to the microsecond.
    let tools = tools(&after);
    assert_eq!(tools.len(), 1);
    assert_eq!(tools[0].0.timing, Timing::Measured);
    assert_eq!(took(tools[0].0), 9);
}

#[test]
fn no_step_is_there_twice_and_tokens_stay_what_they_were() {
    for recording in ["errors", "coding", "subagent"] {
        let (before, after) = claude_code_session(recording);
        assert_eq!(before.tokens(), after.tokens(), "{recording}");
        let ids = |session: &Session| {
            let mut ids: Vec<_> = session.spans().map(|span| span.id).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&before), ids(&after), "{recording}");
        for (span, call) in calls(&after) {
            assert!(span.sources.contains(Source::Otel), "{recording}");
            assert!(call.cost.is_some());
        }
    }
}

#[test]
fn the_call_of_a_compaction_is_seen_though_no_transcript_has_it() {
    let folder = claude_code("resume");
    let sessions = joined(Harness::ClaudeCode, &folder.join("home"), &folder);
    let mut alone = Vec::new();
    for (before, after) in &sessions {
        let known: Vec<_> = before.spans().map(|span| span.id).collect();
        for (span, call) in calls(after) {
            if !known.contains(&span.id) {
                assert!(!span.sources.contains(Source::Transcript));
                alone.push(call.clone());
            }
        }
    }
    assert_eq!(alone.len(), 1, "{alone:#?}");
    let asked_by = ("asked_by".to_owned(), "compact".to_owned());
    assert_eq!(alone[0].parameters, [asked_by]);
    let tokens = alone[0].tokens.unwrap();
    // Served: 2,000 of prompt, of which 1,400 from the cache, and 100 written.
    assert_eq!(
        (tokens.prompt, tokens.cache_read, tokens.completion),
        (2000, 1400, 100)
    );
}

#[test]
fn a_session_of_which_only_telemetry_is_there_is_a_session() {
    let routed = route(requests(&claude_code("coding")));
    assert_eq!(routed.sessions.len(), 1);
    let native_id = &routed.sessions[0].native_id;
    let items = items_of(&routed, native_id);
    let told = records(Harness::ClaudeCode, &items);
    let mut session = session_alone(Harness::ClaudeCode, native_id, &items, &told).unwrap();
    enrich(&mut session, &told);
    invariants::check(&session);
    let (_, full) = claude_code_session("coding");
    assert_eq!(session.id, full.id);
    assert_eq!(session.turns.len(), full.turns.len());
    assert_eq!(
        session.turns[0].id, full.turns[0].id,
        "the same turn, whoever tells of it"
    );
    assert_eq!(session.turns[0].prompt.text, full.turns[0].prompt.text);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    assert_eq!(session.tokens(), full.tokens());
    assert_eq!(session.cost(), full.cost());
    assert_eq!(session.version.as_deref(), Some("2.1.197"));
}

#[test]
fn what_the_program_does_within_itself_is_left_out() {
    let routed = route(requests(&claude_code("errors")));
    let count = routed.programs["claude-code"];
    assert!(count.kept > 0 && count.dropped > 30, "{count:?}");
    let routed = route(requests(&fixtures("codex").join("coding")));
    let count = routed.programs["codex_exec"];
    assert!(count.dropped > count.kept, "{count:?}");
}

#[test]
fn the_metrics_of_a_session_add_up_to_its_cost() {
    let routed = route(requests(&claude_code("errors")));
    let items = items_of(&routed, &routed.sessions[0].native_id);
    let cost = dashcam_harness::telemetry::metrics::totals(
        &items.metrics,
        "claude_code.cost.usage",
        "model",
    );
    let (_, session) = claude_code_session("errors");
    assert_eq!(Money::from_usd(cost.values().sum()), session.cost());
}

#[test]
fn codex_calls_join_by_tokens_and_end() {
    let folder = fixtures("codex").join("coding");
    let rollout = std::fs::read_dir(&folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("rollout-").then(|| path.clone())
    });
    let home = tempfile::tempdir().unwrap();
    let sessions = home.path().join(".codex/sessions/2026/11/23");
    std::fs::create_dir_all(&sessions).unwrap();
    let rollout = rollout.unwrap();
    std::fs::copy(&rollout, sessions.join(rollout.file_name().unwrap())).unwrap();
    let (before, after) = joined(Harness::Codex, home.path(), &folder).remove(0);
    assert_eq!(before.tokens(), after.tokens());
    let seen = calls(&after);
    let joined = seen
        .iter()
        .filter(|(span, _)| span.sources.contains(Source::Otel));
    // The recording's log lost one of six completions.
    assert!(joined.count() >= 4, "{seen:#?}");
    for (span, call) in seen {
        if span.sources.contains(Source::Otel) {
            assert_eq!(span.timing, Timing::Measured);
            assert_eq!(call.retries, Some(0));
        }
    }
    assert!(
        tools(&after)
            .iter()
            .any(|(span, _)| span.sources.contains(Source::Otel))
    );
}

#[test]
fn who_waited_for_a_permission_is_an_event_below_the_call() {
    let (_, session) = claude_code_session("errors");
    let (span, call) = tools(&session)[0];
    let asked = |decision: &str, decided_by: &str| {
        let record = PermissionRecord {
            call_id: call.call_id.clone().unwrap(),
            start: Some(span.start),
            end: span.end,
            decision: Some(decision.to_owned()),
            decided_by: Some(decided_by.to_owned()),
        };
        let mut session = session.clone();
        enrich(&mut session, &[TelemetryRecord::Permission(record)]);
        invariants::check(&session);
        let is_event = |span: &&Span| matches!(&span.body, SpanBody::Event(event) if event.kind == EventKind::Permission);
        session.spans().find(is_event).cloned()
    };
    let allowed = asked("accept", "user_temporary").unwrap();
    assert_eq!(allowed.parent, Some(span.id));
    assert_eq!((allowed.start, allowed.end), (span.start, span.end));
    assert_eq!(
        (allowed.status, allowed.timing),
        (Status::Ok, Timing::Measured)
    );
    assert_eq!(
        asked("reject", "user_reject").unwrap().status,
        Status::Interrupted
    );
    assert_eq!(asked("accept", "config"), None, "a rule waits for nobody");
}

#[test]
fn questions_that_a_program_answered_were_waited_for() {
    let (before, after) = claude_code_session("asked");
    let asked = |session: &Session| -> Vec<(Option<String>, Status, i128)> {
        let spans = session.spans();
        spans
            .filter_map(|span| match &span.body {
                SpanBody::Event(event) if event.kind == EventKind::Permission => {
                    let waited = span.end?.duration_since(span.start).as_millis();
                    Some((event.text.clone(), span.status, waited))
                }
                _ => None,
            })
            .collect()
    };
    assert_eq!(asked(&before), []);
    let asked = asked(&after);
    let words: Vec<_> = asked
        .iter()
        .map(|(text, status, _)| (text.as_deref(), *status))
        .collect();
    let expected = [
        (Some("accept"), Status::Ok),
        (Some("reject"), Status::Interrupted),
    ];
    assert_eq!(words, expected);
    assert!(asked.iter().all(|(.., waited)| *waited >= 300), "{asked:?}");
}

#[test]
fn what_came_back_from_our_own_export_is_no_evidence() {
    let (_, session) = claude_code_session("coding");
    let request = dashcam_trace::openinference::encode_session(&session, "p");
    let routed = route([Telemetry::Traces(request)]);
    assert_eq!(routed.sessions, []);
}

/// Requests of one item each, so that they can come in any order.
fn crumbs(requests: Vec<Telemetry>) -> Vec<Telemetry> {
    let mut crumbs = Vec::new();
    for request in requests {
        match request {
            Telemetry::Traces(request) => {
                for resource in request.resource_spans {
                    for scope in &resource.scope_spans {
                        for span in &scope.spans {
                            let mut one = resource.clone();
                            one.scope_spans = vec![scope.clone()];
                            one.scope_spans[0].spans = vec![span.clone()];
                            let request = ExportTraceServiceRequest {
                                resource_spans: vec![one],
                            };
                            crumbs.push(Telemetry::Traces(request));
                        }
                    }
                }
            }
            Telemetry::Logs(request) => {
                for resource in request.resource_logs {
                    for scope in &resource.scope_logs {
                        for record in &scope.log_records {
                            let mut one = resource.clone();
                            one.scope_logs = vec![scope.clone()];
                            one.scope_logs[0].log_records = vec![record.clone()];
                            let request = ExportLogsServiceRequest {
                                resource_logs: vec![one],
                            };
                            crumbs.push(Telemetry::Logs(request));
                        }
                    }
                }
            }
            metrics @ Telemetry::Metrics(_) => crumbs.push(metrics),
        }
    }
    crumbs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_order_of_arrival_gives_the_same_session(
        order in Just(()).prop_perturb(|(), mut random| random.random::<u64>()),
        repeated in 0..4_usize,
    ) {
        for (harness, folder) in [
            (Harness::ClaudeCode, claude_code("errors")),
            (Harness::ClaudeCode, claude_code("subagent")),
            (Harness::Codex, fixtures("codex").join("coding")),
            (Harness::Gemini, fixtures("gemini").join("errors")),
        ] {
            let in_order = crumbs(requests(&folder));
            let expected = route(in_order.clone());
            let mut shuffled = in_order.clone();
            // A sender that got no answer sends again.
            shuffled.extend(in_order.iter().step_by(repeated + 2).cloned());
            let mut state = order;
            for place in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(place, (state >> 33) as usize % (place + 1));
            }
            let found = route(shuffled);
            for session in &expected.sessions {
                let id = &session.native_id;
                prop_assert_eq!(items_of(&expected, id), items_of(&found, id));
                let one = records(harness, &items_of(&expected, id));
                let other = records(harness, &items_of(&found, id));
                prop_assert_eq!(one, other);
            }
        }
    }
}

#[test]
fn spans_of_the_kind_of_a_turn_are_never_added() {
    let (before, after) = claude_code_session("subagent");
    let turns = |session: &Session| {
        let of_turns = session.spans().filter(|span| span.kind() == SpanKind::Turn);
        of_turns.count()
    };
    assert_eq!(turns(&before), turns(&after));
}

fn copilot_session(recording: &str) -> (Session, Session) {
    let folder = fixtures("copilot").join(recording);
    let mut sessions = joined(Harness::Copilot, &folder.join("home"), &folder);
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

#[test]
fn attempts_of_copilots_calls_are_told_by_its_spans() {
    let (_, after) = copilot_session("errors");
    // Served: 503, 429, 200; then 500, 200; then all at once.
    let calls = calls(&after);
    let attempts: Vec<_> = calls
        .iter()
        .map(|(_, call)| (call.retries, call.attempts.len()))
        .collect();
    let alone = (Some(0), 0);
    assert_eq!(attempts, [(Some(2), 3), (Some(1), 2), alone, alone, alone]);
    let took = |span: &Span| span.end.unwrap().duration_since(span.start).as_millis();
    assert!(took(calls[0].0) > 1_700, "both waits are part of it");
    assert_eq!(calls[0].1.attempts[0], calls[0].0.start);
}

#[test]
fn copilots_spans_join_its_events_by_their_ids() {
    for recording in ["coding", "errors", "subagent", "resume"] {
        let (before, after) = copilot_session(recording);
        assert_eq!(before.tokens(), after.tokens(), "{recording}");
        let ids = |session: &Session| {
            let mut ids: Vec<_> = session.spans().map(|span| span.id).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&before), ids(&after), "{recording}");
        for (span, call) in calls(&after) {
            assert!(span.sources.contains(Source::Otel), "{recording}");
            assert!(call.cost.is_none(), "what Copilot calls cost is no money");
        }
        for (span, _) in tools(&after) {
            assert!(span.sources.contains(Source::Otel), "{recording}");
        }
    }
}

#[test]
fn a_session_of_which_only_copilots_spans_are_there_is_a_session() {
    let routed = route(requests(&fixtures("copilot").join("coding")));
    assert_eq!(routed.sessions.len(), 1);
    assert_eq!(routed.sessions[0].harness, Harness::Copilot);
    let native_id = &routed.sessions[0].native_id;
    let items = items_of(&routed, native_id);
    let told = records(Harness::Copilot, &items);
    let mut session = session_alone(Harness::Copilot, native_id, &items, &told).unwrap();
    enrich(&mut session, &told);
    invariants::check(&session);
    let (full, _) = copilot_session("coding");
    assert_eq!(session.id, full.id);
    assert_eq!(session.tokens(), full.tokens());
    assert_eq!(session.turns.len(), 1);
    assert_eq!(session.turns[0].id, full.turns[0].id);
    assert_eq!(session.turns[0].prompt.text, full.turns[0].prompt.text);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
}

fn gemini_session(recording: &str) -> (Session, Session) {
    let folder = fixtures("gemini").join(recording);
    let mut sessions = joined(Harness::Gemini, &folder.join("home"), &folder);
    assert_eq!(sessions.len(), 1);
    sessions.remove(0)
}

#[test]
fn attempts_of_geminis_calls_are_told_by_its_logs() {
    let (_, after) = gemini_session("errors");
    // Served: 503, 429, 200; then 500, 200; then all at once.
    let calls = calls(&after);
    let attempts: Vec<_> = calls
        .iter()
        .map(|(_, call)| (call.retries, call.attempts.len()))
        .collect();
    let alone = (Some(0), 0);
    assert_eq!(attempts, [(Some(2), 3), (Some(1), 2), alone, alone]);
    let took = |span: &Span| span.end.unwrap().duration_since(span.start).as_millis();
    assert!(took(calls[0].0) > 14_000, "both waits are part of it");
    assert_eq!(calls[0].1.attempts[0], calls[0].0.start);
    for (span, _) in tools(&after) {
        assert_eq!(span.timing, Timing::Measured);
    }
}

#[test]
fn geminis_calls_join_by_tokens_and_end_and_its_tools_by_their_ids() {
    for recording in ["coding", "errors", "mcp", "parallel", "resume", "subagent"] {
        let (before, after) = gemini_session(recording);
        assert_eq!(before.tokens(), after.tokens(), "{recording}");
        assert_eq!(before.spans().count(), after.spans().count(), "{recording}");
        for (span, call) in calls(&after) {
            assert!(span.sources.contains(Source::Otel), "{recording}");
            assert_eq!(call.stop_reason.as_deref(), Some("stop"), "{recording}");
        }
        for (span, _) in tools(&after) {
            assert!(span.sources.contains(Source::Otel), "{recording}");
        }
    }
}

#[test]
fn a_session_of_which_only_geminis_logs_are_there_is_a_session() {
    let routed = route(requests(&fixtures("gemini").join("coding")));
    assert_eq!(routed.sessions.len(), 1);
    assert_eq!(routed.sessions[0].harness, Harness::Gemini);
    let native_id = &routed.sessions[0].native_id;
    let items = items_of(&routed, native_id);
    let told = records(Harness::Gemini, &items);
    let mut session = session_alone(Harness::Gemini, native_id, &items, &told).unwrap();
    enrich(&mut session, &told);
    invariants::check(&session);
    let (full, _) = gemini_session("coding");
    assert_eq!(session.id, full.id);
    assert_eq!(session.tokens(), full.tokens());
    assert_eq!(session.turns.len(), 1);
    assert_eq!(session.turns[0].prompt.text, full.turns[0].prompt.text);
}
