//! What a tree of records makes of turns, by hand.

use super::Omp;
use crate::{Decoded, Evidence, EvidenceFile, HarnessReader};
use dashcam_trace::{EventKind, ProblemKind, Session, SpanBody, TurnStatus};
use serde_json::{Value, json};
use std::borrow::Cow;

fn decode(lines: &[Value]) -> Decoded {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let text = lines.join("\n") + "\n";
    Omp.decode(&Evidence {
        native_id: "s",
        files: vec![EvidenceFile {
            path: "s.jsonl",
            native_id: "s",
            parent: None,
            bytes: Cow::Owned(text.into_bytes()),
        }],
    })
}

fn session(lines: &[Value]) -> Session {
    let decoded = decode(lines);
    assert_eq!(decoded.problems, []);
    decoded.session.unwrap()
}

/// A record `id` after `parent`, written at this second.
fn record(id: &str, parent: Option<&str>, second: u32, message: &Value) -> Value {
    let mut message = message.clone();
    let at = 1_700_000_000_000_u64 + u64::from(second) * 1000;
    if message["timestamp"].is_null() {
        message["timestamp"] = at.into();
    }
    let timestamp = dashcam_trace::Timestamp::from_millisecond(at as i64).unwrap();
    json!({ "type": "message", "id": id, "parentId": parent, "timestamp": timestamp.to_string(),
            "message": message })
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn answer(text: &str) -> Value {
    json!({ "role": "assistant", "content": [{ "type": "text", "text": text }], "model": "m",
            "provider": "p", "stopReason": "stop", "usage": { "input": 10, "output": 2 } })
}

fn asks(call: &str) -> Value {
    let block = json!({ "type": "toolCall", "id": call, "name": "bash",
                        "arguments": { "command": "ls" } });
    json!({ "role": "assistant", "content": [block], "model": "m", "stopReason": "toolUse",
            "usage": { "input": 10, "output": 2 } })
}

fn result(call: &str) -> Value {
    json!({ "role": "toolResult", "toolCallId": call, "toolName": "bash",
            "content": [{ "type": "text", "text": "done" }], "isError": false })
}

fn prompts(session: &Session) -> Vec<(&str, bool)> {
    let turns = session.turns.iter();
    turns
        .map(|turn| (turn.prompt.text.as_str(), turn.abandoned))
        .collect()
}

fn events(session: &Session, kind: EventKind) -> Vec<&str> {
    let events = session.spans().filter_map(|span| match &span.body {
        SpanBody::Event(event) if event.kind == kind => event.text.as_deref(),
        _ => None,
    });
    events.collect()
}

#[test]
fn records_without_ids_follow_one_another() {
    // Version 1 of the format.
    let at = "2025-11-20T10:00:00.000Z";
    let lines = [
        json!({ "type": "session", "id": "s", "timestamp": at, "cwd": "/w", "provider": "p",
                "modelId": "m", "thinkingLevel": "off" }),
        json!({ "type": "message", "timestamp": at, "message": user("one") }),
        json!({ "type": "message", "timestamp": at, "message": answer("1") }),
        json!({ "type": "message", "timestamp": at, "message": user("two") }),
        json!({ "type": "message", "timestamp": at, "message": answer("2") }),
    ];
    let session = session(&lines);
    assert_eq!(prompts(&session), [("one", false), ("two", false)]);
    assert_eq!(session.tokens().prompt, 20);
    assert_eq!(session.cwd.as_deref(), Some("/w"));
}

#[test]
fn the_branch_written_last_is_live() {
    let lines = [
        record("a", None, 1, &user("one")),
        record("b", Some("a"), 2, &answer("1")),
        record("c", Some("b"), 3, &user("two")),
        record("d", Some("c"), 4, &answer("2")),
        record("e", Some("b"), 5, &user("three")),
        record("f", Some("e"), 6, &answer("3")),
    ];
    let branched = session(&lines);
    let expected = [("one", false), ("two", true), ("three", false)];
    assert_eq!(prompts(&branched), expected);
    assert_eq!(branched.tokens().prompt, 30, "what was left was paid for");
    // Back on the first branch.
    let mut lines = lines.to_vec();
    lines.push(record("g", Some("d"), 7, &user("four")));
    let expected = [
        ("one", false),
        ("two", false),
        ("three", true),
        ("four", false),
    ];
    assert_eq!(prompts(&session(&lines)), expected);
}

#[test]
fn a_message_sent_while_tools_run_belongs_to_the_turn() {
    let mut waiting = user("hurry");
    waiting["timestamp"] = 1_700_000_002_500_u64.into();
    let lines = [
        record("a", None, 1, &user("one")),
        record("b", Some("a"), 2, &asks("c1")),
        record("c", Some("b"), 3, &result("c1")),
        record("d", Some("c"), 3, &waiting),
        record("e", Some("d"), 4, &answer("1")),
    ];
    let steered = session(&lines);
    assert_eq!(prompts(&steered), [("one", false)]);
    assert_eq!(events(&steered, EventKind::Other), ["hurry"]);
    // A prompt that was sent after the tools had ended begins another turn:
    // the process had died.
    let mut lines = lines;
    lines[3] = record("d", Some("c"), 60, &user("hurry"));
    lines[4] = record("e", Some("d"), 61, &answer("1"));
    let resumed = session(&lines);
    assert_eq!(prompts(&resumed), [("one", false), ("hurry", false)]);
    assert_eq!(resumed.turns[0].status, TurnStatus::Unfinished);
}

#[test]
fn a_result_finds_the_nearest_call_of_its_id() {
    // Some servers number the calls of each answer anew.
    let lines = [
        record("a", None, 1, &user("one")),
        record("b", Some("a"), 2, &asks("call_0")),
        record("c", Some("b"), 3, &result("call_0")),
        record("d", Some("c"), 4, &asks("call_0")),
        record("e", Some("d"), 5, &result("call_0")),
        record("f", Some("e"), 6, &answer("1")),
    ];
    let session = session(&lines);
    let ended: Vec<_> = session
        .spans()
        .filter(|span| matches!(span.body, SpanBody::ToolCall(_)))
        .map(|span| span.end.unwrap().as_second() - 1_700_000_000)
        .collect();
    assert_eq!(ended, [3, 5]);
}

#[test]
fn usage_beside_the_conversation_counts() {
    let usage = json!({ "input": 7, "output": 3, "cacheRead": 90, "cacheWrite": 40,
                        "cacheWrite1h": 30, "reasoning": 1,
                        "cost": { "total": 0.25 } });
    let at = "2026-11-23T20:00:00.000Z";
    let lines = [
        record("a", None, 1, &user("one")),
        record("b", Some("a"), 2, &answer("1")),
        json!({ "type": "usage", "id": "c", "parentId": "b", "timestamp": at,
                "kind": "cache_warm", "provider": "p", "model": "m2", "usage": usage }),
        json!({ "type": "compaction", "id": "d", "parentId": "c", "timestamp": at,
                "summary": "all of it", "firstKeptEntryId": "b", "tokensBefore": 500,
                "usage": usage }),
    ];
    let session = session(&lines);
    let tokens = session.tokens();
    assert_eq!(
        (tokens.prompt, tokens.completion),
        (10 + 2 * 137, 2 + 2 * 3)
    );
    assert_eq!((tokens.cache_write_1h, tokens.cache_write_5m), (60, 20));
    assert_eq!(tokens.reasoning, 2);
    assert!((session.cost().usd() - 0.5).abs() < 1e-9);
    assert_eq!(events(&session, EventKind::Compaction), ["all of it"]);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
}

#[test]
fn nothing_measured_is_no_count_and_no_cost() {
    let mut unmeasured = answer("1");
    unmeasured["usage"] = json!({ "input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0,
        "totalTokens": 0, "cost": { "input": 0, "output": 0, "total": 0 } });
    let lines = [
        record("a", None, 1, &user("one")),
        record("b", Some("a"), 2, &unmeasured),
    ];
    let session = session(&lines);
    let call = session.spans().find_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some(call),
        _ => None,
    });
    let call = call.unwrap();
    assert_eq!((call.tokens, call.cost.clone()), (None, None));
}

