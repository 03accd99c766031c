//! The command line that a harness runs at an event.
//!
//! It can never do harm: where the program is missing, cannot be started or
//! dies, the line still ends with success and prints nothing. Copilot denies
//! every tool call after a failed `preToolUse` hook, and Gemini ends the
//! session after a `BeforeAgent` hook that could not be found (both seen, in
//! Copilot CLI 1.0.102 and Gemini CLI 0.61.0).

use std::path::{Path, PathBuf};

/// How every command line of ours ends, for POSIX shells.
const POSIX_END: &str = ">/dev/null 2>&1 || true";
/// The same for `PowerShell`.
const POWERSHELL_END: &str = "*> $null; exit 0";

/// The program that takes events in, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookProgram {
    /// The program's full path.
    pub path: PathBuf,
    /// Whether it is `dashcam` itself, which takes events in with `hook`.
    pub is_dashcam: bool,
    /// The folder of dashcam's data, where it is not the platform's.
    pub data_dir: Option<PathBuf>,
}

impl HookProgram {
    /// The small program beside `dashcam`, or else `dashcam` itself.
    pub fn beside(dashcam: &Path) -> Self {
        let small = dashcam.with_file_name(format!("dashcam-hook{}", std::env::consts::EXE_SUFFIX));
        let is_dashcam = !small.is_file();
        Self {
            path: if is_dashcam {
                dashcam.to_owned()
            } else {
                small
            },
            is_dashcam,
            data_dir: None,
        }
    }

    /// The line for POSIX shells.
    pub fn posix(&self, harness: &str, event: &str) -> String {
        let path = posix_quoted(&self.path.to_string_lossy());
        let hook = if self.is_dashcam { " hook" } else { "" };
        let data = self.data_dir.as_ref().map_or_else(String::new, |folder| {
            format!(
                "DASHCAM_DATA_DIR={} ",
                posix_quoted(&folder.to_string_lossy())
            )
        });
        format!("[ -x {path} ] && {data}{path}{hook} {harness} {event} {POSIX_END}")
    }

    /// The line for `PowerShell`.
    pub fn powershell(&self, harness: &str, event: &str) -> String {
        let path = powershell_quoted(&self.path.to_string_lossy());
        let hook = if self.is_dashcam { " hook" } else { "" };
        let data = self.data_dir.as_ref().map_or_else(String::new, |folder| {
            let folder = powershell_quoted(&folder.to_string_lossy());
            format!("$env:DASHCAM_DATA_DIR={folder}; ")
        });
        format!(
            "if (Test-Path {path}) {{ {data}$input | & {path}{hook} {harness} {event} {POWERSHELL_END} }}"
        )
    }
}

/// The line for settings that several machines share, such as a plugin: the
/// program is looked for where the shell looks.
pub(crate) fn portable(harness: &str, event: &str) -> String {
    format!("command -v dashcam-hook >/dev/null 2>&1 && dashcam-hook {harness} {event} {POSIX_END}")
}

/// What a registered line says, if it is one of ours for a harness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    /// The program that it runs; `None` for a line that looks for it.
    pub(crate) program: Option<PathBuf>,
}

/// Recognises a line of ours, whichever program, data folder and event it
/// names.
pub(crate) fn recognise(command: &str, harness: &str) -> Option<Registered> {
    let (body, is_posix) = match command.strip_suffix(POSIX_END) {
        Some(body) => (body, true),
        None => (
            command
                .strip_suffix('}')?
                .trim_end()
                .strip_suffix(POWERSHELL_END)?,
            false,
        ),
    };
    let (call, event) = body.trim_end().rsplit_once(' ')?;
    let (call, name) = call.rsplit_once(' ')?;
    if name != harness
        || event.is_empty()
        || !event.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return None;
    }
    if call == "command -v dashcam-hook >/dev/null 2>&1 && dashcam-hook" {
        return Some(Registered { program: None });
    }
    let quoted = if is_posix {
        call.strip_prefix("[ -x ")?.split_once(" ] && ")?.0
    } else {
        call.strip_prefix("if (Test-Path ")?.split_once(") { ")?.0
    };
    let names_hook = call.ends_with(" hook") || quoted.contains("dashcam-hook");
    if !names_hook || !quoted.starts_with('\'') {
        return None;
    }
    let inner = quoted.trim_matches('\'');
    let path = if is_posix {
        inner.replace("'\\''", "'")
    } else {
        inner.replace("''", "'")
    };
    Some(Registered {
        program: Some(PathBuf::from(path)),
    })
}

fn posix_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn powershell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn program(path: &str) -> HookProgram {
        HookProgram {
            path: path.into(),
            is_dashcam: false,
            data_dir: None,
        }
    }

    fn run(line: &str) -> (Option<i32>, Vec<u8>, Vec<u8>) {
        let output = Command::new("sh").args(["-c", line]).output().unwrap();
        (output.status.code(), output.stdout, output.stderr)
    }

    #[test]
    fn a_missing_program_is_success_without_a_word() {
        let line = program("/no where/dashcam-hook").posix("codex", "Stop");
        assert_eq!(run(&line), (Some(0), vec![], vec![]));
        assert_eq!(run(&portable("codex", "Stop")), (Some(0), vec![], vec![]));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_fails_or_dies_is_success_without_a_word() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it's dashcam-hook");
        for script in [
            "#!/bin/sh\necho out; echo err >&2; exit 2\n",
            "#!/bin/sh\nkill -9 $$\n",
            "#!/no/such/interpreter\n",
            "\u{1}not a program",
        ] {
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut hook = program(path.to_str().unwrap());
            hook.data_dir = Some(folder.path().join("o'ther"));
            let line = hook.posix("gemini", "BeforeAgent");
            assert_eq!(run(&line), (Some(0), vec![], vec![]), "{script}");
        }
        std::fs::write(
            &path,
            "#!/bin/sh\necho \"$@\" $DASHCAM_DATA_DIR > \"$0.seen\"\n",
        )
        .unwrap();
        let mut hook = program(path.to_str().unwrap());
        hook.data_dir = Some("/da ta".into());
        run(&hook.posix("gemini", "BeforeAgent"));
        let seen = std::fs::read_to_string(path.with_file_name("it's dashcam-hook.seen")).unwrap();
        assert_eq!(seen, "gemini BeforeAgent /da ta\n");
    }

    #[test]
    fn our_lines_are_recognised_and_no_others() {
        let mut hook = program("/opt/it's/dashcam-hook");
        hook.data_dir = Some("/data".into());
        let registered = Some(Registered {
            program: Some(hook.path.clone()),
        });
        assert_eq!(recognise(&hook.posix("codex", "Stop"), "codex"), registered);
        assert_eq!(
            recognise(&hook.powershell("codex", "Stop"), "codex"),
            registered
        );
        assert_eq!(recognise(&hook.posix("codex", "Stop"), "gemini"), None);
        assert!(recognise(&portable("codex", "Stop"), "codex").is_some());
        let dashcam = HookProgram {
            path: "/usr/bin/dashcam".into(),
            is_dashcam: true,
            data_dir: None,
        };
        assert!(recognise(&dashcam.posix("codex", "Stop"), "codex").is_some());
        for other in [
            "true",
            "/opt/dashcam-hook codex Stop",
            "my-own codex Stop >/dev/null 2>&1 || true",
            "[ -x '/bin/other' ] && '/bin/other' codex Stop >/dev/null 2>&1 || true",
            "cat | dashcam-hook codex Stop >/dev/null 2>&1 || true",
        ] {
            assert_eq!(recognise(other, "codex"), None, "{other}");
        }
    }
}
