//! Older formats of Claude Code's transcripts, and the traps in them, each as
//! a small transcript made by hand.

mod home;
mod invariants;

use dashcam_harness::{Decoded, HarnessReader, Membership, reader};
use dashcam_trace::{
    Change, EventKind, Harness, InputPart, ParentRelation, Part, ProblemKind, SessionId, Span,
    SpanBody, SpanKind, Status, Timing, TurnStatus,
};
use home::{Responses, SessionFile, SessionFiles, model_calls, tool_calls};
use serde_json::{Value, json};

fn claude() -> &'static dyn HarnessReader {
    reader(Harness::ClaudeCode)
}

/// A transcript that grows line by line, each under the one before.
#[derive(Default)]
struct Transcript {
    lines: Vec<Value>,
}

impl Transcript {
    /// A line with the fields that every line has; `fields` win.
    fn line(mut self, kind: &str, fields: Value) -> Self {
        let number = self.lines.len();
        let parent = self
            .lines
            .iter()
            .rev()
            .find_map(|line| line["uuid"].as_str());
        let mut line = json!({
            "type": kind, "uuid": format!("u{number}"), "parentUuid": parent,
            "sessionId": "s", "cwd": "/work", "gitBranch": "main", "version": "2.0.1",
            "isSidechain": false,
            "timestamp": format!("2026-03-01T10:{:02}:{:02}.000Z", number / 60, number % 60),
        });
        for (key, value) in fields.as_object().unwrap() {
            line[key] = value.clone();
        }
        self.lines.push(line);
        self
    }

    fn bare(mut self, line: Value) -> Self {
        self.lines.push(line);
        self
    }

    fn user(self, text: &str) -> Self {
        self.line(
            "user",
            json!({"message": {"role": "user", "content": text}}),
        )
    }

    fn user_with(self, text: &str, mut fields: Value) -> Self {
        fields["message"] = json!({"role": "user", "content": text});
        self.line("user", fields)
    }

    fn says(self, id: &str, block: Value) -> Self {
        self.says_with(id, block, json!({}))
    }

    fn says_with(self, id: &str, block: Value, mut fields: Value) -> Self {
        let output = fields["output_tokens"].as_u64().unwrap_or(10);
        fields["message"] = json!({
            "id": id, "role": "assistant", "model": "claude-opus-4", "content": [block],
            "usage": {"input_tokens": 3, "cache_read_input_tokens": 100, "output_tokens": output},
        });
        fields["requestId"] = json!(format!("req_{id}"));
        self.line("assistant", fields)
    }

    fn text(self, id: &str, text: &str) -> Self {
        self.says(id, json!({"type": "text", "text": text}))
    }

    fn uses(self, id: &str, call: &str, tool: &str, input: Value) -> Self {
        self.says(
            id,
            json!({"type": "tool_use", "id": call, "name": tool, "input": input}),
        )
    }

    fn result(self, call: &str, content: Value, mut fields: Value) -> Self {
        let is_error = fields["is_error"].as_bool().unwrap_or(false);
        fields["message"] = json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call, "content": content, "is_error": is_error},
        ]});
        self.line("user", fields)
    }

    fn bytes(&self) -> Vec<u8> {
        self.lines
            .iter()
            .flat_map(|line| format!("{line}\n").into_bytes())
            .collect()
    }
}

fn file(path: &str, native_id: &str, parent: Option<&str>, bytes: Vec<u8>) -> SessionFile {
    let membership = Membership {
        native_id: native_id.to_owned(),
        parent: parent.map(str::to_owned),
    };
    SessionFile {
        path: path.to_owned(),
        membership,
        bytes,
    }
}

fn decode_files(files: Vec<SessionFile>) -> Decoded {
    let session = SessionFiles {
        native_id: files[0].membership.native_id.clone(),
        files,
    };
    let decoded = session.decode(claude());
    let (mut scanned, mut counted) = (Responses::default(), Responses::default());
    scanned.scan(claude(), &session);
    if let Some(session) = &decoded.session {
        invariants::check(session);
        counted.add_session(session);
    }
    assert_eq!(scanned.0, counted.0, "scanner and decoder count alike");
    decoded
}

fn decode(transcript: &Transcript) -> Decoded {
    decode_files(vec![file("s.jsonl", "s", None, transcript.bytes())])
}

