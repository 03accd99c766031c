//! Cursor: a plugin only; its settings are not edited.
//!
//! Left out: the events that ask for a permission (`preToolUse`,
//! `beforeShellExecution`, `beforeMCPExecution`, `beforeReadFile`,
//! `subagentStart`), since an answer of ours could stand for the person's own;
//! and those of tab completion, which fire while typing.

use super::{Registration, Shape};

/// What Cursor's plugin registers.
pub static CURSOR: Registration = Registration {
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
