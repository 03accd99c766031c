//! Sessions of Kiro, built to the schema of published recordings, against what
//! they were built from and against reviewed snapshots.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod home;
mod invariants;

use dashcam_harness::hooks::{Calls, Sorter, enrich};
use dashcam_harness::{Decoded, Evidence, EvidenceFile, HarnessReader, reader, response_hash};
use dashcam_trace::{
    EventKind, Harness, ModelCall, ParentRelation, Part, ProblemKind, Session, SessionId, Source,
    Span, SpanBody, Status, Timing, ToolCall, ToolKind, Turn, TurnStatus,
};
use home::{fixtures, sessions};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

fn kiro() -> &'static dyn HarnessReader {
    reader(Harness::Kiro)
}

fn decode(recording: &str) -> BTreeMap<String, Decoded> {
    let files = sessions(kiro(), &fixtures("kiro").join(recording).join("home"));
    let decoded = files.iter().map(|files| {
        let decoded = files.decode(kiro());
        invariants::check(decoded.session.as_ref().unwrap());
        (files.native_id.clone(), decoded)
    });
    decoded.collect()
}

/// What each session was built from.
fn truth(recording: &str) -> Vec<Value> {
    let path = fixtures("kiro").join(recording).join("truth.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn calls(turn: &Turn) -> Vec<(&Span, &ModelCall)> {
    let calls = turn.spans.iter().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some((span, call)),
        _ => None,
    });
    calls.collect()
}

fn tools<'t>(turn: &'t Turn, call: &Span) -> Vec<(&'t Span, &'t ToolCall)> {
    let tools = turn.spans.iter().filter_map(|span| match &span.body {
        SpanBody::ToolCall(tool) if span.parent == Some(call.id) => Some((span, tool)),
        _ => None,
    });
    tools.collect()
}

