//! `dashcam disconnect`: take hooks out of harnesses' settings.

use super::connect::{connector, finish};
use crate::context::Context;
use clap::Args;
use dashcam_connect::{Connectable, Named, Scope};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which: claude-code, codex, cursor, gemini, copilot, opencode, omp (pi and
    /// Oh My Pi; pi or oh-my-pi for one of both)
    #[arg(value_name = "HARNESS", required_unless_present = "all")]
    harness: Vec<Named>,
    /// Everything that was connected, in every project
    #[arg(long, conflicts_with = "harness")]
    all: bool,
    /// From the settings of the current folder's project instead of yours
    #[arg(long)]
    project: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let connector = connector(context, None)?;
    let harnesses = if options.all {
        Connectable::ALL.to_vec()
    } else {
        Named::all_of(&options.harness)
    };
    let scope = match (options.project, options.all) {
        (true, _) => Some(Scope::Project),
        (false, true) => None,
        (false, false) => Some(Scope::User),
    };
    let plan = connector.plan_disconnect(&harnesses, scope)?;
    finish(context, &connector, plan, options.dry_run, "disconnected")
}
