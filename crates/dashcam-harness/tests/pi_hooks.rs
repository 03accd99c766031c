//! What the extension of pi and Oh My Pi tells, joined with their file.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod invariants;

use dashcam_harness::hooks::{Calls, Sorter, enrich, session_alone};
use dashcam_harness::{Evidence, EvidenceFile, reader};
use dashcam_trace::{
    EventKind, Harness, Session, Source, Span, SpanBody, Status, Timestamp, Timing, TurnStatus,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// 2023-11-14, in milliseconds; steps happen some milliseconds later.
const BEGUN: u64 = 1_700_000_000_000;

fn time(after: u64) -> Timestamp {
    Timestamp::from_millisecond((BEGUN + after) as i64).unwrap()
}

/// A session of one prompt, an attempt that failed, a command and an answer,
/// with a summary in between; the whole of it, or the beginning.
fn session(records: usize) -> Session {
    let record = |id: &str, parent: Option<&str>, at: u64, mut record: Value| {
        record["id"] = id.into();
        record["parentId"] = parent.into();
        record["timestamp"] = time(at).to_string().into();
        record
    };
    let message = |began: u64, mut message: Value| {
        message["timestamp"] = (BEGUN + began).into();
        json!({ "type": "message", "message": message })
    };
    let asks = json!({ "role": "assistant", "model": "m", "stopReason": "toolUse",
        "content": [{ "type": "toolCall", "id": "t", "name": "bash",
                      "arguments": { "command": "ls" } }],
        "usage": { "input": 10, "output": 2 } });
    let failed = json!({ "role": "assistant", "model": "m", "stopReason": "error",
        "content": [], "errorMessage": "429 slow down" });
    let result = json!({ "role": "toolResult", "toolCallId": "t", "toolName": "bash",
        "content": [{ "type": "text", "text": "done" }], "isError": false });
    let answer = json!({ "role": "assistant", "model": "m", "stopReason": "stop",
        "content": [{ "type": "text", "text": "Done." }], "usage": { "input": 20, "output": 2 } });
    let lines = [
        json!({ "type": "session", "version": 3, "id": "s", "cwd": "/w",
                "timestamp": time(0).to_string() }),
        record(
            "1",
            None,
            0,
            message(0, json!({ "role": "user", "content": "Go" })),
        ),
        record("2", Some("1"), 110, message(100, failed)),
        record("3", Some("2"), 500, message(300, asks)),
        record("4", Some("3"), 900, message(900, result)),
        record(
            "5",
            Some("4"),
            1500,
            json!({ "type": "compaction", "summary": "So far.", "tokensBefore": 30 }),
        ),
        record("6", Some("5"), 2000, message(1600, answer)),
    ];
    let lines: Vec<String> = lines[..records].iter().map(Value::to_string).collect();
    let text = lines.join("\n") + "\n";
    let decoded = reader(Harness::Omp).decode(&Evidence {
        native_id: "s",
        files: vec![EvidenceFile {
            path: "s.jsonl",
            native_id: "s",
            parent: None,
            bytes: Cow::Owned(text.into_bytes()),
        }],
    });
    assert_eq!(decoded.problems, []);
    decoded.session.unwrap()
}

const WHOLE: usize = 7;

/// Told this many milliseconds after the beginning.
type Told<'a> = (u64, &'a str, Value);

fn enriched(mut session: Session, told: &[Told<'_>]) -> Session {
    let mut sorter = Sorter::default();
    for (at, event, payload) in told {
        let mut payload = payload.clone();
        payload["session_id"] = "s".into();
        let payload = payload.to_string();
        let time_ns = (BEGUN + at) * 1_000_000;
        sorter.add(
            "omp",
            event,
            Some("s"),
            time_ns,
            &BTreeMap::new(),
            payload.as_bytes(),
        );
    }
    for told in sorter.finish() {
        let calls = Calls::read([told.bytes.as_slice()]);
        assert_eq!(calls.unreadable, 0);
        assert_eq!(
            session_alone(Harness::Omp, "s", &calls),
            None,
            "no prompt is told"
        );
        enrich(&mut session, &calls);
        let once = session.clone();
        enrich(&mut session, &calls);
        assert_eq!(session, once, "doing it again changes nothing");
    }
    invariants::check(&session);
    session
}

fn ids(session: &Session) -> Vec<dashcam_trace::SpanId> {
    session.spans().map(|span| span.id).collect()
}

fn only(session: &Session, is_meant: impl Fn(&Span) -> bool) -> &Span {
    let found: Vec<_> = session.spans().filter(|span| is_meant(span)).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0]
}

