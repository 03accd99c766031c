//! Gemini generateContent.

use super::request_text::{first_of_role, list, string, text};
use super::{Encoded, Frame, RequestParts, WireError};
use crate::exchange::{Answer, Call, ToolResult, pieces};
use serde_json::{Value, json};

pub(crate) fn read(body: &Value) -> RequestParts {
    let contents = list(body, "contents");
    let results = contents
        .iter()
        .flat_map(|content| list(content, "parts"))
        .map(|part| &part["functionResponse"])
        .filter(|response| response.is_object())
        .map(|response| {
            let fields = &response["response"];
            let failed = fields.get("error").filter(|error| !error.is_null());
            let said = failed.or_else(|| fields.get("output")).unwrap_or(fields);
            ToolResult {
                call_id: response["id"]
                    .as_str()
                    .map_or_else(|| string(response, "name"), str::to_owned),
                text: said
                    .as_str()
                    .map_or_else(|| said.to_string(), str::to_owned),
                is_error: failed.is_some(),
            }
        });
    let tools = list(body, "tools").iter().flat_map(|group| {
        list(group, "functionDeclarations")
            .iter()
            .map(|tool| string(tool, "name"))
    });
    RequestParts {
        system: text(&body["systemInstruction"]),
        first_user: first_of_role(contents, "user"),
        tools: tools.collect(),
        tool_results: results.collect(),
    }
}

pub(crate) fn encode(answer: &Answer) -> Encoded {
    let id = format!("scripted-resp-{}", answer.seed);
    let usage = usage(answer);
    let finish = answer.finish.as_deref().unwrap_or("STOP");
    let groups = part_groups(answer);
    let all: Vec<&Value> = groups.iter().flatten().collect();
    let whole = json!({
        "candidates": [{
            "index": 0, "finishReason": finish, "content": { "role": "model", "parts": all },
        }],
        "usageMetadata": usage, "modelVersion": answer.model, "responseId": id,
    });

    let last = groups.len() - 1;
    let frames = groups
        .iter()
        .enumerate()
        .map(|(at, parts)| {
            let mut candidate =
                json!({ "index": 0, "content": { "role": "model", "parts": parts } });
            let mut counts = &json!({
                "promptTokenCount": answer.usage.input, "totalTokenCount": answer.usage.input,
            });
            if at == last {
                candidate["finishReason"] = json!(finish);
                counts = &usage;
            }
            Frame::unnamed(json!({
                "candidates": [candidate], "usageMetadata": counts,
                "modelVersion": answer.model, "responseId": id,
            }))
        })
        .collect();
    Encoded {
        response_id: id,
        frames,
        trailer: None,
        whole,
    }
}

pub(crate) fn encode_error(error: &WireError<'_>) -> Value {
    let status = error.kind.unwrap_or(match error.status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        _ => "UNKNOWN",
    });
    let mut body =
        json!({ "error": { "code": error.status, "message": error.message, "status": status } });
    if let Some(delay) = error.retry_delay {
        body["error"]["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay,
        }]);
    }
    body
}

/// The parts in the groups that are streamed together; never none.
fn part_groups(answer: &Answer) -> Vec<Vec<Value>> {
    let thoughts = answer
        .thoughts
        .iter()
        .map(|thought| vec![json!({ "text": thought, "thought": true })]);
    let texts = pieces(&answer.text, answer.chunks)
        .into_iter()
        .map(|piece| vec![json!({ "text": piece })]);
    let mut groups: Vec<_> = thoughts.chain(texts).collect();
    if !answer.calls.is_empty() {
        let signature = answer.thought_signature.as_deref();
        groups.push(
            answer
                .calls
                .iter()
                .map(|call| call_part(call, signature))
                .collect(),
        );
    }
    if groups.is_empty() {
        groups.push(vec![json!({ "text": "" })]);
    }
    groups
}

fn call_part(call: &Call, signature: Option<&str>) -> Value {
    let mut function = json!({ "name": call.name, "args": call.input.as_json() });
    if let Some(id) = &call.id {
        function["id"] = json!(id);
    }
    let mut part = json!({ "functionCall": function });
    if let Some(signature) = signature {
        part["thoughtSignature"] = json!(signature);
    }
    part
}

fn usage(answer: &Answer) -> Value {
    let usage = &answer.usage;
    let text = |count: u64| json!([{ "modality": "TEXT", "tokenCount": count }]);
    let mut counts = json!({
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output,
        "totalTokenCount": usage.total().saturating_add(usage.tool_use),
        "promptTokensDetails": text(usage.input),
    });
    // Gemini leaves out what is zero.
    if usage.cached > 0 {
        counts["cachedContentTokenCount"] = json!(usage.cached);
        counts["cacheTokensDetails"] = text(usage.cached);
    }
    if usage.thoughts > 0 {
        counts["thoughtsTokenCount"] = json!(usage.thoughts);
    }
    if usage.tool_use > 0 {
        counts["toolUsePromptTokenCount"] = json!(usage.tool_use);
    }
    counts
}
