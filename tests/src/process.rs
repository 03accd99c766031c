//! Runs programs that must not hang.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No run of a harness takes longer.
const LIMIT: Duration = Duration::from_mins(2);
/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// Until when a program may run.
pub enum Until<'a> {
    /// Until it ends.
    TheEnd,
    /// Until this holds: then it is interrupted as by Ctrl-C.
    Interrupted(&'a dyn Fn() -> bool),
}

/// Runs a program in a process group of its own, its output in `folder`.
pub(crate) fn run(command: &mut Command, folder: &Path, until: &Until<'_>) -> Ended {
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let mut is_interrupted = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if let Until::Interrupted(condition) = until
            && !is_interrupted
            && condition()
        {
            is_interrupted = true;
            signal("INT", &child.id().to_string());
        }
        if begun.elapsed() > LIMIT {
            end_group(&mut child);
            panic!(
                "{command:?} did not end within {LIMIT:?}\n{}\n{}",
                text(&out),
                text(&err)
            );
        }
        sleep(GLANCE);
    };
    // Background processes of the harness, if it left any.
    signal("KILL", &format!("-{}", child.id()));
    Ended {
        code: status.code(),
        stdout: text(&out),
        stderr: text(&err),
    }
}

fn end_group(child: &mut Child) {
    signal("KILL", &format!("-{}", child.id()));
    let _ = child.wait();
}

/// The shell's own `kill`: the standard library can only kill outright.
fn signal(name: &str, process: &str) {
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$0\" -- \"$1\" 2>/dev/null", name, process])
        .status();
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