#[test]
fn a_lost_record_costs_only_itself() {
    let lines = [
        record("a", None, 1, &user("one")),
        record("c", Some("b"), 3, &answer("1")),
        json!({ "type": "prophecy", "id": "d", "parentId": "c" }),
        json!(7),
    ];
    let decoded = decode(&lines);
    let kinds: Vec<_> = decoded
        .problems
        .iter()
        .map(|problem| problem.kind)
        .collect();
    assert_eq!(
        kinds,
        [ProblemKind::Inconsistent, ProblemKind::UnexpectedShape]
    );
    assert_eq!(decoded.unknown_records["prophecy"], 1);
    let session = decoded.session.unwrap();
    assert_eq!(prompts(&session), [("one", false)]);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
}

#[test]
fn a_fork_names_its_parent() {
    let path = "/h/.pi/agent/sessions/--w--/2026-11-23T20-24-38-293Z_origin.jsonl";
    for from in [path, "origin"] {
        let lines = [
            json!({ "type": "session", "version": 3, "id": "s", "cwd": "/w", "parentSession": from }),
            record("a", None, 1, &user("one")),
        ];
        let parent = session(&lines).parent.unwrap();
        let origin = dashcam_trace::SessionId::derive(dashcam_trace::Harness::Omp, "origin");
        assert_eq!(parent.session, origin);
    }
}