fn decode_bytes(bytes: impl Into<Vec<u8>>) -> Decoded {
    decode_files(vec![file("s.jsonl", "s", None, bytes.into())])
}

fn events(decoded: &Decoded, kind: EventKind) -> Vec<&Span> {
    let spans = decoded.session.as_ref().unwrap().spans();
    spans
        .filter(|span| matches!(&span.body, SpanBody::Event(event) if event.kind == kind))
        .collect()
}

fn event_text(span: &Span) -> &str {
    match &span.body {
        SpanBody::Event(event) => event.text.as_deref().unwrap_or_default(),
        _ => panic!("no event"),
    }
}

fn prompts(decoded: &Decoded) -> Vec<(&str, bool)> {
    let turns = &decoded.session.as_ref().unwrap().turns;
    turns
        .iter()
        .map(|turn| (turn.prompt.text.as_str(), turn.abandoned))
        .collect()
}

fn problems(decoded: &Decoded) -> Vec<ProblemKind> {
    decoded
        .problems
        .iter()
        .map(|problem| problem.kind)
        .collect()
}

/// A prompt that is answered.
fn asked(text: &str, id: &str) -> Transcript {
    Transcript::default().user(text).text(id, "done")
}

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
fn responses_without_ids_count_by_themselves() {
    let response = json!({"message": {"role": "assistant", "model": "claude-x", "content": [],
        "usage": {"output_tokens": 4}}, "costUSD": 0.5});
    let transcript = Transcript::default()
        .user("go")
        .line("assistant", response.clone())
        .line("assistant", response.clone())
        .bare({
            let mut line = response;
            line["type"] = json!("assistant");
            line["timestamp"] = json!("2026-03-01T10:00:09.000Z");
            line
        });
    let decoded = decode(&transcript);
    let session = decoded.session.unwrap();
    assert_eq!(session.tokens().completion, 12);
    assert_eq!(session.cost().usd(), 1.5);
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
    let side = |parent: Value| json!({"isSidechain": true, "parentUuid": parent});
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
fn failures_of_the_api_are_events_and_retries() {
    let transcript = Transcript::default()
        .user("go")
        .line(
            "system",
            json!({"subtype": "api_error", "retryAttempt": 1, "maxRetries": 10,
            "error": {"status": 529, "error": {"error": {"message": "Overloaded"}}}}),
        )
        .line(
            "system",
            json!({"subtype": "api_error", "retryAttempt": 2,
            "error": {"status": 529}}),
        )
        .text("m1", "done")
        .user("again")
        .line(
            "assistant",
            json!({"isApiErrorMessage": true, "message": {"id": "x",
            "model": "<synthetic>", "content": [{"type": "text", "text": "API Error: 500"}],
            "usage": {"output_tokens": 99}}}),
        );
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    let calls: Vec<_> = model_calls(session).collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].retries, Some(2));
    let errors: Vec<_> = events(&decoded, EventKind::ApiError)
        .into_iter()
        .map(event_text)
        .collect();
    assert_eq!(
        errors,
        ["529 Overloaded", "API error 529", "API Error: 500"]
    );
    let status: Vec<_> = session.turns.iter().map(|turn| turn.status).collect();
    assert_eq!(status, [TurnStatus::Completed, TurnStatus::Failed]);
}

