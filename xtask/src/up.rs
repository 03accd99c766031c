//! `cargo xtask up`: from a fresh clone to the page in the browser.

use crate::{page, process, workspace};
use clap::Args;
use std::process::Command;

/// Optimised like a release, but without link-time optimisation: a debug
/// build is ready a little sooner, and then takes minutes for the first
/// import, where this takes seconds.
const PROFILE: &str = "bench-fast";

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Options of `dashcam up`, after `--`
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    page::build_if_changed()?;
    eprintln!("building dashcam (the first time takes some minutes)");
    process::run(process::cargo().args(["build", "--package", "dashcam", "--profile", PROFILE]))?;
    let mut dashcam = Command::new(workspace::built(PROFILE, "dashcam"));
    process::run(dashcam.arg("up").args(&options.arguments))
}
