//! Older formats, made by hand.

use super::*;
use dashcam_trace::{EventKind, ParentRelation, Timing, ToolKind};

fn tokens(prompt: u64, cache_read: u64, completion: u64, reasoning: u64) -> Tokens {
    Tokens {
        prompt,
        cache_read,
        completion,
        reasoning,
        ..Tokens::default()
    }
}

fn used(turn: &Turn) -> Vec<Tokens> {
    model_calls(&turn.spans)
        .iter()
        .filter_map(|(_, call)| call.tokens)
        .collect()
}

fn events(session: &Session, kind: EventKind) -> Vec<String> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::Event(event) if event.kind == kind => event.text.clone(),
            _ => None,
        })
        .collect()
}

#[test]
fn running_totals_are_counted_by_their_differences() {
    let session = only_session("old-totals");
    let prompts: Vec<_> = session
        .turns
        .iter()
        .map(|turn| turn.prompt.text.as_str())
        .collect();
    assert_eq!(prompts, ["How many files are there?", "And in src?"]);
    assert_eq!(
        used(&session.turns[0]),
        [tokens(1000, 200, 50, 10), tokens(1200, 900, 20, 0)]
    );
    // The totals begin anew after the compaction.
    assert_eq!(
        used(&session.turns[1]),
        [tokens(1400, 1200, 30, 0), tokens(500, 0, 15, 0)]
    );
    let models: Vec<_> = model_calls(session.spans())
        .iter()
        .map(|(_, call)| call.model.as_str())
        .collect();
    assert_eq!(models, ["gpt-5-codex", "gpt-5-codex", "gpt-5", "gpt-5"]);
    assert_eq!(
        events(&session, EventKind::Settings),
        ["model: gpt-5-codex → gpt-5"]
    );
    assert_eq!(
        events(&session, EventKind::Compaction),
        ["They counted files."]
    );
    assert!(
        session
            .turns
            .iter()
            .all(|turn| turn.status == TurnStatus::Completed)
    );
    assert_eq!(
        tool(&session, "call_a1").1.output.as_ref().unwrap().text,
        "12\n"
    );
    let (span, call) = tool(&session, "call_a2");
    assert_eq!((span.status, call.exit_code), (Status::Error, Some(2)));
    assert_eq!(call.target.as_deref(), Some("ls 'src dir'"));
}

#[test]
fn an_old_forks_copies_have_the_names_of_the_originals() {
    let sessions = sessions("old-fork");
    let responses = |index: usize| -> Vec<String> {
        let session: &Session = sessions[index].1.session.as_ref().unwrap();
        model_calls(session.spans())
            .iter()
            .map(|(_, call)| call.response_id.clone().unwrap())
            .collect()
    };
    let (origin, fork) = (responses(0), responses(1));
    assert_eq!((origin.len(), fork.len()), (2, 3));
    assert_eq!(origin[..], fork[..2]);
    assert!(!origin.contains(&fork[2]));
    let fork = sessions[1].1.session.as_ref().unwrap();
    assert_eq!(
        used(fork.turns.last().unwrap()),
        [tokens(1300, 1100, 10, 0)]
    );
    assert_eq!(fork.parent.as_ref().unwrap().relation, ParentRelation::Fork);
}

#[test]
fn an_old_subagent_is_counted_from_its_parents_total_on() {
    let session = only_session("old-subagent");
    assert_eq!(session.turns.len(), 1);
    assert_eq!(
        session.tokens(),
        tokens(20_600 + 11_900, 19_000 + 11_000, 195, 42)
    );
    let run = session
        .spans()
        .find(|span| matches!(span.body, SpanBody::AgentRun(_)))
        .unwrap();
    let (spawn, _) = tool(&session, "call_p1");
    assert_eq!(run.parent, Some(spawn.id));
    let SpanBody::AgentRun(agent) = &run.body else {
        unreachable!()
    };
    assert_eq!(agent.agent_type.as_deref(), Some("explorer"));
    assert_eq!(agent.prompt.as_deref(), Some("Find add."));
    assert_eq!(agent.answer.as_deref(), Some("calc.py:1"));
    assert_eq!(agent.model.as_deref(), Some("gpt-5.1-mini"));
    assert!(!agent.background);
    let below: Vec<_> = session
        .spans()
        .filter(|span| span.parent == Some(run.id))
        .collect();
    assert_eq!(model_calls(below).len(), 2);
}

