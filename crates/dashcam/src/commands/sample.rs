//! `dashcam sample`: the bundled sample history.

use super::{import, progress, say};
use crate::context::Context;
use clap::{Args, Subcommand};
use dashcam_recorder::sample;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a few recorded sessions, marked as samples
    Add,
    /// Remove them again
    Remove,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let store = context.store()?;
    let _lock = import::lock(context, &store)?;
    match options.action {
        Action::Add => {
            let bar = progress::Bar::new(context);
            let sessions = sample::add(&store, &context.prices()?, &bar)?;
            bar.finish();
            say(context, &format!("added {sessions} sample sessions: `dashcam sample remove` removes them"));
        }
        Action::Remove => {
            let sessions = sample::remove(&store)?;
            say(context, &format!("removed {sessions} sample sessions"));
        }
    }
    Ok(())
}
