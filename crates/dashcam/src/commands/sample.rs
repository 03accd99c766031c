//! `dashcam sample`: the bundled sample history.

use super::{import, say};
use crate::context::Context;
use clap::{Args, Subcommand};
use dashcam_recorder::{Importer, NoProgress, sample};

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
            let (prices, home, readers) =
                (context.prices()?, context.home()?, dashcam_harness::all());
            let added = sample::add(&store, &prices)?.len();
            Importer::new(&store, &prices, &home, &readers).index(&NoProgress)?;
            say(
                context,
                &format!("added {added} sample sessions: `dashcam sample remove` removes them"),
            );
        }
        Action::Remove => {
            let sessions = sample::remove(&store)?;
            say(context, &format!("removed {sessions} sample sessions"));
        }
    }
    Ok(())
}
