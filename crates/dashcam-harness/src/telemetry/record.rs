//! What one item of native telemetry says, as typed facts with the keys by
//! which they join a session.

use dashcam_trace::{Cost, Timestamp, Tokens};

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub enum TelemetryRecord {
    /// A prompt was sent.
    Prompt(PromptRecord),
    /// A model was called.
    ModelCall(ModelCallRecord),
    /// A tool ran.
    ToolCall(ToolCallRecord),
    /// Somebody or something decided whether a tool may run.
    Permission(PermissionRecord),
}

/// A prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptRecord {
    /// The harness's id of the prompt, where it has one.
    pub prompt_id: Option<String>,
    /// When it was sent.
    pub at: Timestamp,
    /// Its text, where telemetry carries it.
    pub text: Option<String>,
}

/// A model call, as far as one item tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelCallRecord {
    /// The provider's id of the request: joins it exactly.
    pub request_id: Option<String>,
    /// The prompt that it worked on.
    pub prompt_id: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// When the first attempt began, where it was measured.
    pub start: Option<Timestamp>,
    /// When the answer had come.
    pub end: Option<Timestamp>,
    /// When each attempt began.
    pub attempts: Vec<Timestamp>,
    /// Attempts before the one that succeeded.
    pub retries: Option<u32>,
    /// Milliseconds from the last attempt to the first token.
    pub ttft_ms: Option<f64>,
    /// Tokens.
    pub tokens: Option<Tokens>,
    /// The cost that the harness reports.
    pub cost: Option<Cost>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// What asked for it, in the harness's words: `sdk`, `compact`, a title.
    pub asked_by: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What was answered, where telemetry carries it.
    pub answer: Option<String>,
}

/// A tool call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolCallRecord {
    /// The harness's id of the call: joins it exactly.
    pub call_id: String,
    /// The tool.
    pub tool: Option<String>,
    /// The prompt that it worked on.
    pub prompt_id: Option<String>,
    /// When it began, waiting for permission included.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Whether it went well.
    pub success: Option<bool>,
    /// Why it did not.
    pub error: Option<String>,
}

/// A decision whether a tool may run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PermissionRecord {
    /// The call that was decided about.
    pub call_id: String,
    /// When the question was asked, where somebody waited for the answer.
    pub start: Option<Timestamp>,
    /// When it was answered.
    pub end: Option<Timestamp>,
    /// The answer.
    pub decision: Option<String>,
    /// Who answered: a rule, or the person.
    pub decided_by: Option<String>,
}
