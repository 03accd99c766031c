//! `dashcam target …`: where traces are sent.

mod add;
mod arize;
mod list;
mod verify;

pub(crate) use arize::add_from_arize;

use super::{print_json, print_text, say};
use crate::context::Context;
use crate::sending::{self, Configured};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use dashcam_otlp::send::Answer;
use dashcam_targets::{Environment, Target};
use serde::Serialize;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send traces to a backend, from now on
    Add(Box<add::Options>),
    /// The targets, and how they fare
    List,
    /// Send one span to a target and read what it answers
    Test(Name),
    /// Ask a Phoenix what it holds, and send again what it lost
    Verify(verify::Options),
    /// Send nothing more to a target, and forget its credentials
    Remove(Name),
}

#[derive(Debug, Args)]
struct Name {
    /// The target
    name: String,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    match &options.command {
        Command::Add(options) => add::run(context, options),
        Command::List => list::run(context),
        Command::Test(options) => test(context, &options.name),
        Command::Verify(options) => verify::run(context, options),
        Command::Remove(options) => remove(context, &options.name),
    }
}

/// The target of this name.
fn named(context: &Context, name: &str) -> anyhow::Result<Target> {
    let store = context.store()?;
    let source = Configured::of(context, Duration::ZERO)?;
    let names = [name.to_owned()];
    let targets = super::push::chosen(sending::targets(&store, &source)?, &names)?;
    targets.into_iter().next().context("it was just there")
}

/// What came of a test.
#[derive(Serialize)]
struct Tested {
    target: String,
    url: String,
    project: String,
    span: String,
    taken: bool,
    answer: String,
    took_ms: u128,
}

fn test(context: &Context, name: &str) -> anyhow::Result<()> {
    let target = named(context, name)?;
    let trial = dashcam_targets::try_out(&target, &Environment::of_process())?;
    let (taken, answer) = match trial.answer {
        Answer::Taken { warning: None } => (true, "it was taken".to_owned()),
        Answer::Taken {
            warning: Some(warning),
        } => (true, format!("it was taken, with a warning: {warning}")),
        Answer::PartlyTaken { reason, .. } | Answer::Refused { reason } => {
            (false, format!("it was refused: {reason}"))
        }
        Answer::Later { reason, .. } => (false, format!("not now: {reason}")),
        Answer::TooLarge { reason } => (false, format!("one span is too much: {reason}")),
        Answer::Misconfigured { reason } => {
            (false, format!("the address or a header is wrong: {reason}"))
        }
    };
    let tested = Tested {
        target: target.name,
        url: target.url,
        project: trial.project,
        span: trial.span.to_string(),
        taken,
        answer,
        took_ms: trial.took.as_millis(),
    };
    if context.global.json {
        print_json(&tested)?;
    } else if tested.taken {
        print_text(&format!(
            "one span to {}, project {}: {} in {} ms\n",
            tested.url, tested.project, tested.answer, tested.took_ms
        ))?;
    }
    anyhow::ensure!(tested.taken, "{}: {}", tested.url, tested.answer);
    Ok(())
}

fn remove(context: &Context, name: &str) -> anyhow::Result<()> {
    dashcam_targets::remove(context.data_dir(), name)?;
    let store = context.store()?;
    sending::targets(&store, &Configured::of(context, Duration::ZERO)?)?;
    say(
        context,
        &format!("{name} is removed: nothing more goes there; what it has, it keeps"),
    );
    Ok(())
}
