//! What Cursor tells its hooks, as it writes it.
//!
//! Fields as Cursor's documentation of hooks lists them, and those that
//! versions 3.4 to 3.24 and the CLI of 2026.09 were seen to tell besides:
//! tokens with `stop` and `afterAgentResponse`, `mcp_server_name`,
//! `parent_tool_call_id`, `child_conversation_id`.

use crate::lenient::{Flag, List, Number, Text, read_object};
use dashcam_trace::{RawJson, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The payload of any event, as far as it says something that is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub(super) generation_id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    model_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cursor_version: Text<'a>,
    #[serde(borrow)]
    workspace_roots: Option<&'a RawValue>,
    #[serde(borrow)]
    cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) composer_mode: Text<'a>,
    /// `beforeSubmitPrompt`.
    #[serde(borrow)]
    pub(super) prompt: Text<'a>,
    /// `afterAgentResponse`, `afterAgentThought`.
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    pub(super) duration_ms: Number,
    duration: Number,
    #[serde(borrow)]
    pub(super) tool_name: Text<'a>,
    #[serde(borrow)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_output: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_use_id: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_tool_call_id: Text<'a>,
    /// `postToolUseFailure`; `sessionEnd` and `stop` that ended by one.
    #[serde(borrow)]
    pub(super) error_message: Text<'a>,
    /// `timeout`, `error` or `permission_denied`.
    #[serde(borrow)]
    pub(super) failure_type: Text<'a>,
    pub(super) is_interrupt: Flag,
    /// `afterShellExecution`.
    #[serde(borrow)]
    pub(super) command: Text<'a>,
    #[serde(borrow)]
    pub(super) output: Text<'a>,
    pub(super) exit_code: Number,
    /// `afterMCPExecution`.
    #[serde(borrow)]
    pub(super) result_json: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) mcp_server_name: Text<'a>,
    /// `afterFileEdit`.
    #[serde(borrow)]
    pub(super) file_path: Text<'a>,
    #[serde(borrow)]
    pub(super) edits: List<Edit<'a>>,
    /// `stop`, `subagentStop`: `completed`, `aborted`, `error`.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    input_tokens: Number,
    output_tokens: Number,
    cache_read_tokens: Number,
    cache_write_tokens: Number,
    /// `subagentStop`.
    #[serde(borrow)]
    pub(super) subagent_type: Text<'a>,
    #[serde(borrow)]
    pub(super) subagent_id: Text<'a>,
    #[serde(borrow)]
    pub(super) task: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    child_conversation_id: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_conversation_id: Text<'a>,
    #[serde(borrow)]
    agent_transcript_path: Text<'a>,
    /// `sessionEnd`.
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
}

/// One replacement in a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Edit<'a> {
    #[serde(borrow)]
    pub(super) old_string: Text<'a>,
    #[serde(borrow)]
    pub(super) new_string: Text<'a>,
}

impl<'a> Payload<'a> {
    /// Reads a payload; what cannot be read says nothing.
    pub(super) fn read(json: &'a str) -> Self {
        read_object(json)
    }

    /// The model. `default` and `auto` mean that Cursor chooses, and say not
    /// which.
    pub(super) fn model(&self) -> Option<&str> {
        self.model_id.get().or_else(|| self.model.get())
    }

    /// The folder that is worked in.
    pub(super) fn folder(&self) -> Option<String> {
        let roots: Option<Vec<Text<'_>>> = self
            .workspace_roots
            .and_then(|roots| serde_json::from_str(roots.get()).ok());
        roots
            .and_then(|roots| roots.first()?.owned())
            .or_else(|| self.cwd.owned())
    }

    /// The arguments of a tool: an object, or one inside a string.
    pub(super) fn input(&self) -> RawJson {
        let Some(raw) = self.tool_input else {
            return RawJson::null();
        };
        let inner = serde_json::from_str::<String>(raw.get()).ok();
        inner
            .and_then(|text| RawJson::parse(text).ok())
            .unwrap_or_else(|| RawJson::from_raw(raw))
    }

    /// How long it took, as Cursor measured it.
    pub(super) fn took_ms(&self) -> Option<f64> {
        let took = self.duration_ms.0.or(self.duration.0);
        took.filter(|milliseconds| *milliseconds >= 0.0)
    }

    /// What was used; `None` where nothing is told.
    ///
    /// `input_tokens` is the whole prompt, the cached parts included: seen in
    /// 2026 (46,965 of which 42,036 were read from the cache and 4,927 written
    /// to it). Where they do not fit in, it must be the rest beside them.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let count = |number: Number| number.count().unwrap_or_default();
        self.input_tokens.count().or(self.output_tokens.count())?;
        let (read, write) = (
            count(self.cache_read_tokens),
            count(self.cache_write_tokens),
        );
        let (input, cached) = (count(self.input_tokens), read.saturating_add(write));
        let tokens = Tokens {
            prompt: if input >= cached {
                input
            } else {
                input.saturating_add(cached)
            },
            cache_read: read,
            cache_write_5m: write,
            cache_write_1h: 0,
            completion: count(self.output_tokens),
            reasoning: 0,
        };
        (tokens != Tokens::default()).then_some(tokens)
    }

    /// The conversation of the subagent that ended: told, or the name of its
    /// transcript.
    pub(super) fn child(&self) -> Option<String> {
        let transcript = self.agent_transcript_path.get().and_then(|path| {
            let name = path.rsplit(['/', '\\']).next()?;
            name.rsplit_once('.').map(|(stem, _)| stem.to_owned())
        });
        self.child_conversation_id.owned().or(transcript)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_prompt_is_what_was_sent() {
        let inclusive = r#"{"input_tokens":46965,"output_tokens":3,"cache_read_tokens":42036,"cache_write_tokens":4927}"#;
        let tokens = Payload::read(inclusive).tokens().unwrap();
        assert_eq!((tokens.prompt, tokens.input()), (46965, 2));
        let exclusive = r#"{"input_tokens":10,"output_tokens":5,"cache_read_tokens":7000}"#;
        let tokens = Payload::read(exclusive).tokens().unwrap();
        assert_eq!((tokens.prompt, tokens.input()), (7010, 10));
        assert_eq!(
            Payload::read(r#"{"input_tokens":0,"output_tokens":0}"#).tokens(),
            None
        );
        assert_eq!(Payload::read(r#"{"cache_read_tokens":5}"#).tokens(), None);
    }

    #[test]
    fn arguments_may_stand_inside_a_string() {
        let payload = Payload::read(r#"{"tool_input":"{\"item\":\"rice\"}"}"#);
        assert_eq!(payload.input().as_str(), r#"{"item":"rice"}"#);
        let payload = Payload::read(r#"{"tool_input":"not JSON"}"#);
        assert_eq!(payload.input().as_str(), r#""not JSON""#);
    }
}
