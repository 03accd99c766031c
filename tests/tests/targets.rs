//! Sessions of real harnesses on their way to a real Phoenix.

use dashcam_e2e::{ClaudeCode, Codex, Phoenix, PhoenixSpan, Receiver, Workbench};
use dashcam_model_server::ModelServer;
use dashcam_trace::{Part, Session, Span, SpanBody, SpanKind, Status, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// Compares what Phoenix holds with what dashcam recorded, span by span.
fn compare(session: &Session, held: Vec<PhoenixSpan>) {
    let count = held.len();
    let held: BTreeMap<String, PhoenixSpan> = held
        .into_iter()
        .map(|span| (span.context.span_id.clone(), span))
        .collect();
    assert_eq!(held.len(), count, "no span is there twice");
    assert_eq!(held.len(), session.spans().count());
    for turn in &session.turns {
        for span in &turn.spans {
            let there = &held[&span.id.to_string()];
            assert_eq!(there.context.trace_id, turn.id.to_string());
            compare_span(session, span, there);
        }
    }
}

fn compare_span(session: &Session, span: &Span, there: &PhoenixSpan) {
    let attribute = |name: &str| there.attributes.get(name);
    assert_eq!(there.parent_id, span.parent.map(|id| id.to_string()));
    assert_eq!(there.name, span.name);
    let kind = match span.kind() {
        SpanKind::ModelCall => "LLM",
        SpanKind::ToolCall => "TOOL",
        SpanKind::AgentRun => "AGENT",
        SpanKind::Turn | SpanKind::Event => "CHAIN",
    };
    assert_eq!(there.span_kind, kind);
    let status = match span.status {
        Status::Ok => "OK",
        Status::Error => "ERROR",
        Status::Interrupted | Status::Unfinished => "UNSET",
    };
    assert_eq!(there.status_code, status);
    // Phoenix keeps microseconds, and rounds.
    let apart = |a: Timestamp, b: Timestamp| (a.as_nanosecond() - b.as_nanosecond()).abs();
    assert!(apart(there.start_time, span.start) <= 1_000);
    assert!(apart(there.end_time, span.end.unwrap_or(span.start)) <= 1_000);
    assert_eq!(
        attribute("session.id"),
        Some(&Value::from(session.native_id.as_str()))
    );
    assert_eq!(attribute("user.id"), Some(&Value::from("ada")));
    match &span.body {
        SpanBody::ModelCall(call) => {
            assert_eq!(
                attribute("llm.model_name"),
                Some(&Value::from(call.model.as_str()))
            );
            let tokens = call.tokens.unwrap_or_default();
            for (name, count) in [
                ("prompt", tokens.prompt),
                ("completion", tokens.completion),
                ("prompt_details.cache_read", tokens.cache_read),
                ("prompt_details.cache_write", tokens.cache_write()),
                ("completion_details.reasoning", tokens.reasoning),
            ] {
                let told = attribute(&format!("llm.token_count.{name}"));
                assert_eq!(told.map_or(Some(0), Value::as_u64), Some(count), "{name}");
            }
            let cost = call.cost.as_ref().map(|cost| cost.usd.usd());
            assert_eq!(attribute("llm.cost.total").and_then(Value::as_f64), cost);
            if let [Part::Text { text }] = call.output.as_slice() {
                let said = attribute("llm.output_messages.0.message.content");
                assert_eq!(said, Some(&Value::from(text.as_str())));
            }
        }
        SpanBody::ToolCall(call) => {
            assert_eq!(
                attribute("tool.name"),
                Some(&Value::from(call.tool.as_str()))
            );
            let output = call.output.as_ref().map(|output| output.text.as_str());
            assert_eq!(attribute("output.value").and_then(Value::as_str), output);
        }
        _ => {}
    }
}

fn add_phoenix(bench: &Workbench, phoenix: &Phoenix) {
    let url = phoenix.url();
    bench.dashcam(&[
        "target", "add", "phoenix", "--url", &url, "--user", "ada", "--level", "full",
    ]);
}

/// Claude Code does a piece of work, with a subagent.
fn run_claude(claude: &ClaudeCode, bench: &mut Workbench) {
    let server: ModelServer = bench.serve("claude-code/agents");
    let ended = claude.run(bench, &server, &[], "Look at the fruits.");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
}

#[test]
fn a_session_stands_in_phoenix_as_it_was_recorded() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let Some(mut phoenix) = Phoenix::find(&bench.folder()) else {
        return;
    };
    phoenix.start();
    add_phoenix(&bench, &phoenix);
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    run_claude(&claude, &mut bench);
    let recorded = receiver.wait(&bench, |recorded| {
        !recorded.sessions.is_empty() && recorded.only_session().turns[0].spans[0].end.is_some()
    });
    let count = recorded.only_session().spans().count();
    let held = phoenix.wait("claude-code", count);
    let recorded = receiver.wait(&bench, |_| true);
    let session = recorded.only_session();
    compare(session, held);
    let told = phoenix.session(&session.native_id);
    assert_eq!(told["data"]["session_id"], session.native_id.as_str());
    assert_eq!(
        told["data"]["traces"].as_array().unwrap().len(),
        session.turns.len()
    );
}

#[test]
fn a_phoenix_that_was_down_all_the_time_gets_everything_once_when_it_is_up() {
    let Some(codex) = Codex::find() else { return };
    let mut bench = Workbench::new();
    let Some(mut phoenix) = Phoenix::find(&bench.folder()) else {
        return;
    };
    add_phoenix(&bench, &phoenix);
    let receiver = Receiver::start(&bench);
    let server = bench.serve("codex/coding");
    let ended = codex.run(&bench, &server, &[], "Mend the price.");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let recorded = receiver.wait(&bench, |recorded| {
        !recorded.sessions.is_empty() && bench.dashcam(&["target", "list"]).contains("cannot reach")
    });
    phoenix.start();
    let count = recorded.only_session().spans().count();
    let held = phoenix.wait("codex", count);
    compare(recorded.only_session(), held);
}

#[test]
fn what_a_phoenix_lost_when_it_was_killed_is_sent_again() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let Some(mut phoenix) = Phoenix::find(&bench.folder()) else {
        return;
    };
    run_claude(&claude, &mut bench);
    let recorded = bench.record();
    let session = recorded.only_session();
    phoenix.start();
    add_phoenix(&bench, &phoenix);
    // It acknowledges what it has in memory only.
    bench.dashcam(&["push", "--all"]);
    phoenix.kill();
    phoenix.start();
    let kept = phoenix.spans("claude-code").len() as u64;
    let report = bench.dashcam(&["target", "verify", "phoenix", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    let sent = session.spans().count();
    assert_eq!(report["sent_spans"], sent);
    assert_eq!(report["held_spans"], kept);
    assert_eq!(report["repaired_spans"], report["lost_spans"]);
    let held = phoenix.wait("claude-code", sent);
    compare(session, held);
    let report = bench.dashcam(&["target", "verify", "phoenix", "--json"]);
    assert!(report.contains("\"lost_spans\": 0"), "{report}");
}
