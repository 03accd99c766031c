//! Recordings of real runs of the Copilot CLI, decoded, against what the model
//! server served and against reviewed snapshots.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod home;
mod invariants;

use dashcam_harness::{Decoded, reader};
use dashcam_trace::{
    AgentRun, Event, EventKind, Harness, ModelCall, Part, Session, Span, SpanBody, Status, Tokens,
    ToolCall, ToolKind, TurnStatus,
};
use home::{Responses, SessionFiles, fixtures, sessions};
use serde_json::Value;
use std::collections::BTreeMap;

const RECORDINGS: [&str; 15] = [
    "abort",
    "abort-stream",
    "background",
    "coding",
    "errors",
    "fatal",
    "gpt",
    "hooks",
    "hooks-agents",
    "hooks-tool-errors",
    "interactive",
    "mcp",
    "parallel",
    "resume",
    "subagent",
];

fn files(recording: &str) -> SessionFiles {
    let home = fixtures("copilot").join(recording).join("home");
    let mut found = sessions(reader(Harness::Copilot), &home);
    assert_eq!(found.len(), 1, "sessions of {recording}");
    found.remove(0)
}

fn decoded(recording: &str) -> Decoded {
    files(recording).decode(reader(Harness::Copilot))
}

fn session(recording: &str) -> Session {
    decoded(recording).session.expect("a recording holds turns")
}

/// The calls that the model server answered to the end.
fn served(recording: &str) -> Vec<Value> {
    let path = fixtures("copilot").join(recording).join("truth.json");
    let truth: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    truth
        .into_iter()
        .filter(|call| call["status"] == 200 && !call["reply"].is_null())
        .collect()
}

/// Model calls in the order in which they ended, which is that of the server.
fn model_calls(session: &Session) -> Vec<(&Span, &ModelCall)> {
    let mut calls: Vec<_> = session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some((span, call)),
            _ => None,
        })
        .collect();
    calls.sort_by_key(|(span, _)| span.start);
    calls
}

fn tools(session: &Session) -> Vec<(&Span, &ToolCall)> {
    let calls = session.spans().filter_map(|span| match &span.body {
        SpanBody::ToolCall(call) => Some((span, call)),
        _ => None,
    });
    calls.collect()
}

fn events(session: &Session, kind: EventKind) -> Vec<(&Span, &Event)> {
    let events = session.spans().filter_map(|span| match &span.body {
        SpanBody::Event(event) if event.kind == kind => Some((span, event)),
        _ => None,
    });
    events.collect()
}

fn run(session: &Session) -> (&Span, &AgentRun) {
    let mut runs = session.spans().filter_map(|span| match &span.body {
        SpanBody::AgentRun(run) => Some((span, run)),
        _ => None,
    });
    let run = runs.next().expect("an agent ran");
    assert!(runs.next().is_none());
    run
}

fn above<'s>(session: &'s Session, span: &Span) -> &'s Span {
    let parent = span.parent.expect("it stands under something");
    session.spans().find(|other| other.id == parent).unwrap()
}

#[test]
fn recordings_decode_as_reviewed() {
    for recording in RECORDINGS {
        let decoded = decoded(recording);
        assert_eq!(decoded.problems, [], "{recording}");
        assert_eq!(decoded.unknown_records, BTreeMap::new(), "{recording}");
        let session = decoded.session.unwrap();
        invariants::check(&session);
        // By way of a value, since the snapshot would show raw JSON as a wrapper.
        insta::assert_json_snapshot!(recording, serde_json::to_value(session).unwrap());
    }
}

