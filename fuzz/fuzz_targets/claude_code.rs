//! Claude Code's decoder on arbitrary bytes.

#![no_main]

#[path = "../../crates/dashcam-harness/tests/invariants/mod.rs"]
mod invariants;
mod session_of_bytes;

use dashcam_trace::Harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let files = ["s", "s/a", "s/a", "s/b"];
    let paths = [
        "s.jsonl",
        "s/subagents/agent-a.meta.json",
        "s/subagents/agent-a.jsonl",
        "s/subagents/agent-b.jsonl",
    ];
    session_of_bytes::decode(Harness::ClaudeCode, bytes, &files, &paths);
});
