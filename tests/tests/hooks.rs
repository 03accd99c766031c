//! Real harnesses, connected: what their hooks tell joins what they leave on
//! disk and what they send, no step twice, and is seen while they run.

use dashcam_e2e::{
    ClaudeCode, Codex, Receiver, Recorded, Until, Workbench, check, events, from_log, tool_calls,
};
use dashcam_trace::{EventKind, Harness, Source, Timing};
use std::cell::Cell;

const PROMPT: &str = "Do what there is to do.";

/// What was recorded is what was served, and every step was seen by these.
fn compare(bench: &Workbench, recorded: &Recorded, harness: Harness, sources: &[Source]) {
    check(recorded, &from_log(harness, bench.log()));
    let session = recorded.only_session();
    let mut steps: Vec<_> = tool_calls(session).map(|(span, _)| span).collect();
    steps.push(&session.turns[0].spans[0]);
    for span in steps {
        for source in sources {
            assert!(span.sources.contains(*source), "{source:?} in {span:#?}");
        }
    }
}

#[test]
fn claude_code_is_recorded_by_its_hooks_with_nothing_running() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    bench.dashcam(&["connect", "claude-code"]);
    let server = bench.serve("claude-code/coding");
    let ended = claude.run(&bench, &server, &[], PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    // The flush that the end started; nobody else imports.
    let recorded = bench.wait_for_flush(|recorded| {
        recorded
            .sessions
            .iter()
            .any(|session| events(session, EventKind::SessionEnd).count() == 1)
    });
    let both = [Source::Transcript, Source::Hook];
    compare(&bench, &recorded, Harness::ClaudeCode, &both);
    for (span, _) in tool_calls(recorded.only_session()) {
        assert_eq!(span.timing, Timing::Measured);
    }
}

#[test]
fn codex_is_recorded_by_its_hooks_with_nothing_running() {
    let Some(codex) = Codex::find() else { return };
    let mut bench = Workbench::new();
    bench.dashcam(&["connect", "codex"]);
    let server = bench.serve("codex/coding");
    let trusted = ["--dangerously-bypass-hook-trust"];
    let ended = codex.run(&bench, &server, &trusted, PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let both = [Source::Transcript, Source::Hook];
    let recorded = bench.wait_for_flush(|recorded| {
        recorded.sessions.iter().any(|session| {
            let mut seen = tool_calls(session).map(|(span, _)| span.sources).peekable();
            seen.peek().is_some()
                && seen.all(|sources| both.iter().all(|source| sources.contains(*source)))
                && session.turns[0].end.is_some()
        })
    });
    compare(&bench, &recorded, Harness::Codex, &both);
}

#[test]
fn three_sources_of_claude_code_make_one_session() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.dashcam(&["connect", "claude-code"]);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("claude-code/api-errors");
    let ended = claude.run(&bench, &server, &[], PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let all = [Source::Transcript, Source::Hook, Source::Otel];
    let recorded = receiver.wait(&bench, |recorded| {
        recorded.sessions.iter().any(|session| {
            events(session, EventKind::SessionEnd).count() == 1
                && tool_calls(session)
                    .all(|(span, _)| all.iter().all(|source| span.sources.contains(*source)))
        })
    });
    check(&recorded, &from_log(Harness::ClaudeCode, bench.log()));
}

#[test]
fn a_session_is_seen_while_it_runs() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.dashcam(&["connect", "claude-code"]);
    let server = bench.serve("claude-code/slow");
    let seen = Cell::new(false);
    let until = || {
        seen.set(!receiver.read(&bench).sessions.is_empty());
        seen.get()
    };
    claude.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    drop(server.shutdown());
    assert!(seen.get(), "it ended before it was seen");
    // How it ended is known, though it was cut off.
    let recorded = receiver.wait(&bench, |recorded| {
        recorded.only_session().turns[0].end.is_some()
    });
    assert!(recorded.only_session().turns[0].end.is_some());
}
