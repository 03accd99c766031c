//! One exchange with a model, in no wire format.

use crate::wire::Api;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a harness asked, whatever the wire format.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The wire format it came in.
    pub api: Api,
    /// The model that was asked for.
    pub model: String,
    /// Whether the answer shall be streamed.
    pub stream: bool,
    /// The system prompt's text.
    pub system: String,
    /// The text of the first message of the user.
    pub first_user: String,
    /// The names of the tools that the model may call.
    pub tools: Vec<String>,
    /// The results of tool calls in the conversation, in order.
    pub tool_results: Vec<ToolResult>,
    /// The whole body as it was sent.
    pub raw: String,
}

/// The result of a tool call, as the harness gave it to the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call; Gemini may leave it out, and then it is the tool's name.
    pub call_id: String,
    /// The text of the result.
    pub text: String,
    /// Whether the wire format marked it as an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
}

/// What a model answers, whatever the wire format.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Part of every id in the answer: differs from answer to answer.
    pub seed: String,
    /// When it was given, in seconds since 1970.
    pub created: i64,
    /// The model that answers.
    pub model: String,
    /// Reasoning, before the text.
    pub thoughts: Vec<String>,
    /// The signature on function calls of Gemini.
    pub thought_signature: Option<String>,
    /// The text.
    pub text: String,
    /// Tool calls, after the text.
    pub calls: Vec<Call>,
    /// What it took.
    pub usage: Usage,
    /// Why it ended, in the words of the wire format; `None` for the usual reason.
    pub finish: Option<String>,
    /// In how many pieces a text is streamed.
    pub chunks: usize,
}

/// A call of a tool by the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its id; only Gemini can do without.
    pub id: Option<String>,
    /// The group of tools it belongs to, where the wire format has such groups.
    pub namespace: Option<String>,
    /// The tool.
    pub name: String,
    /// The arguments.
    pub input: CallInput,
}

/// The arguments of a tool call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallInput {
    /// Arguments by name.
    Json(Value),
    /// One free text.
    Text(String),
}

impl CallInput {
    /// As formats without free text write it.
    pub fn as_json(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            Self::Text(text) => serde_json::json!({ "input": text }),
        }
    }
}

/// The tokens of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// The whole prompt, cached parts included.
    pub input: u64,
    /// The answer without reasoning.
    pub output: u64,
    /// The part of the prompt read from the cache.
    pub cached: u64,
    /// The part of the prompt written to the cache.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour.
    pub cache_write_1h: u64,
    /// Reasoning.
    pub thoughts: u64,
    /// Tool results in the prompt, as Gemini counts them.
    pub tool_use: u64,
}

impl Usage {
    /// Everything the model wrote.
    pub const fn completion(&self) -> u64 {
        self.output.saturating_add(self.thoughts)
    }

    /// Prompt and completion.
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.completion())
    }
}

/// Cuts a text into at most `pieces` pieces of nearly equal length, at
/// character boundaries. An empty text has none.
pub(crate) fn pieces(text: &str, pieces: usize) -> Vec<&str> {
    let characters = text.chars().count();
    if characters == 0 {
        return Vec::new();
    }
    let length = characters.div_ceil(pieces.clamp(1, characters));
    let mut rest = text;
    let mut cut = Vec::new();
    while !rest.is_empty() {
        let end = rest
            .char_indices()
            .nth(length)
            .map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        cut.push(piece);
        rest = after;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::pieces;
    use proptest::prelude::{Just, any, prop_oneof};

    #[test]
    fn a_text_is_cut_at_characters() {
        assert_eq!(pieces("añb", 2), ["añ", "b"]);
        assert_eq!(pieces("ab", 9), ["a", "b"]);
        assert_eq!(pieces("ab", 0), ["ab"]);
        assert!(pieces("", 3).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn pieces_make_up_the_text(text in ".*", count in prop_oneof![Just(0), any::<u8>()]) {
            let cut = pieces(&text, usize::from(count));
            assert_eq!(cut.concat(), text);
            assert!(cut.len() <= usize::from(count).max(1));
        }
    }
}
