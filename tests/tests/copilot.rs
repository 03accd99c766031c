//! GitHub Copilot CLI, run for real.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{
    Copilot, CopilotModel, Ended, Receiver, Recorded, Until, Workbench, check, events, from_log,
    model_calls, tool_calls,
};
use dashcam_trace::{
    AgentRun, EventKind, Harness, Session, Source, Span, SpanBody, Status, Timing, ToolKind,
    TurnStatus,
};

const PROMPT: &str = "Send out the animals, or do what else there is to do.";

/// One run: what is left of it, and how it ended.
struct Ran {
    bench: Workbench,
    recorded: Recorded,
    ended: Ended,
}

impl Ran {
    fn session(&self) -> &Session {
        self.recorded.only_session()
    }
}

/// Plays a scenario in one run and compares; `None` without Copilot.
fn play(scenario: &str) -> Option<Ran> {
    play_with(scenario, CopilotModel::Claude)
}

fn play_with(scenario: &str, model: CopilotModel) -> Option<Ran> {
    let copilot = Copilot::find()?;
    let mut bench = Workbench::new();
    let server = bench.serve(&format!("copilot/{scenario}"));
    let ended = copilot.ask(&bench, &server, model, PROMPT);
    bench.finish(server);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Copilot, bench.log()));
    let ran = Ran {
        bench,
        recorded,
        ended,
    };
    let session = ran.session();
    assert_eq!(session.version.as_deref(), Some(Copilot::VERSION));
    assert_eq!(session.entrypoint.as_deref(), Some("github/cli"));
    assert_eq!(session.git.branch.as_deref(), Some("main"));
    assert_eq!(session.cwd.as_deref(), ran.bench.repository().to_str());
    assert_eq!(session.turns[0].prompt.text, PROMPT);
    Some(ran)
}

fn statuses(session: &Session) -> Vec<(&str, Status)> {
    tool_calls(session)
        .map(|(span, call)| (call.tool.as_str(), span.status))
        .collect()
}

/// What each changing call did to which file: name, lines added and removed.
fn edits(session: &Session) -> Vec<(&str, u32, u32)> {
    tool_calls(session)
        .flat_map(|(_, call)| &call.diff)
        .map(|diff| {
            let name = diff.path.rsplit('/').next().unwrap();
            (name, diff.added, diff.removed)
        })
        .collect()
}

fn agent_runs(session: &Session) -> Vec<(&Span, &AgentRun)> {
    let runs = session.spans().filter_map(|span| match &span.body {
        SpanBody::AgentRun(run) => Some((span, run)),
        _ => None,
    });
    runs.collect()
}

#[test]
fn coding_with_a_failing_and_a_passing_test() {
    let Some(ran) = play("coding") else { return };
    assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
    assert!(ran.bench.file("price.sh").contains("$1 + $2"));
    let session = ran.session();
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    let tests: Vec<_> = tool_calls(session)
        .filter(|(_, call)| call.tool_kind == ToolKind::Shell)
        .map(|(span, call)| (span.status, call.exit_code))
        .collect();
    assert_eq!(tests, [(Status::Error, Some(3)), (Status::Ok, Some(0))]);
    assert_eq!(
        edits(session),
        [("price.sh", 1, 1), ("price.sh", 1, 1), ("NOTES.md", 1, 0)]
    );
}

#[test]
fn a_model_that_writes_patches() {
    let Some(ran) = play_with("gpt", CopilotModel::Gpt) else {
        return;
    };
    assert!(ran.bench.file("price.sh").contains("$1 + $2"));
    let mut edits = edits(ran.session());
    edits.sort_unstable();
    assert_eq!(edits, [("NOTES.md", 1, 0), ("price.sh", 1, 1)]);
}

#[test]
fn parallel_calls() {
    let Some(ran) = play("parallel") else { return };
    let calls: Vec<_> = tool_calls(ran.session()).collect();
    assert!(calls.iter().all(|(span, _)| span.status == Status::Ok));
    let last_start = calls.iter().map(|(span, _)| span.start).max();
    let first_end = calls.iter().filter_map(|(span, _)| span.end).min();
    assert!(last_start < first_end, "they ran side by side");
}

#[test]
fn tools_that_fail() {
    let Some(ran) = play("tool-errors") else {
        return;
    };
    let statuses = statuses(ran.session());
    assert_eq!(statuses.len(), 4);
    assert!(
        statuses.iter().all(|(_, status)| *status == Status::Error),
        "{statuses:?}"
    );
    let exit_code = tool_calls(ran.session()).last().unwrap().1.exit_code;
    assert_eq!(exit_code, Some(4));
}

#[test]
fn api_errors_that_retries_mend() {
    let Some(ran) = play("api-errors") else {
        return;
    };
    assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
    let session = ran.session();
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    // Without hooks and without telemetry, nothing on disk tells of them.
    assert!(model_calls(session).all(|(_, call)| call.retries.is_none()));
}

