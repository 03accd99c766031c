//! Chats of VS Code, made to the schema of its sources, decoded.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod home;
mod invariants;

use dashcam_fixtures::{Fixture, group};
use dashcam_harness::reader;
use dashcam_trace::{
    EventKind, Harness, ModelCall, Session, Span, SpanBody, Status, Timing, ToolCall, ToolKind,
    TurnStatus,
};
use home::{Responses, SessionFiles};

const CHATS: [&str; 3] = ["vscode-chat", "vscode-older", "vscode-transcript"];

fn files(chat: &str) -> SessionFiles {
    let fixture = Fixture::named(Harness::Copilot, chat).unwrap();
    let [session] = group(fixture.records().unwrap()).try_into().unwrap();
    session.into()
}

fn session(chat: &str) -> Session {
    let decoded = files(chat).decode(reader(Harness::Copilot));
    assert_eq!(decoded.problems, [], "{chat}");
    assert!(decoded.unknown_records.is_empty(), "{chat}");
    let session = decoded.session.unwrap();
    invariants::check(&session);
    session
}

fn model_calls(session: &Session) -> Vec<(&Span, &ModelCall)> {
    let calls = session.spans().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some((span, call)),
        _ => None,
    });
    calls.collect()
}

fn tools(session: &Session) -> Vec<(&Span, &ToolCall)> {
    let calls = session.spans().filter_map(|span| match &span.body {
        SpanBody::ToolCall(call) => Some((span, call)),
        _ => None,
    });
    calls.collect()
}

fn text(call: &ToolCall) -> Option<&str> {
    call.output.as_ref().map(|output| output.text.as_str())
}

#[test]
fn chats_decode_as_reviewed() {
    for chat in CHATS {
        // By way of a value, since the snapshot would show raw JSON as a wrapper.
        insta::assert_json_snapshot!(chat, serde_json::to_value(session(chat)).unwrap());
    }
}

#[test]
fn the_scanner_finds_what_the_decoder_finds() {
    for chat in CHATS {
        let mut scanned = Responses::default();
        scanned.scan(reader(Harness::Copilot), &files(chat));
        let mut counted = Responses::default();
        counted.add_session(&session(chat));
        assert_eq!(scanned.0, counted.0, "{chat}");
    }
}

#[test]
fn the_log_of_changes_ends_in_the_chat_as_it_is() {
    let session = session("vscode-chat");
    assert_eq!(session.title.as_deref(), Some("Fix the total"));
    assert_eq!(session.entrypoint.as_deref(), Some("vscode"));
    assert_eq!(session.cwd.as_deref(), Some("/home/dev/work/repo"));
    assert_eq!(session.git.branch.as_deref(), Some("main"));
    assert_eq!(
        session.git.remote.as_deref(),
        Some("https://github.com/dev/shop.git")
    );
    let turns: Vec<_> = session
        .turns
        .iter()
        .map(|turn| (turn.prompt.text.as_str(), turn.status, turn.abandoned))
        .collect();
    assert_eq!(
        turns,
        [
            ("Fix total().", TurnStatus::Completed, false),
            ("Ask an agent why.", TurnStatus::Completed, false),
            ("Delete all.", TurnStatus::Interrupted, false),
            ("Again", TurnStatus::Failed, true),
        ]
    );
}

#[test]
fn tokens_are_those_of_the_debug_log() {
    let session = session("vscode-chat");
    let told: Vec<_> = model_calls(&session)
        .into_iter()
        .filter_map(|(_, call)| Some((call.tokens?.prompt, call.tokens?.completion)))
        .collect();
    assert_eq!(
        told,
        [
            (400, 6),
            (12_000, 85),
            (12_400, 91),
            (13_000, 21),
            (13_100, 30),
            (3_000, 30),
            (3_100, 12),
            (13_300, 12),
        ]
    );
    let calls = model_calls(&session);
    let asked_by = |value: &str| ("asked_by".to_owned(), value.to_owned());
    assert!(calls[0].1.parameters.contains(&asked_by("title")));
    // A failed attempt belongs to the call that mended it.
    assert_eq!(
        (calls[1].1.retries, calls[1].1.attempts.len()),
        (Some(1), 2)
    );
    let errors = session.spans().filter(
        |span| matches!(&span.body, SpanBody::Event(event) if event.kind == EventKind::ApiError),
    );
    assert_eq!(errors.count(), 1);
}

