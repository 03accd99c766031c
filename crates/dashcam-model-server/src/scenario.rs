//! Scenario files: what the model answers, turn by turn.

use crate::error::ServerError;
use crate::exchange::Usage;
use crate::wire::Api;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// A whole scenario. Unknown keys are refused, so that a typing error shows
/// at once instead of as a puzzling session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows; for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Token counts of replies that give none.
    #[serde(default)]
    pub usage: UsageFields,
    /// In how many pieces a text is streamed.
    #[serde(default = "two")]
    pub chunks: usize,
    /// The models that the server claims to have.
    #[serde(default)]
    pub models: Vec<String>,
    /// The main queue.
    #[serde(default)]
    pub replies: Vec<Reply>,
    /// Answers when the main queue is empty.
    #[serde(default)]
    pub then: Option<Box<Reply>>,
    /// Queues for calls beside the main conversation, offered first.
    #[serde(default)]
    pub routes: Vec<Route>,
}

const fn two() -> usize {
    2
}

impl Scenario {
    /// Reads a scenario and puts `variables` for each `{{name}}` in its strings.
    pub fn parse(json: &str, variables: &BTreeMap<String, String>) -> Result<Self, ServerError> {
        let mut value: Value = serde_json::from_str(json)?;
        substitute(&mut value, variables);
        Ok(serde_json::from_value(value)?)
    }

    /// Reads a scenario file; see [`Scenario::parse`].
    pub fn read(path: &Path, variables: &BTreeMap<String, String>) -> Result<Self, ServerError> {
        let json = std::fs::read_to_string(path).map_err(|source| ServerError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&json, variables)
    }
}

/// A queue of its own for the calls that match.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The queue's name in the log.
    #[serde(default = "route")]
    pub name: String,
    /// Which calls it answers; without a condition none.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Its replies.
    #[serde(default)]
    pub replies: Vec<Reply>,
    /// Answers when its replies are used up; without it, later queues do.
    #[serde(default)]
    pub then: Option<Box<Reply>>,
}

fn route() -> String {
    "route".to_owned()
}

/// Conditions on a question; all that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// The wire format.
    pub api: Option<Api>,
    /// A regular expression that occurs in the model's name.
    pub model: Option<String>,
    /// A text in the raw body.
    pub contains: Option<String>,
    /// A text that is not in the raw body.
    pub not_contains: Option<String>,
    /// A text in the system prompt.
    pub system_contains: Option<String>,
    /// A text in the first message of the user.
    pub first_user_contains: Option<String>,
    /// Whether tools are offered to the model.
    pub has_tools: Option<bool>,
}

/// One reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// The answer's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thought: Option<OneOrMany>,
    /// Tool calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ScriptedCall>,
    /// Token counts, over the scenario's.
    #[serde(skip_serializing_if = "UsageFields::is_empty")]
    pub usage: UsageFields,
    /// The finish reason, in the wire format's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// In how many pieces the text is streamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunks: Option<usize>,
    /// A wait before the answer begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// A wait before each streamed event but the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_delay_ms: Option<u64>,
    /// An HTTP status; other than 200, an error is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The error's type, in the wire format's own words.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Headers of the answer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The error's whole body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Gemini's advice when to try again, such as `1s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_delay: Option<String>,
    /// Cut the connection instead of answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Drop>,
    /// Cut the connection after this many streamed events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_after_events: Option<usize>,
    /// A signature on Gemini's function calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thought_signature: Option<String>,
    /// Report this model instead of the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How often the reply stands in its queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<usize>,
    /// Names for what regular expressions find in the tool results so far
    /// (the last find, its first group): `{{name}}` in this reply stands for
    /// it. For ids that only a run of the harness makes up.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    /// Before a byte of the answer.
    Before,
}

/// One text or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::Many(texts) => texts.clone(),
        }
    }
}

/// A tool call in a reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedCall {
    /// The tool.
    pub name: String,
    /// The group of tools it belongs to (OpenAI responses).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Map<String, Value>>,
    /// Free text instead of arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The call's id; made up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<CallId>,
}

/// The id of a scripted call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CallId {
    /// `true`: one is made up; `false`: none, where the wire format allows it.
    Made(bool),
    /// This one.
    Given(String),
}

/// Token counts that a scenario or a reply gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageFields {
    /// The whole prompt, cached parts included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// The answer without reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Read from the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// Written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// The part of `cache_write` kept for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
    /// Reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thoughts: Option<u64>,
    /// Tool results in the prompt, as Gemini counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_use: Option<u64>,
}

impl UsageFields {
    /// Whether nothing is given.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These counts over those of `base`.
    pub fn over(self, base: Usage) -> Usage {
        Usage {
            input: self.input.unwrap_or(base.input),
            output: self.output.unwrap_or(base.output),
            cached: self.cached.unwrap_or(base.cached),
            cache_write: self.cache_write.unwrap_or(base.cache_write),
            cache_write_1h: self.cache_write_1h.unwrap_or(base.cache_write_1h),
            thoughts: self.thoughts.unwrap_or(base.thoughts),
            tool_use: self.tool_use.unwrap_or(base.tool_use),
        }
    }
}

/// Puts the variables' values for `{{name}}` in every string of a document.
pub(crate) fn substitute(value: &mut Value, variables: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            for (name, replacement) in variables {
                let pattern = format!("{{{{{name}}}}}");
                if text.contains(&pattern) {
                    *text = text.replace(&pattern, replacement);
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| substitute(item, variables)),
        Value::Object(fields) => {
            fields
                .values_mut()
                .for_each(|field| substitute(field, variables));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_reach_every_string() {
        let variables = BTreeMap::from([("cwd".to_owned(), "/w".to_owned())]);
        let json =
            r#"{"replies":[{"tool_calls":[{"name":"Read","args":{"path":["{{cwd}}/a"]}}]}]}"#;
        let scenario = Scenario::parse(json, &variables).unwrap();
        let args = scenario.replies[0].tool_calls[0].args.as_ref().unwrap();
        assert_eq!(args["path"][0], "/w/a");
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let error = Scenario::parse(r#"{"replies":[{"txet":"x"}]}"#, &BTreeMap::new());
        assert!(error.unwrap_err().to_string().contains("txet"));
    }

    #[test]
    fn a_reply_survives_being_written_down() {
        let json = r#"{"thought":["a","b"],"tool_calls":[{"name":"t","input":"x","id":false}],
            "drop":"before","status":529,"type":"overloaded_error","usage":{"cached":3}}"#;
        let reply: Reply = serde_json::from_str(json).unwrap();
        let again = serde_json::from_value(serde_json::to_value(&reply).unwrap()).unwrap();
        assert_eq!(reply, again);
    }
}
