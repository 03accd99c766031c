//! `dashcam completions`: completion scripts for shells.

use crate::cli::Cli;
use clap::{Args, CommandFactory};
use std::io::Write;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The shell to complete for
    shell: clap_complete::Shell,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "dashcam", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}
