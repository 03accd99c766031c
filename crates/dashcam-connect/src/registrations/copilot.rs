//! GitHub Copilot: a file of our own in `hooks` of its home (events of CLI
//! 1.0.102). VS Code reads the same file, so both are connected by one, and
//! nothing is registered in VS Code's own settings: that would record twice.
//!
//! Events are named in camel case, the dialect in which Copilot keeps its own
//! tool names. Left out: `preMcpToolCall`, a verdict on every MCP call;
//! `userPromptTransformed`, `postResult` and `prePRDescription`.

use super::{Registration, Shape};

pub(super) static COPILOT: Registration = Registration {
    harness: "copilot",
    title: "GitHub Copilot",
    program: "copilot",
    folder: ".copilot",
    user_file: "hooks/dashcam.json",
    project_file: ".github/hooks/dashcam.json",
    is_own_file: true,
    events: &[
        "sessionStart",
        "userPromptSubmitted",
        "preToolUse",
        "permissionRequest",
        "postToolUse",
        "postToolUseFailure",
        "errorOccurred",
        "notification",
        "subagentStart",
        "subagentStop",
        "preCompact",
        "agentStop",
        "sessionEnd",
    ],
    strict: None,
    shape: Shape::Flat { timeout: 5 },
    advice: None,
};
