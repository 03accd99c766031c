//! `OpenCode`: a plugin of our own in its folder of plugins (events of 1.18.33).
//!
//! It tells what the database does not have: attempts that failed and were
//! repeated, questions for permission and their answers; and that a turn is
//! over. Nothing that fires for every piece of an answer is told.

use super::{Registration, Shape};

pub(super) static OPENCODE: Registration = Registration {
    harness: "opencode",
    title: "OpenCode",
    program: "opencode",
    folder: ".config/opencode",
    user_file: "plugin/dashcam.js",
    project_file: ".opencode/plugin/dashcam.js",
    is_own_file: true,
    events: &[
        "session.retry",
        "permission.asked",
        "permission.granted",
        "permission.rejected",
        "session.error",
        "session.idle",
    ],
    strict: None,
    shape: Shape::Script(include_str!("opencode.js")),
    advice: None,
};
