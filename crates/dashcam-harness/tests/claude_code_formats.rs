//! The shapes that conversations take in Claude Code's transcripts, old and
//! new: branches, subagents, commands, compaction.

mod handmade;
mod home;
mod invariants;

use dashcam_trace::*;
use handmade::*;
use home::model_calls;
use serde_json::json;

#[test]
fn lines_of_one_response_are_one_call_with_the_fullest_usage() {
    let transcript = Transcript::default()
        .user("go")
        .says_with(
            "m1",
            json!({"type": "thinking", "thinking": "hm"}),
            json!({"output_tokens": 2}),
        )
        .says_with(
            "m1",
            json!({"type": "text", "text": "hi"}),
            json!({"output_tokens": 40}),
        )
        .uses("m1", "t1", "Read", json!({"file_path": "a"}))
        .result("t1", json!("1\tx"), json!({}))
        .uses("m1", "t2", "Read", json!({"file_path": "b"}))
        .result("t2", json!("1\ty"), json!({}))
        .text("m2", "done");
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    let calls: Vec<_> = model_calls(session).collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].tokens.unwrap().completion, 40);
    assert_eq!(calls[0].tokens.unwrap().prompt, 103);
    assert_eq!(calls[0].response_id.as_deref(), Some("m1:req_m1"));
    let kinds: Vec<_> = calls[0].output.iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 4);
    assert!(matches!(&calls[0].output[0], Part::Thinking { text } if text == "hm"));
    assert_eq!(calls[1].input.len(), 2);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
    assert!(decoded.problems.is_empty());
}

#[test]
fn an_edited_prompt_leaves_the_other_branch_abandoned() {
    let transcript = asked("first", "m1")
        .user("second, as it was")
        .text("m2", "answer")
        .user_with("second, edited", json!({"parentUuid": "u1"}))
        .text("m3", "answer");
    let expected = [
        ("first", false),
        ("second, as it was", true),
        ("second, edited", false),
    ];
    assert_eq!(prompts(&decode(&transcript)), expected);
    // The person went back to the older branch, and left.
    let back = transcript.bare(json!({"type": "last-prompt", "leafUuid": "u3"}));
    let expected = [
        ("first", false),
        ("second, as it was", false),
        ("second, edited", true),
    ];
    assert_eq!(prompts(&decode(&back)), expected);
    // What is written later counts more than what was named before.
    let gone_on = back
        .user_with("third", json!({"parentUuid": "u5"}))
        .text("m4", "answer");
    let live: Vec<_> = prompts(&decode(&gone_on))
        .iter()
        .map(|(_, gone)| !gone)
        .collect();
    assert_eq!(live, [true, false, true, true]);
}

#[test]
fn an_edited_first_prompt_is_a_branch_as_well() {
    let transcript = asked("was", "m1")
        .user_with("is", json!({"parentUuid": null}))
        .text("m2", "answer");
    assert_eq!(
        prompts(&decode(&transcript)),
        [("was", true), ("is", false)]
    );
}

#[test]
fn sidechains_inside_the_main_file_hang_under_their_task() {
    let side = |parent: serde_json::Value| json!({"isSidechain": true, "parentUuid": parent});
    let task =
        |prompt: &str| json!({"description": "look", "prompt": prompt, "subagent_type": "Explore"});
    let transcript = Transcript::default()
        .user("go")
        .uses("m1", "t1", "Task", task("find A"))
        .uses("m1", "t2", "Task", task("find B"))
        .user_with("find B", side(json!(null)))
        .user_with("find A", side(json!(null)))
        .says_with(
            "b1",
            json!({"type": "text", "text": "B is there"}),
            side(json!("u3")),
        )
        .says_with(
            "a1",
            json!({"type": "tool_use", "id": "ta", "name": "Grep", "input": {"pattern": "A"}}),
            side(json!("u4")),
        )
        .line(
            "user",
            json!({"isSidechain": true, "parentUuid": "u6", "message": {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "ta", "content": "a.rs"}]}}),
        )
        .says_with(
            "a2",
            json!({"type": "text", "text": "A is there"}),
            side(json!("u7")),
        )
        .result("t2", json!("B is there"), json!({"parentUuid": "u2"}))
        .result("t1", json!("A is there"), json!({"parentUuid": "u1"}))
        .text("m2", "both found");
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    assert_eq!(session.turns.len(), 1);
    let find = |kind: SpanKind, test: &dyn Fn(&Span) -> bool| {
        session
            .spans()
            .find(|span| span.kind() == kind && test(span))
            .unwrap()
    };
    for (call, answer, calls) in [("t1", "A is there", 2), ("t2", "B is there", 1)] {
        let call = find(
            SpanKind::ToolCall,
            &|span| matches!(&span.body, SpanBody::ToolCall(body) if body.call_id.as_deref() == Some(call)),
        );
        let run = find(SpanKind::AgentRun, &|span| span.parent == Some(call.id));
        let SpanBody::AgentRun(body) = &run.body else {
            panic!()
        };
        assert_eq!(body.answer.as_deref(), Some(answer));
        assert_eq!(body.agent_type.as_deref(), Some("Explore"));
        assert_eq!(run.status, Status::Ok);
        let below = session.spans().filter(|span| span.parent == Some(run.id));
        assert_eq!(
            below
                .filter(|span| span.kind() == SpanKind::ModelCall)
                .count(),
            calls
        );
    }
    assert_eq!(decoded.problem_count, 0);
}

