//! Holds dashcam's numbers against the truth: every kind of token, by day,
//! model and harness, straight from disk and from the store; every session;
//! every word that occurs in one session alone.

use super::dashcam::Dashcam;
use super::figures::{Report, Who};
use super::history::History;
use dashcam_history_gen::Counts;
use serde_json::Value;
use std::collections::BTreeMap;

/// At most so many differences are told of each kind.
const MOST_TOLD: usize = 6;

/// Checks everything.
pub(super) fn check(
    dashcam: &Dashcam,
    history: &History,
    report: &mut Report,
) -> anyhow::Result<()> {
    let manifest = &history.manifest;
    for (place, from_disk) in [("from the store", false), ("straight from disk", true)] {
        for (key, truth) in [
            ("day", &manifest.by_day),
            ("model", &manifest.by_model),
            ("harness", &manifest.by_harness),
        ] {
            let mut arguments = vec!["usage", "--by", key, "--timezone", "UTC"];
            if from_disk {
                arguments.push("--from-disk");
            }
            let usage = dashcam.json(&arguments)?;
            let mut differences = compare(key, &usage, truth, from_disk);
            differences.extend(difference(
                "total",
                &counts(&usage["total"]),
                &manifest.total,
                from_disk,
            ));
            differences.truncate(MOST_TOLD);
            report.verdict(Who::Dashcam, format!("usage by {key} {place}"), differences);
        }
    }
    check_sessions(dashcam, history, report)?;
    check_needles(dashcam, history, report)
}

fn compare(
    key: &str,
    usage: &Value,
    truth: &BTreeMap<String, Counts>,
    from_disk: bool,
) -> Vec<String> {
    let rows = usage["rows"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let found: BTreeMap<&str, Counts> = rows
        .iter()
        .filter_map(|row| Some((row[key].as_str()?, counts(row))))
        .collect();
    let mut differences = Vec::new();
    for (name, truth) in truth {
        match found.get(name.as_str()) {
            Some(found) => differences.extend(difference(name, found, truth, from_disk)),
            None => differences.push(format!("{name} is missing")),
        }
    }
    for name in found.keys().filter(|name| !truth.contains_key(**name)) {
        differences.push(format!("{name} is not in the history"));
    }
    differences
}

/// The counts of a row of `dashcam usage --json`.
fn counts(row: &Value) -> Counts {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
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

/// What differs, if anything does. Straight from disk, tool calls are not
/// counted; in the store, a tool call belongs to the day it was made, which
/// may be the day before its response ended.
fn difference(name: &str, found: &Counts, truth: &Counts, from_disk: bool) -> Option<String> {
    let is_day = name.len() == 10 && name.starts_with("20");
    let kinds = [
        ("model_calls", found.model_calls, truth.model_calls),
        ("prompt", found.prompt, truth.prompt),
        ("cache_read", found.cache_read, truth.cache_read),
        ("cache_write_5m", found.cache_write_5m, truth.cache_write_5m),
        ("cache_write_1h", found.cache_write_1h, truth.cache_write_1h),
        ("completion", found.completion, truth.completion),
        ("reasoning", found.reasoning, truth.reasoning),
        ("tool_calls", found.tool_calls, truth.tool_calls),
    ];
    let checked = if from_disk || is_day {
        &kinds[..7]
    } else {
        &kinds[..]
    };
    let wrong: Vec<String> = checked
        .iter()
        .filter(|(_, found, truth)| found != truth)
        .map(|(kind, found, truth)| format!("{kind} {found} instead of {truth}"))
        .collect();
    if wrong.is_empty() {
        None
    } else {
        Some(format!("{name}: {}", wrong.join(", ")))
    }
}

fn check_sessions(dashcam: &Dashcam, history: &History, report: &mut Report) -> anyhow::Result<()> {
    let listed = dashcam.json(&["sessions", "--limit", "0"])?;
    let sessions = listed["sessions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut differences = Vec::new();
    let mut found = BTreeMap::new();
    for session in sessions {
        found.insert(
            session["native_id"].as_str().unwrap_or_default(),
            counts(session),
        );
    }
    for (id, truth) in &history.manifest.by_session {
        match found.get(id.as_str()) {
            Some(found) => differences.extend(difference(id, found, &truth.counts, false)),
            None => differences.push(format!("{id} is missing")),
        }
    }
    if sessions.len() as u64 != history.manifest.sessions {
        differences.push(format!(
            "{} sessions instead of {}",
            sessions.len(),
            history.manifest.sessions
        ));
    }
    differences.truncate(MOST_TOLD);
    report.verdict(
        Who::Dashcam,
        "every session's calls and tokens",
        differences,
    );
    Ok(())
}

fn check_needles(dashcam: &Dashcam, history: &History, report: &mut Report) -> anyhow::Result<()> {
    let sessions = dashcam.json(&["sessions", "--limit", "0"])?;
    let native_ids: BTreeMap<&str, &str> = sessions["sessions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(|session| Some((session["id"].as_str()?, session["native_id"].as_str()?)))
        .collect();
    let mut differences = Vec::new();
    for needle in &history.manifest.needles {
        let results = dashcam.json(&["search", &needle.word])?;
        let hits = results["hits"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let is_found = !hits.is_empty()
            && hits.iter().all(|hit| {
                let session = hit["session"].as_str().and_then(|id| native_ids.get(id));
                session == Some(&needle.session.as_str())
            });
        if !is_found {
            differences.push(format!(
                "{} in {} of {}: {} hits",
                needle.word,
                needle.field,
                needle.session,
                hits.len()
            ));
        }
    }
    differences.truncate(MOST_TOLD);
    report.verdict(
        Who::Dashcam,
        format!(
            "{} words found where they stand",
            history.manifest.needles.len()
        ),
        differences,
    );
    Ok(())
}
