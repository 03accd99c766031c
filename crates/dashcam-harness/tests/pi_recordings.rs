//! Recordings of real runs of pi and Oh My Pi, decoded, against what the model
//! server served and against reviewed snapshots.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod home;
mod invariants;

use dashcam_harness::reader;
use dashcam_trace::{
    EventKind, Harness, ModelCall, Part, Session, Span, SpanBody, SpanId, Status, Tokens,
    TurnStatus,
};
use home::{Responses, fixtures, sessions, tool_calls};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn recordings() -> Vec<String> {
    let folders = std::fs::read_dir(fixtures("pi")).unwrap();
    let mut names: Vec<String> = folders
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 10);
    names
}

fn decode(recording: &str) -> Vec<Session> {
    let reader = reader(Harness::Omp);
    let sessions = sessions(reader, &fixtures("pi").join(recording).join("home"));
    assert!(!sessions.is_empty(), "no session in {recording}");
    let decoded = sessions.iter().map(|files| {
        let decoded = files.decode(reader);
        assert_eq!(decoded.unknown_records, BTreeMap::new(), "{recording}");
        assert_eq!(decoded.problems, [], "{recording}");
        let session = decoded.session.unwrap();
        invariants::check(&session);
        session
    });
    decoded.collect()
}

fn only(recording: &str) -> Session {
    let mut sessions = decode(recording);
    assert_eq!(sessions.len(), 1, "{recording}");
    sessions.remove(0)
}

/// What the model server answered in conversations.
fn truth(recording: &str) -> Vec<Value> {
    let path = fixtures("pi").join(recording).join("truth.json");
    let truth: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let answered = truth.into_iter().filter(|entry| {
        let is_aside = entry["queue"].as_str().unwrap().starts_with("side");
        entry["status"] == 200 && !is_aside
    });
    answered.collect()
}

fn calls(sessions: &[Session]) -> BTreeMap<String, (&Session, &Span, &ModelCall)> {
    let mut calls = BTreeMap::new();
    for session in sessions {
        for span in session.spans() {
            let SpanBody::ModelCall(call) = &span.body else {
                continue;
            };
            if call.parameters.iter().any(|(name, _)| name == "purpose") {
                continue; // Beside the conversation: its id is of its own.
            }
            let id = call.response_id.as_deref().unwrap();
            let (response, _) = id.split_once(':').unwrap();
            calls.insert(response.to_owned(), (session, span, call));
        }
    }
    calls
}

fn find(session: &Session, id: SpanId) -> &Span {
    session.spans().find(|span| span.id == id).unwrap()
}

#[test]
fn recordings_hold_what_the_model_server_served() {
    for recording in recordings() {
        let sessions = decode(&recording);
        let calls = calls(&sessions);
        let truth = truth(&recording);
        assert_eq!(calls.len(), truth.len(), "model calls of {recording}");
        let results: BTreeMap<&str, &Value> = truth
            .iter()
            .flat_map(|entry| entry["request"]["tool_results"].as_array().unwrap())
            .map(|result| (result["call_id"].as_str().unwrap(), result))
            .collect();
        for entry in &truth {
            let (session, span, call) = calls[entry["response_id"].as_str().unwrap()];
            assert_eq!(call.model, entry["model"].as_str().unwrap());
            if entry["delivery"] != "whole" {
                assert_ne!(span.status, Status::Ok, "{recording}");
                continue;
            }
            let count = |field: &str| entry["usage"][field].as_u64().unwrap();
            let expected = Tokens {
                prompt: count("input"),
                cache_read: count("cached"),
                cache_write_5m: count("cache_write"),
                cache_write_1h: 0,
                // Anthropic counts reasoning among the output, and not apart.
                completion: count("output") + count("thoughts"),
                reasoning: 0,
            };
            assert_eq!(call.tokens, Some(expected), "{recording}");
            let told = &entry["reply"];
            let of = |wanted: fn(&Part) -> Option<&str>| -> String {
                call.output.iter().filter_map(wanted).collect()
            };
            let text = of(|part| match part {
                Part::Text { text } => Some(text),
                _ => None,
            });
            let thinking = of(|part| match part {
                Part::Thinking { text } => Some(text),
                _ => None,
            });
            if span.status == Status::Ok {
                assert_eq!(text, told["text"].as_str().unwrap_or_default());
                assert_eq!(thinking, told["thought"].as_str().unwrap_or_default());
            }
            let tools = call.output.iter().filter_map(|part| match part {
                Part::ToolUse { span, .. } => Some(find(session, *span)),
                _ => None,
            });
            let tools: Vec<&Span> = tools.collect();
            let asked = told["tool_calls"].as_array().cloned().unwrap_or_default();
            if span.status == Status::Ok {
                assert_eq!(tools.len(), asked.len(), "{recording}");
            }
            for (tool, asked) in tools.iter().zip(&asked) {
                let SpanBody::ToolCall(call) = &tool.body else {
                    panic!()
                };
                assert_eq!(tool.parent, Some(span.id));
                assert_eq!(call.tool, asked["name"].as_str().unwrap());
                assert_eq!(call.input.to_value(), asked["args"], "{recording}");
                assert_eq!(call.call_id.as_deref(), asked["id"].as_str());
                if let Some(result) = results.get(call.call_id.as_deref().unwrap()) {
                    let text = &call.output.as_ref().unwrap().text;
                    assert_eq!(text, result["text"].as_str().unwrap(), "{recording}");
                    let failed = result["is_error"] == true;
                    assert_eq!(tool.status != Status::Ok, failed, "{recording}");
                }
            }
        }
    }
}