#[test]
fn recordings_hold_what_the_model_server_served() {
    for recording in RECORDINGS {
        let session = session(recording);
        let mut left = served(recording);
        for (span, call) in model_calls(&session) {
            let said: String = call
                .output
                .iter()
                .filter_map(|part| match part {
                    Part::Text { text } => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            let asked: Vec<(&str, Value)> = call
                .output
                .iter()
                .filter_map(|part| match part {
                    Part::ToolUse { span, .. } => Some(span),
                    _ => None,
                })
                .map(|id| {
                    let found = tools(&session).into_iter().find(|(span, _)| span.id == *id);
                    let (tool_span, tool) = found.unwrap();
                    assert_eq!(tool_span.parent, Some(span.id));
                    (tool.tool.as_str(), tool.input.to_value())
                })
                .collect();
            let is_summary = call
                .parameters
                .iter()
                .any(|(_, value)| value == "compaction");
            let is_it = |served: &Value| {
                // What it said is told by the event.
                if is_summary {
                    return served["queue"] == "compaction";
                }
                let calls = served["reply"]["tool_calls"].as_array();
                let calls = calls.map(Vec::as_slice).unwrap_or_default();
                served["reply"]["text"].as_str().unwrap_or_default() == said
                    && calls.len() == asked.len()
                    && calls.iter().zip(&asked).all(|(served, (name, input))| {
                        let told = match &served["input"] {
                            Value::Null => &served["args"],
                            text => text,
                        };
                        served["name"] == *name && told == input
                    })
            };
            let at = left.iter().position(is_it);
            let served = left.remove(at.unwrap_or_else(|| panic!("{recording}: {call:#?}")));
            let usage = |field: &str| served["usage"][field].as_u64().unwrap_or(0);
            let is_openai = served["api"] != "anthropic";
            let expected = Tokens {
                prompt: usage("input"),
                cache_read: usage("cached"),
                cache_write_5m: usage("cache_write"),
                cache_write_1h: 0,
                completion: usage("output") + usage("thoughts"),
                // Anthropic does not tell reasoning apart.
                reasoning: if is_openai { usage("thoughts") } else { 0 },
            };
            assert_eq!(call.tokens, Some(expected), "{recording}: {said:?}");
            assert_eq!(call.model, served["model"].as_str().unwrap());
            assert_eq!(
                call.provider.as_deref(),
                Some(if is_openai { "openai" } else { "anthropic" })
            );
            assert_eq!(span.status, Status::Ok);
        }
        assert_eq!(left, Vec::<Value>::new(), "not on record in {recording}");
    }
}

#[test]
fn the_scanner_finds_what_the_decoder_finds() {
    for recording in RECORDINGS {
        let files = files(recording);
        let mut scanned = Responses::default();
        scanned.scan(reader(Harness::Copilot), &files);
        let mut counted = Responses::default();
        counted.add_session(&session(recording));
        assert_eq!(scanned.0, counted.0, "{recording}");
        assert_eq!(counted.0.len(), served(recording).len(), "{recording}");
    }
}

#[test]
fn a_session_knows_where_it_began_and_what_it_is_called() {
    let session = session("coding");
    assert_eq!(session.cwd.as_deref(), Some("/home/dev/work/repo"));
    assert_eq!(session.git.branch.as_deref(), Some("main"));
    assert!(session.git.commit.is_some());
    assert_eq!(session.version.as_deref(), Some("1.0.102"));
    assert_eq!(session.entrypoint.as_deref(), Some("github/cli"));
    assert_eq!(
        session.title.as_deref(),
        Some("Fix add() in calc.py so that the tests pass.")
    );
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
}

#[test]
fn a_failing_command_is_told_by_its_exit_code() {
    let session = session("coding");
    let codes: Vec<_> = tools(&session)
        .into_iter()
        .filter(|(_, call)| call.tool_kind == ToolKind::Shell)
        .map(|(span, call)| (span.status, call.exit_code))
        .collect();
    assert_eq!(codes, [(Status::Error, Some(1)), (Status::Ok, Some(0))]);
}

#[test]
fn edits_show_what_they_changed_and_reads_change_nothing() {
    for recording in ["coding", "gpt"] {
        let session = session(recording);
        let changed: Vec<_> = tools(&session)
            .into_iter()
            .map(|(_, call)| {
                let lines = call.diff.iter().map(|diff| (diff.added, diff.removed));
                (call.tool_kind, lines.collect::<Vec<_>>())
            })
            .collect();
        let edit = (ToolKind::Edit, vec![(1, 1)]);
        assert_eq!(
            changed,
            [
                (ToolKind::Read, vec![]),
                edit.clone(),
                (ToolKind::Shell, vec![]),
                edit,
                (ToolKind::Shell, vec![]),
            ]
        );
    }
}

#[test]
fn retries_are_known_where_hooks_made_them_visible() {
    let session = session("errors");
    let retries: Vec<_> = model_calls(&session)
        .into_iter()
        .map(|(_, call)| call.retries)
        .collect();
    assert_eq!(retries, [Some(2), Some(1), None, None, None]);
    assert_eq!(events(&session, EventKind::ApiError).len(), 3);
    let failed: Vec<_> = tools(&session)
        .into_iter()
        .map(|(span, call)| (span.error.as_deref(), call.exit_code))
        .collect();
    assert_eq!(
        failed,
        [
            (None, None),
            (Some("Path does not exist"), None),
            (Some("No match found"), None),
            (Some("exit code 3"), Some(3)),
        ]
    );
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
}

#[test]
fn an_error_that_ends_the_turn_fails_it() {
    let session = session("fatal");
    assert_eq!(session.turns[0].status, TurnStatus::Failed);
    assert!(model_calls(&session).is_empty());
    let errors = events(&session, EventKind::ApiError);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].1.text.as_deref().unwrap().starts_with("400 "));
    assert!(errors[0].1.details.is_some());
}