#[test]
fn subagents_nest_run_beside_each_other_and_stay_unfinished() {
    let agent = |id: &str, prompt: &str| {
        let mut transcript = Transcript::default()
            .user(prompt)
            .uses(
                &format!("m_{id}"),
                &format!("t_{id}"),
                "Agent",
                json!({"prompt": "deeper", "run_in_background": true}),
            )
            .result(
                &format!("t_{id}"),
                json!("started"),
                json!({"toolUseResult": {
                "isAsync": true, "status": "async_launched", "agentId": format!("{id}_child")}}),
            );
        for line in &mut transcript.lines {
            line["uuid"] = json!(format!("{id}{}", line["uuid"].as_str().unwrap()));
            line["isSidechain"] = json!(true);
            line["agentId"] = json!(id);
        }
        transcript
    };
    let main = Transcript::default()
        .user("go")
        .uses(
            "m1",
            "t1",
            "Agent",
            json!({"prompt": "p1", "subagent_type": "Explore"}),
        )
        .uses("m1", "t2", "Agent", json!({"prompt": "p2"}));
    let mut child = Transcript::default()
        .user("deeper")
        .text("c1", "deep answer");
    for line in &mut child.lines {
        line["uuid"] = json!(format!("child{}", line["uuid"].as_str().unwrap()));
    }
    let meta =
        |call: &str| format!(r#"{{"agentType":"Explore","description":"d","toolUseId":"{call}"}}"#);
    let decoded = decode_files(vec![
        file("s.jsonl", "s", None, main.bytes()),
        // A child comes before its parent in order of path.
        file(
            "s/subagents/agent-a_child.jsonl",
            "s/a_child",
            Some("s"),
            child.bytes(),
        ),
        file(
            "s/subagents/agent-a.jsonl",
            "s/a",
            Some("s"),
            agent("a", "p1").bytes(),
        ),
        file(
            "s/subagents/agent-a.meta.json",
            "s/a",
            Some("s"),
            meta("t1").into_bytes(),
        ),
        file(
            "s/subagents/agent-b.jsonl",
            "s/b",
            Some("s"),
            agent("b", "p2").bytes(),
        ),
        file(
            "s/subagents/agent-b.meta.json",
            "s/b",
            Some("s"),
            meta("t2").into_bytes(),
        ),
    ]);
    let session = decoded.session.as_ref().unwrap();
    let runs: Vec<_> = session
        .spans()
        .filter(|span| span.kind() == SpanKind::AgentRun)
        .collect();
    let run = |id: &str| {
        let is = |span: &&&Span| matches!(&span.body, SpanBody::AgentRun(run) if run.id == id);
        *runs.iter().find(is).unwrap()
    };
    let call_of = |run: &Span| {
        let call = session
            .spans()
            .find(|span| Some(span.id) == run.parent)
            .unwrap();
        let SpanBody::ToolCall(call) = &call.body else {
            panic!("not under a call")
        };
        call.call_id.clone().unwrap()
    };
    assert_eq!(call_of(run("a")), "t1");
    assert_eq!(call_of(run("b")), "t2");
    assert_eq!(call_of(run("a_child")), "t_a");
    // Known from its starter's line alone.
    assert_eq!(call_of(run("b_child")), "t_b");
    assert_eq!(run("a").status, Status::Unfinished);
    assert_eq!(run("a_child").status, Status::Ok);
    let SpanBody::AgentRun(child) = &run("a_child").body else {
        panic!()
    };
    assert!(child.background);
    assert_eq!(child.answer.as_deref(), Some("deep answer"));
    assert_eq!(session.turns[0].status, TurnStatus::Unfinished);
    assert_eq!(session.turns[0].end, None);
}

#[test]
fn a_subagent_without_its_session_is_a_session_of_its_own() {
    let mut transcript = asked("look", "m1");
    for line in &mut transcript.lines {
        line["isSidechain"] = json!(true);
    }
    let decoded = decode_files(vec![file(
        "agent-a.jsonl",
        "s/a",
        Some("s"),
        transcript.bytes(),
    )]);
    let session = decoded.session.unwrap();
    assert_eq!(session.turns[0].prompt.text, "look");
    let parent = session.parent.unwrap();
    assert_eq!(parent.session, SessionId::derive(Harness::ClaudeCode, "s"));
    assert_eq!(parent.relation, ParentRelation::Subagent);
}

#[test]
fn commands_and_shell_lines_are_events_unless_they_set_the_model_to_work() {
    let transcript = Transcript::default()
        .user_with(
            "Caveat: The messages below were generated by the user",
            json!({"isMeta": true}),
        )
        .user("<command-name>/model</command-name><command-args>opus</command-args>")
        .user("<local-command-stdout>Set model to opus</local-command-stdout>")
        .user("go")
        .text("m1", "done")
        .user("<bash-input>git status</bash-input>")
        .user("<bash-stdout>clean</bash-stdout><bash-stderr></bash-stderr>")
        .user("<command-name>/review</command-name><command-args>all</command-args>")
        .user_with("Review the code in this way …", json!({"isMeta": true}))
        .text("m2", "reviewed");
    let decoded = decode(&transcript);
    assert_eq!(prompts(&decoded), [("go", false), ("/review all", false)]);
    let texts = |kind| {
        events(&decoded, kind)
            .into_iter()
            .map(event_text)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        texts(EventKind::Command),
        ["/model opus", "Set model to opus", "/review all"]
    );
    assert_eq!(texts(EventKind::ShellLine), ["git status", "clean"]);
    let session = decoded.session.as_ref().unwrap();
    let own = &session.turns[0];
    assert_eq!(
        own.end,
        own.spans
            .iter()
            .filter(|span| span.kind() == SpanKind::ModelCall)
            .map(|span| span.end)
            .max()
            .unwrap()
    );
}

#[test]
fn a_compaction_is_an_event_and_its_summary_no_prompt() {
    let transcript = asked("go", "m1")
        .line(
            "system",
            json!({"subtype": "compact_boundary", "content": "Conversation compacted",
            "parentUuid": null, "logicalParentUuid": "u1",
            "compactMetadata": {"trigger": "auto", "preTokens": 9}}),
        )
        .user_with(
            "This session is being continued …",
            json!({"isCompactSummary": true}),
        )
        .text("m2", "going on");
    let decoded = decode(&transcript);
    assert_eq!(prompts(&decoded), [("go", false)]);
    assert_eq!(events(&decoded, EventKind::Compaction).len(), 1);
    assert_eq!(
        event_text(events(&decoded, EventKind::Context)[0]),
        "This session is being continued …"
    );
    assert_eq!(decoded.problem_count, 0);
}

#[test]
fn an_interrupted_turn_says_so() {
    let transcript = Transcript::default()
        .user("go")
        .uses("m1", "t1", "Bash", json!({"command": "sleep 99"}))
        .user("[Request interrupted by user]");
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
    assert_eq!(events(&decoded, EventKind::Interruption).len(), 1);
    let call = session
        .spans()
        .find(|span| span.kind() == SpanKind::ToolCall)
        .unwrap();
    assert_eq!((call.status, call.end), (Status::Interrupted, None));
}

#[test]
fn titles_and_origins_are_found() {
    let transcript = asked("go", "m1")
        .bare(json!({"type": "summary", "summary": "of another session", "leafUuid": "elsewhere"}))
        .bare(json!({"type": "summary", "summary": "of this one", "leafUuid": "u1"}))
        .bare(json!({"type": "summary", "summary": "of a third", "leafUuid": "elsewhere"}));
    assert_eq!(
        decode(&transcript).session.unwrap().title.as_deref(),
        Some("of this one")
    );
    let titled = transcript
        .bare(json!({"type": "custom-title", "customTitle": "Mine"}))
        .bare(json!({"type": "ai-title", "aiTitle": "Yours"}));
    assert_eq!(
        decode(&titled).session.unwrap().title.as_deref(),
        Some("Mine")
    );
    let mut forked = asked("go", "m1");
    for line in &mut forked.lines {
        line["forkedFrom"] = json!({"sessionId": "origin", "messageUuid": "x"});
    }
    let parent = decode(&forked).session.unwrap().parent.unwrap();
    assert_eq!(
        parent.session,
        SessionId::derive(Harness::ClaudeCode, "origin")
    );
    assert_eq!(parent.relation, ParentRelation::Fork);
    let mut copied = asked("go", "m1").user("more").text("m2", "done");
    copied.lines[0]["sessionId"] = json!("older");
    copied.lines[1]["sessionId"] = json!("older");
    let parent = decode(&copied).session.unwrap().parent.unwrap();
    assert_eq!(
        parent.session,
        SessionId::derive(Harness::ClaudeCode, "older")
    );
}
