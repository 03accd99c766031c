//! Generated history with every trap, counted; and a measurement over a large
//! one, run by hand:
//! `DASHCAM_HISTORY=<folder with manifest.json> cargo test --release -p
//! dashcam-harness --test claude_code_history -- --ignored --nocapture`.

mod home;
mod invariants;

use dashcam_harness::reader;
use dashcam_history_gen::{Counts, HarnessChoice, Options, generate};
use dashcam_trace::{Harness, ProblemKind, Tokens};
use home::{Responses, sessions};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[test]
fn history_with_every_trap_is_counted_exactly() {
    let home = tempfile::tempdir().expect("a folder for the history");
    let manifest = generate(&Options {
        harness: HarnessChoice::ClaudeCode,
        ..Options::new(home.path(), 6)
    })
    .expect("history can be written");
    let reader = reader(Harness::ClaudeCode);
    let (mut scanned, mut counted) = (Responses::default(), Responses::default());
    let mut tool_calls = std::collections::BTreeSet::new();
    let (mut lines, mut malformed) = (0, 0);
    for files in sessions(reader, home.path()) {
        scanned.scan(reader, &files);
        let decoded = files.decode(reader);
        lines += decoded.lines;
        malformed += decoded
            .problems
            .iter()
            .filter(|problem| is_malformed(problem.kind))
            .count() as u64;
        let session = decoded.session.expect("generated sessions hold turns");
        invariants::check(&session);
        counted.add_session(&session);
        tool_calls.extend(home::tool_calls(&session).filter_map(|call| call.call_id.clone()));
    }
    assert_eq!(scanned.0, counted.0);
    let total: Tokens = counted.0.values().copied().sum();
    let found = Counts {
        model_calls: counted.0.len() as u64,
        tool_calls: tool_calls.len() as u64,
        prompt: total.prompt,
        cache_read: total.cache_read,
        cache_write_5m: total.cache_write_5m,
        cache_write_1h: total.cache_write_1h,
        completion: total.completion,
        reasoning: total.reasoning,
    };
    assert_eq!(found, manifest.total);
    assert_eq!(malformed, manifest.malformed_lines);
    assert_eq!(lines, manifest.lines);
}

fn is_malformed(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::MalformedLine | ProblemKind::PartialLine)
}

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
    let speed =
        |began: Duration| bytes as f64 / 1e6 / cpu_time().saturating_sub(began).as_secs_f64();

    let mut scanned = Responses::default();
    let began = cpu_time();
    for files in &sessions {
        scanned.scan(reader, files);
    }
    eprintln!("usage: {:.0} MB/s", speed(began));

    let began = cpu_time();
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

/// Time that this thread had a core; where that cannot be known, time at all.
fn cpu_time() -> Duration {
    static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let on_core = schedule
        .split_whitespace()
        .next()
        .and_then(|nanos| nanos.parse().ok());
    on_core.map_or_else(|| BEGAN.elapsed(), Duration::from_nanos)
}
