//! What real runs told their hooks, joined with what they left on disk.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod home;
mod invariants;

use dashcam_fixtures::{Fixture, group};
use dashcam_harness::hooks::{Calls, Sorter, enrich, session_alone};
use dashcam_harness::{Decoded, Evidence, EvidenceFile, reader};
use dashcam_trace::{
    Event, EventKind, Harness, RawJson, Session, Source, Span, SpanBody, SpanKind, Status, Timing,
    ToolCall, TurnStatus,
};
use home::{fixtures, sessions};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A hook call: when, which event, what it was told.
type Told = (u64, String, Value);

/// The hook calls of a recording, by session.
fn told(folder: &std::path::Path) -> BTreeMap<String, Vec<Told>> {
    let mut told: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for call in Fixture::at(folder).unwrap().hook_calls().unwrap() {
        let of_session = told.entry(call.session.unwrap()).or_default();
        of_session.push((call.time_ns, call.event, call.payload));
    }
    told
}

/// The evidence of hook calls, as it is archived.
fn evidence(harness: Harness, session: &str, told: &[Told]) -> Vec<u8> {
    let mut sorter = Sorter::default();
    for (time_ns, event, payload) in told {
        let payload = payload.to_string();
        let is_kept = sorter.add(
            harness.as_str(),
            event,
            Some(session),
            *time_ns,
            &BTreeMap::new(),
            payload.as_bytes(),
        );
        assert!(is_kept);
    }
    let mut sessions = sorter.finish();
    assert_eq!(sessions.len(), 1);
    sessions.remove(0).bytes
}

fn claude_code(recording: &str) -> PathBuf {
    fixtures("claude-code").join("recordings").join(recording)
}

/// Each session of a recording of Claude Code: without and with its hooks, and
/// what they told.
fn claude_code_sessions(recording: &str) -> Vec<(Session, Session, Vec<Told>)> {
    let folder = claude_code(recording);
    let reader = reader(Harness::ClaudeCode);
    let mut told = told(&folder);
    sessions(reader, &folder.join("home"))
        .iter()
        .filter_map(|files| {
            let told = told.remove(&files.native_id)?;
            let before = files.decode(reader).session?;
            let after = enriched(&before, &told);
            Some((before, after, told))
        })
        .collect()
}

fn codex_session(recording: &str) -> (Session, Session, Vec<Told>) {
    let folder = fixtures("codex").join(recording);
    let rollout = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("rollout-")
        })
        .unwrap();
    let bytes = std::fs::read(&rollout).unwrap();
    let reader = reader(Harness::Codex);
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap();
    let membership = reader.membership(&rollout, first_line).unwrap();
    let Decoded { session, .. } = reader.decode(&Evidence {
        native_id: &membership.native_id,
        files: vec![EvidenceFile {
            path: "rollout.jsonl",
            native_id: &membership.native_id,
            parent: None,
            bytes: Cow::Borrowed(&bytes),
        }],
    });
    let before = session.unwrap();
    let told = told(&folder).remove(&membership.native_id).unwrap();
    let after = enriched(&before, &told);
    (before, after, told)
}

fn enriched(before: &Session, told: &[Told]) -> Session {
    let bytes = evidence(before.harness, &before.native_id, told);
    let calls = Calls::read([bytes.as_slice()]);
    assert_eq!(calls.unreadable, 0);
    let mut after = before.clone();
    enrich(&mut after, &calls);
    invariants::check(&after);
    let mut again = after.clone();
    enrich(&mut again, &calls);
    assert_eq!(after, again, "a second time changes nothing");
    after
}

fn tool_calls(session: &Session) -> Vec<(&Span, &ToolCall)> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ToolCall(call) => Some((span, call)),
            _ => None,
        })
        .collect()
}

fn events(session: &Session, kind: EventKind) -> Vec<(&Span, &Event)> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::Event(event) if event.kind == kind => Some((span, event)),
            _ => None,
        })
        .collect()
}

fn is_from_hook(span: &Span) -> bool {
    span.sources.contains(Source::Hook)
}

