//! pi and Oh My Pi, run for real.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{
    Ended, Pi, Recorded, Workbench, check, events, from_log, model_calls, tool_calls,
};
use dashcam_trace::{EventKind, Harness, ParentRelation, Session, SpanBody, Status, TurnStatus};

const PROMPT: &str = "Send out the animals, or do what else there is to do.";

/// One run: what is left of it, and how it ended.
struct Ran {
    bench: Workbench,
    recorded: Recorded,
    ended: Ended,
}

impl Ran {
    fn session(&self) -> &Session {
        self.recorded.session(&Pi::session(&self.ended))
    }
}

/// Plays a scenario in one run, with an extension if need be.
fn run(pi: &Pi, scenario: &str, extension: Option<&str>, prompts: &[&str]) -> (Workbench, Ended) {
    let mut bench = Workbench::new();
    let server = bench.serve(scenario);
    let arguments: Vec<String> = extension.map(Pi::extension).into_iter().flatten().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = pi.run(&bench, &server, &arguments, prompts);
    bench.finish(server);
    (bench, ended)
}

/// Plays a scenario and compares.
fn play(pi: &Pi, scenario: &str, extension: Option<&str>, prompts: &[&str]) -> Ran {
    let (bench, ended) = run(pi, scenario, extension, prompts);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Omp, bench.log()));
    let ran = Ran {
        bench,
        recorded,
        ended,
    };
    let session = ran.session();
    assert_eq!(session.cwd.as_deref(), ran.bench.repository().to_str());
    assert_eq!(session.turns[0].prompt.text, prompts[0]);
    ran
}

fn statuses(session: &Session) -> Vec<(&str, Status)> {
    tool_calls(session)
        .map(|(span, call)| (call.tool.as_str(), span.status))
        .collect()
}

#[test]
fn coding_with_a_failing_and_a_passing_test() {
    for pi in Pi::both() {
        let scenario = if pi.is_oh_my_pi() {
            "omp/coding"
        } else {
            "pi/coding"
        };
        let ran = play(&pi, scenario, None, &[PROMPT]);
        assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
        assert!(ran.bench.file("price.sh").contains("$1 + $2"));
        let session = ran.session();
        assert_eq!(session.turns[0].status, TurnStatus::Completed);
        let tests: Vec<_> = tool_calls(session)
            .filter(|(_, call)| call.tool == "bash")
            .map(|(span, call)| (span.status, call.exit_code))
            .collect();
        // Of a command that goes well neither program notes the exit code.
        assert_eq!(tests, [(Status::Error, Some(3)), (Status::Ok, None)]);
        let edits: Vec<_> = tool_calls(session)
            .flat_map(|(_, call)| &call.diff)
            .map(|diff| {
                let name = diff.path.rsplit('/').next().unwrap();
                (name, diff.added, diff.removed)
            })
            .collect();
        assert_eq!(edits, [("price.sh", 1, 1), ("price.sh", 1, 1)]);
    }
}

#[test]
fn parallel_calls() {
    for pi in Pi::both() {
        let ran = play(&pi, "pi/parallel", None, &[PROMPT]);
        let statuses = statuses(ran.session());
        assert_eq!(statuses.len(), 4);
        assert!(statuses.iter().all(|(_, status)| *status == Status::Ok));
    }
}

#[test]
fn tools_that_fail() {
    for pi in Pi::both() {
        let ran = play(&pi, "pi/tool-errors", None, &[PROMPT]);
        let failed = [
            ("read", Status::Error),
            ("read", Status::Ok),
            ("edit", Status::Error),
            ("teleport", Status::Error),
            ("bash", Status::Error),
        ];
        assert_eq!(statuses(ran.session()), failed);
        let exit_code = tool_calls(ran.session()).last().unwrap().1.exit_code;
        assert_eq!(exit_code, Some(4));
    }
}

#[test]
fn api_errors_that_retries_mend() {
    for pi in Pi::both() {
        let ran = play(&pi, "pi/api-errors", None, &[PROMPT]);
        assert_eq!(ran.ended.code, Some(0), "{:#?}", ran.ended);
        assert_eq!(ran.session().turns[0].status, TurnStatus::Completed);
    }
}

#[test]
fn an_api_error_that_ends_the_turn() {
    for pi in Pi::both() {
        let ran = play(&pi, "pi/refused", None, &[PROMPT]);
        assert_eq!(ran.session().turns[0].status, TurnStatus::Failed);
        let errors: Vec<_> = events(ran.session(), EventKind::ApiError).collect();
        assert_eq!(errors.len(), 1);
        let words = errors[0].1.text.as_deref().unwrap();
        assert!(words.contains("does not take fruit"), "{words}");
    }
}

#[test]
fn an_image_that_a_tool_looks_at() {
    for pi in Pi::both() {
        let ran = play(&pi, "pi/image", None, &[PROMPT]);
        let (_, call) = tool_calls(ran.session()).next().unwrap();
        let images = &call.output.as_ref().unwrap().images;
        assert_eq!(images.len(), 1);
        assert!(images[0].id.is_some());
    }
}

#[test]
fn an_edited_prompt_leaves_the_branch_before_it() {
    for pi in Pi::both() {
        let prompts = ["How many fruits?", "/back", "How many nuts?"];
        let ran = play(&pi, "pi/edited-prompt", Some("back"), &prompts);
        let turns: Vec<_> = ran
            .session()
            .turns
            .iter()
            .map(|turn| (turn.prompt.text.as_str(), turn.abandoned))
            .collect();
        assert_eq!(
            turns,
            [("How many fruits?", true), ("How many nuts?", false)]
        );
    }
}

