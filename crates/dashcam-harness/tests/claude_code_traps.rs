//! What lines of Claude Code's transcripts hold, and the traps in them.

mod handmade;
mod home;
mod invariants;

use dashcam_trace::*;
use handmade::*;
use home::{model_calls, tool_calls};
use serde_json::json;

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
    assert_eq!(session.cost(), Money::from_nanos(1_500_000_000));
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
    // A parent that is nowhere is none of them: Claude Code leaves some out.
    assert_eq!(decoded.problem_count, 5);
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

#[test]
fn a_response_that_cannot_be_read_as_a_whole_keeps_its_usage() {
    let mut bytes = asked("go", "m1").bytes();
    bytes.extend_from_slice(
        br#"{"type":"assistant","uuid":"x","parentUuid":"u1","parentUuid":"u1","timestamp":"2026-03-01T10:00:05.000Z","message":{"id":"m2","model":"claude-x","content":[{"type":"text","text":"hi"}],"usage":{"output_tokens":5}}}"#,
    );
    let decoded = decode_bytes(bytes);
    assert_eq!(problems(&decoded), [ProblemKind::UnexpectedShape]);
    assert_eq!(decoded.session.unwrap().tokens().completion, 15);
}
