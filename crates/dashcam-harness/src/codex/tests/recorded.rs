//! Recordings against the log of the model server that answered.

use super::*;

/// The recordings, and whether one thread made all its calls, so that their
/// order is certain.
const RECORDINGS: [(&str, bool); 14] = [
    ("agents", true),
    ("coding", true),
    ("compaction", true),
    ("errors", true),
    ("image", true),
    ("interrupted", true),
    ("mcp", true),
    ("nested", false),
    ("patch", true),
    ("patches-and-script", true),
    ("resume", true),
    ("scripts", true),
    ("subagent-fork", false),
    ("subagents", false),
];

fn truth(fixture: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(fixtures().join(fixture).join("truth.json")).unwrap();
    let replies: Vec<Value> = serde_json::from_str(&text).unwrap();
    // Answers that failed or broke off used nothing, and are retried.
    let whole =
        |reply: &Value| reply["status"] == 200 && reply["reply"]["drop_after_events"].is_null();
    replies
        .into_iter()
        .filter(whole)
        .map(|reply| expected(&reply))
        .collect()
}

fn expected(answer: &Value) -> Value {
    let (usage, reply) = (&answer["usage"], &answer["reply"]);
    let count = |key: &str| usage[key].as_u64().unwrap();
    let thoughts = match &reply["thought"] {
        Value::Null => Vec::new(),
        Value::Array(thoughts) => thoughts.clone(),
        thought => vec![thought.clone()],
    };
    let calls = reply["tool_calls"].as_array().cloned().unwrap_or_default();
    let calls = calls.iter().map(|call| {
        let input = if call["input"].is_null() {
            &call["args"]
        } else {
            &call["input"]
        };
        let name = call["name"].as_str().unwrap();
        let namespace = call["namespace"]
            .as_str()
            .filter(|name| name.starts_with("mcp__"));
        let name = namespace.map_or(name.to_owned(), |server| format!("{server}__{name}"));
        json!([name, input])
    });
    json!({
        "model": answer["model"],
        "prompt": count("input"),
        "cached": count("cached"),
        "completion": count("output") + count("thoughts"),
        "reasoning": count("thoughts"),
        "thoughts": thoughts,
        "text": reply["text"],
        "calls": calls.collect::<Vec<_>>(),
    })
}

/// The same, as it was decoded.
fn found(session: &Session) -> Vec<Value> {
    let inputs: BTreeMap<_, _> = tool_calls(session)
        .iter()
        .map(|(span, call)| (span.id, call.input.to_value()))
        .collect();
    let calls = model_calls(session.spans())
        .into_iter()
        .map(|(span, call)| {
            let tokens = call.tokens.unwrap();
            let mut thoughts = Vec::new();
            let mut text = Value::Null;
            let mut calls = Vec::new();
            for part in &call.output {
                match part {
                    Part::Thinking { text } => thoughts.push(json!(text)),
                    Part::Text { text: said } => text = json!(said),
                    Part::ToolUse { span, name } => calls.push(json!([name, inputs[span]])),
                    part => panic!("unexpected {part:?}"),
                }
            }
            let found = json!({
                "model": call.model,
                "prompt": tokens.prompt,
                "cached": tokens.cache_read,
                "completion": tokens.completion,
                "reasoning": tokens.reasoning,
                "thoughts": thoughts,
                "text": text,
                "calls": calls,
            });
            (span.end, found)
        });
    let mut calls: Vec<_> = calls.collect();
    calls.sort_by_key(|(end, _)| *end);
    calls.into_iter().map(|(_, found)| found).collect()
}

/// The tool calls as the model wrote them, whatever began first.
fn as_written(session: &Session) -> Vec<(&Span, &dashcam_trace::ToolCall)> {
    let calls = tool_calls(session);
    let by_id: BTreeMap<_, _> = calls.iter().map(|call| (call.0.id, *call)).collect();
    let parts = model_calls(session.spans())
        .into_iter()
        .flat_map(|(_, call)| &call.output);
    parts
        .filter_map(|part| match part {
            Part::ToolUse { span, .. } => Some(by_id[span]),
            _ => None,
        })
        .collect()
}

