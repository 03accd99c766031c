//! Codex, run for real.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{Codex, Ended, Recorded, Until, Workbench, check, events, from_log, tool_calls};
use dashcam_trace::{
    EventKind, Harness, ParentRelation, Session, Span, SpanBody, Status, TurnStatus,
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
        self.recorded.session(&Codex::session(&self.ended))
    }
}

/// Plays a scenario in one run and compares; `None` without Codex.
fn play(scenario: &str, arguments: &[&str]) -> Option<Ran> {
    let codex = Codex::find()?;
    let mut bench = Workbench::new();
    let server = bench.serve(&format!("codex/{scenario}"));
    let ended = codex.run(&bench, &server, arguments, PROMPT);
    bench.finish(server);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Codex, bench.log()));
    let ran = Ran {
        bench,
        recorded,
        ended,
    };
    let session = ran.session();
    assert_eq!(session.version.as_deref(), Some(Codex::VERSION));
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

#[test]
fn coding_with_a_failing_and_a_passing_test() {
    let Some(ran) = play("coding", &[]) else {
        return;
    };
    assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
    assert!(ran.bench.file("price.sh").contains("$1 + $2"));
    let tests: Vec<_> = tool_calls(ran.session())
        .filter(|(_, call)| call.input.as_str().contains("test.sh"))
        .map(|(span, call)| (span.status, call.exit_code))
        .collect();
    assert_eq!(tests, [(Status::Error, Some(3)), (Status::Ok, Some(0))]);
    let edits: Vec<_> = tool_calls(ran.session())
        .map(|(_, call)| {
            let mut files: Vec<_> = call
                .diff
                .iter()
                .map(|diff| {
                    (
                        diff.path.rsplit('/').next().unwrap(),
                        diff.added,
                        diff.removed,
                    )
                })
                .collect();
            files.sort_unstable();
            files
        })
        .filter(|files| !files.is_empty())
        .collect();
    assert_eq!(
        edits,
        [
            vec![("NOTES.md", 1, 0), ("price.sh", 1, 1)],
            vec![("price.sh", 1, 1)]
        ]
    );
}

#[test]
fn parallel_calls() {
    let Some(ran) = play("parallel", &[]) else {
        return;
    };
    assert!(
        statuses(ran.session())
            .iter()
            .all(|(_, status)| *status == Status::Ok)
    );
}

#[test]
fn tools_that_fail() {
    let Some(ran) = play("tool-errors", &[]) else {
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
    let Some(ran) = play("api-errors", &[]) else {
        return;
    };
    assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
    assert_eq!(ran.session().turns[0].status, TurnStatus::Completed);
}

#[test]
fn an_api_error_that_ends_the_turn() {
    let Some(ran) = play("refused", &[]) else {
        return;
    };
    assert_ne!(ran.ended.code, Some(0));
    assert_eq!(ran.session().turns[0].status, TurnStatus::Failed);
    let errors: Vec<_> = events(ran.session(), EventKind::ApiError).collect();
    assert_eq!(errors.len(), 1);
    let words = format!("{:?} {:?}", errors[0].0.error, errors[0].1.text);
    assert!(words.contains("does not take fruit"), "{words}");
}

#[test]
fn an_mcp_server() {
    let Some(ran) = play("mcp", &[]) else { return };
    let calls: Vec<_> = tool_calls(ran.session()).collect();
    assert!(
        calls[0]
            .1
            .output
            .as_ref()
            .unwrap()
            .text
            .contains("a jar of quince jam")
    );
    assert!(
        calls[1]
            .1
            .output
            .as_ref()
            .unwrap()
            .text
            .contains("the lid does not open")
    );
    let statuses: Vec<_> = calls.iter().map(|(span, _)| span.status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Error]);
}

#[test]
fn agents_side_by_side() {
    let Some(ran) = play("agents", &[]) else {
        return;
    };
    let runs: u32 = ran
        .recorded
        .summaries
        .iter()
        .map(|summary| summary.agent_runs)
        .sum();
    assert_eq!(runs, 2);
}

#[test]
fn an_agent_that_sends_out_another() {
    let Some(ran) = play("nested-agents", &[]) else {
        return;
    };
    assert_eq!(ran.recorded.sessions.len(), 1);
    let session = ran.session();
    let runs: Vec<_> = session
        .spans()
        .filter(|span| matches!(span.body, SpanBody::AgentRun(_)))
        .collect();
    assert_eq!(runs.len(), 2);
    // Up from the inner run: the call that started it, the model call that
    // asked for that, the outer run.
    let above = |span: &Span| session.spans().find(|other| Some(other.id) == span.parent);
    let is_inside = |inner: &Span, outer: &Span| {
        let mut at = above(inner);
        while let Some(span) = at {
            if span.id == outer.id {
                return true;
            }
            at = above(span);
        }
        false
    };
    assert!(is_inside(runs[0], runs[1]) || is_inside(runs[1], runs[0]));
}

