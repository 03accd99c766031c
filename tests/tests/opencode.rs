//! `OpenCode`, run for real.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{
    Ended, OpenCode, Receiver, Recorded, Served, Until, Workbench, check_recorded, events,
    from_log, model_calls, tool_calls,
};
use dashcam_trace::{EventKind, Harness, Session, Source, SpanBody, Status, TurnStatus};
use std::fs;

const PROMPT: &str = "Send out the animals, or do what else there is to do.";

/// `opencode run` puts a prompt of several words in quotes.
fn quoted(prompt: &str) -> String {
    format!("\"{prompt}\"")
}

/// One run: what is left of it, and how it ended.
struct Ran {
    bench: Workbench,
    recorded: Recorded,
    ended: Ended,
}

impl Ran {
    fn session(&self) -> &Session {
        self.recorded.session(&OpenCode::session(&self.ended))
    }
}

/// Plays a scenario in one run and compares; `None` without `OpenCode`.
fn play(scenario: &str) -> Option<Ran> {
    let opencode = OpenCode::find()?;
    let mut bench = Workbench::new();
    let server = bench.serve(&format!("opencode/{scenario}"));
    let ended = opencode.run(&bench, &server, &[], PROMPT);
    bench.finish(server);
    let recorded = bench.record();
    check_recorded(&recorded, &served(&bench));
    let ran = Ran {
        bench,
        recorded,
        ended,
    };
    let session = ran.session();
    assert_eq!(session.version.as_deref(), Some(OpenCode::VERSION));
    assert_eq!(session.cwd.as_deref(), ran.bench.repository().to_str());
    assert_eq!(session.turns[0].prompt.text, quoted(PROMPT));
    Some(ran)
}

fn served(bench: &Workbench) -> Vec<Served> {
    from_log(Harness::OpenCode, bench.log())
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
    let session = ran.session();
    assert_eq!(session.title.as_deref(), Some("Fruits"));
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    let tests: Vec<_> = tool_calls(session)
        .filter(|(_, call)| call.tool == "bash")
        .map(|(span, call)| (span.status, call.exit_code))
        .collect();
    assert_eq!(tests, [(Status::Error, Some(3)), (Status::Ok, Some(0))]);
    let edits: Vec<_> = tool_calls(session)
        .flat_map(|(_, call)| &call.diff)
        .map(|diff| {
            let name = diff.path.rsplit('/').next().unwrap();
            (name, diff.added, diff.removed)
        })
        .collect();
    assert_eq!(
        edits,
        [("price.sh", 1, 1), ("NOTES.md", 1, 0), ("price.sh", 1, 1)]
    );
}

#[test]
fn parallel_calls() {
    let Some(ran) = play("parallel") else { return };
    let statuses = statuses(ran.session());
    assert_eq!(statuses.len(), 3);
    assert!(statuses.iter().all(|(_, status)| *status == Status::Ok));
    let calls: Vec<_> = tool_calls(ran.session()).map(|(span, _)| span).collect();
    assert!(
        calls[0].start <= calls[2].end.unwrap() && calls[2].start <= calls[1].end.unwrap(),
        "not side by side: {calls:#?}"
    );
}

#[test]
fn tools_that_fail() {
    let Some(ran) = play("tool-errors") else {
        return;
    };
    let expected = ["read", "edit", "bash", "juggle"].map(|tool| (tool, Status::Error));
    assert_eq!(statuses(ran.session()), expected);
    let exit_code = tool_calls(ran.session()).nth(2).unwrap().1.exit_code;
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
fn a_stream_that_breaks_off() {
    let Some(ran) = play("broken-stream") else {
        return;
    };
    assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
    assert_eq!(ran.session().turns[0].status, TurnStatus::Completed);
}

#[test]
fn an_api_error_that_ends_the_turn() {
    let Some(ran) = play("refused") else { return };
    assert_eq!(ran.session().turns[0].status, TurnStatus::Failed);
    let errors: Vec<_> = events(ran.session(), EventKind::ApiError).collect();
    assert_eq!(errors.len(), 1);
    let words = format!("{:?}", errors[0].0.error);
    assert!(words.contains("does not take fruit"), "{words}");
}

#[test]
fn an_mcp_server() {
    let Some(ran) = play("mcp") else { return };
    let calls: Vec<_> = tool_calls(ran.session())
        .map(|(span, call)| (span.status, call.output.as_ref().unwrap().text.as_str()))
        .collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].0, Status::Ok);
    assert!(calls[0].1.contains("a jar of quince jam"), "{calls:?}");
    assert_eq!(calls[1].0, Status::Error);
    assert!(calls[1].1.contains("the lid does not open"), "{calls:?}");
}

