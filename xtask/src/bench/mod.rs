//! `cargo xtask bench`: what dashcam takes, in one table from one run, with
//! its rivals beside it where they install, and its numbers held against the
//! truth.
//!
//! Everything is measured from outside: the built binary, its HTTP API, the
//! memory that the system says it uses.

mod agentsview;
mod ccusage;
mod dashcam;
mod disk;
mod exactness;
mod figures;
mod history;
mod hook;
mod live;
mod measure;
mod otlp;
mod server;

use crate::{generate, page, process, workspace};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use dashcam::Dashcam;
use figures::Report;
use history::History;
use std::fs;
use std::path::PathBuf;

/// What to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    /// How many million bytes of history
    #[arg(long, default_value_t = 200)]
    mb: u64,
    /// Whose history
    #[arg(long, value_enum, default_value_t = generate::Harness::Both)]
    harness: generate::Harness,
    /// Measure ccusage and agentsview beside it, installed by npm and pip
    #[arg(long)]
    rivals: bool,
    /// How often; the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    bin: Option<PathBuf>,
    /// The profile to build with
    #[arg(long, default_value = "release")]
    profile: String,
    /// Write the figures as JSON to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is measured apart from the rest.
#[derive(Debug, Subcommand)]
enum Part {
    /// One event of a hook: how long the agent waits
    Hook(hook::Options),
    /// Spans that come over OTLP: how fast, how safe, beside Phoenix
    Otlp(otlp::Options),
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match &options.part {
        Some(Part::Hook(options)) => return hook::run(options),
        Some(Part::Otlp(options)) => return otlp::run(options),
        None => {}
    }
    let binary = match &options.bin {
        Some(binary) => {
            fs::canonicalize(binary).with_context(|| format!("cannot find {}", binary.display()))?
        }
        None => build(&options.profile)?,
    };
    let history = History::prepare(options.mb, options.harness.into())?;
    let dashcam = Dashcam::new(binary, &history)?;
    let runs = options.runs.max(1);
    let mut report = Report::new(&history);

    disk::measure(&dashcam, &history, runs, &mut report)?;
    server::measure(&dashcam, &history, runs, &mut report)?;
    live::measure(&dashcam, &mut report)?;
    if options.rivals {
        ccusage::measure(&history, runs, &mut report);
        agentsview::measure(&history, &mut report);
    }
    exactness::check(&dashcam, &history, &mut report)?;

    println!("{}", report.markdown());
    if let Some(path) = &options.json {
        fs::write(path, report.json()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !report.is_exact() {
        bail!("dashcam's numbers are not the truth");
    }
    Ok(())
}

fn build(profile: &str) -> anyhow::Result<PathBuf> {
    page::build_if_changed()?;
    eprintln!("building dashcam ({profile})");
    process::run(process::cargo().args(["build", "--package", "dashcam", "--profile", profile]))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(workspace::built(folder, "dashcam"))
}