#[test]
fn a_patch_that_adds_moves_and_deletes_and_one_that_does_not_apply() {
    let Some(ran) = play("patch", &[]) else {
        return;
    };
    assert!(ran.bench.file("sum.sh").contains("$1 + $2"));
    let calls: Vec<_> = tool_calls(ran.session()).collect();
    let mut files: Vec<_> = calls[0]
        .1
        .diff
        .iter()
        .map(|diff| {
            let name = diff.path.rsplit('/').next().unwrap();
            (name, diff.added, diff.removed)
        })
        .collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [("fruits.txt", 0, 3), ("nuts.txt", 2, 0), ("sum.sh", 1, 1)]
    );
    let statuses: Vec<_> = calls.iter().map(|(span, _)| span.status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Error]);
}

#[test]
fn scripts_that_call_tools() {
    let Some(ran) = play("scripts", &[]) else {
        return;
    };
    assert!(ran.bench.file("price.sh").contains("$1 + $2"));
    let session = ran.session();
    let scripts: Vec<_> = tool_calls(session)
        .filter(|(_, call)| call.tool == "exec")
        .map(|(span, _)| span)
        .collect();
    let statuses: Vec<_> = scripts.iter().map(|span| span.status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Error]);
    let mut called: Vec<_> = tool_calls(session)
        .filter(|(span, _)| span.parent == Some(scripts[0].id))
        .map(|(span, call)| (call.tool.as_str(), span.status))
        .collect();
    called.sort_unstable_by_key(|(tool, status)| (*tool, status.as_str()));
    assert_eq!(
        called,
        [
            ("apply_patch", Status::Ok),
            ("exec_command", Status::Error),
            ("exec_command", Status::Ok)
        ]
    );
}

#[test]
fn an_image_that_a_tool_looks_at() {
    let Some(ran) = play("image", &[]) else {
        return;
    };
    let (_, call) = tool_calls(ran.session()).next().unwrap();
    let images = &call.output.as_ref().unwrap().images;
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].media_type, "image/png");
}

#[test]
fn a_conversation_that_is_compacted_by_itself() {
    let limit = ["-c", "model_auto_compact_token_limit=50000"];
    let Some(ran) = play("compaction", &limit) else {
        return;
    };
    assert_eq!(events(ran.session(), EventKind::Compaction).count(), 1);
}

#[test]
fn resumed_and_forked_conversations_count_once() {
    let Some(codex) = Codex::find() else { return };
    let mut bench = Workbench::new();
    let go_on = |bench: &mut Workbench, scenario: &str, arguments: &[&str], prompt: &str| {
        let server = bench.serve(&format!("codex/{scenario}"));
        let ended = codex.run(bench, &server, arguments, prompt);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        bench.finish(server);
        Codex::session(&ended)
    };
    let session = go_on(&mut bench, "first", &[], "How many fruits?");
    let resumed = go_on(&mut bench, "second", &["resume", &session], "Are you sure?");
    assert_eq!(session, resumed);
    let fork = go_on(&mut bench, "third", &["fork", &session], "Really?");
    assert_ne!(session, fork);

    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Codex, bench.log()));
    assert_eq!(recorded.sessions.len(), 2);
    let (session, fork) = (recorded.session(&session), recorded.session(&fork));
    let prompts: Vec<_> = session
        .turns
        .iter()
        .map(|turn| turn.prompt.text.as_str())
        .collect();
    assert_eq!(prompts, ["How many fruits?", "Are you sure?"]);
    let parent = fork.parent.as_ref().unwrap();
    assert_eq!(
        (parent.session, parent.relation),
        (session.id, ParentRelation::Fork)
    );
    assert_eq!(fork.turns.last().unwrap().prompt.text, "Really?");
}

#[test]
fn an_interrupted_answer() {
    let Some(codex) = Codex::find() else { return };
    let mut bench = Workbench::new();
    let server = bench.serve("codex/slow");
    let until = || Workbench::is_answering(&server, 2);
    codex.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    bench.finish(server);
    let recorded = bench.record();
    let served = from_log(Harness::Codex, bench.log());
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
    let Some(codex) = Codex::find() else { return };
    let mut bench = Workbench::new();
    let server = bench.serve("codex/slow-tool");
    let until = || Workbench::has_answered(&server, 1);
    codex.run_until(&bench, &server, &[], PROMPT, &Until::Interrupted(&until));
    bench.finish(server);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Codex, bench.log()));
    let session = recorded.only_session();
    assert_ne!(session.turns[0].status, TurnStatus::Completed);
    let (span, _) = tool_calls(session).next().unwrap();
    assert!(
        matches!(span.status, Status::Interrupted | Status::Unfinished),
        "{span:#?}"
    );
}
