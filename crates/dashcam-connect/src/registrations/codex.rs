//! Codex: `hooks.json` in its home (events of 0.169.0).
//!
//! Codex remembers the trust in a hook by its place in the file, so entries
//! are only ever added behind those of others.

use super::{Registration, Shape};

pub(super) static CODEX: Registration = Registration {
    harness: "codex",
    title: "Codex",
    program: "codex",
    folder: ".codex",
    user_file: "hooks.json",
    project_file: ".codex/hooks.json",
    is_own_file: false,
    events: &[
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PermissionRequest",
        "PostToolUse",
        "SubagentStart",
        "SubagentStop",
        "PreCompact",
        "PostCompact",
        "Stop",
    ],
    strict: None,
    shape: Shape::Group {
        timeout: 5,
        has_name: false,
    },
    advice: Some("Codex runs new hooks only once you trust them: type /hooks in Codex"),
};
