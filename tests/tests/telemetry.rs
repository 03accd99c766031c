//! Real harnesses send their OpenTelemetry to a running dashcam, and what no
//! transcript has is seen: attempts, time to the first token, measured times,
//! what the harness says it cost, calls that it makes for itself.

use dashcam_e2e::{ClaudeCode, Codex, Receiver, Recorded, Workbench, model_calls, tool_calls};
use dashcam_model_server::{Delivery, Entry};
use dashcam_trace::{CostSource, ModelCall, Session, Source, Timing};

const PROMPT: &str = "Look at the fruits.";

/// Whether every model call was seen by both sources, and priced by the
/// harness where it does that.
fn is_joined(recorded: &Recorded) -> bool {
    let mut calls = recorded.sessions.iter().flat_map(model_calls).peekable();
    calls.peek().is_some() && calls.all(|(span, _)| span.sources.contains(Source::Otel))
}

/// How often each answer was asked for before it came, as it was served.
fn failures_before_answers(log: &[Entry]) -> Vec<u32> {
    let mut failures = 0;
    let mut before = Vec::new();
    for entry in log.iter().filter(|entry| entry.queue == "main") {
        if entry.usage.is_some() && entry.delivery == Delivery::Whole {
            before.push(std::mem::take(&mut failures));
        } else {
            failures += 1;
        }
    }
    before
}

fn calls(session: &Session) -> Vec<&ModelCall> {
    model_calls(session).map(|(_, call)| call).collect()
}

#[test]
fn retries_of_claude_code_are_seen_as_they_were_served() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("claude-code/api-errors");
    let ended = claude.run(&bench, &server, &[], PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let recorded = receiver.wait(&bench, |recorded| {
        is_joined(recorded)
            && calls(recorded.only_session())
                .iter()
                .all(|call| call.retries.is_some() && call.ttft_ms.is_some() && call.cost.is_some())
    });
    let session = recorded.only_session();
    let calls = calls(session);
    // 529, 429, answer; 500, a cut connection, answer.
    let retries: Vec<_> = calls.iter().map(|call| call.retries.unwrap()).collect();
    assert_eq!(retries, failures_before_answers(bench.log()));
    assert_eq!(retries, [2, 2]);
    for call in &calls {
        let attempts = call.attempts.len();
        assert_eq!(attempts, call.retries.unwrap() as usize + 1);
        let cost = call.cost.as_ref().unwrap();
        assert_eq!(cost.source, CostSource::Harness);
        // Sonnet 4.5: 3, 0.3 and 15 dollars a million.
        let tokens = call.tokens.unwrap();
        let expected =
            tokens.input() * 3_000 + tokens.cache_read * 300 + tokens.completion * 15_000;
        assert_eq!(cost.usd.nanos(), expected as i64);
    }
    for (span, call) in model_calls(session) {
        assert_eq!(span.timing, Timing::Measured);
        assert!(span.sources.contains(Source::Transcript));
        let (start, end) = (span.start, span.end.unwrap());
        assert!(call.attempts.iter().all(|at| (start..=end).contains(at)));
        // Nothing was asked before the attempts that were served.
        let asked: Vec<_> = bench.log().iter().map(|entry| entry.ts).collect();
        assert!(asked.iter().any(|ts| (start..=end).contains(ts)));
    }
    for (span, _) in tool_calls(session) {
        assert_eq!(span.timing, Timing::Measured);
        assert!(span.sources.contains(Source::Otel));
    }
}

#[test]
fn the_call_that_sums_up_a_conversation_of_claude_code_is_seen() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("claude-code/first");
    let first = claude.run(&bench, &server, &[], PROMPT);
    bench.finish(server);
    let session = ClaudeCode::session(&first);
    let server = bench.serve("claude-code/compaction");
    claude.run(&bench, &server, &["--resume", &session], "/compact");
    let log = server.log();
    let side: Vec<_> = log
        .iter()
        .filter(|entry| entry.queue.starts_with("side"))
        .collect();
    assert!(!side.is_empty(), "the scenario sums up: {log:#?}");
    let summary = |recorded: &Recorded| -> Option<ModelCall> {
        let asked_by = ("asked_by".to_owned(), "compact".to_owned());
        let mut calls = recorded.sessions.iter().flat_map(model_calls);
        calls.find_map(|(span, call)| {
            let is_it = call.parameters.contains(&asked_by);
            assert!(!is_it || !span.sources.contains(Source::Transcript));
            is_it.then(|| call.clone())
        })
    };
    let recorded = receiver.wait(&bench, |recorded| summary(recorded).is_some());
    let served = side[0].usage.unwrap();
    let tokens = summary(&recorded).unwrap().tokens.unwrap();
    assert_eq!(
        (tokens.prompt, tokens.completion),
        (served.input, served.output)
    );
}

#[test]
fn codex_is_measured_though_its_internals_are_left_out() {
    let Some(codex) = Codex::find() else { return };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("codex/api-errors");
    let ended = codex.run(&bench, &server, &[], PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let recorded = receiver.wait(&bench, is_joined);
    let session = recorded.only_session();
    let retries: Vec<_> = calls(session)
        .iter()
        .map(|call| call.retries.unwrap())
        .collect();
    assert_eq!(retries, failures_before_answers(bench.log()));
    for (span, call) in model_calls(session) {
        assert_eq!(span.timing, Timing::Measured);
        assert!(call.tokens.is_some());
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("claude-code/api-errors");
    claude.run(&bench, &server, &[], PROMPT);
    bench.finish(server);
    // The harness has ended, so all that it sent was acknowledged.
    receiver.kill();
    let recorded = bench.record();
    assert!(is_joined(&recorded), "{:#?}", recorded.sessions);
    let retries: Vec<_> = calls(recorded.only_session())
        .iter()
        .map(|call| call.retries.unwrap())
        .collect();
    assert_eq!(retries, failures_before_answers(bench.log()));
}
