//! How fast sessions are cleared of secrets, on one core.
//!
//! `cargo run --profile bench-fast -p dashcam-privacy --example throughput [FILE…]`
//!
//! Without files, the transcripts of the harnesses' fixtures are read over and
//! over. The figures count bytes of text looked at, once each.

#![expect(clippy::print_stdout, reason = "figures are what the example is for")]

use dashcam_privacy::{HashKey, Level, Policy, apply};
use dashcam_trace::{Event, EventKind, RawJson, Session, Span, SpanBody, SpanKind};
use std::path::Path;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let mut texts = Vec::new();
    if files.is_empty() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashcam-harness/fixtures");
        collect(&fixtures, &mut texts)?;
    }
    for file in files {
        texts.push(std::fs::read_to_string(file)?);
    }
    let plain = texts.concat();
    let json: Vec<&str> = plain
        .lines()
        .filter(|line| serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok())
        .collect();
    let policy = policy();

    measure(
        "lines as text",
        &policy,
        plain.lines().map(|text| event(text, None)),
    )?;
    measure("all as one text", &policy, [event(&plain, None)])?;
    measure(
        "lines as JSON",
        &policy,
        json.iter()
            .map(|line| event("", RawJson::parse((*line).to_owned()).ok())),
    )?;
    // What costs most: anchors without end, each with nothing behind it.
    for (name, unit) in [
        ("words", "token "),
        ("assignments", "token="),
        ("quotes", "password=\""),
        ("addresses", "a://"),
        ("keys", "-----BEGIN PRIVATE KEY-----\n"),
        ("key ends", "-----END PRIVATE KEY-----\n"),
        ("web tokens", "eyJ"),
        ("prefixes", "ghp_"),
        ("commands", "mysql -p "),
        ("escapes", "\u{1b}[31m"),
    ] {
        let text = unit.repeat((4 << 20) / unit.len());
        measure(name, &policy, [event(&text, None)])?;
    }
    Ok(())
}

fn policy() -> Policy {
    Policy::new(Level::Redacted, HashKey::from_bytes([1; 32])).with_environment([
        ("EXAMPLE_API_KEY", "b7a1Q9zK2mX4pL8w"),
        ("EXAMPLE_PASSWORD", "correct/horse battery"),
    ])
}

fn collect(folder: &Path, texts: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, texts)?;
        } else if path.extension().is_some_and(|end| end == "jsonl") {
            texts.push(String::from_utf8_lossy(&std::fs::read(path)?).into_owned());
        }
    }
    Ok(())
}

fn event(text: &str, details: Option<RawJson>) -> SpanBody {
    SpanBody::Event(Event {
        kind: EventKind::Other,
        text: Some(text.to_owned()),
        details,
    })
}

/// Prints the best of several rounds; the first also pays for the automaton.
fn measure(
    name: &str,
    policy: &Policy,
    bodies: impl IntoIterator<Item = SpanBody>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut session = session()?;
    let spans = &mut session.turns[0].spans;
    let pattern = spans[0].clone();
    let mut bytes = 0;
    for body in bodies {
        if let SpanBody::Event(event) = &body {
            bytes += event.text.as_ref().map_or(0, String::len);
            bytes += event.details.as_ref().map_or(0, |json| json.as_str().len());
        }
        spans.push(Span {
            body,
            ..pattern.clone()
        });
    }
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let copy = session.clone();
        let began = Instant::now();
        let redacted = apply(copy, policy);
        best = best.min(began.elapsed());
        drop(redacted);
    }
    let megabytes = bytes as f64 / 1e6;
    println!(
        "{name:16} {megabytes:8.1} MB {:8.0} MB/s",
        megabytes / best.as_secs_f64()
    );
    Ok(())
}

/// A session of one step.
fn session() -> Result<Session, Box<dyn std::error::Error>> {
    let id = dashcam_trace::SessionId::derive(dashcam_trace::Harness::Codex, "throughput");
    let time = "2026-11-23T12:00:00Z";
    let turn = id.turn("0");
    Ok(serde_json::from_value(serde_json::json!({
        "harness": "codex", "id": id, "native_id": "throughput", "title": null, "cwd": null,
        "git": {}, "version": null, "entrypoint": null, "started_at": time, "ended_at": time,
        "parent": null, "outcome": null, "turns": [{
            "id": turn, "index": 0, "prompt": {"text": ""}, "start": time, "end": time,
            "status": "completed", "spans": [{
                "id": id.span(SpanKind::Turn, "0"), "parent": null, "kind": "turn", "name": "turn",
                "start": time, "end": time, "status": "ok", "timing": "measured",
                "sources": ["transcript"]
            }]
        }]
    }))?)
}