fn is_event(span: &Span, wanted: EventKind) -> bool {
    matches!(&span.body, SpanBody::Event(event) if event.kind == wanted)
}

#[test]
fn what_was_measured_is_of_the_steps_that_are_there() {
    let before = session(WHOLE);
    let measured = json!({ "measured": {
        "model_calls": [{ "timestamp": BEGUN + 300, "ttft_ms": 42 },
                        { "timestamp": BEGUN + 77, "ttft_ms": 1 }],
        "tools": [{ "tool_use_id": "t", "tool_name": "bash", "started_at": BEGUN + 510,
                    "ended_at": BEGUN + 880, "is_error": false },
                  { "tool_use_id": "unknown", "started_at": 1, "ended_at": 2 },
                  "torn"],
    } });
    let after = enriched(before.clone(), &[(950, "measured", measured)]);
    assert_eq!(ids(&after), ids(&before));
    let tool = only(&after, |span| matches!(span.body, SpanBody::ToolCall(_)));
    assert_eq!((tool.start, tool.end), (time(510), Some(time(880))));
    assert_eq!(tool.timing, Timing::Measured);
    assert!(tool.sources.contains(Source::Hook) && tool.sources.contains(Source::Transcript));
    let calls: Vec<_> = after
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some((call.ttft_ms, span.sources.contains(Source::Hook))),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [(Some(42.0), true), (None, false)]);
}

#[test]
fn attempts_are_those_of_the_file_however_often_they_are_told() {
    let retry = json!({ "attempt": 1, "error": "429 slow down", "next": BEGUN + 300 });
    let after = enriched(session(WHOLE), &[(120, "session.retry", retry)]);
    let span = only(
        &after,
        |span| matches!(&span.body, SpanBody::ModelCall(call) if call.retries.is_some()),
    );
    let SpanBody::ModelCall(call) = &span.body else {
        unreachable!()
    };
    assert_eq!(call.retries, Some(1));
    assert_eq!(call.attempts, [time(100), time(300)]);
    assert!(span.sources.contains(Source::Hook));
}

#[test]
fn a_summary_was_begun_before_it_was_there() {
    let before = session(WHOLE);
    let told = json!({ "entry_id": "5", "started_at": BEGUN + 1100, "reason": "threshold" });
    let after = enriched(before.clone(), &[(1505, "compacted", told)]);
    assert_eq!(after.turns[0].spans.len(), before.turns[0].spans.len());
    let summary = only(&after, |span| is_event(span, EventKind::Compaction));
    assert_eq!((summary.start, summary.end), (time(1100), Some(time(1500))));
    assert!(summary.sources.contains(Source::Hook));
}

#[test]
fn a_summary_that_failed_and_a_dialog_are_events_of_their_own() {
    let failed = json!({ "started_at": BEGUN + 1000, "error": "no model", "aborted": false });
    let stopped = json!({ "started_at": BEGUN + 1200, "aborted": true });
    let dialog = json!({ "started_at": BEGUN + 1300, "kind": "confirm", "title": "Really?" });
    let after = enriched(
        session(WHOLE),
        &[
            (1100, "compaction_failed", failed),
            (1250, "compaction_failed", stopped),
            (1400, "dialog", dialog),
        ],
    );
    let failures: Vec<_> = after
        .spans()
        .filter(|span| span.name == "compaction_failed")
        .map(|span| (span.start, span.status, span.error.as_deref()))
        .collect();
    let expected = [
        (time(1000), Status::Error, Some("no model")),
        (time(1200), Status::Interrupted, None),
    ];
    assert_eq!(failures, expected);
    let dialog = only(&after, |span| is_event(span, EventKind::Notification));
    assert_eq!((dialog.start, dialog.end), (time(1300), Some(time(1400))));
    let SpanBody::Event(event) = &dialog.body else {
        unreachable!()
    };
    assert_eq!(event.text.as_deref(), Some("Really?"));
    assert!(event.details.as_ref().unwrap().as_str().contains("confirm"));
}

