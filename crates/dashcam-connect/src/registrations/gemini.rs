//! Gemini CLI: `hooks` in `settings.json` (events of 0.61.0).
//!
//! Left out: `AfterModel`, for which Gemini waits at every streamed chunk;
//! `BeforeModel` and `BeforeToolSelection`, which tell nothing that the
//! transcript and telemetry do not; `PreCompress`, which fires before every
//! turn of the model whether it compresses or not.

use super::{Registration, Shape};

pub(super) static GEMINI: Registration = Registration {
    harness: "gemini",
    title: "Gemini CLI",
    program: "gemini",
    folder: ".gemini",
    user_file: "settings.json",
    project_file: ".gemini/settings.json",
    is_own_file: false,
    events: &[
        "SessionStart",
        "BeforeAgent",
        "BeforeTool",
        "AfterTool",
        "Notification",
        "AfterAgent",
        "SessionEnd",
    ],
    strict: None,
    shape: Shape::Group {
        // Milliseconds.
        timeout: 5000,
        has_name: true,
    },
    advice: None,
};