#[test]
fn the_scanner_counts_what_the_decoder_counts() {
    let reader = reader(Harness::Omp);
    for recording in recordings() {
        let home = fixtures("pi").join(&recording).join("home");
        let (mut scanned, mut decoded) = (Responses::default(), Responses::default());
        for files in sessions(reader, &home) {
            scanned.scan(reader, &files);
            decoded.add_session(&files.decode(reader).session.unwrap());
        }
        assert!(!scanned.0.is_empty(), "{recording}");
        assert_eq!(scanned.0, decoded.0, "{recording}");
    }
}

#[test]
fn recordings_decode_as_reviewed() {
    for recording in recordings() {
        let outlines: Vec<String> = decode(&recording).iter().map(outline).collect();
        insta::assert_snapshot!(recording, outlines.join("\n"));
    }
}

/// A session in few words: its turns, and their steps as a tree.
fn outline(session: &Session) -> String {
    let mut text = format!("{:?} in {:?}\n", session.title, session.cwd);
    for turn in &session.turns {
        let abandoned = if turn.abandoned { " abandoned" } else { "" };
        let status = turn.status.as_str();
        writeln!(text, "turn {status}{abandoned}: {:?}", turn.prompt.text).unwrap();
        below(session, turn.spans[0].id, 1, &mut text);
    }
    text
}

fn below(session: &Session, parent: SpanId, depth: usize, text: &mut String) {
    for span in session.spans().filter(|span| span.parent == Some(parent)) {
        let (kind, status) = (span.kind().as_str(), span.status.as_str());
        let indent = "  ".repeat(depth);
        write!(text, "{indent}{kind} {} {status}", span.name).unwrap();
        match &span.body {
            SpanBody::ModelCall(call) => {
                let tokens = call.tokens.unwrap_or_default();
                let cost = call.cost.as_ref().map(|cost| cost.usd.usd());
                let (read, written) = (tokens.cache_read, tokens.cache_write());
                write!(
                    text,
                    " {}/{read}/{written} -> {}, {cost:?} USD, {} added",
                    tokens.prompt,
                    tokens.completion,
                    call.input.len()
                )
            }
            SpanBody::ToolCall(call) => {
                let (tool_kind, exit) = (call.tool_kind.as_str(), call.exit_code);
                write!(text, " {tool_kind} {:?} {exit:?}", call.target).unwrap();
                for diff in &call.diff {
                    write!(text, " {} +{} -{}", diff.path, diff.added, diff.removed).unwrap();
                }
                Ok(())
            }
            SpanBody::AgentRun(run) => write!(text, " {:?} {:?}", run.agent_type, run.prompt),
            SpanBody::Event(event) => write!(text, " {:?}", event.text),
            SpanBody::Turn => Ok(()),
        }
        .unwrap();
        text.push('\n');
        below(session, span.id, depth + 1, text);
    }
}