#[test]
fn an_interrupted_answer() {
    for pi in Pi::both() {
        let (bench, _) = run(&pi, "pi/slow", Some("stop"), &[PROMPT]);
        let recorded = bench.record();
        let served = from_log(Harness::Omp, bench.log());
        assert!(!served[1].is_whole);
        check(&recorded, &served);
        let session = recorded.only_session();
        assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
        let (span, _) = model_calls(session).last().unwrap();
        assert_eq!(span.status, Status::Interrupted);
        assert_eq!(events(session, EventKind::Interruption).count(), 1);
    }
}

#[test]
fn an_interrupted_tool() {
    for pi in Pi::both() {
        let (bench, _) = run(&pi, "pi/slow-tool", Some("stop"), &[PROMPT]);
        let recorded = bench.record();
        check(&recorded, &from_log(Harness::Omp, bench.log()));
        let session = recorded.only_session();
        assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
        assert_eq!(statuses(session), [("bash", Status::Interrupted)]);
    }
}

#[test]
fn a_conversation_that_is_summed_up() {
    for pi in Pi::both() {
        let prompts = ["How many fruits?", "/sum", "Sure?"];
        let (bench, ended) = run(&pi, "pi/compaction", Some("sum"), &prompts);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let recorded = bench.record();
        let session = recorded.only_session();
        let summaries: Vec<_> = events(session, EventKind::Compaction).collect();
        assert_eq!(summaries.len(), 1);
        let summary = summaries[0].1.text.as_deref().unwrap();
        // Oh My Pi sums up without a model.
        let expected = if pi.is_oh_my_pi() {
            "fruits.txt"
        } else {
            "There are three fruits."
        };
        assert!(summary.contains(expected), "{summary}");
        let beside = model_calls(session)
            .filter(|(_, call)| call.parameters.iter().any(|(name, _)| name == "purpose"))
            .map(|(_, call)| call.tokens.unwrap().prompt);
        let expected: &[u64] = if pi.is_oh_my_pi() { &[] } else { &[5000] };
        assert_eq!(beside.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn resumed_conversations_count_once() {
    for pi in Pi::both() {
        let mut bench = Workbench::new();
        for (scenario, arguments, prompt) in [
            ("first", &[] as &[&str], "How many fruits?"),
            ("second", &["--continue"], "Are you sure?"),
        ] {
            let server = bench.serve(&format!("pi/{scenario}"));
            let ended = pi.run(&bench, &server, arguments, &[prompt]);
            assert_eq!(ended.code, Some(0), "{ended:#?}");
            bench.finish(server);
        }
        let recorded = bench.record();
        check(&recorded, &from_log(Harness::Omp, bench.log()));
        let turns = recorded.only_session().turns.iter();
        let prompts: Vec<_> = turns.map(|turn| turn.prompt.text.as_str()).collect();
        assert_eq!(prompts, ["How many fruits?", "Are you sure?"]);
    }
}

#[test]
fn a_fork_counts_only_what_is_its_own() {
    let Some(pi) = Pi::find() else { return };
    let mut bench = Workbench::new();
    let go_on = |bench: &mut Workbench, scenario: &str, arguments: &[&str], prompt: &str| {
        let server = bench.serve(&format!("pi/{scenario}"));
        let ended = pi.run(bench, &server, arguments, &[prompt]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        bench.finish(server);
        Pi::session(&ended)
    };
    let origin = go_on(&mut bench, "first", &[], "How many fruits?");
    let fork = go_on(&mut bench, "third", &["--fork", &origin], "Really?");
    assert_ne!(origin, fork);
    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Omp, bench.log()));
    let (origin, fork) = (recorded.session(&origin), recorded.session(&fork));
    let parent = fork.parent.as_ref().unwrap();
    assert_eq!(
        (parent.session, parent.relation),
        (origin.id, ParentRelation::Fork)
    );
    let copied: Vec<_> = fork
        .turns
        .iter()
        .map(|turn| (turn.prompt.text.as_str(), turn.copied_from.is_some()))
        .collect();
    assert_eq!(copied, [("How many fruits?", true), ("Really?", false)]);
}

#[test]
fn an_mcp_server() {
    let Some(omp) = Pi::find_oh_my_pi() else {
        return;
    };
    let ran = play(&omp, "omp/mcp", None, &[PROMPT]);
    let expected = [
        ("mcp__pantry_take", Status::Ok),
        ("mcp__pantry_spoil", Status::Error),
    ];
    assert_eq!(statuses(ran.session()), expected);
}

#[test]
fn an_agent_that_sends_out_another() {
    let Some(omp) = Pi::find_oh_my_pi() else {
        return;
    };
    let ran = play(&omp, "omp/agents", None, &[PROMPT]);
    assert_eq!(ran.recorded.sessions.len(), 1);
    let session = ran.session();
    let runs: Vec<_> = session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::AgentRun(run) => Some((run.id.as_str(), run.answer.as_deref())),
            _ => None,
        })
        .collect();
    let expected = [
        ("Badger", Some("the badger is done")),
        ("Badger.Wren", Some("three lines")),
    ];
    assert_eq!(runs, expected);
}
