//! Recordings of real harnesses, read back through dashcam, against what the
//! model server served when they were made.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{check_recorded, from_truth, read_home};
use dashcam_trace::Harness;
use std::fs;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/dashcam-harness/fixtures")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn recordings_of_claude_code_hold_what_was_served() {
    let recordings = fixtures().join("claude-code/recordings");
    for name in ["agents", "coding", "errors", "mcp", "resume", "subagent"] {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().join("home");
        copy(&recordings.join(name).join("home"), &home);
        let truth = fs::read_to_string(recordings.join(name).join("truth.json")).unwrap();
        eprintln!("recording {name}");
        let recorded = read_home(&home, &scratch.path().join("data"));
        check_recorded(&recorded, &from_truth(Harness::ClaudeCode, &truth));
    }
}

#[test]
fn recordings_of_codex_hold_what_was_served() {
    let recordings = [
        "agents",
        "coding",
        "compaction",
        "errors",
        "image",
        "mcp",
        "nested",
        "patch",
        "patches-and-script",
        "resume",
        "scripts",
        "subagent-fork",
        "subagents",
    ];
    for name in recordings {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().join("home");
        let recording = fixtures().join("codex").join(name);
        copy(&recording, &home.join(".codex/sessions/2026/11/23"));
        let truth = fs::read_to_string(recording.join("truth.json")).unwrap();
        eprintln!("recording {name}");
        let recorded = read_home(&home, &scratch.path().join("data"));
        check_recorded(&recorded, &from_truth(Harness::Codex, &truth));
    }
}
