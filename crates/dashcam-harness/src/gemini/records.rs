//! The records of a session file, as Gemini CLI 0.61.0 writes them.

use crate::lenient::{List, Maybe, Number, Text};
use dashcam_trace::{Timestamp, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The first record of a file; in a resumed session also one in the middle.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) start_time: Text<'a>,
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    #[serde(borrow)]
    directories: Option<&'a RawValue>,
    /// All of it, in a document of an older version.
    #[serde(borrow)]
    pub(super) messages: Option<&'a RawValue>,
}

impl Header<'_> {
    /// The first of the folders that the session works in.
    pub(super) fn folder(&self) -> Option<String> {
        let folders: Vec<String> = serde_json::from_str(self.directories?.get()).ok()?;
        folders.into_iter().next()
    }
}

/// Any record of a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "sessionId")]
    pub(super) session_id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, rename = "$set")]
    pub(super) set: Option<&'a RawValue>,
    #[serde(borrow, rename = "$rewindTo")]
    pub(super) rewind_to: Text<'a>,
}

/// What a `$set` record replaces.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Patch<'a> {
    #[serde(borrow)]
    pub(super) messages: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    #[serde(borrow)]
    pub(super) last_updated: Text<'a>,
}

/// A message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// A text, or a list of parts.
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) thoughts: List<Thought<'a>>,
    pub(super) tokens: Maybe<TokensRecord>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_calls: List<ToolCallRecord<'a>>,
}

/// A summary of reasoning.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Thought<'a> {
    #[serde(borrow)]
    pub(super) subject: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
}

/// Tokens of one answer.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokensRecord {
    /// The prompt, cached parts included.
    input: Number,
    /// The answer, reasoning not included.
    output: Number,
    cached: Number,
    thoughts: Number,
    /// What tools of the API itself put into the prompt.
    tool: Number,
}

impl TokensRecord {
    pub(super) fn tokens(self) -> Tokens {
        let count = |number: Number| number.count().unwrap_or_default();
        let reasoning = count(self.thoughts);
        Tokens {
            prompt: count(self.input).saturating_add(count(self.tool)),
            cache_read: count(self.cached),
            completion: count(self.output).saturating_add(reasoning),
            reasoning,
            ..Tokens::default()
        }
    }
}

/// A tool call with its result.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolCallRecord<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) args: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) result: List<Part<'a>>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// The session of the subagent that did the work.
    #[serde(borrow)]
    pub(super) agent_id: Text<'a>,
    /// A text, or for edits and subagents an object.
    #[serde(borrow)]
    pub(super) result_display: Option<&'a RawValue>,
}

/// What a call shows to the person.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Display<'a> {
    #[serde(borrow)]
    pub(super) file_diff: Text<'a>,
    #[serde(borrow)]
    pub(super) file_path: Text<'a>,
    #[serde(borrow)]
    pub(super) file_name: Text<'a>,
    #[serde(borrow)]
    pub(super) original_content: Text<'a>,
    #[serde(borrow)]
    pub(super) new_content: Text<'a>,
}

/// A part of a content.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) function_response: Maybe<FunctionResponse<'a>>,
    #[serde(borrow)]
    pub(super) inline_data: Maybe<InlineData<'a>>,
}

/// What a tool gave back to the model.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionResponse<'a> {
    #[serde(borrow)]
    pub(super) response: Maybe<Response<'a>>,
    /// Pieces that are no text.
    #[serde(borrow)]
    pub(super) parts: List<InlinePart<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct InlinePart<'a> {
    #[serde(borrow)]
    pub(super) inline_data: Maybe<InlineData<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) output: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Text<'a>,
}

/// Bytes in a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct InlineData<'a> {
    #[serde(borrow)]
    pub(super) mime_type: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Text<'a>,
}

/// A time as it is written.
pub(super) fn time(text: &Text<'_>) -> Option<Timestamp> {
    text.get()?.parse().ok()
}
