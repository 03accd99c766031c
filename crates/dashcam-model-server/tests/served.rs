//! What a harness sees of a running server, in each wire format.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_model_server::{Delivery, ModelServer, Scenario};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

fn serve(scenario: &Value) -> ModelServer {
    let scenario = Scenario::parse(&scenario.to_string(), &BTreeMap::new()).unwrap();
    ModelServer::start(scenario).unwrap()
}

/// Posts a body; gives the status and the answer's text.
fn post(server: &ModelServer, path: &str, body: &Value) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut response = agent
        .post(format!("{}{path}", server.url()))
        .header("content-type", "application/json")
        .send(body.to_string())
        .unwrap();
    (
        response.status().as_u16(),
        response.body_mut().read_to_string().unwrap(),
    )
}

fn get(server: &ModelServer, path: &str) -> Value {
    let mut response = ureq::get(format!("{}{path}", server.url())).call().unwrap();
    serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
}

fn whole(server: &ModelServer, path: &str, body: &Value) -> Value {
    let (status, text) = post(server, path, body);
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The data of all events of a stream.
fn events(server: &ModelServer, path: &str, body: &Value) -> Vec<Value> {
    let (status, text) = post(server, path, body);
    assert_eq!(status, 200, "{text}");
    text.split("\n\n")
        .filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")))
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

/// All strings at `pointer` in the events, joined.
fn joined(events: &[Value], pointer: &str) -> String {
    events
        .iter()
        .filter_map(|event| event.pointer(pointer)?.as_str())
        .collect()
}

fn one_of_everything() -> Value {
    json!({
        "chunks": 3,
        "usage": {"input": 900, "output": 50, "cached": 600, "cache_write": 100,
                  "cache_write_1h": 40, "thoughts": 7},
        "replies": [{
            "thought": "Hm.", "text": "Let me look.", "repeat": 2,
            "tool_calls": [{"name": "look", "args": {"at": "a.txt"}}, {"name": "ls", "id": "mine"}],
        }],
    })
}

#[test]
fn anthropic_streams_what_it_answers_whole() {
    let server = serve(&one_of_everything());
    let ask = |stream: bool| {
        json!({"model": "claude-x", "stream": stream, "system": [{"type": "text", "text": "s"}],
               "tools": [{"name": "look"}],
               "messages": [{"role": "user", "content": "hello"}, {"role": "user", "content": [
                   {"type": "tool_result", "tool_use_id": "t1", "is_error": true,
                    "content": [{"type": "text", "text": "no such file"}]}]}]})
    };
    let message = whole(&server, "/v1/messages", &ask(false));
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!(message["content"][0]["thinking"], "Hm.");
    assert_eq!(message["content"][1]["text"], "Let me look.");
    assert_eq!(message["content"][2]["input"], json!({"at": "a.txt"}));
    assert_eq!(message["content"][3]["id"], "mine");
    let usage = &message["usage"];
    assert_eq!(usage["input_tokens"], 200);
    assert_eq!(usage["output_tokens"], 57);
    assert_eq!(usage["cache_read_input_tokens"], 600);
    assert_eq!(usage["cache_creation"]["ephemeral_5m_input_tokens"], 60);
    assert_eq!(usage["cache_creation"]["ephemeral_1h_input_tokens"], 40);

    let events = events(&server, "/v1/messages", &ask(true));
    assert_eq!(events[0]["type"], "message_start");
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    assert_eq!(joined(&events, "/delta/thinking"), "Hm.");
    assert_eq!(joined(&events, "/delta/text"), "Let me look.");
    assert_eq!(
        joined(&events, "/delta/partial_json"),
        r#"{"at":"a.txt"}{}"#
    );
    let delta = &events[events.len() - 2];
    assert_eq!(delta["delta"]["stop_reason"], "tool_use");
    assert_eq!(&delta["usage"], usage);

    let log = server.shutdown();
    assert_eq!(log.len(), 2);
    assert_eq!(log[0].response_id.as_deref(), message["id"].as_str());
    assert_ne!(log[0].response_id, log[1].response_id);
    assert_eq!(log[0].request.tools, ["look"]);
    let result = &log[0].request.tool_results[0];
    assert_eq!(
        (result.call_id.as_str(), result.text.as_str()),
        ("t1", "no such file")
    );
    assert!(result.is_error);
    let reply = serde_json::to_value(&log[0].reply).unwrap();
    assert_eq!(reply["tool_calls"][0]["id"], message["content"][2]["id"]);
    assert!(log.iter().all(|entry| entry.delivery == Delivery::Whole));
}

#[test]
fn openai_chat_streams_what_it_answers_whole() {
    let server = serve(&one_of_everything());
    let ask = |stream: bool| {
        json!({"model": "gpt-x", "stream": stream,
               "tools": [{"type": "function", "function": {"name": "look"}}],
               "messages": [{"role": "user", "content": "hello"},
                            {"role": "tool", "tool_call_id": "c1", "content": "found"}]})
    };
    let completion = whole(&server, "/v1/chat/completions", &ask(false));
    let choice = &completion["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["reasoning_content"], "Hm.");
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"]["arguments"],
        r#"{"at":"a.txt"}"#
    );
    assert_eq!(completion["usage"]["prompt_tokens"], 900);
    assert_eq!(completion["usage"]["completion_tokens"], 57);
    assert_eq!(
        completion["usage"]["prompt_tokens_details"]["cached_tokens"],
        600
    );

    let (_, text) = post(&server, "/v1/chat/completions", &ask(true));
    assert!(text.ends_with("data: [DONE]\n\n"));
    let again = serve(&one_of_everything());
    let events = events(&again, "/v1/chat/completions", &ask(true));
    assert_eq!(joined(&events, "/choices/0/delta/content"), "Let me look.");
    let arguments = "/choices/0/delta/tool_calls/0/function/arguments";
    assert_eq!(joined(&events, arguments), r#"{"at":"a.txt"}{}"#);
    assert_eq!(events.last().unwrap()["usage"], completion["usage"]);
    let log = server.shutdown();
    assert_eq!(log[0].request.tools, ["look"]);
    assert_eq!(log[0].request.tool_results[0].text, "found");
}

#[test]
fn openai_responses_stream_items_namespaces_and_free_text() {
    let mut scenario = one_of_everything();
    scenario["replies"][0]["tool_calls"] = json!([
        {"namespace": "mcp__files", "name": "look", "args": {"at": "a.txt"}},
        {"name": "apply_patch", "input": "*** Begin Patch"},
    ]);
    let server = serve(&scenario);
    let ask = json!({"model": "gpt-x", "stream": true, "instructions": "be brief",
        "tools": [{"type": "function", "name": "exec"},
                  {"type": "namespace", "name": "mcp__files", "tools": [{"name": "look"}]}],
        "input": [{"type": "additional_tools", "role": "developer", "tools": [
                       {"type": "namespace", "name": "more", "tools": [{"name": "wait"}]}]},
                  {"type": "message", "role": "user",
                   "content": [{"type": "input_text", "text": "hello"}]},
                  {"type": "function_call_output", "call_id": "c1", "output": "found"}]});
    let events = events(&server, "/v1/responses", &ask);
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at);
    }
    let last = &events.last().unwrap()["response"];
    assert_eq!(last["status"], "completed");
    assert_eq!(last["usage"]["input_tokens_details"]["cached_tokens"], 600);
    assert_eq!(last["usage"]["output_tokens"], 57);
    assert_eq!(
        last["usage"]["output_tokens_details"]["reasoning_tokens"],
        7
    );
    let done: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.done")
        .map(|event| event["item"].clone())
        .collect();
    assert_eq!(last["output"], json!(done));
    let kinds: Vec<_> = done
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["reasoning", "message", "function_call", "custom_tool_call"]
    );
    assert_eq!(done[2]["namespace"], "mcp__files");
    assert_eq!(done[3]["input"], "*** Begin Patch");
    let log = server.shutdown();
    assert_eq!(
        log[0].request.tools,
        ["exec", "mcp__files.look", "more.wait"]
    );
    assert_eq!(log[0].request.first_user, "hello");
    assert_eq!(log[0].request.tool_results[0].call_id, "c1");
}