#[test]
fn an_api_error_that_ends_the_turn() {
    let Some(ran) = play("refused") else { return };
    assert_ne!(ran.ended.code, Some(0));
    assert_eq!(ran.session().turns[0].status, TurnStatus::Failed);
    let errors: Vec<_> = events(ran.session(), EventKind::ApiError).collect();
    assert_eq!(errors.len(), 1);
    let words = errors[0].1.text.as_deref().unwrap();
    assert!(words.contains("does not take fruit"), "{words}");
}

#[test]
fn an_mcp_server() {
    let Some(ran) = play("mcp") else { return };
    let calls: Vec<_> = tool_calls(ran.session()).collect();
    let said = |nth: usize| calls[nth].1.output.as_ref().unwrap().text.as_str();
    assert!(said(0).contains("a jar of quince jam"));
    assert!(said(1).contains("the lid does not open"));
    let statuses: Vec<_> = calls.iter().map(|(span, _)| span.status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Error]);
}

#[test]
fn agents_side_by_side() {
    let Some(ran) = play("agents") else { return };
    let runs = agent_runs(ran.session());
    let mut answers: Vec<_> = runs
        .iter()
        .map(|(span, run)| (span.name.as_str(), run.answer.as_deref(), run.background))
        .collect();
    answers.sort_unstable();
    assert_eq!(
        answers,
        [
            ("fruits", Some("three fruits"), false),
            ("waits", Some("the otter is done"), false)
        ]
    );
}

#[test]
fn work_in_the_background_goes_on_with_the_turn() {
    let Some(ran) = play("background") else {
        return;
    };
    let session = ran.session();
    assert_eq!(session.turns.len(), 1);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    let runs = agent_runs(session);
    assert_eq!(runs.len(), 1);
    assert!(runs[0].1.background);
    assert_eq!(events(session, EventKind::Notification).count(), 1);
}

#[test]
fn a_resumed_conversation_is_one_session() {
    let Some(copilot) = Copilot::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let server = bench.serve("copilot/first");
    copilot.run(&bench, &server, "How many fruits?");
    bench.finish(server);
    let server = bench.serve("copilot/second");
    let arguments = ["--continue"];
    copilot.run_until(&bench, &server, &arguments, "Are you sure?", &Until::TheEnd);
    bench.finish(server);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Copilot, bench.log()));
    let turns: Vec<_> = recorded
        .only_session()
        .turns
        .iter()
        .map(|turn| (turn.prompt.text.as_str(), turn.status))
        .collect();
    assert_eq!(
        turns,
        [
            ("How many fruits?", TurnStatus::Completed),
            ("Are you sure?", TurnStatus::Completed)
        ]
    );
}

#[test]
fn an_interrupted_answer() {
    let Some(copilot) = Copilot::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let server = bench.serve("copilot/slow");
    let until = || Workbench::is_answering(&server, 2);
    copilot.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    bench.finish(server);
    let recorded = bench.record();
    let served = from_log(Harness::Copilot, bench.log());
    assert!(!served[1].is_whole);
    // Nothing of the broken answer is on disk.
    check(&recorded, &served[..1]);
    let session = recorded.only_session();
    assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
    assert_eq!(events(session, EventKind::Interruption).count(), 1);
}

#[test]
fn an_interrupted_tool() {
    let Some(copilot) = Copilot::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let server = bench.serve("copilot/slow-tool");
    let until = || Workbench::has_answered(&server, 1);
    copilot.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    bench.finish(server);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Copilot, bench.log()));
    let session = recorded.only_session();
    assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
    assert_eq!(statuses(session), [("bash", Status::Interrupted)]);
}

/// With hooks, the file itself tells of failed attempts; with telemetry, each
/// attempt has its time, and calls and tools are measured.
#[test]
fn hooks_and_telemetry_show_retries() {
    let Some(copilot) = Copilot::find() else {
        return;
    };
    let mut bench = Workbench::new();
    bench.dashcam(&["connect", "copilot"]);
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("copilot/api-errors");
    let ended = copilot.run(&bench, &server, PROMPT);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    let recorded = receiver.wait(&bench, |recorded| {
        let mut calls = recorded.sessions.iter().flat_map(model_calls).peekable();
        calls.peek().is_some() && calls.all(|(span, _)| span.sources.contains(Source::Otel))
    });
    check(&recorded, &from_log(Harness::Copilot, bench.log()));
    let session = recorded.only_session();
    // 503, 429, answer; 500, answer.
    let retries: Vec<_> = model_calls(session)
        .map(|(_, call)| (call.retries, call.attempts.len()))
        .collect();
    assert_eq!(retries, [(Some(2), 3), (Some(1), 2)]);
    for (span, call) in model_calls(session) {
        assert_eq!(span.timing, Timing::Measured);
        assert!(call.ttft_ms.is_some());
        let (start, end) = (span.start, span.end.unwrap());
        assert!(call.attempts.iter().all(|at| (start..=end).contains(at)));
    }
    for (span, _) in tool_calls(session) {
        assert!(span.sources.contains(Source::Otel));
    }
    assert_eq!(events(session, EventKind::ApiError).count(), 3);
}