#[test]
fn agents_side_by_side() {
    let Some(ran) = play("agents") else { return };
    assert_eq!(ran.recorded.sessions.len(), 1);
    let session = ran.session();
    let mut answers: Vec<_> = session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::AgentRun(run) => Some((run.agent_type.as_deref(), run.answer.as_deref())),
            _ => None,
        })
        .collect();
    answers.sort_unstable();
    let general = Some("general");
    assert_eq!(
        answers,
        [
            (general, Some("the otter is done")),
            (general, Some("three fruits")),
            (general, Some("three lines")),
        ]
    );
}

#[test]
fn an_image_that_a_tool_looks_at() {
    let Some(ran) = play("image") else { return };
    let (_, call) = tool_calls(ran.session()).next().unwrap();
    let images = &call.output.as_ref().unwrap().images;
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].media_type, "image/png");
    assert!(images[0].id.is_some());
}

#[test]
fn a_conversation_that_is_compacted_by_itself() {
    let Some(ran) = play("compaction") else {
        return;
    };
    let session = ran.session();
    assert_eq!(session.turns.len(), 1);
    assert_eq!(events(session, EventKind::Compaction).count(), 1);
}

#[test]
fn resumed_and_forked_conversations_count_once() {
    let Some(opencode) = OpenCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let go_on = |bench: &mut Workbench, scenario: &str, arguments: &[&str], prompt: &str| {
        let server = bench.serve(&format!("opencode/{scenario}"));
        let ended = opencode.run(bench, &server, arguments, prompt);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        bench.finish(server);
        OpenCode::session(&ended)
    };
    let session = go_on(&mut bench, "first", &[], "How many fruits?");
    let resumed = go_on(
        &mut bench,
        "second",
        &["--session", &session],
        "Are you sure?",
    );
    assert_eq!(session, resumed);
    let fork = go_on(
        &mut bench,
        "third",
        &["--session", &session, "--fork"],
        "Really?",
    );
    assert_ne!(session, fork);

    let recorded = bench.record();
    check_recorded(&recorded, &served(&bench));
    assert_eq!(recorded.sessions.len(), 2);
    let (session, fork) = (recorded.session(&session), recorded.session(&fork));
    let prompts: Vec<_> = session
        .turns
        .iter()
        .map(|turn| turn.prompt.text.clone())
        .collect();
    assert_eq!(prompts, ["How many fruits?", "Are you sure?"].map(quoted));
    assert_eq!(fork.turns.last().unwrap().prompt.text, "Really?");
    assert!(fork.turns[0].copied_from.is_some());
}

#[test]
fn an_interrupted_answer() {
    let Some(opencode) = OpenCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let server = bench.serve("opencode/slow");
    // Before it come the title's and the first answer.
    let until = || Workbench::is_answering(&server, 3);
    opencode.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    bench.finish(server);
    let recorded = bench.record();
    let session = recorded.only_session();
    let turn = &session.turns[0];
    let calls: Vec<_> = model_calls(session).collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].0.status, Status::Ok);
    // What it wrote until then is there, but nobody counted it.
    assert_ne!(calls[1].0.status, Status::Ok);
    assert_eq!(calls[1].1.tokens, None);
    assert_ne!(turn.status, TurnStatus::Completed);
}

