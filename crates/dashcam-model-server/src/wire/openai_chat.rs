//! OpenAI chat completions.

use super::request_text::{first_of_role, instructions, list, string, text};
use super::{Encoded, Frame, RequestParts, WireError};
use crate::exchange::{Answer, Call, CallInput, ToolResult, pieces};
use serde_json::{Value, json};

pub(crate) fn read(body: &Value) -> RequestParts {
    let messages = list(body, "messages");
    let results = messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| ToolResult {
            call_id: string(message, "tool_call_id"),
            text: text(&message["content"]),
            is_error: false,
        });
    let tools = list(body, "tools").iter().map(|tool| {
        // `function` or `custom`, as `type` says.
        let kind = tool["type"].as_str().unwrap_or("function");
        string(&tool[kind], "name")
    });
    RequestParts {
        system: instructions(messages),
        first_user: first_of_role(messages, "user"),
        tools: tools.collect(),
        tool_results: results.collect(),
    }
}

pub(crate) fn encode(answer: &Answer) -> Encoded {
    let id = format!("chatcmpl-{}", answer.seed);
    let head = |object: &str| json!({ "id": id, "object": object, "created": answer.created, "model": answer.model });
    let finish = answer
        .finish
        .as_deref()
        .unwrap_or(if answer.calls.is_empty() {
            "stop"
        } else {
            "tool_calls"
        });
    let usage = usage(answer);
    let thought = answer.thoughts.join("\n");

    let chunk = |delta: Value, finish: Option<&str>| {
        let mut data = head("chat.completion.chunk");
        data["choices"] = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        Frame::unnamed(data)
    };
    let mut frames = vec![chunk(json!({ "role": "assistant", "content": "" }), None)];
    if !thought.is_empty() {
        frames.push(chunk(json!({ "reasoning_content": thought }), None));
    }
    for piece in pieces(&answer.text, answer.chunks) {
        frames.push(chunk(json!({ "content": piece }), None));
    }
    for (index, call) in answer.calls.iter().enumerate() {
        let (kind, key, input) = form(call);
        let begun = json!({
            "index": index, "id": call.id, "type": kind, kind: { "name": call.name, key: "" },
        });
        frames.push(chunk(json!({ "tool_calls": [begun] }), None));
        for piece in pieces(&input, answer.chunks) {
            let more = json!({ "index": index, kind: { key: piece } });
            frames.push(chunk(json!({ "tool_calls": [more] }), None));
        }
    }
    frames.push(chunk(json!({}), Some(finish)));
    let mut last = head("chat.completion.chunk");
    last["choices"] = json!([]);
    last["usage"] = usage.clone();
    frames.push(Frame::unnamed(last));

    let text = (!answer.text.is_empty()).then_some(&answer.text);
    let mut message = json!({ "role": "assistant", "content": text });
    if !thought.is_empty() {
        message["reasoning_content"] = json!(thought);
    }
    if !answer.calls.is_empty() {
        let calls = answer.calls.iter().map(|call| {
            let (kind, key, input) = form(call);
            json!({ "id": call.id, "type": kind, kind: { "name": call.name, key: input } })
        });
        message["tool_calls"] = calls.collect();
    }
    let mut whole = head("chat.completion");
    whole["choices"] = json!([{ "index": 0, "message": message, "finish_reason": finish }]);
    whole["usage"] = usage;
    Encoded {
        response_id: id.clone(),
        frames,
        trailer: Some("data: [DONE]\n\n"),
        whole,
    }
}

pub(crate) fn encode_error(error: &WireError<'_>) -> Value {
    let code = match error.status {
        400 => "invalid_request_error",
        401 => "invalid_api_key",
        429 => "rate_limit_exceeded",
        500..=599 => "server_error",
        _ => "error",
    };
    json!({ "error": {
        "message": error.message, "type": error.kind.unwrap_or(code), "code": code, "param": null,
    } })
}

fn usage(answer: &Answer) -> Value {
    let usage = &answer.usage;
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.completion(),
        "total_tokens": usage.total(),
        "prompt_tokens_details": { "cached_tokens": usage.cached },
        "completion_tokens_details": { "reasoning_tokens": usage.thoughts },
    })
}

/// The kind of a call, the field of its input, and the input.
fn form(call: &Call) -> (&'static str, &'static str, String) {
    match &call.input {
        CallInput::Json(arguments) => ("function", "arguments", arguments.to_string()),
        CallInput::Text(text) => ("custom", "input", text.clone()),
    }
}
