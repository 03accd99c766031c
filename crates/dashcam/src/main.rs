//! The command line of dashcam.
//!
//! Parses, calls the libraries, prints. Data goes to standard output, talk to
//! standard error. Exit codes: 0 done, 1 failed with a message, 2 wrong usage.

mod cli;
mod commands;
mod config;
mod context;
mod failure;
mod sending;
mod table;
mod when;

use clap::Parser;
use std::process::ExitCode;

// The decoders allocate many small strings on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "hook") {
        dashcam_hook::run(words);
        return ExitCode::SUCCESS;
    }
    // With huge pages, memory is cleared two megabytes at a time for texts of a
    // few kilobytes. Where they cannot be turned off, they only cost time.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
