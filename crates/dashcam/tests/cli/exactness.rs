//! Generated history of every shape and trap: the totals equal its truth.

use crate::environment::Environment;
use dashcam_history_gen::{Counts, Manifest, Options, generate};
use dashcam_insight::Prices;
use dashcam_trace::{Timestamp, Tokens};
use serde_json::Value;
use std::collections::BTreeMap;

const MEGABYTES: u64 = 12;

fn generated() -> (Environment, Manifest) {
    let environment = Environment::new();
    let manifest = generate(&Options::new(environment.home(), MEGABYTES)).unwrap();
    (environment, manifest)
}

fn counts(row: &Value) -> Counts {
    let number = |value: &Value| value.as_u64().unwrap();
    let tokens = &row["tokens"];
    Counts {
        model_calls: number(&row["model_calls"]),
        tool_calls: number(&row["tool_calls"]),
        prompt: number(&tokens["prompt"]),
        cache_read: number(&tokens["cache_read"]),
        cache_write_5m: number(&tokens["cache_write_5m"]),
        cache_write_1h: number(&tokens["cache_write_1h"]),
        completion: number(&tokens["completion"]),
        reasoning: number(&tokens["reasoning"]),
    }
}

/// What a model's tokens cost at its plain rates; generated prompts stay
/// below the sizes at which dearer rates begin.
fn cost(prices: &Prices, model: &str, counts: &Counts) -> f64 {
    let at: Timestamp = "2026-08-01T00:00:00Z".parse().unwrap();
    let rate = |tokens: Tokens| {
        prices
            .cost(model, None, at, &tokens, &[])
            .map_or(0.0, |cost| cost.usd.usd() / 1000.0)
    };
    let plain = Tokens {
        prompt: 1000,
        ..Tokens::default()
    };
    let input = counts.prompt - counts.cache_read - counts.cache_write_5m - counts.cache_write_1h;
    [
        (input, plain),
        (
            counts.cache_read,
            Tokens {
                cache_read: 1000,
                ..plain
            },
        ),
        (
            counts.cache_write_5m,
            Tokens {
                cache_write_5m: 1000,
                ..plain
            },
        ),
        (
            counts.cache_write_1h,
            Tokens {
                cache_write_1h: 1000,
                ..plain
            },
        ),
        (
            counts.completion,
            Tokens {
                completion: 1000,
                ..Tokens::default()
            },
        ),
    ]
    .into_iter()
    .map(|(number, tokens)| number as f64 * rate(tokens))
    .sum()
}

fn assert_close_to_the_cent(cost: f64, expected: f64, what: &str) {
    assert!(
        (cost - expected).abs() < 0.005,
        "{what}: {cost} instead of {expected}"
    );
}

#[test]
fn usage_equals_the_truth_from_the_store_and_from_disk() {
    let (environment, manifest) = generated();
    let prices = Prices::load("").unwrap();
    environment.import();
    for from_disk in [false, true] {
        let usage = |by: &str| {
            let mut arguments = vec!["usage", "--by", by];
            if from_disk {
                arguments.push("--from-disk");
            }
            environment.json(&arguments)
        };
        // Straight from disk, tool calls are not counted.
        let truth = |counts: &Counts| Counts {
            tool_calls: if from_disk { 0 } else { counts.tool_calls },
            ..*counts
        };
        let report = usage("model");
        assert_eq!(
            counts(&report["total"]),
            truth(&manifest.total),
            "from disk: {from_disk}"
        );
        let mut total = 0.0;
        for row in report["rows"].as_array().unwrap() {
            let model = row["model"].as_str().unwrap();
            let expected = &manifest.by_model[model];
            let found = Counts {
                tool_calls: 0,
                ..counts(row)
            };
            assert_eq!(
                found,
                Counts {
                    tool_calls: 0,
                    ..*expected
                },
                "{model}"
            );
            let cost = cost(&prices, model, expected);
            assert_close_to_the_cent(row["cost_usd"].as_f64().unwrap(), cost, model);
            total += cost;
        }
        assert_close_to_the_cent(
            report["total"]["cost_usd"].as_f64().unwrap(),
            total,
            "total",
        );
        for row in usage("day")["rows"].as_array().unwrap() {
            let day = row["day"].as_str().unwrap();
            let found = Counts {
                tool_calls: 0,
                ..counts(row)
            };
            let expected = Counts {
                tool_calls: 0,
                ..manifest.by_day[day]
            };
            assert_eq!(found, expected, "{day}, from disk: {from_disk}");
        }
    }
}

