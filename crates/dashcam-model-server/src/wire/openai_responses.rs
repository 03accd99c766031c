//! OpenAI responses.
//!
//! Seen with Codex 0.169.0: it asks for a stream, groups tools in namespaces
//! (`{"type": "namespace", "name", "tools"}`), offers them to some models in
//! an input item `additional_tools` instead of `tools`, and takes items from
//! `response.output_item.done` and usage from `response.completed`.

use super::request_text::{first_of_role, instructions, list, string, text};
use super::{Encoded, Frame, RequestParts};
use crate::exchange::{Answer, Call, CallInput, ToolResult, pieces};
use serde_json::{Value, json};

pub(crate) fn read(body: &Value) -> RequestParts {
    let items = list(body, "input");
    let results = items
        .iter()
        .filter(|item| {
            item["type"]
                .as_str()
                .is_some_and(|kind| kind.ends_with("_output"))
        })
        .map(|item| ToolResult {
            call_id: string(item, "call_id"),
            text: text(&item["output"]),
            is_error: false,
        });
    let first_user = match body["input"].as_str() {
        Some(text) => text.to_owned(),
        None => first_of_role(items, "user"),
    };
    let more = items
        .iter()
        .filter(|item| item["type"] == "additional_tools");
    let tools = list(body, "tools")
        .iter()
        .chain(more.flat_map(|item| list(item, "tools")));
    RequestParts {
        system: [text(&body["instructions"]), instructions(items)].join("\n"),
        first_user,
        tools: tools.flat_map(tool_names).collect(),
        tool_results: results.collect(),
    }
}

fn tool_names(tool: &Value) -> Vec<String> {
    let name = tool["name"]
        .as_str()
        .or_else(|| tool["type"].as_str())
        .unwrap_or_default();
    if tool["type"] != "namespace" {
        return vec![name.to_owned()];
    }
    list(tool, "tools")
        .iter()
        .map(|inner| format!("{name}.{}", inner["name"].as_str().unwrap_or_default()))
        .collect()
}

pub(crate) fn encode(answer: &Answer) -> Encoded {
    let id = format!("resp_{}", answer.seed);
    let usage = &answer.usage;
    let usage = json!({
        "input_tokens": usage.input,
        "output_tokens": usage.completion(),
        "total_tokens": usage.total(),
        "input_tokens_details": {
            "cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write,
        },
        "output_tokens_details": { "reasoning_tokens": usage.thoughts },
    });
    let begun = json!({
        "id": id, "object": "response", "created_at": answer.created, "model": answer.model,
        "status": "in_progress", "output": [], "usage": null, "error": null,
        "incomplete_details": null, "instructions": null, "metadata": {},
        "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
        "temperature": 1.0, "top_p": 1.0,
    });

    let mut stream = Stream::default();
    stream.emit("response.created", json!({ "response": begun }));
    stream.emit("response.in_progress", json!({ "response": begun }));
    for thought in &answer.thoughts {
        stream.reasoning(&answer.seed, thought);
    }
    if !answer.text.is_empty() {
        stream.message(&answer.seed, &answer.text, answer.chunks);
    }
    for call in &answer.calls {
        stream.call(&answer.seed, call, answer.chunks);
    }

    let mut whole = begun;
    whole["output"] = json!(stream.items);
    whole["usage"] = usage;
    let ending = match answer.finish.as_deref() {
        None | Some("completed") => "completed",
        Some(reason) => {
            whole["incomplete_details"] = json!({ "reason": reason });
            "incomplete"
        }
    };
    whole["status"] = json!(ending);
    stream.emit(&format!("response.{ending}"), json!({ "response": whole }));
    Encoded {
        response_id: id,
        frames: stream.frames,
        trailer: None,
        whole,
    }
}

/// Events numbered in order, and the finished items.
#[derive(Default)]
struct Stream {
    frames: Vec<Frame>,
    items: Vec<Value>,
}

impl Stream {
    fn emit(&mut self, kind: &str, mut data: Value) {
        data["type"] = json!(kind);
        data["sequence_number"] = json!(self.frames.len());
        self.frames.push(Frame::named(kind, data));
    }

    /// An event of the item at work.
    fn of_item(&mut self, item: &Value, kind: &str, mut data: Value) {
        data["item_id"] = item["id"].clone();
        data["output_index"] = json!(self.items.len());
        self.emit(kind, data);
    }

    fn add(&mut self, item: &Value, key: &str, empty: Value) {
        let mut begun = item.clone();
        begun[key] = empty;
        if begun["status"].is_string() {
            begun["status"] = json!("in_progress");
        }
        let index = self.items.len();
        self.emit(
            "response.output_item.added",
            json!({ "output_index": index, "item": begun }),
        );
    }

    fn finish(&mut self, item: Value) {
        let index = self.items.len();
        self.emit(
            "response.output_item.done",
            json!({ "output_index": index, "item": item }),
        );
        self.items.push(item);
    }

    fn reasoning(&mut self, seed: &str, thought: &str) {
        let part = json!({ "type": "summary_text", "text": thought });
        let item = json!({
            "type": "reasoning", "id": format!("rs_{seed}_{}", self.items.len()),
            "summary": [part],
        });
        self.add(&item, "summary", json!([]));
        let empty = json!({ "type": "summary_text", "text": "" });
        for (kind, key, value) in [
            ("part.added", "part", empty),
            ("text.delta", "delta", json!(thought)),
            ("text.done", "text", json!(thought)),
            ("part.done", "part", part),
        ] {
            let kind = format!("response.reasoning_summary_{kind}");
            self.of_item(&item, &kind, json!({ "summary_index": 0, key: value }));
        }
        self.finish(item);
    }

    fn message(&mut self, seed: &str, text: &str, chunks: usize) {
        let part = |text: &str| json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] });
        let item = json!({
            "type": "message", "id": format!("msg_{seed}_{}", self.items.len()),
            "role": "assistant", "status": "completed", "content": [part(text)],
        });
        self.add(&item, "content", json!([]));
        let added = json!({ "content_index": 0, "part": part("") });
        self.of_item(&item, "response.content_part.added", added);
        for piece in pieces(text, chunks) {
            let delta = json!({ "content_index": 0, "delta": piece, "logprobs": [] });
            self.of_item(&item, "response.output_text.delta", delta);
        }
        let done = json!({ "content_index": 0, "text": text, "logprobs": [] });
        self.of_item(&item, "response.output_text.done", done);
        let done = json!({ "content_index": 0, "part": part(text) });
        self.of_item(&item, "response.content_part.done", done);
        self.finish(item);
    }

    fn call(&mut self, seed: &str, call: &Call, chunks: usize) {
        let (kind, event, key, input) = match &call.input {
            CallInput::Json(arguments) => (
                "function_call",
                "function_call_arguments",
                "arguments",
                arguments.to_string(),
            ),
            CallInput::Text(text) => (
                "custom_tool_call",
                "custom_tool_call_input",
                "input",
                text.clone(),
            ),
        };
        let mut item = json!({
            "type": kind, "id": format!("fc_{seed}_{}", self.items.len()), "status": "completed",
            "call_id": call.id, "name": call.name, key: input,
        });
        if let Some(namespace) = &call.namespace {
            item["namespace"] = json!(namespace);
        }
        self.add(&item, key, json!(""));
        for piece in pieces(&input, chunks) {
            let kind = format!("response.{event}.delta");
            self.of_item(&item, &kind, json!({ "delta": piece }));
        }
        let done = json!({ "name": call.name, key: input });
        self.of_item(&item, &format!("response.{event}.done"), done);
        self.finish(item);
    }
}
