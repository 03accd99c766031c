//! Kiro in the terminal: `hooks` in each agent's file (events of 2.6.0).
//!
//! Kiro runs the hooks of the agent that a session was started with. The
//! built-in one has no file, so that where there is none at all, one of ours is
//! made. What hooks print becomes part of the conversation; ours print nothing.

use super::{Registration, Shape};
use std::path::{Path, PathBuf};

pub(super) static KIRO: Registration = Registration {
    harness: "kiro",
    title: "Kiro",
    program: "kiro-cli",
    folder: ".kiro",
    user_file: "agents/dashcam.json",
    project_file: ".kiro/agents/dashcam.json",
    is_own_file: false,
    events: &[
        "agentSpawn",
        "userPromptSubmit",
        "preToolUse",
        "postToolUse",
        "stop",
    ],
    strict: None,
    shape: Shape::Agent,
    advice: Some(
        "Kiro runs the hooks of the agent that it was started with, and its built-in agent has none: \
         start with `kiro-cli chat --agent NAME`, or once `kiro-cli agent set-default NAME`, where \
         NAME is an agent of yours, or `dashcam` where you have none",
    ),
};

/// The files of agents beside this one, itself included, by name; itself alone
/// where there are none.
pub(super) fn agents(own: &Path) -> Vec<PathBuf> {
    let folder = own.parent().unwrap_or(own);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut agents: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "json") && path.is_file())
        .collect();
    agents.sort();
    if agents.is_empty() {
        agents.push(own.to_owned());
    }
    agents
}
