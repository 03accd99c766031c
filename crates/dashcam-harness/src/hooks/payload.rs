//! What harnesses tell, as they write it.
//!
//! Claude Code 2.1.197 and Codex 0.169.0 use the same names; those of Gemini
//! CLI 0.61.0, GitHub Copilot 1.0.102 and Kiro 2.6.0 stand beside them. What our
//! plugin for `OpenCode` tells has Claude Code's names; that for pi and Oh My Pi
//! has some of its own besides ([`Measured`], and what follows it).

use crate::lenient::{Flag, List, Maybe, Number, Text, read_object};
use dashcam_trace::Timestamp;
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
    /// When the next attempt begins.
    pub(super) next: Moment,
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
    /// When it was told: processes that are started one after the other may
    /// overtake each other.
    pub(super) told_at: Moment,
    #[serde(borrow)]
    measured: Maybe<Measured<'a>>,
    /// Where a subagent's file lies below the session's folder, as its steps
    /// are named after it.
    #[serde(borrow)]
    pub(super) agent_path: Text<'a>,
    /// The record that a summary was written to.
    #[serde(borrow)]
    pub(super) entry_id: Text<'a>,
    pub(super) started_at: Moment,
    pub(super) aborted: Flag,
    /// How the program was started.
    #[serde(borrow)]
    pub(super) mode: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
}

/// What an extension measured since it last told something.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Measured<'a> {
    pub(super) model_calls: List<MeasuredModelCall>,
    #[serde(borrow)]
    pub(super) tools: List<MeasuredTool<'a>>,
}

/// A model call, named by when its last attempt began.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MeasuredModelCall {
    pub(super) timestamp: Moment,
    pub(super) ttft_ms: Number,
}

/// When a tool ran.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MeasuredTool<'a> {
    #[serde(borrow)]
    pub(super) tool_use_id: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_name: Text<'a>,
    pub(super) started_at: Moment,
    pub(super) ended_at: Moment,
    pub(super) is_error: Flag,
}

/// Milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Moment(Number);

impl Moment {
    /// The time, where it is one.
    pub(super) fn time(self) -> Option<Timestamp> {
        let millis = self.0.count()?.try_into().ok()?;
        Timestamp::from_millisecond(millis).ok()
    }
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

    /// What an extension measured.
    pub(super) fn measured(&self) -> &Measured<'a> {
        const NOTHING: &Measured<'static> = &Measured {
            model_calls: List(Vec::new()),
            tools: List(Vec::new()),
        };
        self.measured.0.as_ref().unwrap_or(NOTHING)
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
