//! What harnesses tell, as they write it.
//!
//! Claude Code 2.1.197 and Codex 0.169.0 use the same names; those of Gemini
//! CLI 0.61.0, GitHub Copilot 1.0.102 and Kiro 2.6.0 stand beside them. What our
//! plugin for `OpenCode` tells has Claude Code's names.

use crate::lenient::{Flag, Number, Text, read_object};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The payload of any event, as far as it says something that is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub(super) transcript_path: Text<'a>,
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    /// Claude Code's id of the prompt.
    #[serde(borrow)]
    prompt_id: Text<'a>,
    /// Codex's id of the turn.
    #[serde(borrow)]
    turn_id: Text<'a>,
    #[serde(borrow)]
    agent_id: Text<'a>,
    #[serde(borrow, rename = "agentId")]
    agent_id_in_camels: Text<'a>,
    #[serde(borrow)]
    pub(super) prompt: Text<'a>,
    #[serde(borrow)]
    tool_name: Text<'a>,
    #[serde(borrow, rename = "toolName")]
    tool_name_in_camels: Text<'a>,
    #[serde(borrow)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow, rename = "toolArgs")]
    tool_args: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use_id: Text<'a>,
    #[serde(borrow, rename = "toolCallId")]
    tool_call_id: Text<'a>,
    #[serde(borrow)]
    tool_response: Option<&'a RawValue>,
    #[serde(borrow, rename = "toolResult")]
    tool_result: Option<&'a RawValue>,
    pub(super) duration_ms: Number,
    /// When the next attempt begins, in milliseconds since 1970.
    pub(super) next: Number,
    pub(super) is_interrupt: Flag,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error_details: Text<'a>,
    #[serde(borrow)]
    pub(super) last_assistant_message: Text<'a>,
    #[serde(borrow)]
    prompt_response: Text<'a>,
    /// Kiro's.
    #[serde(borrow)]
    assistant_response: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) notification_type: Text<'a>,
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
}

impl<'a> Payload<'a> {
    /// Reads a payload; what cannot be read says nothing.
    pub(super) fn read(json: &'a RawValue) -> Self {
        read_object(json.get())
    }

    /// What the transcript calls the turn.
    pub(super) fn turn(&self) -> Option<&str> {
        self.prompt_id.get().or_else(|| self.turn_id.get())
    }

    pub(super) fn agent(&self) -> Option<&str> {
        self.agent_id
            .get()
            .or_else(|| self.agent_id_in_camels.get())
    }

    pub(super) fn tool(&self) -> Option<&str> {
        self.tool_name
            .get()
            .or_else(|| self.tool_name_in_camels.get())
    }

    pub(super) fn input(&self) -> Option<&'a RawValue> {
        self.tool_input.or(self.tool_args)
    }

    pub(super) fn call_id(&self) -> Option<&str> {
        self.tool_use_id.get().or_else(|| self.tool_call_id.get())
    }

    pub(super) fn output(&self) -> Option<&'a RawValue> {
        self.tool_response.or(self.tool_result)
    }

    pub(super) fn answer(&self) -> Option<&str> {
        self.last_assistant_message
            .get()
            .or_else(|| self.prompt_response.get())
            .or_else(|| self.assistant_response.get())
    }

    /// What went wrong: a text, or the message of an object.
    pub(super) fn error(&self) -> Option<String> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Message<'a> {
            #[serde(borrow)]
            message: Text<'a>,
        }
        let json = self.error?.get();
        if json.starts_with('{') {
            return read_object::<Message<'_>>(json).message.owned();
        }
        serde_json::from_str(json).ok()
    }
}
