//! `dashcam target list`: the targets, and how they fare.

use super::super::{print_json, print_text, say};
use crate::context::Context;
use crate::sending::{self, Configured};
use crate::table::{self, Column, grouped};
use dashcam_privacy::Level;
use dashcam_store::{RefusedSpans, TargetStatus};
use dashcam_targets::Target;
use dashcam_trace::Harness;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// A target as it is configured, without its secrets, and how it fares.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    status: TargetStatus,
    backend: &'static str,
    url: String,
    /// The names of its own headers.
    headers: Vec<String>,
    project: String,
    projects: BTreeMap<Harness, String>,
    level: Level,
    profile: &'static str,
    user: Option<String>,
    harnesses: Vec<Harness>,
    /// What it will not get, by reason.
    refused: Vec<RefusedSpans>,
}

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let store = context.store()?;
    let targets = sending::targets(&store, &Configured::of(context, Duration::ZERO)?)?;
    let mut listed = Vec::with_capacity(targets.len());
    for status in store.targets()? {
        if let Some(target) = targets.iter().find(|target| target.name == status.name) {
            let refused = store.refused_spans(&status.name)?;
            listed.push(with_status(target, status, refused));
        }
    }
    if context.global.json {
        return print_json(&listed);
    }
    if listed.is_empty() {
        say(
            context,
            "nothing is sent anywhere: `dashcam target add` names where to",
        );
        return Ok(());
    }
    print_text(&text(&listed)?)
}

fn with_status(target: &Target, status: TargetStatus, refused: Vec<RefusedSpans>) -> Listed {
    Listed {
        status,
        backend: target.backend.as_str(),
        url: target.url.clone(),
        headers: target.headers.keys().cloned().collect(),
        project: target.project.clone(),
        projects: target.projects.clone(),
        level: target.levels.usual(),
        profile: target.profile.as_str(),
        user: target.user.clone(),
        harnesses: target.harnesses.clone(),
        refused,
    }
}

fn text(listed: &[Listed]) -> Result<String, std::fmt::Error> {
    const COLUMNS: [Column; 7] = [
        Column::text("Target"),
        Column::text("Where").at_most(60),
        Column::text("Level"),
        Column::text("Project").rank(1),
        Column::number("Sent"),
        Column::number("Refused").rank(2),
        Column::number("Waiting"),
    ];
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|target| {
            vec![
                target.status.name.clone(),
                target.url.clone(),
                target.level.to_string(),
                target.project.clone(),
                grouped(target.status.delivered_spans),
                grouped(target.status.refused_spans),
                grouped(target.status.waiting_turns),
            ]
        })
        .collect();
    let mut text = table::render(&COLUMNS, &rows, None);
    for target in listed {
        if let Some(trouble) = &target.status.trouble {
            write!(text, "\n! {}: {trouble}", target.status.name)?;
            if let Some(retry_at) = target.status.retry_at {
                write!(text, "; again at {retry_at:.0}")?;
            }
        }
        for refused in &target.refused {
            let spans = grouped(refused.spans);
            write!(
                text,
                "\n! {}: {spans} spans not sent: {}",
                target.status.name, refused.reason
            )?;
        }
    }
    writeln!(text)?;
    Ok(text)
}