#[test]
fn without_a_debug_log_no_tokens_are_told() {
    for chat in ["vscode-older", "vscode-transcript"] {
        let session = session(chat);
        assert!(!model_calls(&session).is_empty());
        assert!(
            model_calls(&session)
                .iter()
                .all(|(_, call)| call.tokens.is_none())
        );
    }
}

#[test]
fn tools_have_input_output_and_the_times_of_the_transcript() {
    let session = session("vscode-chat");
    let first: Vec<_> = tools(&session).into_iter().take(4).collect();
    let kinds: Vec<_> = first
        .iter()
        .map(|(_, call)| (call.tool_kind, call.target.as_deref()))
        .collect();
    let price = Some("/home/dev/work/repo/price.sh");
    assert_eq!(
        kinds,
        [
            (ToolKind::Read, price),
            (ToolKind::Edit, price),
            (ToolKind::Shell, Some("sh test.sh")),
            (ToolKind::Mcp, None),
        ]
    );
    assert!(text(first[0].1).unwrap().starts_with("total() {"));
    assert_eq!(text(first[1].1), Some("The file was edited."));
    assert_eq!(first[2].1.exit_code, Some(3));
    assert_eq!(first[2].0.status, Status::Error);
    let mcp = first[3].1.mcp.as_ref().unwrap();
    assert_eq!((mcp.server.as_str(), mcp.tool.as_str()), ("pantry", "take"));
    for (span, _) in &first {
        assert_eq!(span.timing, Timing::Measured);
        let took = span.end.unwrap().duration_since(span.start).as_millis();
        assert_eq!(took, 250);
    }
    let refused = tools(&session).pop().unwrap();
    assert_eq!(
        (refused.0.status, refused.1.target.as_deref()),
        (Status::Interrupted, Some("rm -r ."))
    );
}

#[test]
fn a_subagents_work_stands_below_its_call() {
    let session = session("vscode-chat");
    let (span, run) = session
        .spans()
        .find_map(|span| match &span.body {
            SpanBody::AgentRun(run) => Some((span, run)),
            _ => None,
        })
        .unwrap();
    assert_eq!(run.answer.as_deref(), Some("the test is wrong"));
    let by_run = |other: &&Span| other.parent == Some(span.id);
    let kinds: Vec<_> = session.spans().filter(by_run).map(Span::kind).collect();
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "model_call").count(),
        2
    );
    let starter = session.spans().find(|other| Some(other.id) == span.parent);
    assert_eq!(starter.unwrap().name, "runSubagent");
}

#[test]
fn a_chat_without_rounds_is_told_as_it_was_shown() {
    let session = session("vscode-older");
    assert_eq!(session.turns[1].status, TurnStatus::Interrupted);
    let calls = model_calls(&session);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].1.model, "gpt-4.1");
    let tools = tools(&session);
    assert_eq!(tools[0].1.tool_kind, ToolKind::Search);
    assert_eq!(tools[0].1.target.as_deref(), Some("sort"));
    assert_eq!(text(tools[0].1), Some("2 matches"));
}

#[test]
fn a_transcript_alone_tells_the_chat_as_well() {
    let session = session("vscode-transcript");
    assert_eq!(session.turns[0].prompt.text, "Fix total().");
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    assert_eq!(model_calls(&session).len(), 3);
    let tools = tools(&session);
    assert_eq!(tools.len(), 4);
    assert_eq!(tools[2].1.target.as_deref(), Some("sh test.sh"));
}
