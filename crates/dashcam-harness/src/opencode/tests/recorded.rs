//! Recordings against the log of the model server that answered.

use super::*;

/// The recordings.
const RECORDINGS: [&str; 13] = [
    "agents",
    "broken-stream",
    "coding",
    "compaction",
    "image",
    "interrupted",
    "interrupted-tool",
    "mcp",
    "parallel",
    "refused",
    "resume-and-fork",
    "shell-and-revert",
    "tool-errors",
];

/// What was answered whole, but for titles, in a form to compare.
pub(super) fn truth(fixture: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(fixtures().join(fixture).join("truth.json")).unwrap();
    let replies: Vec<Value> = serde_json::from_str(&text).unwrap();
    let is_meant = |reply: &Value| {
        reply["status"] == 200 && reply["delivery"] == "whole" && reply["queue"] != "side title"
    };
    let mut replies: Vec<Value> = replies
        .into_iter()
        .filter(is_meant)
        .map(|reply| expected(&reply))
        .collect();
    if fixture == "interrupted-tool" {
        // Aborted while its tool ran: OpenCode counts a step when it ends.
        replies.clear();
    }
    sorted(replies)
}

fn expected(answer: &Value) -> Value {
    let (usage, reply) = (&answer["usage"], &answer["reply"]);
    let count = |key: &str| usage[key].as_u64().unwrap();
    let calls = reply["tool_calls"].as_array().cloned().unwrap_or_default();
    let calls = calls.iter().map(|call| {
        // Of a tool that there is not, only its name is on record.
        let input = if call["name"] == "juggle" {
            &Value::Null
        } else {
            &call["args"]
        };
        json!([call["id"], call["name"], input])
    });
    json!({
        "model": answer["model"],
        "prompt": count("input"),
        "cached": count("cached"),
        "completion": count("output") + count("thoughts"),
        "reasoning": count("thoughts"),
        "thought": reply["thought"],
        "text": reply["text"],
        "calls": calls.collect::<Vec<_>>(),
    })
}

/// The counted calls of sessions, in the same form; a copy only once.
pub(super) fn counted_calls(sessions: &[Session]) -> Vec<Value> {
    let mut responses = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    for session in sessions {
        for span in session.spans() {
            let SpanBody::ModelCall(call) = &span.body else {
                continue;
            };
            let Some(tokens) = call.tokens else { continue };
            if !responses.insert(call.response_id.clone().unwrap()) {
                continue;
            }
            let (mut text, mut thought, mut calls) = (Value::Null, Value::Null, Vec::new());
            for part in &call.output {
                match part {
                    Part::Text { text: said } => text = json!(said),
                    Part::Thinking { text } => thought = json!(text),
                    Part::ToolUse { span, .. } => calls.push(tool_call(session, *span)),
                    other => panic!("{other:?}"),
                }
            }
            found.push(json!({
                "model": call.model,
                "prompt": tokens.prompt,
                "cached": tokens.cache_read,
                "completion": tokens.completion,
                "reasoning": tokens.reasoning,
                "thought": thought,
                "text": text,
                "calls": calls,
            }));
        }
    }
    sorted(found)
}

fn tool_call(session: &Session, id: dashcam_trace::SpanId) -> Value {
    let span = session.spans().find(|span| span.id == id).unwrap();
    let SpanBody::ToolCall(call) = &span.body else {
        panic!("{span:?}");
    };
    let input = if call.tool == "juggle" {
        Value::Null
    } else {
        call.input.to_value()
    };
    json!([call.call_id, call.tool, input])
}

/// Agents answer side by side: the order of all calls is no fact.
fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(Value::to_string);
    values
}

#[test]
fn every_recording_is_what_was_answered() {
    for fixture in RECORDINGS {
        assert_eq!(
            counted_calls(&sessions(fixture)),
            truth(fixture),
            "{fixture}"
        );
    }
}

#[test]
fn every_recording_has_its_outline() {
    for fixture in RECORDINGS {
        let outlines: Vec<String> = sessions(fixture).iter().map(outline).collect();
        insta::assert_snapshot!(fixture, outlines.join("\n"));
    }
}

#[test]
fn the_scanner_counts_what_the_decoder_counts() {
    for fixture in RECORDINGS {
        let rows = rows(fixture);
        for session in sessions(fixture) {
            let id = session.native_id.as_str();
            let own = rows
                .iter()
                .filter(|rows| rows.native_id == id || rows.parent.as_deref() == Some(id));
            assert_eq!(scanned(own), counted(&session), "{fixture}");
        }
    }
}

#[test]
fn a_fork_begins_after_what_it_copied() {
    let [session, fork] = &sessions("resume-and-fork")[..] else {
        panic!("not two sessions");
    };
    assert!(fork.started_at > session.turns[1].start);
    let (own, copied) = (counted(session), counted(fork));
    assert_eq!(
        copied.keys().filter(|key| own.contains_key(key)).count(),
        own.len()
    );
    assert_eq!(copied.len(), own.len() + 1);
    // They begin when the original did.
    let spans = |session: &Session| -> Vec<_> {
        let spans = session.turns[0].spans.iter();
        spans.map(|span| (span.name.clone(), span.start)).collect()
    };
    assert_eq!(spans(session), spans(fork));
}

#[test]
fn a_person_who_stops_a_command_interrupts_it() {
    let session = only_session("interrupted-tool");
    insta::assert_json_snapshot!(session);
}
