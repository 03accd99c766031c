//! Recordings of real runs of Claude Code, decoded, against what the model
//! server served and against reviewed snapshots.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod home;
mod invariants;

use dashcam_harness::reader;
use dashcam_trace::{Harness, Part, Session};
use home::{Responses, fixtures, model_calls, sessions, tool_calls};
use serde_json::Value;

const RECORDINGS: [&str; 10] = [
    "abort", "agents", "asked", "coding", "errors", "image", "mcp", "refused", "resume", "subagent",
];

fn decode(recording: &str) -> Vec<Session> {
    let reader = reader(Harness::ClaudeCode);
    let home = fixtures("claude-code")
        .join("recordings")
        .join(recording)
        .join("home");
    let sessions = sessions(reader, &home);
    assert!(!sessions.is_empty(), "no session in {}", home.display());
    sessions
        .iter()
        .map(|files| {
            let decoded = files.decode(reader);
            assert_eq!(decoded.unknown_records, std::collections::BTreeMap::new());
            let session = decoded.session.expect("a recording holds turns");
            invariants::check(&session);
            session
        })
        .collect()
}

/// The successful calls that the model server answered and that the harness
/// records: side calls (titles, compaction) are in no transcript.
fn served(recording: &str) -> Vec<Value> {
    let path = fixtures("claude-code")
        .join("recordings")
        .join(recording)
        .join("truth.json");
    let truth: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    truth
        .into_iter()
        .filter(|call| call["status"] == 200 && !call["reply"].is_null())
        .filter(|call| {
            call["queue"] == "main" || call["queue"].as_str().unwrap().starts_with("sub")
        })
        .collect()
}

#[test]
fn recordings_decode_as_reviewed() {
    for recording in RECORDINGS {
        for session in decode(recording) {
            let name = format!("{recording}-{}", &session.native_id[..8]);
            // By way of a value, since the snapshot would show raw JSON as a wrapper.
            insta::assert_json_snapshot!(name, serde_json::to_value(session).unwrap());
        }
    }
}

#[test]
fn recordings_hold_what_the_model_server_served() {
    for recording in RECORDINGS {
        let sessions = decode(recording);
        let mut seen = std::collections::BTreeSet::new();
        let mut calls: Vec<_> = sessions
            .iter()
            .flat_map(|session| session.spans().map(move |span| (session, span)))
            .filter_map(|(session, span)| match &span.body {
                dashcam_trace::SpanBody::ModelCall(call) => Some((span.end, call, session)),
                _ => None,
            })
            .filter(|(_, call, _)| seen.insert(call.response_id.clone()))
            .collect();
        calls.sort_by_key(|(end, ..)| *end);
        // Of calls side by side nobody knows the order: texts and tools tell
        // them apart, and equals stay in order of time.
        calls.sort_by_key(|(_, call, _)| said(call));
        let mut served = served(recording);
        served.sort_by_key(served_words);
        assert_eq!(calls.len(), served.len(), "model calls of {recording}");
        for ((_, call, session), served) in calls.into_iter().zip(&served) {
            let usage = |field: &str| served["usage"][field].as_u64().unwrap_or(0);
            let (read, written) = (usage("cached"), usage("cache_write"));
            let written_1h = usage("cache_write_1h");
            let tokens = call.tokens.expect("every response has usage");
            assert_eq!(call.model, served["model"].as_str().unwrap());
            assert_eq!(tokens.cache_read, read, "{recording}");
            assert_eq!(tokens.cache_write_1h, written_1h, "{recording}");
            assert_eq!(tokens.cache_write_5m, written - written_1h, "{recording}");
            assert_eq!(tokens.completion, usage("output"), "{recording}");
            assert_eq!(
                tokens.input(),
                usage("input").saturating_sub(read + written),
                "{recording}"
            );
            let text: Vec<_> = call
                .output
                .iter()
                .filter_map(|part| match part {
                    Part::Text { text } => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(
                text.join(""),
                served["reply"]["text"].as_str().unwrap_or_default()
            );
            let asked: Vec<(Value, Value)> = call
                .output
                .iter()
                .filter_map(|part| match part {
                    Part::ToolUse { span, name } => Some((span, name)),
                    _ => None,
                })
                .map(|(span, name)| {
                    let span = session.spans().find(|other| other.id == *span).unwrap();
                    let dashcam_trace::SpanBody::ToolCall(call) = &span.body else {
                        panic!()
                    };
                    assert_eq!(&call.tool, name);
                    (Value::from(name.as_str()), call.input.to_value())
                })
                .collect();
            let served_calls = served["reply"]["tool_calls"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            assert_eq!(asked.len(), served_calls.len(), "tool calls of {recording}");
            for ((name, input), served) in asked.into_iter().zip(served_calls) {
                assert_eq!(name, served["name"]);
                // The harness adds defaults to the arguments.
                for (key, value) in served["args"].as_object().unwrap() {
                    assert_eq!(
                        &input[key], value,
                        "argument {key} of {name} in {recording}"
                    );
                }
            }
        }
        for session in &sessions {
            for call in tool_calls(session) {
                assert!(
                    call.output.is_some(),
                    "a call without result in {recording}"
                );
            }
        }
    }
}

/// What a model said and which tools it called.
fn said(call: &dashcam_trace::ModelCall) -> Vec<String> {
    let words = call.output.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.clone()),
        Part::ToolUse { name, .. } => Some(name.clone()),
        _ => None,
    });
    words.collect()
}

/// The same of what the model server said.
fn served_words(served: &Value) -> Vec<String> {
    let text = served["reply"]["text"]
        .as_str()
        .filter(|text| !text.is_empty());
    let tools = served["reply"]["tool_calls"]
        .as_array()
        .into_iter()
        .flatten();
    let names = tools.filter_map(|tool| tool["name"].as_str());
    text.into_iter().chain(names).map(str::to_owned).collect()
}

#[test]
fn the_scanner_counts_what_the_decoder_counts() {
    let reader = reader(Harness::ClaudeCode);
    for recording in RECORDINGS {
        let home = fixtures("claude-code")
            .join("recordings")
            .join(recording)
            .join("home");
        let (mut scanned, mut decoded) = (Responses::default(), Responses::default());
        for files in sessions(reader, &home) {
            scanned.scan(reader, &files);
            decoded.add_session(&files.decode(reader).session.unwrap());
        }
        assert!(!scanned.0.is_empty());
        assert_eq!(scanned.0, decoded.0, "{recording}");
    }
}

#[test]
fn a_fork_repeats_the_responses_of_its_origin() {
    let sessions = decode("resume");
    let ids = |session: &Session| -> Vec<_> {
        model_calls(session)
            .map(|call| call.response_id.clone().unwrap())
            .collect()
    };
    let (origin, fork) = (ids(&sessions[0]), ids(&sessions[1]));
    assert_eq!(fork[..4], origin[..4]);
    assert!(!origin.contains(&fork[4]));
}
