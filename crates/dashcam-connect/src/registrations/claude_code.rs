//! Claude Code: `hooks` in `settings.json` (events of 2.1.197).
//!
//! Left out: `WorktreeCreate`, whose output is used as a path;
//! `MessageDisplay` and `FileChanged`, which fire very often; `PostToolBatch`
//! and those that repeat what the transcript says.

use super::{Registration, Shape};

pub(super) static CLAUDE_CODE: Registration = Registration {
    harness: "claude-code",
    title: "Claude Code",
    program: "claude",
    folder: ".claude",
    user_file: "settings.json",
    // The person's own settings in a project: not shared by git, as the path
    // of a program on one machine should not be.
    project_file: ".claude/settings.local.json",
    is_own_file: false,
    events: &[
        "SessionStart",
        "UserPromptSubmit",
        "UserPromptExpansion",
        "PreToolUse",
        "PermissionRequest",
        "PermissionDenied",
        "PostToolUse",
        "PostToolUseFailure",
        "Notification",
        "SubagentStart",
        "SubagentStop",
        "PreCompact",
        "PostCompact",
        "Stop",
        "StopFailure",
        "SessionEnd",
    ],
    shape: Shape::Group {
        timeout: 5,
        has_name: false,
    },
    advice: None,
};
