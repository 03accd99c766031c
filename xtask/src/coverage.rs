//! `cargo xtask coverage`: which fields each harness fills, and from which
//! source. Derived from the fixtures by `dashcam-fixtures`, which decodes them
//! all: a program of its own, so that xtask need not be built with decoders.

use crate::process;
use clap::Args;

/// What to do with the table.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write it into the manual, where it stands in docs/src/harnesses/overview.md
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut coverage = process::cargo();
    coverage.args(["run", "--quiet", "--package", "dashcam-fixtures"]);
    coverage.args(["--bin", "coverage", "--"]);
    if options.write {
        coverage.arg("--write");
    }
    process::run(&mut coverage)
}
