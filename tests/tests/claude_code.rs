//! Claude Code, run for real.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{
    ClaudeCode, Ended, Recorded, Until, Workbench, check, events, from_log, model_calls, tool_calls,
};
use dashcam_trace::{
    EventKind, Harness, ParentRelation, Part, Session, SpanBody, Status, TurnStatus,
};

const PROMPT: &str = "Do what there is to do.";

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

/// Plays a scenario in one run and compares; `None` without Claude Code.
fn play(scenario: &str) -> Option<Ran> {
    let claude = ClaudeCode::find()?;
    let mut bench = Workbench::new();
    let server = bench.serve(&format!("claude-code/{scenario}"));
    let ended = claude.run(&bench, &server, &[], PROMPT);
    bench.finish(server);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::ClaudeCode, bench.log()));
    let session = recorded.only_session();
    assert_eq!(session.native_id, ClaudeCode::session(&ended));
    assert_eq!(session.version.as_deref(), Some(ClaudeCode::VERSION));
    assert_eq!(session.git.branch.as_deref(), Some("main"));
    assert_eq!(session.cwd.as_deref(), bench.repository().to_str());
    assert_eq!(session.turns[0].prompt.text, PROMPT);
    Some(Ran {
        bench,
        recorded,
        ended,
    })
}

fn statuses(session: &Session) -> Vec<(&str, Status)> {
    tool_calls(session)
        .map(|(span, call)| (call.tool.as_str(), span.status))
        .collect()
}

#[test]
fn coding_with_a_failing_and_a_passing_test() {
    let Some(ran) = play("coding") else { return };
    assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
    assert!(ran.bench.file("price.sh").contains("$1 + $2"));
    let tests: Vec<_> = tool_calls(ran.session())
        .filter(|(_, call)| call.tool == "Bash")
        .map(|(span, call)| (span.status, call.exit_code))
        .collect();
    assert_eq!(tests, [(Status::Error, Some(3)), (Status::Ok, Some(0))]);
    let edits: Vec<_> = tool_calls(ran.session())
        .flat_map(|(_, call)| &call.diff)
        .map(|diff| {
            (
                diff.path.rsplit('/').next().unwrap(),
                diff.added,
                diff.removed,
            )
        })
        .collect();
    assert_eq!(
        edits,
        [("price.sh", 1, 1), ("price.sh", 1, 1), ("NOTES.md", 1, 0)]
    );
}

#[test]
fn parallel_calls() {
    let Some(ran) = play("parallel") else { return };
    assert!(
        statuses(ran.session())
            .iter()
            .all(|(_, status)| *status == Status::Ok)
    );
}

#[test]
fn tools_that_fail() {
    let Some(ran) = play("tool-errors") else {
        return;
    };
    assert_eq!(
        statuses(ran.session()),
        [
            ("Read", Status::Error),
            ("Read", Status::Ok),
            ("Edit", Status::Error),
            ("Teleport", Status::Error),
            ("Bash", Status::Error)
        ]
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
    assert_eq!(ran.session().turns[0].status, TurnStatus::Completed);
}

#[test]
fn an_answer_that_breaks_off_and_is_asked_for_again() {
    let Some(ran) = play("broken-stream") else {
        return;
    };
    assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
    assert_eq!(ran.session().turns[0].status, TurnStatus::Completed);
}

/// Claude Code 2.1.197 takes the whole blocks of a broken stream for the
/// answer, with the token counts that stood at its beginning.
#[test]
fn an_answer_that_breaks_off_after_its_text() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let server = bench.serve("claude-code/broken-off");
    claude.run(&bench, &server, &[], PROMPT);
    bench.finish(server);
    let recorded = bench.record();
    let calls: Vec<_> = model_calls(recorded.only_session()).collect();
    assert_eq!(calls.len(), 1);
    let text = Part::Text {
        text: "Three".to_owned(),
    };
    assert_eq!(calls[0].1.output, [text]);
    let tokens = calls[0].1.tokens.unwrap();
    assert_eq!((tokens.prompt, tokens.cache_read), (3100, 2000));
    assert_eq!(tokens.completion, 1);
    assert_eq!(tool_calls(recorded.only_session()).count(), 0);
    assert_eq!(recorded.usage.total.tokens, tokens);
    assert_eq!(recorded.from_disk.total.tokens, tokens);
}

#[test]
fn an_api_error_that_ends_the_turn() {
    let Some(ran) = play("refused") else { return };
    let turn = &ran.session().turns[0];
    assert_eq!(turn.status, TurnStatus::Failed);
    let errors: Vec<_> = events(ran.session(), EventKind::ApiError).collect();
    assert_eq!(errors.len(), 1);
    let words = format!("{:?} {:?}", errors[0].0.error, errors[0].1.text);
    assert!(words.contains("does not take fruit"), "{words}");
}