#[test]
fn the_first_rollouts_are_bare_items() {
    let session = only_session("oldest");
    let prompts: Vec<_> = session
        .turns
        .iter()
        .map(|turn| turn.prompt.text.as_str())
        .collect();
    assert_eq!(prompts, ["List the files.", "Thanks. Delete it."]);
    assert_eq!(session.git.branch.as_deref(), Some("main"));
    let (span, call) = tool(&session, "call_d1");
    assert_eq!(
        (call.tool_kind, call.target.as_deref()),
        (ToolKind::Shell, Some("ls"))
    );
    assert_eq!((span.status, call.exit_code), (Status::Ok, Some(0)));
    assert_eq!(tool(&session, "call_d2").0.status, Status::Unfinished);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    assert_eq!(session.turns[1].status, TurnStatus::Unfinished);
    // Without usage, a tool's output parts two responses.
    assert_eq!(model_calls(session.spans()).len(), 3);
    assert_eq!(
        session.started_at,
        "2025-05-07T17:24:21.123Z".parse::<Timestamp>().unwrap()
    );
}

#[test]
fn begin_and_end_events_measure_the_tools() {
    let decoded = sessions("older-events").remove(0).1;
    let session = decoded.session.unwrap();
    assert_eq!(session.title.as_deref(), Some("Mend the sum"));
    assert_eq!(session.entrypoint.as_deref(), Some("vscode"));

    let (span, call) = tool(&session, "call_e1");
    assert_eq!(span.timing, Timing::Measured);
    assert_eq!(
        span.end.unwrap().as_millisecond() - span.start.as_millisecond(),
        250
    );
    assert_eq!(
        call.output.as_ref().unwrap().stderr.as_deref(),
        Some("warn")
    );
    let (_, call) = tool(&session, "call_e2");
    assert_eq!(
        (call.tool_kind, call.diff[0].path.as_str()),
        (ToolKind::Edit, "/x/calc.py")
    );
    let (span, call) = tool(&session, "call_e3");
    assert_eq!(
        (span.status, call.tool_kind),
        (Status::Error, ToolKind::Mcp)
    );
    assert_eq!(call.mcp.as_ref().unwrap().server, "docs");
    assert_eq!(
        tool(&session, "call_e4").1.output.as_ref().unwrap().images[0].bytes,
        8
    );
    assert_eq!(tool(&session, "call_e5").1.tool_kind, ToolKind::Plan);
    let web = tool_calls(&session)
        .into_iter()
        .find(|(_, call)| call.tool_kind == ToolKind::Web);
    assert_eq!(web.unwrap().1.target.as_deref(), Some("python add"));

    let first = model_calls(session.spans())[0].1;
    assert_eq!((first.retries, first.ttft_ms), (Some(1), Some(2900.0)));
    assert_eq!(first.provider.as_deref(), Some("azure"));
    assert_eq!(session.turns[0].prompt.images.len(), 1);
    assert_eq!(events(&session, EventKind::ShellLine), ["git status"]);

    let statuses: Vec<_> = session
        .turns
        .iter()
        .map(|turn| (turn.status, turn.abandoned))
        .collect();
    assert_eq!(
        statuses,
        [
            (TurnStatus::Completed, false),
            (TurnStatus::Interrupted, true),
            (TurnStatus::Failed, false),
            (TurnStatus::Unfinished, false)
        ]
    );
    assert_eq!(
        session.turns[2].spans[0].error.as_deref(),
        Some("You are out of quota")
    );
    assert_eq!(tool(&session, "call_e6").0.status, Status::Interrupted);
    assert_eq!(tool(&session, "call_e7").0.status, Status::Unfinished);
    assert_eq!(session.turns[3].end, None);
    let unknown: Vec<_> = decoded.unknown_records.keys().map(String::as_str).collect();
    assert_eq!(
        unknown,
        [
            "brand_new_record",
            "event_msg/brand_new_event",
            "response_item/brand_new_item"
        ]
    );
}

#[test]
fn a_compressed_rollout_is_read_like_any_other() {
    let session = only_session("compressed");
    assert_eq!(
        used(&session.turns[0]),
        [tokens(1000, 200, 50, 10), tokens(1200, 900, 20, 0)]
    );
}
