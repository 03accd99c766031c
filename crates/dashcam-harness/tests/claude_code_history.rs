//! A check and a measurement over generated history, run by hand:
//! `DASHCAM_HISTORY=<folder with manifest.json> cargo test --release -p
//! dashcam-harness --test claude_code_history -- --ignored --nocapture`.

mod home;
mod invariants;

use dashcam_harness::reader;
use dashcam_trace::{Harness, Tokens};
use home::{Responses, sessions};
use std::path::PathBuf;
use std::time::Instant;

#[test]
#[ignore = "needs generated history in DASHCAM_HISTORY"]
fn generated_history_is_counted_exactly() {
    let home = PathBuf::from(std::env::var("DASHCAM_HISTORY").unwrap());
    let manifest = std::fs::read(home.join("manifest.json")).unwrap();
    let truth = serde_json::from_slice::<serde_json::Value>(&manifest).unwrap();
    let reader = reader(Harness::ClaudeCode);
    let sessions = sessions(reader, &home);
    let bytes: usize = sessions
        .iter()
        .flat_map(|s| &s.files)
        .map(|file| file.bytes.len())
        .sum();
    let speed = |began: Instant| bytes as f64 / 1e6 / began.elapsed().as_secs_f64();

    let mut scanned = Responses::default();
    let began = Instant::now();
    for files in &sessions {
        scanned.scan(reader, files);
    }
    eprintln!("usage: {:.0} MB/s", speed(began));

    let began = Instant::now();
    let mut spans = 0;
    for files in &sessions {
        spans += files
            .decode(reader)
            .session
            .map_or(0, |session| session.spans().count());
    }
    eprintln!("decode: {:.0} MB/s, {spans} spans", speed(began));

    let mut decoded = Responses::default();
    for files in &sessions {
        let result = files.decode(reader);
        if let Some(session) = &result.session {
            invariants::check(session);
            decoded.add_session(session);
        }
    }
    assert_eq!(scanned.0, decoded.0);
    let total: Tokens = scanned.0.values().copied().sum();
    let expected = |field: &str| truth["truth_total"][field].as_u64().unwrap();
    assert_eq!(scanned.0.len() as u64, expected("messages"));
    assert_eq!(total.input(), expected("input"));
    assert_eq!(total.completion, expected("output"));
    assert_eq!(total.cache_write(), expected("cache_create"));
    assert_eq!(total.cache_write_1h, expected("cache_create_1h"));
    assert_eq!(total.cache_read, expected("cache_read"));
}