#[test]
fn gemini_streams_events_or_an_array() {
    let mut scenario = one_of_everything();
    scenario["replies"][0]["tool_calls"][1]["id"] = json!(false);
    scenario["replies"][0]["thought_signature"] = json!("sig");
    scenario["replies"][0]["repeat"] = json!(3);
    let server = serve(&scenario);
    let ask = json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]},
            {"role": "user", "parts": [{"functionResponse":
                {"name": "look", "response": {"error": "no such file"}}}]}],
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "tools": [{"functionDeclarations": [{"name": "look"}]}]});
    let answer = whole(&server, "/v1beta/models/gemini-x:generateContent", &ask);
    let parts = answer["candidates"][0]["content"]["parts"]
        .as_array()
        .unwrap();
    assert_eq!(parts[0], json!({"text": "Hm.", "thought": true}));
    let calls = &parts[parts.len() - 2..];
    assert!(calls[0]["functionCall"]["id"].is_string());
    assert!(calls[1]["functionCall"].get("id").is_none());
    assert_eq!(calls[0]["thoughtSignature"], "sig");
    assert_eq!(answer["usageMetadata"]["totalTokenCount"], 957);
    assert_eq!(answer["usageMetadata"]["thoughtsTokenCount"], 7);

    let stream = "/v1beta/models/gemini-x:streamGenerateContent";
    let events = events(&server, &format!("{stream}?alt=sse"), &ask);
    assert_eq!(
        joined(&events, "/candidates/0/content/parts/0/text"),
        "Hm.Let me look."
    );
    assert_eq!(
        events.last().unwrap()["candidates"][0]["finishReason"],
        "STOP"
    );
    assert_eq!(
        events.last().unwrap()["usageMetadata"],
        answer["usageMetadata"]
    );
    let array = whole(&server, stream, &ask);
    assert_eq!(array.as_array().unwrap().len(), events.len());

    let log = server.shutdown();
    assert_eq!(log[0].model, "gemini-x");
    assert!(log[0].request.tool_results[0].is_error);
    assert_eq!(log[0].request.tool_results[0].call_id, "look");
}