#[test]
fn every_step_that_a_hook_saw_is_there_once_and_says_so() {
    let mut recorded: Vec<(Session, Session, Vec<Told>)> = [
        "coding", "errors", "mcp", "subagent", "resume", "abort", "asked", "image",
    ]
    .into_iter()
    .flat_map(claude_code_sessions)
    .collect();
    recorded.extend(["coding", "mcp", "patch"].map(codex_session));
    assert!(recorded.len() >= 9);
    for (before, after, told) in &recorded {
        let steps = |session: &Session| -> Vec<_> {
            let spans = session.spans();
            spans
                .filter(|span| span.kind() != SpanKind::Event)
                .map(|span| span.id)
                .collect()
        };
        let (mut was, mut is) = (steps(before), steps(after));
        was.sort();
        is.sort();
        assert_eq!(was, is, "no step more, no step less");
        assert_eq!(before.tokens(), after.tokens());
        let of = |event: &str| told.iter().filter(|(_, label, _)| label == event).count();
        let seen = tool_calls(after)
            .into_iter()
            .filter(|(span, _)| is_from_hook(span));
        assert_eq!(seen.count(), of("PreToolUse"), "{}", after.native_id);
        let turns = after
            .turns
            .iter()
            .filter(|turn| is_from_hook(&turn.spans[0]));
        assert_eq!(turns.count(), of("UserPromptSubmit"));
        let ends = events(after, EventKind::SessionEnd);
        assert_eq!(ends.len(), of("SessionEnd"));
        for turn in &after.turns {
            assert_ne!(turn.status, TurnStatus::Unfinished);
        }
    }
}

#[test]
fn tools_are_measured_where_the_transcript_only_guesses() {
    let [(before, after, _)] = claude_code_sessions("coding").try_into().unwrap();
    let derived = |session: &Session| {
        let calls = tool_calls(session).into_iter();
        calls
            .filter(|(span, _)| span.timing == Timing::Derived)
            .count()
    };
    assert!(derived(&before) > 0);
    assert_eq!(derived(&after), 0);
    let (bash, _) = tool_calls(&after)
        .into_iter()
        .find(|(_, call)| call.target.as_deref() == Some("ls -la"))
        .unwrap();
    let took = bash.end.unwrap().duration_since(bash.start).as_millis();
    assert_eq!(took, 113, "as the harness measured it");
}

#[test]
fn the_end_of_a_session_ends_what_it_cut_off() {
    let [(before, after, _)] = claude_code_sessions("abort").try_into().unwrap();
    let ends = events(&after, EventKind::SessionEnd);
    assert_eq!(ends[0].1.text.as_deref(), Some("other"));
    assert_eq!(after.turns[0].status, TurnStatus::Interrupted);
    assert!(after.turns[0].end.is_some());
    let (tool, _) = tool_calls(&after)[0];
    assert_eq!(tool.status, Status::Interrupted);
    assert!(before.ended_at <= after.ended_at);
}

#[test]
fn a_session_without_a_transcript_is_made_of_its_hooks() {
    for (transcript, _, told) in ["coding", "errors", "mcp", "abort"]
        .into_iter()
        .flat_map(claude_code_sessions)
    {
        let bytes = evidence(Harness::ClaudeCode, &transcript.native_id, &told);
        let calls = Calls::read([bytes.as_slice()]);
        let mut alone = session_alone(Harness::ClaudeCode, &transcript.native_id, &calls).unwrap();
        enrich(&mut alone, &calls);
        invariants::check(&alone);
        assert_eq!(alone.id, transcript.id);
        assert_eq!(alone.cwd, transcript.cwd);
        assert_eq!(alone.turns[0].id, transcript.turns[0].id);
        assert_eq!(alone.turns[0].prompt.text, transcript.turns[0].prompt.text);
        let facts = |session: &Session| -> BTreeMap<_, _> {
            tool_calls(session)
                .into_iter()
                .map(|(span, call)| (span.id, (call.tool.clone(), call.target.clone())))
                .collect()
        };
        assert_eq!(facts(&alone), facts(&transcript), "the same spans");
    }
    let nothing = Calls::read([]);
    assert_eq!(session_alone(Harness::Codex, "s", &nothing), None);
}

