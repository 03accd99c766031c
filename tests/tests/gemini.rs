//! Gemini CLI, run for real.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{
    Gemini, Receiver, Recorded, Served, Until, Workbench, check_recorded, events, from_log,
    model_calls, tool_calls,
};
use dashcam_trace::{EventKind, Harness, Session, Source, SpanBody, Status, TurnStatus};

const PROMPT: &str = "Do what there is to do.";

/// Plays a scenario in one run and compares; `None` without Gemini CLI.
fn play(scenario: &str) -> Option<Recorded> {
    let gemini = Gemini::find()?;
    let mut bench = Workbench::new();
    let server = bench.serve(&format!("gemini/{scenario}"));
    let ended = gemini.run(&bench, &server, PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let recorded = bench.record();
    check_recorded(&recorded, &served(&bench));
    let session = recorded.only_session();
    assert_eq!(session.cwd.as_deref(), bench.repository().to_str());
    assert_eq!(session.turns[0].prompt.text, PROMPT);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    Some(recorded)
}

fn served(bench: &Workbench) -> Vec<Served> {
    from_log(Harness::Gemini, bench.log())
}

fn statuses(session: &Session) -> Vec<(&str, Status)> {
    tool_calls(session)
        .map(|(span, call)| (call.tool.as_str(), span.status))
        .collect()
}

#[test]
fn reads_edits_and_runs_the_test() {
    let Some(recorded) = play("coding") else {
        return;
    };
    let session = recorded.only_session();
    let (_, edit) = tool_calls(session)
        .find(|(_, call)| call.tool == "replace")
        .unwrap();
    assert_eq!((edit.diff[0].added, edit.diff[0].removed), (1, 1));
    assert!(edit.diff[0].path.ends_with("price.sh"));
}

#[test]
fn tools_that_fail() {
    let Some(recorded) = play("tool-errors") else {
        return;
    };
    let session = recorded.only_session();
    let [read, edit, shell, unknown] = statuses(session).try_into().unwrap();
    assert_eq!(read, ("read_file", Status::Error));
    assert_eq!(edit, ("replace", Status::Error));
    // A command that fails is a success to Gemini, with its code in the text.
    assert_eq!(shell, ("run_shell_command", Status::Ok));
    assert_eq!(unknown, ("juggle", Status::Error));
    let (_, shell) = tool_calls(session).nth(2).unwrap();
    assert_eq!(shell.exit_code, Some(4));
}

#[test]
fn calls_at_once() {
    play("parallel");
}

#[test]
fn tools_of_a_server() {
    play("mcp");
}

#[test]
fn an_agent_below_its_call() {
    let Some(recorded) = play("agents") else {
        return;
    };
    let session = recorded.only_session();
    let runs: Vec<_> = session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::AgentRun(run) => Some((span, run)),
            _ => None,
        })
        .collect();
    let [(span, run)] = runs.as_slice() else {
        panic!("{runs:#?}")
    };
    assert_eq!(run.agent_type.as_deref(), Some("generalist"));
    assert!(run.answer.as_ref().unwrap().contains("quince"));
    let (call, _) = tool_calls(session)
        .find(|(_, call)| call.tool == "invoke_agent")
        .unwrap();
    assert_eq!(span.parent, Some(call.id));
}

#[test]
fn a_session_that_is_resumed_counts_once() {
    let Some(gemini) = Gemini::find() else { return };
    let mut bench = Workbench::new();
    let server = bench.serve("gemini/first");
    gemini.run(&bench, &server, PROMPT);
    bench.finish(server);
    let server = bench.serve("gemini/second");
    let resume = ["--resume", "latest"];
    let ended = gemini.run_until(&bench, &server, &resume, "And again?", &Until::TheEnd);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let recorded = bench.record();
    check_recorded(&recorded, &served(&bench));
    let prompts: Vec<_> = recorded
        .only_session()
        .turns
        .iter()
        .map(|turn| turn.prompt.text.as_str())
        .collect();
    assert_eq!(prompts, [PROMPT, "And again?"]);
}

#[test]
fn a_command_that_is_interrupted() {
    let Some(gemini) = Gemini::find() else { return };
    let bench = Workbench::new();
    let server = bench.serve("gemini/slow-tool");
    let until = || Workbench::has_answered(&server, 2);
    gemini.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    let left = server.left();
    drop(server.shutdown());
    assert_eq!(left["main"], 1, "the last answer was never asked for");
    let recorded = bench.record();
    let session = recorded.only_session();
    assert_ne!(session.turns[0].status, TurnStatus::Completed);
    assert_eq!(model_calls(session).count(), 2);
}

/// Hooks and telemetry on: what no chat file has is there, and nothing twice.
#[test]
fn three_sources_make_one_session() {
    let Some(gemini) = Gemini::find() else { return };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    Gemini::settle(&bench);
    bench.dashcam(&["connect", "gemini"]);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("gemini/api-errors");
    let ended = gemini.run(&bench, &server, PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let all = [Source::Transcript, Source::Hook, Source::Otel];
    let recorded = receiver.wait(&bench, |recorded| {
        recorded.sessions.iter().any(|session| {
            let (mut tools, mut calls) = (tool_calls(session), model_calls(session));
            events(session, EventKind::SessionEnd).count() == 1
                && tools.all(|(span, _)| all.iter().all(|source| span.sources.contains(*source)))
                && calls.all(|(span, _)| span.sources.contains(Source::Otel))
        })
    });
    check_recorded(&recorded, &served(&bench));
    let retries: Vec<_> = model_calls(recorded.only_session())
        .map(|(_, call)| call.retries)
        .collect();
    assert_eq!(retries, [Some(1), Some(0)]);
}

/// Gemini CLI throws an answer with nothing in it away and asks again: it was
/// paid for, and only telemetry tells.
#[test]
fn an_answer_that_is_thrown_away_counts() {
    let Some(gemini) = Gemini::find() else { return };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("gemini/empty-answers");
    let ended = gemini.run(&bench, &server, PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let recorded = receiver.wait(&bench, |recorded| {
        let mut sessions = recorded.sessions.iter();
        sessions.any(|session| model_calls(session).count() == 2)
    });
    let calls: Vec<_> = model_calls(recorded.only_session())
        .map(|(span, call)| (span.status, call.tokens))
        .collect();
    let [discarded, kept] = served(&bench).try_into().unwrap();
    let paid = |served: Served| Some(served.tokens);
    assert_eq!(
        calls,
        [(Status::Error, paid(discarded)), (Status::Ok, paid(kept))]
    );
}