#[test]
fn a_tool_runs_from_when_the_person_let_it() {
    let asked = json!({ "tool_use_id": "t", "tool_name": "bash", "reason": "writes" });
    let granted = json!({ "tool_use_id": "t", "tool_name": "bash" });
    let measured = json!({ "measured": { "tools": [{ "tool_use_id": "t", "tool_name": "bash",
        "started_at": BEGUN + 510, "ended_at": BEGUN + 880 }] } });
    let after = enriched(
        session(WHOLE),
        &[
            (520, "permission.asked", asked),
            (700, "permission.granted", granted),
            (950, "measured", measured),
        ],
    );
    let tool = only(&after, |span| matches!(span.body, SpanBody::ToolCall(_)));
    assert_eq!((tool.start, tool.end), (time(700), Some(time(880))));
    let permission = only(&after, |span| is_event(span, EventKind::Permission));
    assert_eq!(
        (permission.start, permission.end),
        (time(520), Some(time(700)))
    );
    assert_eq!(
        (permission.parent, permission.status),
        (Some(tool.id), Status::Ok)
    );
}

#[test]
fn an_answer_that_overtakes_its_question_comes_after_it() {
    let told = |at: u64| {
        json!({ "tool_use_id": "t", "tool_name": "bash", "told_at": BEGUN + at,
                "reason": "nobody to ask" })
    };
    let after = enriched(
        session(4),
        &[
            (560, "permission.rejected", told(540)),
            (570, "permission.asked", told(520)),
        ],
    );
    let permission = only(&after, |span| is_event(span, EventKind::Permission));
    assert_eq!(
        (permission.start, permission.end),
        (time(520), Some(time(540)))
    );
    assert_eq!(permission.status, Status::Interrupted);
}

#[test]
fn the_end_of_the_program_ends_what_it_was_at() {
    let began = json!({ "reason": "startup", "mode": "tui", "version": "17.3.5" });
    let over = json!({ "reason": "quit" });
    let told = [(0, "session_start", began), (600, "session_shutdown", over)];
    // Until the tool was asked for.
    let after = enriched(session(4), &told);
    assert_eq!(after.turns[0].status, TurnStatus::Interrupted);
    let tool = only(&after, |span| matches!(span.body, SpanBody::ToolCall(_)));
    assert_eq!(
        (tool.status, tool.end),
        (Status::Interrupted, Some(time(600)))
    );
    let end = only(&after, |span| is_event(span, EventKind::SessionEnd));
    assert_eq!(end.start, time(600));
    assert_eq!(after.version.as_deref(), Some("17.3.5"));
    assert_eq!(after.entrypoint.as_deref(), Some("tui"));
    // Another process went on after it.
    let whole = enriched(session(WHOLE), &told);
    assert_eq!(whole.turns[0].status, TurnStatus::Completed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_told_the_session_stays_well_formed(
        told in prop::collection::vec((
            0..4000_u64,
            prop::sample::select(vec![
                "session_start", "measured", "permission.asked", "permission.granted",
                "permission.rejected", "dialog", "session.retry", "notification", "compacted",
                "compaction_failed", "agent_end", "session_shutdown",
            ]),
            prop::sample::select(vec![
                json!({}), json!({ "measured": 7 }), json!({ "started_at": -1.5, "entry_id": "5" }),
                json!({ "started_at": 1e300, "entry_id": "5", "agent_path": "A" }),
                json!({ "started_at": BEGUN + 9000, "entry_id": "5" }),
                json!({ "measured": { "tools": [{ "tool_use_id": "t", "started_at": BEGUN + 5000,
                                                  "ended_at": BEGUN - 5000 }] } }),
                json!({ "measured": { "model_calls": [{ "timestamp": BEGUN + 300 }, null, []] } }),
                json!({ "tool_use_id": "t", "next": "soon", "agent_id": "A" }),
                json!({ "next": BEGUN + 300, "error": { "message": "no" } }),
            ]),
        ), 0..12),
        records in 2..=WHOLE,
    ) {
        enriched(session(records), &told);
    }
}
