//! A chat of VS Code, as it is serialised (`ISerializableChatData`, version 3),
//! with what the Copilot Chat extension adds to each result.
//!
//! Every field is optional, for versions differ; one that is of another type
//! than expected counts as missing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// A value of the expected type, or none.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// The chat.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Chat {
    #[serde(deserialize_with = "lenient")]
    pub(super) creation_date: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) custom_title: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) repo_data: Option<RepoData>,
    #[serde(deserialize_with = "lenient")]
    pub(super) requests: Vec<Value>,
}

/// The repository that the chat is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RepoData {
    #[serde(deserialize_with = "lenient")]
    pub(super) remote_url: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) local_branch: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) local_head_commit: Option<String>,
}

/// One prompt and what came of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Request {
    #[serde(deserialize_with = "lenient")]
    pub(super) request_id: Option<String>,
    /// Milliseconds since 1970.
    #[serde(deserialize_with = "lenient")]
    pub(super) timestamp: Option<f64>,
    /// A text, or an object with one.
    pub(super) message: Value,
    /// `copilot/<model>`.
    #[serde(deserialize_with = "lenient")]
    pub(super) model_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) response: Vec<ResponsePart>,
    #[serde(deserialize_with = "lenient")]
    pub(super) result: AgentResult,
    #[serde(deserialize_with = "lenient")]
    pub(super) model_state: Option<ModelState>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_canceled: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_hidden: Option<bool>,
    /// There where an edited prompt took the request out of the chat.
    pub(super) should_be_removed_on_send: Value,
}

/// How a response stands: 0 pending, 1 complete, 2 cancelled, 3 failed,
/// 4 waiting for the person (`ResponseModelState`).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModelState {
    #[serde(deserialize_with = "lenient")]
    pub(super) value: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) completed_at: Option<f64>,
}

/// One piece of what was shown. Markdown has no kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ResponsePart {
    #[serde(deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    /// A text, or several, for markdown and thoughts.
    pub(super) value: Value,
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_call_id: Option<String>,
    /// The call of `runSubagent` that this call was made for.
    #[serde(deserialize_with = "lenient")]
    pub(super) sub_agent_invocation_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_complete: Option<bool>,
    /// Before 1.104 yes or no; since then a reason with a type.
    pub(super) is_confirmed: Value,
    #[serde(deserialize_with = "lenient")]
    pub(super) source: ToolSource,
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_specific_data: ToolData,
    #[serde(deserialize_with = "lenient")]
    pub(super) result_details: ResultDetails,
}

/// Where a tool is from: `internal`, `extension`, `mcp`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolSource {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) label: Option<String>,
}

/// What a tool shows of itself: `terminal`, `subagent`, `input`, ….
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolData {
    #[serde(deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) command_line: CommandLine,
    #[serde(deserialize_with = "lenient")]
    pub(super) terminal_command_output: CommandOutput,
    #[serde(deserialize_with = "lenient")]
    pub(super) terminal_command_state: CommandState,
    #[serde(deserialize_with = "lenient")]
    pub(super) agent_name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) description: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) prompt: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) result: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) model_name: Option<String>,
    pub(super) raw_input: Value,
}

/// A command in the terminal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CommandLine {
    #[serde(deserialize_with = "lenient")]
    pub(super) original: Option<String>,
}

/// What it printed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CommandOutput {
    #[serde(deserialize_with = "lenient")]
    pub(super) text: Option<String>,
}

/// How it ended.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CommandState {
    #[serde(deserialize_with = "lenient")]
    pub(super) exit_code: Option<i32>,
}

/// Input and output of a tool, where it shows them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ResultDetails {
    #[serde(deserialize_with = "lenient")]
    pub(super) input: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) output: Vec<OutputPart>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_error: Option<bool>,
}

/// One piece of a tool's output.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OutputPart {
    #[serde(deserialize_with = "lenient")]
    pub(super) value: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) is_text: Option<bool>,
}

/// How a request ended, in the extension's words.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AgentResult {
    #[serde(deserialize_with = "lenient")]
    pub(super) error_details: Option<ErrorDetails>,
    #[serde(deserialize_with = "lenient")]
    pub(super) timings: Timings,
    #[serde(deserialize_with = "lenient")]
    pub(super) metadata: Metadata,
}

/// Why a request failed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorDetails {
    #[serde(deserialize_with = "lenient")]
    pub(super) message: Option<String>,
}

/// How long a request took, in milliseconds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Timings {
    #[serde(deserialize_with = "lenient")]
    pub(super) total_elapsed: Option<f64>,
}

/// What the extension keeps of its work (`IResultMetadata`). Its token counts
/// are those of the last round alone, so they are no sum of anything.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_call_rounds: Vec<Round>,
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_call_results: BTreeMap<String, Value>,
    #[serde(deserialize_with = "lenient")]
    pub(super) resolved_model: Option<String>,
}

/// One model call and the tools that it asked for (`IToolCallRound`).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Round {
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) response: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) thinking: Thinking,
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_calls: Vec<RoundCall>,
    /// When it began, in milliseconds since 1970.
    #[serde(deserialize_with = "lenient")]
    pub(super) timestamp: Option<f64>,
}

/// What a model thought.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Thinking {
    /// A text, or several.
    pub(super) text: Value,
}

/// A call that a model asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RoundCall {
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    /// JSON inside a string.
    #[serde(deserialize_with = "lenient")]
    pub(super) arguments: Option<String>,
}

/// A text, or the texts of a list of them.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(words).collect(),
        _ => String::new(),
    }
}

/// The text of a tool's result as the model was given it: pieces with a text
/// as value, or with a tree whose leaves hold the text.
pub(super) fn result_text(result: &Value) -> String {
    let parts = result.get("content").and_then(Value::as_array);
    let mut text = String::new();
    for part in parts.into_iter().flatten() {
        match part.get("value") {
            Some(Value::String(value)) => text.push_str(value),
            Some(tree) => leaves(tree, &mut text),
            None => {}
        }
    }
    text
}

fn leaves(tree: &Value, text: &mut String) {
    match tree {
        Value::Object(fields) => {
            if let Some(Value::String(leaf)) = fields.get("text") {
                text.push_str(leaf);
            }
            for child in ["node", "children"] {
                if let Some(child) = fields.get(child) {
                    leaves(child, text);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, text)),
        _ => {}
    }
}
