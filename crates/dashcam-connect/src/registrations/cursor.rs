//! Cursor: `hooks` in `hooks.json`, for the editor and the terminal alike
//! (events of 3.24), and as a plugin.
//!
//! What is registered prints nothing, which Cursor takes for no answer: it
//! lets a prompt pass, adds no context, and asks for no further turn. Left out
//! are the events that expect a permission (`preToolUse`,
//! `beforeShellExecution`, `beforeMCPExecution`, `beforeReadFile`,
//! `subagentStart`): an answer of ours could stand for the person's own, and
//! silence may be taken for a refusal. What they would tell, the events after
//! them tell too. Those of tab completion fire while typing.

use super::{Registration, Shape};

pub(super) static CURSOR: Registration = Registration {
    harness: "cursor",
    title: "Cursor",
    program: "cursor",
    folder: ".cursor",
    user_file: "hooks.json",
    project_file: ".cursor/hooks.json",
    is_own_file: false,
    events: &[
        "sessionStart",
        "beforeSubmitPrompt",
        "postToolUse",
        "postToolUseFailure",
        "afterShellExecution",
        "afterMCPExecution",
        "afterFileEdit",
        "afterAgentThought",
        "afterAgentResponse",
        "subagentStop",
        "preCompact",
        "stop",
        "sessionEnd",
    ],
    strict: None,
    shape: Shape::Bare,
    advice: None,
};
