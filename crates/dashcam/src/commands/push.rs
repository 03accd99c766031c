//! `dashcam push`: sends what waits, and history on top where one asks for it.

use super::{print_json, print_text, say};
use crate::cli::Times;
use crate::context::Context;
use crate::sending::{self, Configured};
use crate::table::grouped;
use clap::Args;
use dashcam_spool::Lock;
use dashcam_store::{RefusedSpans, Store};
use dashcam_targets::{Drained, Environment, Target, TargetError};
use dashcam_trace::Timestamp;
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only to these targets [default: all]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    #[command(flatten)]
    times: Times,
    /// The whole history
    #[arg(long, conflicts_with_all = ["since", "until"])]
    all: bool,
    /// Also what a target refused before
    #[arg(long)]
    refused: bool,
}

/// What pushing brought, for one target.
#[derive(Serialize)]
struct Pushed {
    target: String,
    /// Turns of history that were queued.
    queued_turns: u64,
    /// Spans that the target took now.
    delivered_spans: u64,
    /// Spans that were refused now.
    refused_spans: u64,
    /// Turns that still wait.
    waiting_turns: u64,
    /// What the target will not get, by reason, from all attempts.
    refused: Vec<RefusedSpans>,
    /// Why not everything was sent.
    trouble: Option<String>,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let store = context.store()?;
    let source = Configured::of(context, Duration::ZERO)?;
    let targets = chosen(sending::targets(&store, &source)?, &options.targets)?;
    let (since, until) = options.times.read()?;
    let history = options.all || options.refused || since.is_some() || until.is_some();
    let mut queued = Vec::with_capacity(targets.len());
    for target in &targets {
        queued.push(if history {
            let now = Timestamp::now();
            store.queue_history(&target.name, since, until, options.refused, now)?
        } else {
            0
        });
        store.clear_retry(&target.name)?;
    }
    let sent = if let Some(_lock) = Lock::Sending.take(context.data_dir())? {
        if let Some(variable) = Environment::of_process().forbids() {
            say(
                context,
                &format!("{variable} forbids sending: it all waits"),
            );
        }
        sending::send(&store, &source, &targets)?
    } else {
        say(context, "`dashcam up` is running: it sends what waits");
        vec![Drained::default(); targets.len()]
    };
    let pushed = report(&store, &targets, &queued, sent)?;
    if context.global.json {
        print_json(&pushed)?;
    } else {
        print_text(&text(&pushed)?)?;
    }
    let troubles: Vec<String> = pushed
        .iter()
        .filter_map(|pushed| {
            let trouble = pushed.trouble.as_ref()?;
            Some(format!("{}: {trouble}", pushed.target))
        })
        .collect();
    anyhow::ensure!(troubles.is_empty(), "{}", troubles.join("\n"));
    Ok(())
}

/// The targets of these names; all if none is named.
pub(super) fn chosen(targets: Vec<Target>, names: &[String]) -> anyhow::Result<Vec<Target>> {
    anyhow::ensure!(
        !targets.is_empty(),
        "there is no target: add one with `dashcam target add`"
    );
    let known: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        return Err(TargetError::unknown(name, &known).into());
    }
    Ok(targets
        .into_iter()
        .filter(|target| names.is_empty() || names.contains(&target.name))
        .collect())
}

fn report(
    store: &Store,
    targets: &[Target],
    queued: &[u64],
    sent: Vec<Drained>,
) -> anyhow::Result<Vec<Pushed>> {
    let known = store.targets()?;
    let mut pushed = Vec::with_capacity(targets.len());
    for ((target, queued), drained) in targets.iter().zip(queued).zip(sent) {
        let status = known.iter().find(|status| status.name == target.name);
        pushed.push(Pushed {
            target: target.name.clone(),
            queued_turns: *queued,
            delivered_spans: drained.delivered,
            refused_spans: drained.refused,
            waiting_turns: status.map_or(0, |status| status.waiting_turns),
            refused: store.refused_spans(&target.name)?,
            trouble: drained.failure.map(|failure| failure.reason),
        });
    }
    Ok(pushed)
}

fn text(pushed: &[Pushed]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for pushed in pushed {
        write!(
            text,
            "{}: {} spans sent",
            pushed.target,
            grouped(pushed.delivered_spans)
        )?;
        if pushed.refused_spans > 0 {
            write!(text, ", {} refused", grouped(pushed.refused_spans))?;
        }
        if pushed.waiting_turns > 0 {
            write!(text, ", {} turns wait", grouped(pushed.waiting_turns))?;
        }
        writeln!(text)?;
        for refused in &pushed.refused {
            let spans = grouped(refused.spans);
            writeln!(text, "  {spans} spans not sent: {}", refused.reason)?;
        }
    }
    Ok(text)
}