#[test]
fn recordings_equal_the_servers_log() {
    for (fixture, in_order) in RECORDINGS {
        let mut expected = truth(fixture);
        let mut found: Vec<Value> = sessions(fixture)
            .iter()
            .flat_map(|(_, decoded)| found(decoded.session.as_ref().unwrap()))
            .collect();
        if !in_order {
            expected.sort_by_key(Value::to_string);
            found.sort_by_key(Value::to_string);
        }
        assert_eq!(found, expected, "{fixture}");
    }
}

#[test]
fn recordings_hold_no_problem_and_nothing_unknown() {
    for (fixture, _) in RECORDINGS {
        for (_, decoded) in sessions(fixture) {
            assert_eq!(decoded.problems, Vec::new(), "{fixture}");
            assert_eq!(decoded.unknown_records, BTreeMap::new(), "{fixture}");
        }
    }
}

#[test]
fn the_prompt_is_the_persons_alone() {
    for (fixture, _) in RECORDINGS {
        for (_, decoded) in sessions(fixture) {
            for turn in decoded.session.unwrap().turns {
                assert!(!turn.prompt.text.is_empty(), "{fixture}");
                assert!(
                    !turn.prompt.text.contains('<'),
                    "{fixture}: {}",
                    turn.prompt.text
                );
            }
        }
    }
    let coding = only_session("coding");
    assert_eq!(
        coding.turns[0].prompt.text,
        "DELEGATE-NOW: fix add() in calc.py so that the tests pass."
    );
}

#[test]
fn commands_have_their_exit_code_and_measured_time() {
    let session = only_session("coding");
    let outcomes: Vec<_> = tool_calls(&session)
        .iter()
        .map(|(span, call)| (call.exit_code, span.status))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Some(0), Status::Ok),
            (Some(0), Status::Ok),
            (Some(1), Status::Error),
            (Some(0), Status::Ok),
            (Some(0), Status::Ok)
        ]
    );
    for (span, call) in tool_calls(&session) {
        assert_eq!(span.timing, dashcam_trace::Timing::Measured);
        assert_eq!(call.tool_kind, dashcam_trace::ToolKind::Shell);
    }
    let (_, first) = model_calls(session.spans())[0];
    assert_eq!(first.ttft_ms, Some(180.0));
}

#[test]
fn a_failing_mcp_tool_is_an_error() {
    let session = only_session("mcp");
    let calls = tool_calls(&session);
    assert_eq!(calls[0].1.mcp.as_ref().unwrap().server, "echosrv");
    assert_eq!(
        (calls[0].0.status, calls[1].0.status),
        (Status::Ok, Status::Error)
    );
}

#[test]
fn patches_become_diffs_and_a_script_holds_what_it_ran() {
    let session = only_session("patches-and-script");
    let calls = as_written(&session);
    let patched: Vec<_> = calls[0]
        .1
        .diff
        .iter()
        .map(|diff| diff.path.rsplit('/').next())
        .collect();
    assert_eq!(
        patched,
        [Some("new.txt"), Some("calc2.py"), Some("notes.txt")]
    );
    assert!(calls[0].1.diff[1].patch.starts_with("@@ -1,2 +1,2 @@"));
    assert_eq!(calls[1].1.tool_kind, dashcam_trace::ToolKind::Write);
    assert_eq!(calls[1].1.diff[0].patch, "@@ -0,0 +1,1 @@\n+x\n");
    // A command that outlived its call, and was killed in the end.
    assert_eq!(
        (calls[2].0.status, calls[2].1.exit_code),
        (Status::Ok, None)
    );
    let script = calls.iter().find(|(_, call)| call.tool == "exec").unwrap();
    let all = tool_calls(&session);
    let inner: Vec<_> = all
        .iter()
        .filter(|(span, _)| span.parent == Some(script.0.id))
        .collect();
    assert_eq!(inner.len(), 1);
    assert_eq!(inner[0].1.target.as_deref(), Some("ls"));
    assert!(
        inner[0]
            .1
            .output
            .as_ref()
            .unwrap()
            .text
            .contains("calc2.py")
    );
}

#[test]
fn errors_and_interruptions_end_their_turns() {
    let session = only_session("errors");
    assert_eq!(session.turns[0].status, TurnStatus::Failed);
    let turn = &session.turns[0].spans[0];
    assert_eq!(turn.error.as_deref(), Some("bad request, as scripted"));
    let failed: Vec<_> = as_written(&session)
        .iter()
        .map(|(span, _)| span.status)
        .collect();
    let error = Status::Error;
    assert_eq!(failed, [error, Status::Ok, error, error, error]);
    assert!(as_written(&session)[4].1.diff.is_empty());

    let session = only_session("interrupted");
    assert_eq!(session.turns[0].status, TurnStatus::Interrupted);
    assert_eq!(as_written(&session)[0].0.status, Status::Interrupted);
}

