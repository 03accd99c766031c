//! What a server served, from its log or from the truth of a recording.

use dashcam_model_server::{CallId, Delivery, Entry, Reply, Usage};
use dashcam_trace::{Harness, Money, Tokens};
use serde_json::Value;
use std::collections::BTreeMap;

/// One response that the harness should have recorded.
#[derive(Clone, Debug)]
pub struct Served {
    /// The conversation it belongs to: `main`, or the name of a subagent's.
    pub queue: String,
    /// Whether the queue tells conversations apart.
    pub is_nesting_known: bool,
    /// The model.
    pub model: String,
    /// Its id; recordings do not know it.
    pub response_id: Option<String>,
    /// Its tokens.
    pub tokens: Tokens,
    /// What the harness reckons that it cost; `None`: the price table tells.
    pub cost: Option<Money>,
    /// Its text.
    pub text: String,
    /// Its reasoning.
    pub thinking: String,
    /// Its tool calls.
    pub calls: Vec<ServedCall>,
    /// Whether all of it reached the harness.
    pub is_whole: bool,
}

/// One tool call in a response.
#[derive(Clone, Debug)]
pub struct ServedCall {
    /// Its id; recordings do not know it.
    pub id: Option<String>,
    /// The group of tools, where the wire format has such groups.
    pub namespace: Option<String>,
    /// The tool.
    pub name: String,
    /// The arguments, or one string.
    pub input: Value,
    /// What the harness told the model came of it: text, and whether it was
    /// marked as an error. Recordings do not know it.
    pub result: Option<(String, bool)>,
}

/// What a log says should be on record: all that was answered, but for side
/// calls (their queues are named `side …`), which harnesses keep to themselves.
pub fn from_log(harness: Harness, log: &[Entry]) -> Vec<Served> {
    let results: BTreeMap<_, _> = log
        .iter()
        .flat_map(|entry| &entry.request.tool_results)
        .map(|result| {
            (
                result.call_id.clone(),
                (result.text.clone(), result.is_error),
            )
        })
        .collect();
    log.iter()
        .filter(|entry| !entry.queue.starts_with("side"))
        // What the script cut off, the harness asked for again.
        .filter(|entry| entry.delivery != Delivery::Cut)
        .filter_map(|entry| {
            let mut served = Served {
                queue: entry.queue.clone(),
                is_nesting_known: true,
                model: entry.model.clone(),
                response_id: entry.response_id.clone(),
                is_whole: entry.delivery == Delivery::Whole,
                ..of_reply(harness, &entry.model, &entry.reply, entry.usage?)
            };
            for call in &mut served.calls {
                if harness == Harness::Gemini {
                    // It puts the tool's name before the model's id.
                    call.id = call.id.as_ref().map(|id| format!("{}__{id}", call.name));
                }
                call.result = call.id.as_ref().and_then(|id| results.get(id).cloned());
            }
            Some(served)
        })
        .collect()
}

/// What the truth of a recording says should be on record.
pub fn from_truth(harness: Harness, truth: &str) -> Vec<Served> {
    let truth: Vec<Value> = serde_json::from_str(truth).unwrap();
    truth
        .into_iter()
        .filter(|entry| entry["status"] == 200 && !entry["reply"].is_null())
        .map(|entry| {
            let reply: Reply = serde_json::from_value(entry["reply"].clone()).unwrap();
            let usage = serde_json::from_value(entry["usage"].clone()).unwrap();
            let model = entry["model"].as_str().unwrap();
            Served {
                queue: entry["queue"].as_str().unwrap().to_owned(),
                // Older recordings served subagents from the main queue too.
                is_nesting_known: entry["queue"] != "main",
                model: model.to_owned(),
                is_whole: reply.drop.is_none() && reply.drop_after_events.is_none(),
                ..of_reply(harness, model, &reply, usage)
            }
        })
        // No transcript of Claude Code holds the call that sums up a conversation.
        .filter(|served| served.queue != "compact")
        .collect()
}

/// Whether the harness asked in Anthropic's wire format.
fn is_anthropic(harness: Harness, model: &str) -> bool {
    match harness {
        // pi and Oh My Pi talk to Anthropic's format here.
        Harness::ClaudeCode | Harness::Omp => true,
        Harness::Copilot => model.starts_with("claude-"),
        _ => false,
    }
}

fn of_reply(harness: Harness, model: &str, reply: &Reply, usage: Usage) -> Served {
    let is_anthropic = is_anthropic(harness, model);
    let calls = reply.tool_calls.iter().map(|call| ServedCall {
        id: match &call.id {
            Some(CallId::Given(id)) => Some(id.clone()),
            _ => None,
        },
        namespace: call.namespace.clone(),
        name: call.name.clone(),
        input: match &call.input {
            Some(text) => Value::from(text.as_str()),
            None => call.args.clone().unwrap_or_default().into(),
        },
        result: None,
    });
    let thoughts = reply
        .thought
        .as_ref()
        .map(dashcam_model_server::OneOrMany::to_vec);
    Served {
        queue: String::new(),
        is_nesting_known: false,
        model: String::new(),
        response_id: None,
        tokens: tokens(is_anthropic, usage),
        cost: matches!(harness, Harness::OpenCode | Harness::Omp)
            .then(|| crate::opencode::cost(&tokens(is_anthropic, usage))),
        text: reply.text.clone().unwrap_or_default(),
        thinking: thoughts.unwrap_or_default().join("\n"),
        calls: calls.collect(),
        is_whole: true,
    }
}

/// The tokens as the harness can know them: Anthropic does not tell reasoning
/// apart, and a prompt holds at least what is cached of it.
fn tokens(is_anthropic: bool, usage: Usage) -> Tokens {
    let cached = usage.cached + usage.cache_write;
    Tokens {
        prompt: if is_anthropic {
            usage.input.max(cached)
        } else {
            usage.input
        },
        cache_read: usage.cached,
        cache_write_5m: usage.cache_write - usage.cache_write_1h,
        cache_write_1h: usage.cache_write_1h,
        completion: usage.output + usage.thoughts,
        reasoning: if is_anthropic { 0 } else { usage.thoughts },
    }
}