/// A session of one prompt and one command, told by hooks alone.
fn one_command(between: &[Told], after: &[Told]) -> Session {
    let tool = json!({"tool_name": "Bash", "tool_input": {"command": "rm -r build"}});
    let with = |extra: Value| {
        let mut payload = tool.clone();
        payload
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        payload
    };
    let mut told: Vec<Told> = vec![
        (
            1_000_000_000,
            "UserPromptSubmit".to_owned(),
            json!({"prompt": "Clean", "prompt_id": "p"}),
        ),
        (
            2_000_000_000,
            "PreToolUse".to_owned(),
            with(json!({"tool_use_id": "t"})),
        ),
    ];
    told.extend(
        between
            .iter()
            .map(|(at, event, extra)| (*at, event.clone(), with(extra.clone()))),
    );
    told.extend(after.iter().cloned());
    let bytes = evidence(Harness::ClaudeCode, "s", &told);
    let calls = Calls::read([bytes.as_slice()]);
    let mut session = session_alone(Harness::ClaudeCode, "s", &calls).unwrap();
    enrich(&mut session, &calls);
    invariants::check(&session);
    session
}

fn at(second: u64, event: &str, payload: Value) -> Told {
    (second * 1_000_000_000, event.to_owned(), payload)
}

#[test]
fn a_question_and_its_answer_are_one_event_under_the_call() {
    let session = one_command(
        &[
            at(3, "PermissionRequest", json!({})),
            at(
                9,
                "PostToolUse",
                json!({"tool_use_id": "t", "duration_ms": 1000, "tool_response": {"stdout": "gone"}}),
            ),
        ],
        &[],
    );
    let asked = events(&session, EventKind::Permission);
    let [(span, event)] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    let (tool, call) = tool_calls(&session)[0];
    assert_eq!(span.parent, Some(tool.id));
    assert_eq!(span.id, session.id.span(SpanKind::Event, "permission/t"));
    assert_eq!(event.text.as_deref(), Some("accept"));
    assert_eq!(
        (span.start.as_second(), span.end.unwrap().as_second()),
        (3, 8)
    );
    assert_eq!(
        (tool.start.as_second(), tool.end.unwrap().as_second()),
        (8, 9)
    );
    assert_eq!(call.output.as_ref().unwrap().text, "gone");
}

#[test]
fn a_denial_says_why() {
    let session = one_command(
        &[
            at(3, "PermissionRequest", json!({})),
            at(
                5,
                "PermissionDenied",
                json!({"tool_use_id": "t", "reason": "not in this folder"}),
            ),
        ],
        &[],
    );
    let (span, event) = events(&session, EventKind::Permission)[0];
    assert_eq!(span.status, Status::Interrupted);
    assert_eq!(event.text.as_deref(), Some("reject"));
    let details = event.details.as_ref().map(RawJson::to_value).unwrap();
    assert_eq!(details["reason"], "not in this folder");
}

#[test]
fn notices_and_failures_are_events_of_their_turn() {
    let session = one_command(
        &[],
        &[
            at(
                4,
                "Notification",
                json!({"message": "Claude waits for you", "notification_type": "idle"}),
            ),
            at(
                6,
                "StopFailure",
                json!({"error": "rate_limit", "error_details": "429 Too Many Requests", "prompt_id": "p"}),
            ),
        ],
    );
    let (_, notice) = events(&session, EventKind::Notification)[0];
    assert_eq!(notice.text.as_deref(), Some("Claude waits for you"));
    let (failure, _) = events(&session, EventKind::ApiError)[0];
    assert_eq!(failure.error.as_deref(), Some("429 Too Many Requests"));
    assert_eq!(session.turns[0].status, TurnStatus::Failed);
}

#[test]
fn a_turn_that_goes_on_after_a_stop_is_not_over() {
    let session = one_command(
        &[at(9, "PostToolUse", json!({"tool_use_id": "t"}))],
        &[at(
            1,
            "Stop",
            json!({"prompt_id": "p", "stop_hook_active": true}),
        )],
    );
    assert_eq!(session.turns[0].status, TurnStatus::Unfinished);
}

