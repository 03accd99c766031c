//! `dashcam target verify`: what a Phoenix holds of what it took.

use super::super::{print_json, print_text, say};
use crate::cli::Times;
use crate::context::Context;
use crate::sending::{self, Configured};
use crate::table::grouped;
use clap::Args;
use dashcam_spool::Lock;
use dashcam_targets::Environment;
use serde::Serialize;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The target
    name: String,
    #[command(flatten)]
    times: Times,
}

#[derive(Serialize)]
struct Report {
    target: String,
    /// Spans that the target took.
    sent_spans: u64,
    /// Those of them that it holds.
    held_spans: u64,
    /// Those that it had lost.
    lost_spans: u64,
    /// Those of the lost that it took again now.
    repaired_spans: u64,
}

pub(super) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let target = super::named(context, &options.name)?;
    let store = context.store()?;
    let (since, _) = options.times.read()?;
    let environment = Environment::of_process();
    let verified = dashcam_targets::verify(&store, &target, &environment, since)?;
    let mut report = Report {
        target: target.name.clone(),
        sent_spans: verified.sent,
        held_spans: verified.held,
        lost_spans: verified.lost,
        repaired_spans: 0,
    };
    let mut failure = None;
    if verified.lost > 0 {
        if let Some(_lock) = Lock::Sending.take(context.data_dir())? {
            store.clear_retry(&target.name)?;
            let source = Configured::of(context, Duration::ZERO)?;
            for drained in sending::send(&store, &source, std::slice::from_ref(&target))? {
                report.repaired_spans += drained.delivered;
                failure = drained.failure;
            }
        } else {
            say(context, "`dashcam up` is running: it sends them again");
        }
    }
    if context.global.json {
        print_json(&report)?;
    } else {
        print_text(&format!(
            "{}: holds {} of {} spans; {} were lost, {} sent again\n",
            report.target,
            grouped(report.held_spans),
            grouped(report.sent_spans),
            grouped(report.lost_spans),
            grouped(report.repaired_spans),
        ))?;
    }
    match failure {
        Some(failure) => Err(anyhow::anyhow!("{}: {}", target.name, failure.reason)),
        None => Ok(()),
    }
}
