//! Claude Code: `hooks` in `settings.json` (events of 2.1.197).
//!
//! Left out: `WorktreeCreate`, whose output is used as a path;
//! `MessageDisplay` and `FileChanged`, which fire very often; `PostToolBatch`
//! and those that repeat what the transcript says.

use super::{Registration, Shape, Strict};

/// Seen: 2.0.10, 2.1.20, 2.1.50 and 2.1.100 run without any of a settings file
/// that names an event they do not know; 2.1.112, 2.1.137, 2.1.150 and 2.1.197
/// pass over it.
const LENIENT: [u32; 3] = [2, 1, 112];

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
    strict: Some(Strict {
        until: LENIENT,
        // Those of 2.0.10.
        events: &[
            "SessionStart",
            "UserPromptSubmit",
            "PreToolUse",
            "PostToolUse",
            "Notification",
            "SubagentStop",
            "PreCompact",
            "Stop",
            "SessionEnd",
        ],
    }),
    shape: Shape::Group {
        timeout: 5,
        has_name: false,
    },
    advice: None,
};