#[test]
fn an_mcp_server() {
    let Some(ran) = play("mcp") else { return };
    let outputs: Vec<_> = tool_calls(ran.session())
        .map(|(span, call)| (span.status, call.output.as_ref().unwrap().text.as_str()))
        .collect();
    assert_eq!(outputs[0], (Status::Ok, "a jar of quince jam"));
    assert_eq!(outputs[1], (Status::Error, "the lid does not open"));
}

#[test]
fn agents_alone_side_by_side_and_nested() {
    let Some(ran) = play("agents") else { return };
    assert_eq!(ran.recorded.summaries[0].agent_runs, 4);
    let answers: Vec<_> = ran
        .session()
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::AgentRun(run) => run.answer.as_deref(),
            _ => None,
        })
        .collect();
    for answer in [
        "three fruits",
        "the otter is done",
        "the badger is done",
        "three lines",
    ] {
        assert!(answers.contains(&answer), "{answer} in {answers:?}");
    }
}

#[test]
fn an_agent_in_the_background() {
    let Some(ran) = play("background-agent") else {
        return;
    };
    let backgrounds: Vec<_> = ran
        .session()
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::AgentRun(run) => Some(run.background),
            _ => None,
        })
        .collect();
    assert_eq!(backgrounds, [true]);
}

#[test]
fn an_image_that_a_tool_reads() {
    let Some(ran) = play("image") else { return };
    let (_, call) = tool_calls(ran.session()).next().unwrap();
    let images = &call.output.as_ref().unwrap().images;
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].media_type, "image/png");
}

#[test]
fn resumed_forked_and_compacted_conversations_count_once() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let go_on = |bench: &mut Workbench, scenario: &str, arguments: &[&str], prompt: &str| {
        let server = bench.serve(&format!("claude-code/{scenario}"));
        let ended = claude.run(bench, &server, arguments, prompt);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        bench.finish(server);
        ClaudeCode::session(&ended)
    };
    let session = go_on(&mut bench, "first", &[], "How many fruits?");
    let resumed = go_on(
        &mut bench,
        "second",
        &["--resume", &session],
        "Are you sure?",
    );
    assert_eq!(session, resumed);
    let fork = go_on(
        &mut bench,
        "third",
        &["--resume", &session, "--fork-session"],
        "Really?",
    );
    assert_ne!(session, fork);
    go_on(
        &mut bench,
        "compaction",
        &["--resume", &session],
        "/compact",
    );
    go_on(&mut bench, "third", &["--resume", &session], "And now?");

    let recorded = bench.record();
    check(&recorded, &from_log(Harness::ClaudeCode, bench.log()));
    assert_eq!(recorded.sessions.len(), 2);
    let (session, fork) = (recorded.session(&session), recorded.session(&fork));
    let parent = fork.parent.as_ref().unwrap();
    assert_eq!(
        (parent.session, parent.relation),
        (session.id, ParentRelation::Fork)
    );
    let copied: Vec<_> = fork.turns.iter().map(|turn| turn.copied_from).collect();
    assert_eq!(copied, [Some(session.id), Some(session.id), None]);
    let prompts: Vec<_> = fork
        .turns
        .iter()
        .map(|turn| turn.prompt.text.as_str())
        .collect();
    assert_eq!(prompts, ["How many fruits?", "Are you sure?", "Really?"]);
    assert_eq!(events(session, EventKind::Compaction).count(), 1);
}

#[test]
fn an_interrupted_answer() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let server = bench.serve("claude-code/slow");
    let until = || Workbench::is_answering(&server, 2);
    claude.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    bench.finish(server);
    let recorded = bench.record();
    let served = from_log(Harness::ClaudeCode, bench.log());
    assert!(!served[1].is_whole);
    // Nothing of the broken answer is on disk.
    check(&recorded, &served[..1]);
    assert_ne!(
        recorded.only_session().turns[0].status,
        TurnStatus::Completed
    );
}

#[test]
fn an_interrupted_tool() {
    let Some(claude) = ClaudeCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let server = bench.serve("claude-code/slow-tool");
    let until = || Workbench::has_answered(&server, 1);
    claude.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    bench.finish(server);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::ClaudeCode, bench.log()));
    let session = recorded.only_session();
    assert_ne!(session.turns[0].status, TurnStatus::Completed);
    let (span, _) = tool_calls(session).next().unwrap();
    assert!(
        matches!(span.status, Status::Interrupted | Status::Unfinished),
        "{span:#?}"
    );
}
