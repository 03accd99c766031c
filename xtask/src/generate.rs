//! `cargo xtask generate`: history of any size.

use clap::{Args, ValueEnum};
use dashcam_history_gen::{HarnessChoice, generate};
use std::path::PathBuf;

/// What history to make.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder that becomes the home; `manifest.json` is written into it
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many million bytes
    #[arg(long, default_value_t = 200)]
    mb: u64,
    /// Another seed gives another history
    #[arg(long, default_value_t = 20_260_820)]
    seed: u64,
    /// Whose history
    #[arg(long, value_enum, default_value_t = Harness::Both)]
    harness: Harness,
    /// How many of a hundred sessions are copies that go on in their own way
    #[arg(long, default_value_t = 4, value_name = "PERCENT")]
    forks: u32,
}

/// Whose history.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Harness {
    ClaudeCode,
    Codex,
    Both,
}

impl From<Harness> for HarnessChoice {
    fn from(harness: Harness) -> Self {
        match harness {
            Harness::ClaudeCode => Self::ClaudeCode,
            Harness::Codex => Self::Codex,
            Harness::Both => Self::Both,
        }
    }
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let manifest = generate(&dashcam_history_gen::Options {
        seed: options.seed,
        harness: options.harness.into(),
        fork_percent: options.forks.min(100),
        ..dashcam_history_gen::Options::new(&options.out, options.mb)
    })?;
    println!(
        "{}: {} sessions, {} files, {} lines, {} model calls, {} tool calls",
        options.out.display(),
        manifest.sessions,
        manifest.files,
        manifest.lines,
        manifest.total.model_calls,
        manifest.total.tool_calls
    );
    Ok(())
}