#[test]
fn every_session_has_its_own_share() {
    let (environment, manifest) = generated();
    environment.import();
    let page = environment.json(&["sessions", "-n", "0"]);
    assert_eq!(page["total"], manifest.sessions);
    for session in page["sessions"].as_array().unwrap() {
        let native_id = session["native_id"].as_str().unwrap();
        let truth = &manifest.by_session[native_id];
        assert_eq!(counts(session), truth.counts, "{native_id}");
        if truth.forked_from.is_some() {
            assert_eq!(session["parent"]["relation"], "fork", "{native_id}");
        }
    }
}

#[test]
fn importing_file_by_file_in_any_order_ends_the_same() {
    let (environment, _) = generated();
    environment.import();
    let expected = sessions_by_id(&environment);

    // The same history, arriving in two halves: what was copied arrives first.
    let later = Environment::new();
    let hidden = later.home().join("hidden");
    std::fs::create_dir(&hidden).unwrap();
    for folder in [".claude", ".codex"] {
        let copied = std::process::Command::new("cp")
            .args(["-a"])
            .args([environment.home().join(folder), later.home().join(folder)])
            .status()
            .unwrap();
        assert!(copied.success());
    }
    let mut files = files_below(&later.home().join(".claude"));
    files.sort();
    let half: Vec<_> = files.iter().step_by(2).collect();
    for (index, file) in half.iter().enumerate() {
        std::fs::rename(file, hidden.join(index.to_string())).unwrap();
    }
    later.import();
    for (index, file) in half.iter().enumerate() {
        std::fs::rename(hidden.join(index.to_string()), file).unwrap();
    }
    later.import();
    assert_eq!(sessions_by_id(&later), expected);
}

#[test]
fn reindex_gives_the_same_sessions_again() {
    let (environment, manifest) = generated();
    environment.import();
    let before = environment.json(&["sessions", "-n", "0"]);
    std::fs::remove_dir_all(environment.home()).unwrap();
    std::fs::create_dir(environment.home()).unwrap();
    let run = environment.run(&["reindex"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(environment.json(&["sessions", "-n", "0"]), before);
    assert_eq!(
        counts(&environment.json(&["usage"])["total"]),
        manifest.total
    );
}

#[test]
fn a_word_that_stands_in_one_session_is_found_there() {
    let (environment, manifest) = generated();
    environment.import();
    assert!(!manifest.needles.is_empty());
    for needle in manifest.needles.iter().take(12) {
        let results = environment.json(&["search", &needle.word]);
        let hits = results["hits"].as_array().unwrap();
        assert!(
            hits.iter().any(|hit| hit["field"] == needle.field.as_str()),
            "{needle:?} {hits:?}"
        );
        let sessions: Vec<_> = hits
            .iter()
            .map(|hit| {
                environment.json(&["show", hit["session"].as_str().unwrap()])["native_id"].clone()
            })
            .collect();
        assert!(
            sessions.contains(&needle.session.as_str().into()),
            "{needle:?}"
        );
    }
}

fn sessions_by_id(environment: &Environment) -> BTreeMap<String, Value> {
    let page = environment.json(&["sessions", "-n", "0"]);
    let sessions = page["sessions"].as_array().unwrap();
    sessions
        .iter()
        .map(|session| {
            (
                session["native_id"].as_str().unwrap().to_owned(),
                session.clone(),
            )
        })
        .collect()
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