#[test]
fn images_are_kept_once_by_size() {
    let decoded = sessions("image").remove(0).1;
    assert_eq!(decoded.images.len(), 1);
    let session = decoded.session.unwrap();
    let output = as_written(&session)[0].1.output.clone().unwrap();
    assert_eq!(output.images[0].bytes, decoded.images[0].bytes.len() as u64);
    assert_eq!(output.images[0].media_type, "image/png");
}

#[test]
fn a_fork_is_a_session_of_its_own_that_names_its_origin() {
    let sessions = sessions("resume");
    assert_eq!(sessions.len(), 2);
    let (origin, fork) = (
        sessions[0].1.session.as_ref(),
        sessions[1].1.session.as_ref(),
    );
    let (origin, fork) = (origin.unwrap(), fork.unwrap());
    assert_eq!(origin.turns.len(), 2);
    let parent = fork.parent.as_ref().unwrap();
    assert_eq!(parent.session, origin.id);
    assert_eq!(parent.relation, dashcam_trace::ParentRelation::Fork);
    assert_eq!(fork.tokens().prompt, 100);
}

/// The runs of agents in a session: name, tool that started it, and how many
/// model calls stand right below it.
fn runs(session: &Session) -> Vec<(String, Option<String>, usize, Option<String>)> {
    session
        .spans()
        .filter_map(|span| {
            let SpanBody::AgentRun(run) = &span.body else {
                return None;
            };
            let above = session.spans().find(|above| Some(above.id) == span.parent);
            let above = above.and_then(|above| match &above.body {
                SpanBody::ToolCall(call) => Some(call.tool.clone()),
                _ => None,
            });
            let below = session
                .spans()
                .filter(|below| below.parent == Some(span.id));
            Some((
                span.name.clone(),
                above,
                model_calls(below).len(),
                run.answer.clone(),
            ))
        })
        .collect()
}

#[test]
fn subagents_stand_below_the_calls_that_started_them() {
    let spawn = || Some("spawn_agent".to_owned());
    let answer = |text: &str| Some(text.to_owned());
    assert_eq!(
        runs(&only_session("subagents")),
        [
            ("find_add".to_owned(), spawn(), 2, answer("calc.py line 1")),
            ("count_lines".to_owned(), spawn(), 2, answer("three lines")),
        ]
    );
    assert_eq!(
        runs(&only_session("nested")),
        [
            ("outer".to_owned(), spawn(), 3, answer("outer answer")),
            ("deep".to_owned(), spawn(), 1, answer("deep answer")),
            (
                "outer".to_owned(),
                Some("followup_task".to_owned()),
                1,
                answer("followed up")
            ),
        ]
    );
    // This one's file begins with a copy of its parent's.
    assert_eq!(
        runs(&only_session("subagent-fork")),
        [("find_add".to_owned(), spawn(), 1, answer("Done."))]
    );
}

#[test]
fn a_script_holds_its_work_even_after_it_was_left_running() {
    let session = only_session("scripts");
    let calls = as_written(&session);
    let statuses: Vec<_> = calls.iter().map(|(span, _)| span.status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Ok, Status::Error]);
    assert_eq!(calls[2].0.error.as_deref(), Some("Error: broken"));
    let script = calls[0].0.id;
    let all = tool_calls(&session);
    let mut work: Vec<_> = all
        .iter()
        .filter(|(span, _)| span.parent == Some(script))
        .collect();
    work.sort_by_key(|(span, _)| span.end);
    let work: Vec<_> = work
        .iter()
        .map(|(span, call)| {
            (
                call.tool.as_str(),
                call.target.as_deref().unwrap(),
                span.status,
            )
        })
        .collect();
    assert_eq!(
        work,
        [
            ("exec_command", "cat calc.py", Status::Ok),
            ("exec_command", "cat nope.txt", Status::Error),
            ("apply_patch", "/home/dev/work/repo/calc.py", Status::Ok),
            ("exec_command", "sleep 1; echo late", Status::Ok),
        ]
    );
}