#[test]
fn an_edited_prompt_takes_the_turn_before_it_out_of_the_conversation() {
    for recording in ["edited-prompt", "omp-edited-prompt"] {
        let session = only(recording);
        let turns: Vec<_> = session
            .turns
            .iter()
            .map(|turn| (turn.prompt.text.as_str(), turn.abandoned, turn.status))
            .collect();
        let expected = [
            ("How many fruits?", true, TurnStatus::Completed),
            ("How many nuts?", false, TurnStatus::Completed),
        ];
        assert_eq!(turns, expected, "{recording}");
    }
}

#[test]
fn what_the_person_stopped_is_interrupted() {
    for recording in [
        "interrupted",
        "interrupted-tool",
        "interrupted-tool-0.87",
        "omp-interrupted-tool",
    ] {
        let session = only(recording);
        assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
        let events = session.spans().filter(|span| {
            matches!(&span.body, SpanBody::Event(event) if event.kind == EventKind::Interruption)
        });
        assert_eq!(events.count(), 1, "{recording}");
    }
    for recording in [
        "interrupted-tool",
        "interrupted-tool-0.87",
        "omp-interrupted-tool",
    ] {
        let session = only(recording);
        let tool = session
            .spans()
            .find(|span| matches!(span.body, SpanBody::ToolCall(_)));
        assert_eq!(tool.unwrap().status, Status::Interrupted, "{recording}");
    }
}

#[test]
fn an_image_that_a_tool_gave_is_kept() {
    let session = only("image");
    let call = tool_calls(&session).next().unwrap();
    let images = &call.output.as_ref().unwrap().images;
    assert_eq!(images[0].media_type, "image/png");
    assert!(images[0].id.is_some());
}

#[test]
fn a_stream_that_broke_off_cost_what_it_cost_and_was_tried_again() {
    let session = only("broken-stream");
    let calls: Vec<_> = session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some((span.status, call.tokens, call.retries)),
            _ => None,
        })
        .collect();
    assert_eq!((calls[0].0, calls[0].2), (Status::Error, None));
    assert!(calls[0].1.unwrap().prompt > 0);
    assert_eq!((calls[1].0, calls[1].2), (Status::Ok, Some(1)));
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
}

#[test]
fn a_subagent_stands_under_the_call_that_started_it_and_tells_its_answer() {
    let session = only("omp-agents");
    let runs: Vec<_> = session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::AgentRun(run) => Some((span, run)),
            _ => None,
        })
        .collect();
    let facts: Vec<_> = runs
        .iter()
        .map(|(_, run)| (run.id.as_str(), run.answer.as_deref(), run.background))
        .collect();
    let expected = [
        ("Badger", Some("the badger is done"), true),
        ("Badger.Wren", Some("three lines"), true),
    ];
    assert_eq!(facts, expected);
    for (span, _) in runs {
        let starter = find(&session, span.parent.unwrap());
        assert!(matches!(&starter.body, SpanBody::ToolCall(call) if call.tool == "task"));
    }
}

#[test]
fn a_call_of_an_mcp_tool_names_its_server() {
    let session = only("omp-mcp");
    let calls = tool_calls(&session).map(|call| call.mcp.as_ref().unwrap());
    let names: Vec<_> = calls
        .map(|mcp| (mcp.server.as_str(), mcp.tool.as_str()))
        .collect();
    assert_eq!(names, [("pantry", "take"), ("pantry", "spoil")]);
}

#[test]
fn a_summary_counts_what_it_used() {
    let session = only("compaction-0.87");
    let summary = session.spans().find_map(|span| match &span.body {
        SpanBody::ModelCall(call) if call.parameters.iter().any(|(name, _)| name == "purpose") => {
            Some(call)
        }
        _ => None,
    });
    let summary = summary.unwrap();
    assert_eq!(summary.model, "claude-sonnet-4-5");
    let tokens = summary.tokens.unwrap();
    assert_eq!((tokens.prompt, tokens.completion), (5000, 120));
}
