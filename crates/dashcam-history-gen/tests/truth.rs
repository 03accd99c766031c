//! Reads generated history back with the plainest readers there can be, and
//! compares what they find with the manifest.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use dashcam_history_gen::{Counts, HarnessChoice, Manifest, Options, generate};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

fn options(folder: &Path, harness: HarnessChoice) -> Options {
    Options {
        harness,
        fork_percent: 15,
        ..Options::new(folder, 12)
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn lines_of(path: &Path) -> Vec<Value> {
    let mut bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "zst") {
        bytes = zstd::decode_all(bytes.as_slice()).unwrap();
    }
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

fn number(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

#[test]
fn the_same_options_give_the_same_bytes_and_another_seed_gives_others() {
    let make = |seed| {
        let folder = tempfile::tempdir().unwrap();
        generate(&Options {
            seed,
            ..Options::new(folder.path(), 3)
        })
        .unwrap()
        .digest
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn the_bytes_are_the_same_on_every_machine() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(&Options::new(folder.path(), 2)).unwrap();
    // Changes with every change of what is written, and with nothing else: then
    // raise `dashcam_history_gen::VERSION`, so that no old history is taken for new.
    assert_eq!(
        manifest.digest,
        "bb3b06490a06f2caf1bd6dc5d3f83fdcc08b622bc9f19c4700593546c8eb6e8e"
    );
}

#[test]
fn the_manifest_beside_the_history_is_the_one_returned() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(&Options::new(folder.path(), 2)).unwrap();
    let text = fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
    let on_disk: u64 = files_below(folder.path())
        .iter()
        .filter(|path| !path.ends_with("manifest.json"))
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!(on_disk, manifest.bytes);
}

#[test]
fn claude_code_responses_counted_once_by_id_are_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(&options(folder.path(), HarnessChoice::ClaudeCode)).unwrap();
    let mut responses: HashMap<String, (Counts, String, String)> = HashMap::new();
    let mut tool_calls = HashSet::new();
    for path in files_below(&folder.path().join(".claude")) {
        for line in lines_of(&path) {
            let message = &line["message"];
            let (Some("assistant"), Some(id)) = (line["type"].as_str(), message["id"].as_str())
            else {
                continue;
            };
            if message["model"] == "<synthetic>" {
                continue;
            }
            for block in message["content"].as_array().unwrap() {
                if block["type"] == "tool_use" {
                    tool_calls.insert(block["id"].as_str().unwrap().to_owned());
                }
            }
            let usage = &message["usage"];
            let written = number(usage, "/cache_creation_input_tokens");
            let for_an_hour = number(usage, "/cache_creation/ephemeral_1h_input_tokens");
            let counts = Counts {
                model_calls: 1,
                tool_calls: 0,
                prompt: number(usage, "/input_tokens")
                    + number(usage, "/cache_read_input_tokens")
                    + written,
                cache_read: number(usage, "/cache_read_input_tokens"),
                cache_write_5m: written - for_an_hour,
                cache_write_1h: for_an_hour,
                completion: number(usage, "/output_tokens"),
                reasoning: 0,
            };
            let known = responses
                .get(id)
                .map_or(0, |(counts, ..)| counts.completion);
            if counts.completion >= known {
                let model = message["model"].as_str().unwrap().to_owned();
                let day = line["timestamp"].as_str().unwrap()[..10].to_owned();
                responses.insert(id.to_owned(), (counts, model, day));
            }
        }
    }
    let mut total = Counts {
        tool_calls: tool_calls.len() as u64,
        ..Counts::default()
    };
    let mut by_model: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_day: BTreeMap<String, u64> = BTreeMap::new();
    for (counts, model, day) in responses.into_values() {
        total += counts;
        *by_model.entry(model).or_default() += counts.completion;
        *by_day.entry(day).or_default() += counts.prompt;
    }
    assert_eq!(total, manifest.total);
    let completions = manifest
        .by_model
        .iter()
        .map(|(model, counts)| (model.clone(), counts.completion));
    assert_eq!(by_model, completions.collect());
    assert_eq!(
        by_day,
        manifest
            .by_day
            .iter()
            .map(|(day, counts)| (day.clone(), counts.prompt))
            .collect()
    );
}

#[test]
fn codex_usage_without_repeats_and_copies_is_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(&options(folder.path(), HarnessChoice::Codex)).unwrap();
    let mut total = Counts::default();
    let mut calls = HashSet::new();
    // Copied totals stand in the origin's file too, with the same numbers.
    let mut known_totals = HashSet::new();
    for path in files_below(&folder.path().join(".codex")) {
        let lines = lines_of(&path);
        let has_records = lines
            .iter()
            .any(|line| line["type"] == "token_usage_record");
        for line in &lines {
            let payload = &line["payload"];
            if matches!(
                payload["type"].as_str(),
                Some("function_call" | "custom_tool_call")
            ) {
                calls.insert(payload["call_id"].as_str().unwrap().to_owned());
            }
            let usage = if line["type"] == "token_usage_record" {
                &payload["usage"]
            } else if !has_records
                && payload["type"] == "token_count"
                && payload["info"].is_object()
            {
                if !known_totals.insert(payload["info"].to_string()) {
                    continue;
                }
                &payload["info"]["last_token_usage"]
            } else {
                continue;
            };
            total += Counts {
                model_calls: 1,
                tool_calls: 0,
                prompt: number(usage, "/input_tokens"),
                cache_read: number(usage, "/cached_input_tokens"),
                cache_write_5m: number(usage, "/cache_write_input_tokens"),
                cache_write_1h: 0,
                completion: number(usage, "/output_tokens"),
                reasoning: number(usage, "/reasoning_output_tokens"),
            };
        }
    }
    total.tool_calls = calls.len() as u64;
    assert_eq!(total, manifest.total);
}

#[test]
fn sums_by_day_model_harness_and_session_are_the_total() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(&options(folder.path(), HarnessChoice::Both)).unwrap();
    let sum = |counts: Vec<Counts>| {
        counts
            .into_iter()
            .fold(Counts::default(), |mut sum, counts| {
                sum += counts;
                sum
            })
    };
    assert_eq!(
        sum(manifest.by_day.values().copied().collect()),
        manifest.total
    );
    assert_eq!(
        sum(manifest.by_model.values().copied().collect()),
        manifest.total
    );
    assert_eq!(
        sum(manifest.by_harness.values().copied().collect()),
        manifest.total
    );
    assert_eq!(
        sum(manifest
            .by_session
            .values()
            .map(|session| session.counts)
            .collect()),
        manifest.total
    );
}