#[test]
fn what_the_person_stopped_is_interrupted() {
    for (recording, calls) in [("abort", 2), ("abort-stream", 0)] {
        let session = session(recording);
        assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
        assert_eq!(events(&session, EventKind::Interruption).len(), 1);
        assert_eq!(model_calls(&session).len(), calls);
    }
    let session = session("abort");
    let statuses: Vec<_> = tools(&session)
        .into_iter()
        .map(|(span, call)| (span.status, span.end.is_some(), call.output.is_some()))
        .collect();
    assert_eq!(
        statuses,
        [(Status::Ok, true, true), (Status::Interrupted, true, false)]
    );
}

#[test]
fn a_servers_tools_are_told_by_server_and_tool() {
    let session = session("mcp");
    let calls: Vec<_> = tools(&session)
        .into_iter()
        .map(|(span, call)| {
            let mcp = call.mcp.as_ref().unwrap();
            (mcp.server.as_str(), mcp.tool.as_str(), span.status)
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("echosrv", "echo", Status::Ok),
            ("echosrv", "fail", Status::Error)
        ]
    );
}

#[test]
fn calls_side_by_side_keep_their_own_times() {
    let session = session("parallel");
    let calls = tools(&session);
    assert_eq!(calls.len(), 4);
    let last_start = calls.iter().map(|(span, _)| span.start).max().unwrap();
    let first_end = calls.iter().filter_map(|(span, _)| span.end).min().unwrap();
    assert!(last_start < first_end);
}

#[test]
fn a_resumed_session_goes_on_with_a_new_turn() {
    let session = session("resume");
    let prompts: Vec<_> = session
        .turns
        .iter()
        .map(|turn| (turn.prompt.text.as_str(), turn.status))
        .collect();
    assert_eq!(
        prompts,
        [
            ("How many lines has notes.txt?", TurnStatus::Completed),
            ("Say it again.", TurnStatus::Completed)
        ]
    );
}

#[test]
fn a_subagents_work_stands_below_the_call_that_started_it() {
    let session = session("subagent");
    let (span, run) = run(&session);
    assert_eq!(run.agent_type.as_deref(), Some("general-purpose"));
    assert_eq!(run.answer.as_deref(), Some("The second line is beta."));
    assert!(run.prompt.as_deref().unwrap().starts_with("SUBTASK-A"));
    assert!(!run.background);
    assert_eq!((span.name.as_str(), span.status), ("helper", Status::Ok));
    let SpanBody::ToolCall(task) = &above(&session, span).body else {
        panic!("not below a tool call")
    };
    assert_eq!(
        (task.tool.as_str(), task.tool_kind),
        ("task", ToolKind::Task)
    );
    let inside = model_calls(&session)
        .into_iter()
        .filter(|(call, _)| call.parent == Some(span.id));
    assert_eq!(inside.count(), 2);
}

#[test]
fn what_ends_in_the_background_goes_on_with_the_turn() {
    let session = session("background");
    assert_eq!(session.turns.len(), 1);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    let (_, run) = run(&session);
    assert!(run.background);
    assert_eq!(events(&session, EventKind::Notification).len(), 2);
    // The calls that the program made in the model's name are no model's.
    let made_up: Vec<_> = tools(&session)
        .into_iter()
        .filter(|(span, _)| above(&session, span).id == session.turns[0].spans[0].id)
        .map(|(span, call)| (call.tool.as_str(), span.status))
        .collect();
    assert_eq!(
        made_up,
        [("read_agent", Status::Ok), ("read_bash", Status::Ok)]
    );
}

#[test]
fn the_call_that_sums_up_a_conversation_is_counted() {
    let session = session("interactive");
    let calls = model_calls(&session);
    let asked_by = ("asked_by".to_owned(), "compaction".to_owned());
    let summaries: Vec<_> = calls
        .iter()
        .filter(|(_, call)| call.parameters.contains(&asked_by))
        .collect();
    assert_eq!(summaries.len(), 1);
    assert_eq!(summaries[0].1.provider.as_deref(), Some("anthropic"));
    let told = events(&session, EventKind::Compaction);
    assert_eq!(told.len(), 1);
    assert!(told[0].1.text.as_deref().unwrap().starts_with("<overview>"));
}

#[test]
fn what_the_person_allows_and_runs_is_told() {
    let session = session("interactive");
    let permissions = events(&session, EventKind::Permission);
    assert_eq!(permissions.len(), 1);
    let (span, event) = permissions[0];
    assert_eq!(event.text.as_deref(), Some("approved"));
    let waited = span.end.unwrap().duration_since(span.start).as_secs();
    assert_eq!(waited, 5);
    assert!(matches!(above(&session, span).body, SpanBody::ToolCall(_)));
    let lines = events(&session, EventKind::ShellLine);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].1.text.as_deref(), Some("echo mine"));
    assert_eq!(
        lines[0].1.details.as_ref().unwrap().to_value(),
        serde_json::json!({ "exit_code": 0, "output": "mine" })
    );
    let prompts: Vec<_> = session.turns.iter().map(|turn| &turn.prompt.text).collect();
    assert_eq!(prompts, ["do it", "go on"]);
}