#[test]
fn an_interrupted_tool() {
    let Some(opencode) = OpenCode::find() else {
        return;
    };
    let bench = Workbench::new();
    let server = bench.serve("opencode/slow-tool");
    let until = || Workbench::has_answered(&server, 2);
    opencode.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    let left = server.left();
    drop(server.shutdown());
    assert_eq!(left["main"], 1, "the last answer was never asked for");
    let recorded = bench.record();
    let session = recorded.only_session();
    assert_ne!(session.turns[0].status, TurnStatus::Completed);
    let (span, _) = tool_calls(session).next().unwrap();
    assert!(
        matches!(span.status, Status::Interrupted | Status::Unfinished),
        "{span:#?}"
    );
}

/// The plugin tells of attempts that failed, which the database does not have.
#[test]
fn the_plugin_shows_retries() {
    let Some(opencode) = OpenCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    bench.dashcam(&["connect", "opencode"]);
    let server = bench.serve("opencode/api-errors");
    let ended = opencode.run(&bench, &server, &[], PROMPT);
    bench.finish(server);
    let recorded = bench.record();
    check_recorded(&recorded, &served(&bench));
    let session = recorded.session(&OpenCode::session(&ended));
    let retries: Vec<_> = model_calls(session)
        .map(|(span, call)| {
            assert!(span.sources.contains(Source::Hook));
            (call.retries, call.attempts.len())
        })
        .collect();
    assert_eq!(retries, [(Some(2), 3), (Some(1), 2)]);
    bench.dashcam(&["disconnect", "opencode"]);
    let plugin = bench.home().join(".config/opencode/plugin");
    assert!(!plugin.exists());
}

/// `opencode run` has nobody to ask: it refuses by itself.
#[test]
fn the_plugin_shows_who_was_asked_for_permission() {
    let Some(opencode) = OpenCode::find() else {
        return;
    };
    let bench = Workbench::new();
    bench.dashcam(&["connect", "opencode"]);
    let settings = r#"{ "permission": { "bash": "ask" } }"#;
    fs::write(bench.repository().join("opencode.json"), settings).unwrap();
    let server = bench.serve("opencode/slow-tool");
    let ended = opencode.run(&bench, &server, &[], PROMPT);
    drop(server.shutdown());
    let recorded = bench.record();
    let session = recorded.session(&OpenCode::session(&ended));
    let [permission] = events(session, EventKind::Permission)
        .map(|(span, _)| span)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert_eq!(permission.status, Status::Interrupted);
    assert!(permission.end >= Some(permission.start));
    let (call, _) = tool_calls(session)
        .find(|(_, call)| call.tool == "bash")
        .unwrap();
    assert_eq!(permission.parent, Some(call.id));
}

/// Its own telemetry has the time to the first token, attempts, and the call
/// that makes a title; of its insides nothing is kept.
#[test]
fn telemetry_shows_attempts_and_the_title() {
    let Some(opencode) = OpenCode::find() else {
        return;
    };
    let mut bench = Workbench::new();
    let receiver = Receiver::start(&bench);
    bench.send_telemetry_to(receiver.url());
    let server = bench.serve("opencode/api-errors");
    let ended = opencode.run(&bench, &server, &[], PROMPT);
    bench.finish(server);
    let id = OpenCode::session(&ended);
    // The last spans of a run are lost: OpenCode ends without sending them.
    let recorded = receiver.wait(&bench, |recorded| {
        let mut sessions = recorded.sessions.iter();
        sessions.any(|session| model_calls(session).count() == 3)
    });
    assert_eq!(recorded.sessions.len(), 1, "no session of its own");
    let calls: Vec<_> = model_calls(recorded.session(&id)).collect();
    let (titles, own): (Vec<_>, Vec<_>) = calls
        .into_iter()
        .partition(|(_, call)| call.parameters.iter().any(|(name, _)| name == "asked_by"));
    let tokens: Vec<_> = own.iter().filter_map(|(_, call)| call.tokens).collect();
    let expected: Vec<_> = served(&bench).iter().map(|served| served.tokens).collect();
    assert_eq!(tokens, expected);
    let (span, call) = own[0];
    assert!(span.sources.contains(Source::Otel));
    assert_eq!((call.retries, call.attempts.len()), (Some(2), 3));
    assert!(call.ttft_ms.is_some());
    let [(_, title)] = titles.try_into().unwrap();
    assert_eq!(title.tokens.unwrap().prompt, 210);
}
