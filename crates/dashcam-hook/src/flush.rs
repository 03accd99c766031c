//! Starts a flush: a process of its own that takes the spool in, when nothing
//! else does.

use dashcam_spool::Lock;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Events after which a turn or a session is over, in every harness's words.
const ENDS: &[&str] = &[
    "Stop",
    "StopFailure",
    "SessionEnd",
    "AfterAgent",
    "agentStop",
    "sessionEnd",
    "stop",
    "agent-turn-complete",
    "session.idle",
    "agent_end",
    "session_shutdown",
];

/// Whether what happened so far is worth taking in.
pub(crate) fn is_due(event: &str) -> bool {
    ENDS.contains(&event)
}

/// Starts `dashcam flush` and leaves it alone, unless one works already or
/// `dashcam up` watches.
pub(crate) fn start(data_dir: &Path) {
    if Lock::Watching.is_held(data_dir) || Lock::Flush.is_held(data_dir) {
        return;
    }
    let mut command = Command::new(dashcam());
    command
        .arg("flush")
        .arg("--data-dir")
        .arg(data_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // A signal meant for the agent's terminal does not reach it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    // Without it, the next `dashcam` takes the spool in.
    let _ = command.spawn();
}

/// `dashcam` beside this program, or wherever the shell finds it.
fn dashcam() -> PathBuf {
    let name = format!("dashcam{}", std::env::consts::EXE_SUFFIX);
    std::env::current_exe()
        .ok()
        .map(|own| own.with_file_name(&name))
        .filter(|beside| beside.is_file())
        .unwrap_or_else(|| name.into())
}
