//! Sessions decoded from the harnesses' own recordings.

use dashcam_harness::{Evidence, EvidenceFile};
use dashcam_trace::{Harness, Session};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashcam-harness/fixtures")
}

fn decode(harness: Harness, file: &str) -> Session {
    let path = fixtures().join(file);
    let bytes = std::fs::read(&path).unwrap();
    let reader = dashcam_harness::all()
        .into_iter()
        .find(|reader| reader.harness() == harness)
        .unwrap();
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap();
    let native_id = reader.membership(&path, first_line).unwrap().native_id;
    let evidence = Evidence {
        native_id: &native_id,
        files: vec![EvidenceFile {
            path: file,
            native_id: &native_id,
            parent: None,
            bytes: Cow::Borrowed(&bytes),
        }],
    };
    reader.decode(&evidence).session.unwrap()
}

pub(crate) fn claude_code() -> Session {
    decode(
        Harness::ClaudeCode,
        "claude-code/recordings/coding/home/.claude/projects/-home-dev-work-repo/\
         5398f012-cf05-4774-b633-5a98d1714ed2.jsonl",
    )
}

pub(crate) fn codex() -> Session {
    decode(
        Harness::Codex,
        "codex/scripts/rollout-2026-11-23T13-47-09-01a208a9-1aeb-7c62-8061-ef40c0e50f46.jsonl",
    )
}