#[test]
fn side_questions_have_fixed_answers_and_take_no_reply() {
    let server = serve(&json!({"models": ["m1"], "replies": [{"text": "x"}]}));
    let ask = json!({"messages": []});
    let tokens = |path: &str, key: &str| whole(&server, path, &ask)[key].as_u64().unwrap();
    assert!(tokens("/v1/messages/count_tokens", "input_tokens") > 0);
    assert!(tokens("/v1beta/models/g:countTokens", "totalTokens") > 0);
    assert!(whole(&server, "/v1beta/models/g:embedContent", &ask)["embedding"].is_object());
    assert!(whole(&server, "/v1beta/models/g:batchEmbedContents", &ask)["embeddings"].is_array());
    assert_eq!(get(&server, "/v1/models")["data"][0]["id"], "m1");
    assert_eq!(
        get(&server, "/v1beta/models")["models"][0]["name"],
        "models/m1"
    );
    assert_eq!(get(&server, "/__left"), json!({"main": 1}));
    let (status, text) = post(&server, "/v1/analytics/codex/turn-costs", &ask);
    assert_eq!(status, 404, "{text}");
    assert!(server.shutdown().is_empty());
}

#[test]
fn errors_come_in_the_words_of_each_format() {
    let scenario = json!({"replies": [
        {"status": 529, "message": "busy", "headers": {"retry-after": "1"}},
        {"status": 429}, {"status": 500}, {"status": 429, "retry_delay": "2s"},
        {"status": 400, "body": {"own": 1}}, {"text": "well"}]});
    let server = serve(&scenario);
    let error = |path: &str, status: u16| {
        let (given, text) = post(&server, path, &json!({"model": "m"}));
        assert_eq!(given, status);
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let busy = error("/v1/messages", 529);
    assert_eq!(
        busy["error"],
        json!({"type": "overloaded_error", "message": "busy"})
    );
    assert_eq!(
        error("/v1/chat/completions", 429)["error"]["code"],
        "rate_limit_exceeded"
    );
    assert_eq!(error("/v1/responses", 500)["error"]["type"], "server_error");
    let gemini = error("/v1beta/models/g:generateContent", 429);
    assert_eq!(gemini["error"]["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(gemini["error"]["details"][0]["retryDelay"], "2s");
    assert_eq!(error("/v1/messages", 400), json!({"own": 1}));
    assert_eq!(
        whole(&server, "/v1/messages", &json!({}))["content"][0]["text"],
        "well"
    );
    let log = server.shutdown();
    assert_eq!(
        log.iter().map(|e| e.status).collect::<Vec<_>>(),
        [529, 429, 500, 429, 400, 200]
    );
    assert_eq!(log.iter().filter(|entry| entry.usage.is_some()).count(), 1);
}

/// What comes back on a bare connection, headers and all, until it closes.
fn raw_answer(server: &ModelServer, body: &str) -> String {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    write!(
        socket,
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    // A cut connection may end with a reset as well as with an end of file.
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn connections_are_cut_where_the_script_says() {
    let server = serve(&json!({"replies": [
        {"text": "never", "drop": "before"}, {"text": "partly", "drop_after_events": 2}]}));
    assert_eq!(raw_answer(&server, r#"{"stream":true}"#), "");
    let partly = raw_answer(&server, r#"{"stream":true}"#);
    assert!(partly.contains("event: content_block_start"), "{partly}");
    assert!(!partly.contains("content_block_delta"), "{partly}");
    assert!(
        !partly.ends_with("0\r\n\r\n"),
        "the body must not end properly: {partly}"
    );
    let log = server.shutdown();
    assert!(
        log.iter().all(|entry| entry.delivery == Delivery::Cut),
        "{log:?}"
    );
}

#[test]
fn a_harness_that_leaves_in_the_middle_is_noted() {
    let server = serve(&json!({"replies": [
        {"text": "a long and slow answer", "chunks": 20, "chunk_delay_ms": 200}]}));
    let mut socket = TcpStream::connect(server.address()).unwrap();
    let body = r#"{"stream":true}"#;
    write!(
        socket,
        "POST /messages HTTP/1.1\r\nhost: x\r\ncontent-length: 15\r\n\r\n{body}"
    )
    .unwrap();
    let mut some = [0; 64];
    assert!(socket.read(&mut some).unwrap() > 0);
    drop(socket);
    // Stopping the server would end the exchange the same way, so wait for the note.
    let noted = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        server.log()[0].delivery == Delivery::Abandoned
    });
    assert!(noted);
}

#[test]
fn packed_requests_are_understood() {
    let server = serve(&json!({"replies": [{"text": "a"}, {"text": "b"}]}));
    let body = json!({"model": "packed", "messages": []}).to_string();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(body.as_bytes()).unwrap();
    let zstd = zstd::encode_all(body.as_bytes(), 1).unwrap();
    for (encoding, packed) in [("gzip", gzip.finish().unwrap()), ("zstd", zstd)] {
        ureq::post(format!("{}/v1/messages", server.url()))
            .header("content-encoding", encoding)
            .send(&packed)
            .unwrap();
    }
    assert!(
        server
            .shutdown()
            .iter()
            .all(|entry| entry.model == "packed")
    );
}

#[test]
fn another_model_can_be_reported() {
    let server =
        serve(&json!({"replies": [{"text": "a", "model": "other", "finish": "max_tokens"}]}));
    let message = whole(&server, "/v1/messages", &json!({"model": "asked"}));
    assert_eq!(
        (&message["model"], &message["stop_reason"]),
        (&json!("other"), &json!("max_tokens"))
    );
    assert_eq!(server.shutdown()[0].model, "other");
}