fn answer(call: &ModelCall) -> String {
    let texts = call.output.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn compare(session: &Session, truth: &Value) {
    assert_eq!(session.title.as_deref(), truth["title"].as_str());
    assert_eq!(session.cwd.as_deref(), truth["cwd"].as_str());
    let turns = truth["turns"].as_array().unwrap();
    assert_eq!(session.turns.len(), turns.len());
    let mut charged = 0.0;
    for (turn, truth) in session.turns.iter().zip(turns) {
        assert_eq!(turn.prompt.text, truth["prompt"].as_str().unwrap());
        assert_eq!(
            turn.status.as_str(),
            truth["status"],
            "{}",
            turn.prompt.text
        );
        assert_eq!(
            turn.copied_from.is_some(),
            truth["copied"].as_bool().unwrap()
        );
        let error = turn.spans[0].error.as_deref();
        assert_eq!(error.is_some(), !truth["error"].is_null(), "{error:?}");
        let own = calls(turn);
        let of_turn = truth["calls"].as_array().unwrap();
        assert_eq!(own.len(), of_turn.len(), "{}", turn.prompt.text);
        for ((span, call), truth) in own.iter().zip(of_turn) {
            assert_eq!(answer(call), truth["text"].as_str().unwrap());
            let credits = call.credits.map(dashcam_trace::Credits::amount);
            let expected = truth["credits"].as_f64();
            assert_eq!(credits.is_some(), expected.is_some());
            let difference = credits.unwrap_or_default() - expected.unwrap_or_default();
            assert!(difference.abs() < 1e-9, "{credits:?} {expected:?}");
            if turn.copied_from.is_none() {
                charged += expected.unwrap_or_default();
            }
            compare_tools(&tools(turn, span), &truth["tools"]);
        }
    }
    assert!((session.credits().amount() - charged).abs() < 1e-7);
    assert_eq!(session.tokens().total(), 0);
}

fn compare_tools(tools: &[(&Span, &ToolCall)], truth: &Value) {
    let truth = truth.as_array().unwrap();
    assert_eq!(tools.len(), truth.len());
    for ((span, tool), truth) in tools.iter().zip(truth) {
        assert_eq!(tool.call_id.as_deref(), truth["id"].as_str());
        assert_eq!(tool.tool, truth["tool"].as_str().unwrap());
        assert_eq!(tool.tool_kind.as_str(), truth["kind"], "{}", tool.tool);
        assert_eq!(tool.target.as_deref(), truth["target"].as_str());
        assert_eq!(span.status.as_str(), truth["status"], "{}", tool.tool);
        assert_eq!(tool.exit_code.map(i64::from), truth["exit_code"].as_i64());
        let output = tool.output.as_ref();
        let text = output.map(|output| output.text.as_str());
        assert_eq!(text, truth["output"].as_str());
        let stderr = output.and_then(|output| output.stderr.as_deref());
        assert_eq!(stderr, truth["stderr"].as_str());
        let sum = |count: fn(&dashcam_trace::FileDiff) -> u32| -> u32 {
            tool.diff.iter().map(count).sum()
        };
        assert_eq!(
            u64::from(sum(|diff| diff.added)),
            truth["added"].as_u64().unwrap()
        );
        assert_eq!(
            u64::from(sum(|diff| diff.removed)),
            truth["removed"].as_u64().unwrap()
        );
    }
}

#[test]
fn sessions_are_what_they_were_built_from() {
    for recording in ["long", "rewind", "alone"] {
        let decoded = decode(recording);
        let truth = truth(recording);
        assert_eq!(decoded.len(), truth.len());
        for truth in truth {
            let decoded = &decoded[truth["id"].as_str().unwrap()];
            compare(decoded.session.as_ref().unwrap(), &truth);
        }
    }
}

#[test]
fn a_long_session_has_no_problems_and_is_as_reviewed() {
    let decoded = decode("long");
    for (id, decoded) in &decoded {
        assert_eq!(decoded.problems, [], "{id}");
        assert_eq!(decoded.unknown_records, BTreeMap::new(), "{id}");
    }
    let sessions: Vec<&Session> = decoded
        .values()
        .filter_map(|one| one.session.as_ref())
        .collect();
    let steps = sessions.iter().flat_map(|session| session.spans()).count();
    assert!(steps > 80, "{steps}");
    for session in sessions {
        insta::assert_json_snapshot!(format!("long-{}", &session.native_id[..8]), session);
    }
}

#[test]
fn what_a_server_s_tool_did_names_the_server() {
    let decoded = decode("long");
    let spans = decoded.values().filter_map(|one| one.session.as_ref());
    let spans = spans.flat_map(Session::spans);
    let servers: Vec<&str> = spans
        .filter_map(|span| match &span.body {
            SpanBody::ToolCall(tool) if tool.tool_kind == ToolKind::Mcp => tool.mcp.as_ref(),
            _ => None,
        })
        .map(|mcp| mcp.server.as_str())
        .collect();
    assert_eq!(servers, ["harbour", "harbour"]);
}

#[test]
fn a_helper_s_session_names_the_one_that_started_it() {
    let decoded = decode("long");
    let truth = truth("long");
    let helper = &decoded[truth[1]["id"].as_str().unwrap()];
    let parent = helper.session.as_ref().unwrap().parent.clone().unwrap();
    assert_eq!(parent.relation, ParentRelation::Subagent);
    let starter = truth[0]["id"].as_str().unwrap();
    assert_eq!(parent.session, SessionId::derive(Harness::Kiro, starter));
    let starter = decoded[starter].session.as_ref().unwrap();
    assert_eq!(starter.parent, None);
}

#[test]
fn going_back_makes_a_fork_whose_copies_are_counted_once() {
    let decoded = decode("rewind");
    let truth = truth("rewind");
    let of = |place: usize| {
        let id = truth[place]["id"].as_str().unwrap();
        decoded[id].session.as_ref().unwrap()
    };
    let (first, second) = (of(0), of(1));
    let parent = second.parent.as_ref().unwrap();
    assert_eq!(
        (parent.session, parent.relation),
        (first.id, ParentRelation::Fork)
    );
    assert_eq!(second.turns[0].copied_from, Some(first.id));
    assert_eq!(second.turns[1].copied_from, None);
    let response = |session: &Session| calls(&session.turns[0])[0].1.response_id.clone();
    assert_eq!(response(first), response(second));
    assert_eq!(calls(&first.turns[0])[0].1.model, "auto");
}

#[test]
fn bad_lines_cost_only_themselves() {
    let decoded = decode("alone");
    let decoded = decoded.values().next().unwrap();
    let problems: Vec<(ProblemKind, Option<u64>)> = decoded
        .problems
        .iter()
        .map(|problem| (problem.kind, problem.line))
        .collect();
    assert_eq!(
        problems,
        [
            (ProblemKind::MalformedLine, Some(2)),
            (ProblemKind::Inconsistent, Some(5))
        ]
    );
    let unknown: Vec<_> = decoded.unknown_records.iter().collect();
    assert_eq!(unknown, [(&"Hologram".to_owned(), &1)]);
}

fn database() -> (String, Vec<u8>) {
    let folder = fixtures("kiro").join("database");
    let path = std::fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
    (id, std::fs::read(path).unwrap())
}

#[test]
fn a_conversation_of_the_database_has_measured_times() {
    let (id, bytes) = database();
    let path = format!(".local/share/kiro-cli/data.sqlite3#{id}");
    let decoded = kiro().decode(&Evidence {
        native_id: &id,
        files: vec![EvidenceFile {
            path: &path,
            native_id: &id,
            parent: None,
            bytes: Cow::Borrowed(&bytes),
        }],
    });
    assert_eq!(decoded.problems, []);
    let session = decoded.session.unwrap();
    invariants::check(&session);
    let statuses: Vec<TurnStatus> = session.turns.iter().map(|turn| turn.status).collect();
    let expected = [
        TurnStatus::Completed,
        TurnStatus::Interrupted,
        TurnStatus::Completed,
    ];
    assert_eq!(statuses, expected);
    let own: Vec<(&Span, &ModelCall)> = session.turns.iter().flat_map(calls).collect();
    assert_eq!(own.len(), 5);
    assert!(own.iter().all(|(span, call)| {
        span.timing == Timing::Measured && call.ttft_ms == Some(420.0) && call.credits.is_none()
    }));
    let took = |span: &Span| span.end.unwrap().duration_since(span.start).as_millis();
    assert_eq!(took(own[0].0), 2250);
    let asked = tools(&session.turns[0], own[0].0);
    assert_eq!(asked[0].1.exit_code, Some(0));
    assert_eq!(asked[1].1.tool_kind, ToolKind::Read);
    let cancelled = tools(&session.turns[1], own[3].0);
    assert_eq!(cancelled[0].0.status, Status::Interrupted);
    let is_summary = |span: &&Span| matches!(&span.body, SpanBody::Event(event) if event.kind == EventKind::Compaction);
    assert_eq!(session.spans().filter(is_summary).count(), 1);
    insta::assert_json_snapshot!("database", session);
}

/// Usage straight from disk: responses with what they were charged.
#[test]
fn documents_tell_the_same_usage() {
    for recording in ["long", "rewind"] {
        let root = fixtures("kiro").join(recording).join("home");
        let mut scanned = BTreeMap::new();
        let mut decoded = BTreeMap::new();
        for files in sessions(kiro(), &root) {
            for file in &files.files {
                let path = std::path::Path::new(&file.path);
                let Some(mut scanner) = kiro().usage_scanner(path) else {
                    continue;
                };
                scanner.line(&file.bytes, &mut |record| {
                    let known = scanned.insert(record.response, record.credits);
                    assert!(known.is_none_or(|known| known == record.credits));
                });
            }
            let session = files.decode(kiro()).session.unwrap();
            for call in home::model_calls(&session) {
                let response = call.response_id.as_deref().unwrap();
                decoded.insert(response_hash(response), call.credits);
            }
        }
        // The turn under way is not in the document yet.
        let missing = decoded
            .keys()
            .filter(|response| !scanned.contains_key(response));
        assert_eq!(missing.count(), usize::from(recording == "long"));
        decoded.retain(|response, _| scanned.contains_key(response));
        assert_eq!(scanned, decoded);
    }
}

/// The session with what its hooks were told.
fn enriched(recording: &str, id: &str) -> Session {
    let path = fixtures("kiro").join(recording).join("hooks.jsonl");
    let told = std::fs::read_to_string(path).unwrap();
    let mut sorter = Sorter::default();
    for line in told.lines() {
        let call: Value = serde_json::from_str(line).unwrap();
        let payload = &call["stdin"];
        let session = payload["session_id"].as_str().unwrap();
        let time_ns = (call["ts"].as_f64().unwrap() * 1e6).round() as u64 * 1000;
        let event = call["label"].as_str().unwrap();
        let none = BTreeMap::new();
        let payload = payload.to_string();
        assert!(sorter.add(
            "kiro",
            event,
            Some(session),
            time_ns,
            &none,
            payload.as_bytes()
        ));
    }
    let calls = sorter
        .finish()
        .into_iter()
        .find(|calls| calls.native_id == id);
    let calls = calls.unwrap();
    let mut session = decode(recording).remove(id).unwrap().session.unwrap();
    enrich(&mut session, &Calls::read([calls.bytes.as_slice()]));
    session
}

#[test]
fn hooks_tell_when_tools_ran() {
    let truth = &truth("long")[0];
    let session = enriched("long", truth["id"].as_str().unwrap());
    invariants::check(&session);
    let seconds =
        |at: Option<dashcam_trace::Timestamp>| at.map(dashcam_trace::Timestamp::as_microsecond);
    let micros = |told: &Value| told.as_f64().map(|seconds| (seconds * 1e6).round() as i64);
    let mut measured = 0;
    for (turn, truth) in session.turns.iter().zip(truth["turns"].as_array().unwrap()) {
        let mut last = turn.start;
        let own = calls(turn);
        for ((call, _), truth) in own.iter().zip(truth["calls"].as_array().unwrap()) {
            // The call lies between the tools of the one before and its own.
            assert!(call.start >= last, "{}", turn.prompt.text);
            for ((tool, _), truth) in tools(turn, call)
                .iter()
                .zip(truth["tools"].as_array().unwrap())
            {
                assert!(tool.sources.contains(Source::Hook), "{}", tool.name);
                assert!(call.end.unwrap() <= tool.start);
                if truth["ended"].is_null() {
                    continue;
                }
                assert_eq!(tool.timing, Timing::Measured);
                assert_eq!(seconds(Some(tool.start)), micros(&truth["began"]));
                assert_eq!(seconds(tool.end), micros(&truth["ended"]));
                last = last.max(tool.end.unwrap());
                measured += 1;
            }
        }
    }
    assert!(measured > 30, "{measured}");
}
