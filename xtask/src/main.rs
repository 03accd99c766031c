//! Developer commands: `cargo xtask up`, `page`, `test`, `tidy`, `generate`,
//! `bench`.
//!
//! It builds, starts and measures dashcam as a user would, from outside: it
//! must never link dashcam's own crates, apart from the history generator.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is for developers"
)]

mod bench;
mod coverage;
mod generate;
mod page;
mod process;
mod running;
mod test;
mod tidy;
mod up;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Developer commands of dashcam.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the page and dashcam, and run `dashcam up`
    Up(up::Options),
    /// Build the page into the server's folder, if its sources changed
    Page(page::Options),
    /// Check everything, installing what that needs
    Test(test::Options),
    /// Check the rules of the house that no compiler knows
    Tidy,
    /// Write history of any size, with the truth about it
    Generate(generate::Options),
    /// Measure dashcam, and its rivals beside it
    Bench(bench::Options),
    /// Show which fields each harness fills, and from which source
    Coverage(coverage::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Up(options) => up::run(&options),
        Command::Page(options) => page::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Tidy => tidy::run(),
        Command::Generate(options) => generate::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Coverage(options) => coverage::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
