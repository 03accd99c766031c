//! Recordings of real harnesses, read back through dashcam, against what the
//! model server served when they were made.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{Recorded, check_recorded, from_truth, read_home};
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
    for name in [
        "abort", "agents", "coding", "errors", "mcp", "resume", "subagent",
    ] {
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
        "interrupted",
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

#[test]
fn recordings_of_gemini_hold_what_was_served() {
    let recordings = fixtures().join("gemini");
    for name in ["coding", "errors", "mcp", "parallel", "resume", "subagent"] {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().join("home");
        copy(&recordings.join(name).join("home"), &home);
        let truth = fs::read_to_string(recordings.join(name).join("truth.json")).unwrap();
        eprintln!("recording {name}");
        let recorded = read_home(&home, &scratch.path().join("data"));
        check_recorded(&recorded, &from_truth(Harness::Gemini, &truth));
    }
}

#[test]
fn recordings_of_copilot_hold_what_was_served() {
    let recordings = [
        "abort",
        "abort-stream",
        "background",
        "coding",
        "errors",
        "fatal",
        "gpt",
        "mcp",
        "parallel",
        "resume",
        "subagent",
    ];
    for name in recordings {
        let recording = fixtures().join("copilot").join(name);
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().join("home");
        copy(&recording.join("home"), &home);
        let truth = fs::read_to_string(recording.join("truth.json")).unwrap();
        eprintln!("recording {name}");
        let recorded = read_home(&home, &scratch.path().join("data"));
        check_recorded(&recorded, &from_truth(Harness::Copilot, &truth));
    }
}

fn coding() -> (tempfile::TempDir, Recorded, String) {
    let recording = fixtures().join("claude-code/recordings/coding");
    let scratch = tempfile::tempdir().unwrap();
    let home = scratch.path().join("home");
    copy(&recording.join("home"), &home);
    let recorded = read_home(&home, &scratch.path().join("data"));
    (
        scratch,
        recorded,
        fs::read_to_string(recording.join("truth.json")).unwrap(),
    )
}

#[test]
#[should_panic(expected = "tokens: expected")]
fn a_token_too_many_is_noticed() {
    let (_scratch, recorded, truth) = coding();
    let mut served = from_truth(Harness::ClaudeCode, &truth);
    served[2].tokens.cache_read += 1;
    check_recorded(&recorded, &served);
}

#[test]
#[should_panic(expected = "recorded but not served")]
fn a_call_too_many_is_noticed() {
    let (_scratch, recorded, truth) = coding();
    let mut served = from_truth(Harness::ClaudeCode, &truth);
    served.pop();
    check_recorded(&recorded, &served);
}

#[test]
#[should_panic(expected = "argument command")]
fn another_argument_is_noticed() {
    let (_scratch, recorded, truth) = coding();
    let mut served = from_truth(Harness::ClaudeCode, &truth);
    let bash = served
        .iter_mut()
        .flat_map(|served| &mut served.calls)
        .find(|call| call.name == "Bash");
    bash.unwrap().input["command"] = "rm -r /".into();
    check_recorded(&recorded, &served);
}
