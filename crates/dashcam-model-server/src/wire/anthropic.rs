//! Anthropic messages.
//!
//! Seen with Claude Code 2.1.197: it asks for a stream, and takes the usage of
//! `message_delta` over that of `message_start`.

use super::request_text::{first_of_role, list, string, text};
use super::{Encoded, Frame, RequestParts, WireError, uncached};
use crate::exchange::{Answer, ToolResult, pieces};
use serde_json::{Value, json};

pub(crate) fn read(body: &Value) -> RequestParts {
    let messages = list(body, "messages");
    let results = messages
        .iter()
        .flat_map(|message| list(message, "content"))
        .filter(|block| block["type"] == "tool_result")
        .map(|block| ToolResult {
            call_id: string(block, "tool_use_id"),
            text: text(&block["content"]),
            is_error: block["is_error"] == true,
        });
    RequestParts {
        system: text(&body["system"]),
        first_user: first_of_role(messages, "user"),
        tools: list(body, "tools")
            .iter()
            .map(|tool| string(tool, "name"))
            .collect(),
        tool_results: results.collect(),
    }
}

pub(crate) fn encode(answer: &Answer) -> Encoded {
    let id = format!("msg_{}", answer.seed);
    let usage = usage(answer);
    let blocks = blocks(answer);
    let finish = answer
        .finish
        .as_deref()
        .unwrap_or(if answer.calls.is_empty() {
            "end_turn"
        } else {
            "tool_use"
        });
    let whole = json!({
        "id": id, "type": "message", "role": "assistant", "model": answer.model,
        "content": blocks, "stop_reason": finish, "stop_sequence": null, "usage": usage,
    });

    let mut begun = whole.clone();
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    // Nothing is written yet: the provider counts the first token at this point.
    begun["usage"]["output_tokens"] = json!(1);
    let mut frames = vec![event("message_start", json!({ "message": begun }))];
    for (index, block) in blocks.iter().enumerate() {
        frames.extend(block_events(index, block, answer.chunks));
    }
    frames.push(event(
        "message_delta",
        json!({ "delta": { "stop_reason": finish, "stop_sequence": null }, "usage": usage }),
    ));
    frames.push(event("message_stop", json!({})));
    Encoded {
        response_id: id,
        frames,
        trailer: None,
        whole,
    }
}

pub(crate) fn encode_error(error: &WireError<'_>) -> Value {
    let kind = error.kind.unwrap_or(match error.status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        _ => "api_error",
    });
    json!({ "type": "error", "error": { "type": kind, "message": error.message } })
}

fn usage(answer: &Answer) -> Value {
    let usage = &answer.usage;
    json!({
        "input_tokens": uncached(usage),
        "output_tokens": usage.completion(),
        "cache_read_input_tokens": usage.cached,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write.saturating_sub(usage.cache_write_1h),
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "service_tier": "standard",
    })
}

fn blocks(answer: &Answer) -> Vec<Value> {
    let thoughts = answer
        .thoughts
        .iter()
        .map(|thought| json!({ "type": "thinking", "thinking": thought, "signature": "c2lnbmVk" }));
    let text = (!answer.text.is_empty()).then(|| json!({ "type": "text", "text": answer.text }));
    let calls = answer.calls.iter().map(|call| {
        json!({
            "type": "tool_use", "id": call.id, "name": call.name, "input": call.input.as_json(),
        })
    });
    thoughts.chain(text).chain(calls).collect()
}

/// A block begins empty, and its content follows in deltas.
fn block_events(index: usize, block: &Value, chunks: usize) -> Vec<Frame> {
    let (start, delta, key, content) = match block["type"].as_str() {
        Some("tool_use") => {
            let mut start = block.clone();
            start["input"] = json!({});
            (
                start,
                "input_json_delta",
                "partial_json",
                block["input"].to_string(),
            )
        }
        Some("thinking") => {
            let start = json!({ "type": "thinking", "thinking": "", "signature": "" });
            (
                start,
                "thinking_delta",
                "thinking",
                string(block, "thinking"),
            )
        }
        _ => (
            json!({ "type": "text", "text": "" }),
            "text_delta",
            "text",
            string(block, "text"),
        ),
    };
    let of_block = |delta: Value| {
        event(
            "content_block_delta",
            json!({ "index": index, "delta": delta }),
        )
    };
    let mut frames = vec![event(
        "content_block_start",
        json!({ "index": index, "content_block": start }),
    )];
    frames.extend(
        pieces(&content, chunks)
            .into_iter()
            .map(|piece| of_block(json!({ "type": delta, key: piece }))),
    );
    if let Some(signature) = block["signature"].as_str() {
        frames.push(of_block(
            json!({ "type": "signature_delta", "signature": signature }),
        ));
    }
    frames.push(event("content_block_stop", json!({ "index": index })));
    frames
}

fn event(name: &str, mut data: Value) -> Frame {
    data["type"] = json!(name);
    Frame::named(name, data)
}