#[test]
fn a_needle_stands_in_the_files_of_its_session_alone() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(&options(folder.path(), HarnessChoice::ClaudeCode)).unwrap();
    assert!(!manifest.needles.is_empty());
    let files = files_below(&folder.path().join(".claude"));
    let contents: Vec<String> = files
        .iter()
        .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
        .collect();
    for needle in &manifest.needles {
        for content in contents
            .iter()
            .filter(|content| content.contains(&needle.word))
        {
            assert!(content.contains(&needle.session), "{needle:?}");
        }
        assert!(
            contents
                .iter()
                .any(|content| content.contains(&needle.word)),
            "{needle:?}"
        );
    }
}

#[test]
fn every_trap_is_set_in_a_history_of_some_size() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(&Options {
        fork_percent: 30,
        ..Options::new(folder.path(), 60)
    })
    .unwrap();
    for trap in [
        "response in several lines",
        "result between the lines of a response",
        "results in another order than their calls",
        "copied session",
        "copy cut in the middle of a response",
        "edited prompt",
        "prompt with an image",
        "result with an image",
        "resumed session",
        "compaction",
        "interrupted tool call",
        "call without a result",
        "slash command",
        "shell line of the person",
        "API error shown as a response",
        "line of an unknown type",
        "torn line",
        "half-written last line",
        "subagent inside the main file",
        "subagent in a file of its own",
        "subagent of a subagent",
        "subagent in the background",
        "unfinished subagent",
        "archived rollout",
        "compressed rollout",
        "fork that holds only what is new",
        "fork that repeats its origin",
        "subagent",
        "subagent that repeats its parent",
        "repeated totals",
        "aborted turn",
    ] {
        assert!(
            manifest.traps.contains_key(trap),
            "{trap}: {:#?}",
            manifest.traps
        );
    }
}
