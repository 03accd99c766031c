//! One request to a model and its response.

use crate::{Cost, Credits, Part, SpanId, Timestamp, Tokens};
use serde::{Deserialize, Serialize};

/// One request to a model and its response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelCall {
    /// The model that answered, in the provider's words.
    pub model: String,
    /// Who hosts it (`anthropic`, `openai`, …), where the harness tells.
    pub provider: Option<String>,
    /// Names the response among all sessions of the harness: message id and
    /// request id. Copies of history share it; it is what is counted once.
    pub response_id: Option<String>,
    /// Tokens; absent when the harness reported none.
    pub tokens: Option<Tokens>,
    /// Cost; absent when neither harness nor price table knows it.
    pub cost: Option<Cost>,
    /// What the harness's maker charged for it in a unit of their own
    /// ([`crate::Harness::credit_unit`]). Where only a whole turn's is known, it
    /// stands with the turn's last call.
    pub credits: Option<Credits>,
    /// Attempts before the one that succeeded, where a source shows them.
    pub retries: Option<u32>,
    /// When each attempt began, the one that succeeded last, where a source
    /// shows them. What lies between two is the failure of the first and the
    /// wait before the next.
    pub attempts: Vec<Timestamp>,
    /// Milliseconds until the first token.
    pub ttft_ms: Option<f64>,
    /// Why the model stopped, in the provider's words.
    pub stop_reason: Option<String>,
    /// Reasoning effort, service tier, speed: what was asked for, as `key: value`.
    pub parameters: Vec<(String, String)>,
    /// What this call added to the conversation since the previous call of
    /// the same agent; the earlier conversation is not repeated.
    pub input: Vec<InputPart>,
    /// The answer.
    pub output: Vec<Part>,
}

/// One piece of what a model call added to the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InputPart {
    /// The person's prompt: the text of the turn, or of the agent run.
    Prompt {
        /// The text.
        text: String,
    },
    /// The output of a tool call, which its span holds.
    ToolResult {
        /// The span of the call.
        span: SpanId,
    },
    /// Text that the harness put in by itself; its event holds it.
    Context {
        /// The event span.
        span: SpanId,
    },
}