#[test]
fn tool_results_are_read_in_all_their_forms() {
    let png = json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAEC"}}]);
    let transcript = Transcript::default()
        .user("go")
        .uses("m1", "bash", "Bash", json!({"command": "make"}))
        .uses("m1", "fail", "Bash", json!({"command": "make test"}))
        .uses("m1", "grep", "Bash", json!({"command": "grep x"}))
        .uses("m1", "new", "Write", json!({"file_path": "a", "content": "one\ntwo\n"}))
        .uses("m1", "over", "Write", json!({"file_path": "b", "content": "two\n"}))
        .uses("m1", "edit", "Edit", json!({"file_path": "c", "old_string": "x", "new_string": "y"}))
        .uses("m1", "pic", "Read", json!({"file_path": "p.png"}))
        .uses("m1", "no", "Bash", json!({"command": "rm -r /"}))
        .uses("m1", "web", "WebFetch", json!({"url": "https://x.y"}))
        .result("bash", json!("built"), json!({"toolUseResult": {"stdout": "built", "stderr": "warning", "interrupted": false}}))
        .result("fail", json!("Exit code 2\nno"), json!({"is_error": true, "toolUseResult": "Error: Exit code 2\nno"}))
        .result("grep", json!(""), json!({"toolUseResult": {"stdout": "", "returnCodeInterpretation": "No matches found"}}))
        .result("new", json!("created"), json!({"toolUseResult": {"type": "create", "filePath": "/w/a", "structuredPatch": []}}))
        .result("over", json!("updated"), json!({"toolUseResult": {"type": "update", "filePath": "b", "structuredPatch":
            [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": ["-one", "+two"]}]}}))
        .result("edit", json!("ok"), json!({}))
        .result("pic", png, json!({}))
        .result("no", json!("The user doesn't want to proceed with this tool use."), json!({"is_error": true, "toolUseResult": "User rejected tool use"}))
        .result("web", json!("page"), json!({"toolUseResult": {"durationMs": 1500}}));
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    let span = |id: &str| {
        session
            .spans()
            .find_map(|span| match &span.body {
                SpanBody::ToolCall(call) if call.call_id.as_deref() == Some(id) => {
                    Some((span, call))
                }
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(span("bash").1.exit_code, Some(0));
    assert_eq!(
        span("bash").1.output.as_ref().unwrap().stderr.as_deref(),
        Some("warning")
    );
    assert_eq!(
        (span("fail").1.exit_code, span("fail").0.status),
        (Some(2), Status::Error)
    );
    assert_eq!(span("grep").1.exit_code, None);
    let diff = |id: &str| &span(id).1.diff[0];
    assert_eq!(
        (
            diff("new").change,
            diff("new").added,
            diff("new").path.as_str()
        ),
        (Change::Add, 2, "/w/a")
    );
    assert_eq!(diff("over").patch, "@@ -1,1 +1,1 @@\n-one\n+two\n");
    assert_eq!(diff("over").change, Change::Update);
    assert_eq!(diff("edit").patch, "@@ -1 +1 @@\n-x\n+y\n");
    assert_eq!(span("pic").1.output.as_ref().unwrap().images[0].bytes, 3);
    assert_eq!(decoded.images.len(), 1);
    assert_eq!(span("no").0.status, Status::Interrupted);
    let web = span("web").0;
    assert_eq!(web.timing, Timing::Measured);
    assert_eq!(
        web.end.unwrap().as_millisecond() - web.start.as_millisecond(),
        1500
    );
}

#[test]
fn tools_of_the_provider_are_calls_like_others() {
    let transcript = Transcript::default()
        .user("go")
        .says("m1", json!({"type": "server_tool_use", "id": "w1", "name": "web_search", "input": {"query": "rust"}}))
        .says("m1", json!({"type": "web_search_tool_result", "tool_use_id": "w1", "content": [
            {"type": "web_search_result", "title": "Rust", "url": "https://rust-lang.org"}]}))
        .says("m1", json!({"type": "server_tool_use", "id": "w2", "name": "web_search", "input": {"query": "x"}}))
        .says("m1", json!({"type": "web_search_tool_result", "tool_use_id": "w2",
            "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}}))
        .text("m1", "found");
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    assert_eq!(model_calls(session).count(), 1);
    let calls: Vec<_> = tool_calls(session).collect();
    assert_eq!(calls[0].target.as_deref(), Some("rust"));
    assert_eq!(
        calls[0].output.as_ref().unwrap().text,
        "Rust\nhttps://rust-lang.org"
    );
    let status: Vec<_> = session
        .spans()
        .filter(|span| span.kind() == SpanKind::ToolCall)
        .map(|span| span.status)
        .collect();
    assert_eq!(status, [Status::Ok, Status::Error]);
    assert_eq!(session.turns[0].status, TurnStatus::Completed);
}

#[test]
fn what_the_person_says_meanwhile_is_input() {
    let transcript = Transcript::default()
        .user("go")
        .uses("m1", "t1", "Read", json!({"file_path": "a"}))
        .result("t1", json!("x"), json!({}))
        .line("attachment", json!({"attachment": {"type": "queued_command", "prompt": "and be quick", "commandMode": "prompt"}}))
        .line("attachment", json!({"attachment": {"type": "todo_reminder", "content": "long"}}))
        .text("m2", "done");
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    let input = &model_calls(session).nth(1).unwrap().input;
    assert!(matches!(&input[1], InputPart::Prompt { text } if text == "and be quick"));
    assert!(matches!(&input[2], InputPart::Context { .. }));
    assert_eq!(prompts(&decoded), [("go", false)]);
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

#[test]
fn inconsistent_lines_are_noted_and_nothing_is_lost() {
    let transcript = asked("go", "m1")
        .user_with("lost parent", json!({"parentUuid": "nowhere"}))
        .uses("m2", "t1", "Read", json!({}))
        .uses("m3", "t1", "Read", json!({}))
        .result("t1", json!("x"), json!({}))
        .result("t1", json!("x"), json!({}))
        .result("t9", json!("of nothing"), json!({}))
        .text("m4", "one")
        .line(
            "assistant",
            json!({"uuid": "u2", "parentUuid": "u2", "message": {"id": "m5",
            "model": "claude-x", "content": [{"type": "text", "text": "same uuid"}],
            "usage": {"output_tokens": 1}}}),
        )
        .user_with("in a circle", json!({"uuid": "c1", "parentUuid": "c2"}))
        .user_with("in a circle", json!({"uuid": "c2", "parentUuid": "c1"}))
        .line(
            "assistant",
            json!({"timestamp": "2020-01-01T00:00:00.000Z", "message": {"id": "m6",
            "model": "claude-x", "content": "back in time", "usage": {"output_tokens": 1}}}),
        )
        .line(
            "assistant",
            json!({"timestamp": null, "message": {"id": "m7",
            "model": "claude-x", "content": 7, "usage": {"output_tokens": 1}}}),
        );
    let decoded = decode(&transcript);
    let session = decoded.session.as_ref().unwrap();
    assert_eq!(model_calls(session).count(), 7);
    assert_eq!(tool_calls(session).count(), 3);
    assert!(prompts(&decoded).iter().all(|(_, abandoned)| !abandoned));
    assert!(problems(&decoded).contains(&ProblemKind::Inconsistent));
    assert!(problems(&decoded).contains(&ProblemKind::UnexpectedShape));
    assert!(decoded.problem_count >= 6);
}

#[test]
fn unreadable_lines_cost_only_themselves() {
    let good = asked("go", "m1").bytes();
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    bytes.extend_from_slice(&good);
    bytes.extend_from_slice(b"\0\0\0\0\n\xff\xfe\n[1,2]\n{\"type\":\"weather-report\",\"uuid\":\"w\",\"parentUuid\":\"u1\"}\r\n\n");
    bytes.extend_from_slice(br#"{"type":"assistant","uuid":"x","parentUuid":"w","timestamp":"2026-03-01T10:00:05.000Z","message":{"id":"m2","model":"claude-x","content":[{"type":"text","text":"cut \ud83d"},{"type":"hologram","x":1}],"usage":{"output_tokens":5}}}"#);
    bytes.extend_from_slice(b"\n{\"type\":\"assistant\",\"message\":{\"usage\":{\"output");
    let decoded = decode_bytes(bytes);
    let session = decoded.session.as_ref().unwrap();
    assert_eq!(session.turns.len(), 1);
    let calls: Vec<_> = model_calls(session).collect();
    assert_eq!(calls.len(), 2);
    assert!(matches!(&calls[1].output[0], Part::Text { text } if text == "cut \u{fffd}"));
    assert!(
        matches!(&calls[1].output[1], Part::Other { name, json } if name == "hologram" && json.contains("\"x\":1"))
    );
    let expected = [
        ProblemKind::MalformedLine,
        ProblemKind::MalformedLine,
        ProblemKind::UnexpectedShape,
        ProblemKind::PartialLine,
    ];
    assert_eq!(problems(&decoded), expected);
    assert_eq!(decoded.unknown_records["weather-report"], 1);
    assert_eq!(decoded.unknown_records["assistant block hologram"], 1);
}

#[test]
fn nothing_to_tell_is_no_session() {
    assert!(decode_bytes(*b"").session.is_none());
    assert!(decode_bytes(*b"\n\n").session.is_none());
    assert!(
        decode_bytes(*br#"{"type":"summary","summary":"x","leafUuid":"y"}"#)
            .session
            .is_none()
    );
}

#[test]
fn decoding_twice_gives_the_same() {
    let transcript = asked("go", "m1")
        .user("more")
        .uses("m2", "t1", "Read", json!({}));
    let (once, twice) = (decode(&transcript), decode(&transcript));
    assert_eq!(once.session, twice.session);
}
