//! What stands in the editor's database.
//!
//! `composerData` of versions 3 to 18 (`_v`), `bubbleId` of version 3; Cursor
//! 0.45 to 3.24. Every field may be missing or of another shape: that costs
//! the field, not the record.

use super::uri;
use crate::lenient::{Flag, List, Maybe, Number, Text, read_object};
use dashcam_trace::{Timestamp, Tokens};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A row of evidence.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub(super) table: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

/// A conversation, and its entry in the list of all.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Composer<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) created_at: Number,
    /// Of the latest turn: `completed`, `aborted`, `none`, `generating`.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) unified_mode: Text<'a>,
    #[serde(borrow)]
    pub(super) created_on_branch: Text<'a>,
    #[serde(borrow)]
    pub(super) model_config: Maybe<ModelName<'a>>,
    #[serde(borrow)]
    pub(super) full_conversation_headers_only: List<Header<'a>>,
    /// Before version 3: the messages themselves.
    #[serde(borrow)]
    pub(super) conversation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) workspace_identifier: Maybe<Workspace<'a>>,
    #[serde(borrow)]
    pub(super) subagent_info: Maybe<Subagent<'a>>,
    #[serde(borrow)]
    pub(super) generating_bubble_ids: Option<&'a RawValue>,
}

/// The place of a message in a conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) bubble_id: Text<'a>,
    #[serde(borrow)]
    pub(super) created_at: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModelName<'a> {
    #[serde(borrow)]
    pub(super) model_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Workspace<'a> {
    /// An address, or `{"fsPath": …}`.
    #[serde(borrow)]
    uri: Option<&'a RawValue>,
}

impl Workspace<'_> {
    pub(super) fn path(&self) -> Option<String> {
        let value: Value = serde_json::from_str(self.uri?.get()).ok()?;
        let text = match &value {
            Value::String(text) => text.as_str(),
            other => ["fsPath", "external", "path"]
                .iter()
                .find_map(|name| other.get(*name)?.as_str())?,
        };
        Some(uri::path(text)).filter(|path| !path.is_empty())
    }
}

/// Which call of which conversation started this one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Subagent<'a> {
    #[serde(borrow)]
    pub(super) parent_composer_id: Text<'a>,
    #[serde(borrow)]
    pub(super) subagent_type_name: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
}

/// A message: a prompt (1), or a piece of the agent's work (2).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Bubble<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Number,
    #[serde(borrow)]
    pub(super) bubble_id: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    /// Milliseconds, or a time as text.
    #[serde(borrow)]
    created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    pub(super) thinking_duration_ms: Number,
    #[serde(borrow)]
    pub(super) tool_former_data: Maybe<ToolRecord<'a>>,
    #[serde(borrow)]
    pub(super) model_info: Maybe<ModelName<'a>>,
    token_count: Maybe<TokenCount>,
    #[serde(borrow)]
    pub(super) request_id: Text<'a>,
    #[serde(borrow)]
    workspace_uris: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error_details: Option<&'a RawValue>,
    pub(super) is_display_only: Flag,
    pub(super) is_ephemeral: Flag,
}

impl Bubble<'_> {
    pub(super) fn created(&self) -> Option<Timestamp> {
        time(self.created_at)
    }

    pub(super) fn thought(&self) -> Option<String> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Thinking<'a> {
            #[serde(borrow)]
            text: Text<'a>,
        }
        let json = self.thinking?.get();
        let text = if json.starts_with('{') {
            read_object::<Thinking<'_>>(json).text.owned()
        } else {
            serde_json::from_str(json).ok()
        };
        text.filter(|text| !text.is_empty())
    }

    /// What Cursor counted. Since version 2 it writes zeros, which say nothing.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let count = self.token_count.0?;
        tokens(count.input_tokens, count.output_tokens)
    }

    pub(super) fn folder(&self) -> Option<String> {
        let uris: Vec<Text<'_>> = serde_json::from_str(self.workspace_uris?.get()).ok()?;
        uris.first()?.get().map(uri::path)
    }
}

/// Counts in dashcam's words; `None` where nothing was counted.
pub(super) fn tokens(input: Number, output: Number) -> Option<Tokens> {
    let tokens = Tokens {
        prompt: input.count().unwrap_or_default(),
        completion: output.count().unwrap_or_default(),
        ..Tokens::default()
    };
    (tokens != Tokens::default()).then_some(tokens)
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TokenCount {
    input_tokens: Number,
    output_tokens: Number,
}

/// A tool call. `rawArgs` is what the model wrote, `params` the same in
/// Cursor's own words; both, `result` and `error` are JSON inside a string.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolRecord<'a> {
    tool: Number,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) model_call_id: Text<'a>,
    /// `loading`, `completed`, `cancelled`, `error`.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) raw_args: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) params: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    /// `accepted`, `rejected`.
    #[serde(borrow)]
    pub(super) user_decision: Text<'a>,
    #[serde(borrow)]
    pub(super) additional_data: Maybe<AdditionalData<'a>>,
}

impl ToolRecord<'_> {
    /// Its name; older versions wrote only a number.
    pub(super) fn name(&self) -> Option<&str> {
        let numbered = match self.tool.count() {
            Some(3) => Some("ripgrep_search"),
            Some(5) => Some("read_file"),
            Some(6) => Some("list_dir"),
            Some(7) => Some("edit_file"),
            Some(8) => Some("file_search"),
            Some(9) => Some("codebase_search"),
            Some(11) => Some("delete_file"),
            Some(12) => Some("reapply"),
            Some(15) => Some("run_terminal_cmd"),
            Some(16) => Some("fetch_rules"),
            Some(18) => Some("web_search"),
            Some(19) => Some("mcp"),
            _ => None,
        };
        let known = self.name.get().or(numbered);
        // A prompt may carry the stub of a call: nothing ran.
        known.or_else(|| self.tool_call_id.get().map(|_| "tool"))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AdditionalData<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    pub(super) started_at_ms: Number,
}

/// A time: milliseconds since 1970, or ISO 8601.
pub(super) fn time(raw: Option<&RawValue>) -> Option<Timestamp> {
    let json = raw?.get();
    if let Ok(milliseconds) = serde_json::from_str::<f64>(json) {
        return millisecond(Number(Some(milliseconds)));
    }
    let text: String = serde_json::from_str(json).ok()?;
    match text.parse::<Timestamp>() {
        Ok(time) => Some(time),
        Err(_) => millisecond(Number(text.parse().ok())),
    }
}

/// Milliseconds since 1970; `None` for what is no time.
pub(super) fn millisecond(milliseconds: Number) -> Option<Timestamp> {
    let milliseconds = milliseconds.0.filter(|number| *number > 0.0)?;
    Timestamp::from_millisecond(milliseconds as i64).ok()
}
