//! One file per command.

pub(crate) mod completions;
pub(crate) mod connect;
pub(crate) mod disconnect;
pub(crate) mod doctor;
pub(crate) mod flush;
pub(crate) mod hook;
pub(crate) mod import;
pub(crate) mod progress;
pub(crate) mod push;
pub(crate) mod reindex;
pub(crate) mod sample;
pub(crate) mod search;
pub(crate) mod selection;
pub(crate) mod sessions;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod target;
pub(crate) mod up;
pub(crate) mod usage;

use crate::cli::{Cli, Command};
use crate::context::Context;
use std::io::Write;

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    if let Command::Hook(options) = &cli.command {
        // It needs no context, for the want of which it must not fail.
        hook::run(cli.global.data_dir.as_deref(), options);
        return Ok(());
    }
    let context = Context::new(cli.global)?;
    match cli.command {
        Command::Up(options) => up::run(&context, &options),
        Command::Import(options) => import::run(&context, &options),
        Command::Reindex => reindex::run(&context),
        Command::Usage(options) => usage::run(&context, &options),
        Command::Sessions(options) => sessions::run(&context, &options),
        Command::Show(options) => show::run(&context, &options),
        Command::Search(options) => search::run(&context, &options),
        Command::Connect(options) => connect::run(&context, &options),
        Command::Disconnect(options) => disconnect::run(&context, &options),
        Command::Status => status::run(&context),
        Command::Doctor => doctor::run(&context),
        Command::Sample(options) => sample::run(&context, &options),
        Command::Completions(options) => completions::run(&options),
        // Done above.
        Command::Hook(_) => Ok(()),
        Command::Target(options) => target::run(&context, &options),
        Command::Push(options) => push::run(&context, &options),
        Command::Flush => flush::run(&context),
        Command::ModelServer(args) => Ok(dashcam_model_server::run(args)?),
    }
}

/// Prints data as JSON, one document.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, value)?;
    writeln!(stdout)?;
    Ok(())
}

/// Prints text.
fn print_text(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        writeln!(stdout)?;
    }
    Ok(())
}

/// Says something to the person, beside the data.
fn say(context: &Context, text: &str) {
    if !context.global.quiet {
        // Talk is not worth failing for.
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }
}
