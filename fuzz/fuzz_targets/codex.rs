//! Codex's decoder on arbitrary bytes.

#![no_main]

#[path = "../../crates/dashcam-harness/tests/invariants/mod.rs"]
mod invariants;
mod session_of_bytes;

use dashcam_trace::Harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let files = ["s", "a", "b"];
    let paths = ["rollout-s.jsonl", "rollout-a.jsonl", "rollout-b.jsonl"];
    session_of_bytes::decode(Harness::Codex, bytes, &files, &paths);
});
