//! Asks a Phoenix what it holds, and queues again what it lost.
//!
//! Phoenix acknowledges spans that stand in its memory; a crash then loses
//! them. It keeps the first row of a span id, so sending again is safe.

use crate::drain::endpoint;
use crate::environment::Environment;
use crate::target::{Target, TargetError};
use dashcam_otlp::send::{Client, Preset};
use dashcam_store::{DeliveredTurn, Store, TurnKey};
use dashcam_trace::{SpanId, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustc_hash::FxHashSet;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Spans of one page.
const PAGE: usize = 500;
/// How often to look again before a span counts as lost: what was taken a
/// moment ago is not readable yet.
const LOOKS: u32 = 3;
/// How long between two looks.
const BETWEEN: Duration = Duration::from_secs(3);

/// What a target holds of what it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Spans that it took.
    pub sent: u64,
    /// Those of them that it holds.
    pub held: u64,
    /// Those that it lost; they are queued again.
    pub lost: u64,
}

/// One page of Phoenix's `GET /v1/projects/{project}/spans` (seen in 20.8).
#[derive(Deserialize)]
struct Page {
    data: Vec<Item>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    span_id: String,
}

/// Compares what a Phoenix holds with what it took, for turns that ended since
/// a time. What it lost is queued again: it goes with the next sending.
pub fn verify(
    store: &Store,
    target: &Target,
    environment: &Environment,
    since: Option<Timestamp>,
) -> Result<Verified, TargetError> {
    if target.backend != Preset::Phoenix {
        return Err(TargetError::CannotVerify(target.name.clone()));
    }
    let client = Client::new(endpoint(target, environment)?);
    let turns = store.delivered_turns(&target.name, since)?;
    let mut projects: BTreeMap<&str, Vec<&DeliveredTurn>> = BTreeMap::new();
    for turn in &turns {
        projects.entry(&turn.project).or_default().push(turn);
    }
    let mut verified = Verified::default();
    let mut lost: Vec<(TurnKey, Vec<SpanId>)> = Vec::new();
    for (project, turns) in projects {
        let sent: u64 = turns.iter().map(|turn| turn.spans.len() as u64).sum();
        let missing = missing(&client, &target.url, project, &turns)?;
        let missing_spans: u64 = missing.iter().map(|(_, spans)| spans.len() as u64).sum();
        verified.sent += sent;
        verified.lost += missing_spans;
        verified.held += sent - missing_spans;
        lost.extend(missing);
    }
    if !lost.is_empty() {
        store.forget_delivered(&target.name, &lost, Timestamp::now())?;
    }
    Ok(verified)
}

fn missing(
    client: &Client,
    url: &str,
    project: &str,
    turns: &[&DeliveredTurn],
) -> Result<Vec<(TurnKey, Vec<SpanId>)>, TargetError> {
    let since = turns.iter().map(|turn| turn.start).min();
    let mut look = 1;
    loop {
        let held = held(client, url, project, since)?;
        let missing: Vec<(TurnKey, Vec<SpanId>)> = turns
            .iter()
            .filter_map(|turn| {
                let of_turn = turn.spans.iter();
                let missing: Vec<SpanId> = of_turn
                    .copied()
                    .filter(|span| !held.contains(span))
                    .collect();
                (!missing.is_empty()).then_some((turn.turn, missing))
            })
            .collect();
        if missing.is_empty() || look == LOOKS {
            return Ok(missing);
        }
        look += 1;
        std::thread::sleep(BETWEEN);
    }
}

/// The spans that a project holds; none if there is no such project.
fn held(
    client: &Client,
    url: &str,
    project: &str,
    since: Option<Timestamp>,
) -> Result<FxHashSet<SpanId>, TargetError> {
    let base = url.strip_suffix("/v1/traces").unwrap_or(url);
    let project = utf8_percent_encode(project, NON_ALPHANUMERIC);
    let since = since.map_or_else(String::new, |since| {
        let since = since.to_string();
        format!(
            "&start_time={}",
            utf8_percent_encode(&since, NON_ALPHANUMERIC)
        )
    });
    let mut held = FxHashSet::default();
    let mut cursor = String::new();
    loop {
        let page = format!("{base}/v1/projects/{project}/spans?limit={PAGE}{since}{cursor}");
        let response = client.get(&page)?;
        let answer = |message: String| TargetError::Answer {
            url: page.clone(),
            message,
        };
        match response.status {
            200 => {}
            404 => return Ok(held),
            status => return Err(answer(format!("HTTP {status}"))),
        }
        let Page { data, next_cursor } =
            serde_json::from_slice(&response.body).map_err(|error| answer(error.to_string()))?;
        for item in data {
            // Spans that others sent may have ids of another form.
            if let Ok(id) = item.context.span_id.parse() {
                held.insert(id);
            }
        }
        match next_cursor {
            Some(next) => {
                cursor = format!("&cursor={}", utf8_percent_encode(&next, NON_ALPHANUMERIC));
            }
            None => return Ok(held),
        }
    }
}
