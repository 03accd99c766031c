//! pi and Oh My Pi: an extension of our own in their folders of extensions
//! (events of pi 0.87.1 and Oh My Pi 17.3.5).
//!
//! It tells what the session's file does not have: when tools ran, how long the
//! first token took, when a summary was begun and which failed, who was asked
//! for permission, that a turn or a session is over. Of what fires for every
//! piece of an answer it hears the first alone.

use super::{Registration, Shape};
use dashcam_harness::Home;
use std::path::{Path, PathBuf};

/// What both are told to load.
const EXTENSION: Shape = Shape::Script(include_str!("pi.js"));

/// What the extension tells; some only one of both has.
const EVENTS: &[&str] = &[
    "session_start",
    "measured",
    "permission.asked",
    "permission.granted",
    "permission.rejected",
    "dialog",
    "session.retry",
    "notification",
    "compacted",
    "compaction_failed",
    "agent_end",
    "session_shutdown",
];

pub(super) static PI: Registration = Registration {
    harness: "omp",
    title: "pi",
    program: "pi",
    folder: ".pi/agent",
    user_file: "extensions/dashcam.js",
    project_file: ".pi/extensions/dashcam.js",
    is_own_file: true,
    events: EVENTS,
    strict: None,
    shape: EXTENSION,
    advice: None,
};

pub(super) static OH_MY_PI: Registration = Registration {
    harness: "omp",
    title: "Oh My Pi",
    program: "omp",
    folder: ".omp/agent",
    user_file: "extensions/dashcam.js",
    project_file: ".omp/extensions/dashcam.js",
    is_own_file: true,
    events: EVENTS,
    strict: None,
    shape: EXTENSION,
    advice: None,
};

/// Where Oh My Pi keeps its settings, if variables say so: a profile's folder
/// goes before one that is named, which goes before another name of `.omp`.
pub(super) fn moved(home: &Home) -> Option<PathBuf> {
    let variable = |name: &str| {
        let value = home.variables.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    };
    let own = variable("PI_CONFIG_DIR");
    let root = home.folder.join(own.unwrap_or(".omp"));
    // One that is set to nothing still hides the other.
    let profile = match home.variables.get("OMP_PROFILE") {
        Some(profile) => Some(profile.as_str()).filter(|profile| !profile.is_empty()),
        None => variable("PI_PROFILE"),
    };
    match (profile, variable("PI_CODING_AGENT_DIR")) {
        (Some(profile), _) if profile != "default" => {
            Some(root.join("profiles").join(profile).join("agent"))
        }
        (_, Some(folder)) => Some(Path::new(folder).to_owned()),
        _ => own.map(|_| root.join("agent")),
    }
}