#[test]
fn what_cannot_be_read_costs_only_itself() {
    let mut sorter = Sorter::default();
    let none = BTreeMap::new();
    let mut add = |event: &str, payload: &[u8]| {
        assert!(sorter.add("claude-code", event, Some("s"), 5, &none, payload));
    };
    add("UserPromptSubmit", b"{\"prompt\":\n\"Go\"}");
    add("PreToolUse", b"{\"tool_name\": \"Ba");
    add("Notification", b"\xff\xfe");
    add("Unheard", b"{}");
    let mut bytes = sorter.finish().remove(0).bytes;
    bytes.extend_from_slice(b"{half a line\n");
    let calls = Calls::read([bytes.as_slice()]);
    assert_eq!(calls.unreadable, 3);
    let session = session_alone(Harness::ClaudeCode, "s", &calls).unwrap();
    assert_eq!(session.turns[0].prompt.text, "Go");
    let mut nobody = Sorter::default();
    assert!(!nobody.add("nobody", "Stop", Some("s"), 5, &none, b"{}"));
    assert!(!nobody.add("codex", "Stop", None, 5, &none, b"{}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn order_and_repetition_change_nothing(
        order in Just(claude_code_sessions("coding").remove(0)).prop_flat_map(|(before, after, told)| {
            let twice = [told.clone(), told].concat();
            (Just(before), Just(after), Just(twice).prop_shuffle(), 0..30_usize)
        })
    ) {
        let (before, after, mut told, left_out) = order;
        // Every call at least once: drop some of the repeated ones.
        let mut dropped = Vec::new();
        told.retain(|call| {
            let is_repeated = !dropped.contains(call) && dropped.len() < left_out;
            if is_repeated {
                dropped.push(call.clone());
            }
            !is_repeated
        });
        let half = told.len() / 2;
        let (first, second) = told.split_at(half);
        let pieces = [first, second].map(|piece| {
            if piece.is_empty() { Vec::new() } else { evidence(before.harness, &before.native_id, piece) }
        });
        let calls = Calls::read(pieces.iter().map(Vec::as_slice));
        let mut session = before;
        enrich(&mut session, &calls);
        prop_assert_eq!(session, after);
    }

    #[test]
    fn no_payload_makes_it_panic(
        payloads in prop::collection::vec(("[A-Za-z]{0,12}|PreToolUse|Stop|SessionEnd|UserPromptSubmit|PostToolUse|PermissionRequest", ".{0,40}|\\{\"(tool_name|prompt|duration_ms|error|tool_input|reason)\":(1e308|-1|\"x\"|\\{\\}|\\[1\\])\\}", 0..u64::MAX), 0..12)
    ) {
        let mut sorter = Sorter::default();
        for (event, payload, time_ns) in &payloads {
            sorter.add("codex", event, Some("s"), *time_ns, &BTreeMap::new(), payload.as_bytes());
        }
        for session in sorter.finish() {
            let calls = Calls::read([session.bytes.as_slice()]);
            if let Some(mut session) = session_alone(Harness::Codex, "s", &calls) {
                enrich(&mut session, &calls);
                invariants::check(&session);
            }
        }
    }
}

/// A fixture's sessions without and with what its hooks were told.
fn with_hooks(harness: Harness, name: &str) -> (Vec<Session>, Vec<Session>) {
    let fixture = Fixture::named(harness, name).unwrap();
    let (records, hooks) = (fixture.records().unwrap(), fixture.hooks().unwrap());
    let sessions = |pieces| {
        let sessions = group(pieces);
        let sessions = sessions
            .iter()
            .filter_map(|pieces| pieces.session(reader(harness)));
        let sessions: Vec<Session> = sessions.collect();
        sessions.iter().for_each(invariants::check);
        sessions
    };
    let both = [records.clone(), hooks].concat();
    (sessions(records), sessions(both))
}

#[test]
fn what_copilots_hooks_tell_joins_what_it_wrote() {
    for fixture in ["hooks", "hooks-agents", "hooks-tool-errors"] {
        let (before, after) = with_hooks(Harness::Copilot, fixture);
        // What a subagent's hooks tell under its own id is no other session.
        let [(before, after)] = before.iter().zip(&after).collect::<Vec<_>>()[..] else {
            panic!("{fixture}: one session");
        };
        assert_eq!(before.turns.len(), after.turns.len(), "{fixture}");
        assert_eq!(before.tokens(), after.tokens(), "{fixture}");
        assert_eq!(after.turns[0].status, TurnStatus::Completed, "{fixture}");
        let calls = |session| {
            tool_calls(session)
                .iter()
                .map(|(span, _)| span.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(calls(before), calls(after), "{fixture}");
        let seen = tool_calls(after).into_iter();
        let unseen: Vec<&str> = seen
            .filter(|(span, _)| !is_from_hook(span))
            .map(|(_, call)| call.tool.as_str())
            .collect();
        assert_eq!(unseen, [""; 0], "{fixture}");
        assert_eq!(events(after, EventKind::SessionEnd).len(), 1, "{fixture}");
    }
}

#[test]
fn copilots_subagents_are_no_turns_of_a_session_of_hooks_alone() {
    let fixture = Fixture::named(Harness::Copilot, "hooks-agents").unwrap();
    let [pieces] = group(fixture.hooks().unwrap()).try_into().unwrap();
    let session = pieces.session(reader(Harness::Copilot)).unwrap();
    invariants::check(&session);
    let prompts: Vec<&str> = session
        .turns
        .iter()
        .map(|turn| turn.prompt.text.as_str())
        .collect();
    assert_eq!(prompts, ["Do what there is to do."]);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    let tools: Vec<&str> = tool_calls(&session)
        .into_iter()
        .map(|(_, call)| call.tool.as_str())
        .collect();
    assert_eq!(tools, ["task", "task", "bash", "view"]);
}

#[test]
fn opencodes_plugin_tells_of_attempts_and_questions() {
    let (before, after) = with_hooks(Harness::OpenCode, "plugin-retries");
    let retries = |sessions: &[Session]| -> Vec<_> {
        let spans = sessions.iter().flat_map(Session::spans);
        spans
            .filter_map(|span| match &span.body {
                SpanBody::ModelCall(call) => Some((call.retries, call.attempts.len())),
                _ => None,
            })
            .collect()
    };
    assert_eq!(retries(&before), [(None, 0); 2]);
    // Served: 529, 429, 200; then 500, 200.
    assert_eq!(retries(&after), [(Some(2), 3), (Some(1), 2)]);
    let (before, after) = with_hooks(Harness::OpenCode, "plugin-permission");
    assert!(events(&before[0], EventKind::Permission).is_empty());
    let [(asked, _)] = events(&after[0], EventKind::Permission)[..] else {
        panic!("one question");
    };
    assert_eq!(asked.status, Status::Interrupted);
    assert_eq!(asked.parent, Some(tool_calls(&after[0])[0].0.id));
}

#[test]
fn a_refusal_of_the_api_ends_the_turn_as_the_hook_says() {
    let [(before, after, _)] = claude_code_sessions("refused").try_into().unwrap();
    assert_eq!(after.turns[0].status, TurnStatus::Failed);
    let errors = |session| events(session, EventKind::ApiError).len();
    assert_eq!(
        (errors(&before), errors(&after)),
        (1, 1),
        "told twice, there once"
    );
    assert!(is_from_hook(events(&after, EventKind::ApiError)[0].0));
}

#[test]
fn calls_without_ids_that_began_at_one_moment_are_two_steps() {
    let told: Vec<Told> = vec![
        (
            1,
            "BeforeAgent".to_owned(),
            json!({ "session_id": "s", "prompt": "Read both" }),
        ),
        (
            2,
            "BeforeTool".to_owned(),
            json!({ "tool_name": "read_file", "tool_input": { "p": 1 } }),
        ),
        (
            2,
            "BeforeTool".to_owned(),
            json!({ "tool_name": "read_file", "tool_input": { "p": 2 } }),
        ),
        (
            3,
            "AfterAgent".to_owned(),
            json!({ "prompt_response": "One." }),
        ),
        (
            3,
            "AfterAgent".to_owned(),
            json!({ "prompt_response": "Two." }),
        ),
    ];
    let bytes = evidence(Harness::Gemini, "s", &told);
    let calls = Calls::read([bytes.as_slice()]);
    let mut session = session_alone(Harness::Gemini, "s", &calls).unwrap();
    enrich(&mut session, &calls);
    invariants::check(&session);
    assert_eq!(tool_calls(&session).len(), 2);
    assert_eq!(events(&session, EventKind::Other).len(), 2);
}
