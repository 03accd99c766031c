//! The words of the command line.

use crate::commands;
use clap::{Args, Parser, Subcommand};
use dashcam_trace::Harness;
use std::path::PathBuf;

/// A flight recorder for coding agents: what they did, step by step, and what
/// it took.
#[derive(Debug, Parser)]
#[command(
    name = "dashcam",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The folder of dashcam's own data [default: the platform's data folder]
    #[arg(
        long,
        global = true,
        env = "DASHCAM_DATA_DIR",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub(crate) data_dir: Option<PathBuf>,
    /// The home whose harness data is read [default: your home]
    #[arg(
        long,
        global = true,
        env = "DASHCAM_HOME",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub(crate) home: Option<PathBuf>,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say less: no progress, no notes
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more: every file that could not be read, every problem
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import, watch, and serve the page in your browser
    Up(commands::up::Options),
    /// Read history into the store; a second run reads only what is new
    Import(commands::import::Options),
    /// Decode every session anew from the archived evidence
    Reindex,
    /// Tokens and cost
    Usage(commands::usage::Options),
    /// List sessions, the latest first
    Sessions(commands::sessions::Options),
    /// Print one session
    Show(commands::show::Options),
    /// Search prompts, answers, thinking, tool input and output
    Search(commands::search::Options),
    /// Register hooks with coding agents, so that sessions are seen as they run
    Connect(commands::connect::Options),
    /// Take the hooks out again
    Disconnect(commands::disconnect::Options),
    /// What is connected
    Status,
    /// What was seen, what could not be read, and why
    Doctor,
    /// Add or remove the bundled sample history
    Sample(commands::sample::Options),
    /// Print a completion script for your shell
    Completions(commands::completions::Options),
    /// Keep an event; called by coding agents only
    #[command(hide = true)]
    Hook(commands::hook::Options),
    /// Where traces are sent: Phoenix, Arize AX, any OTLP backend
    Target(commands::target::Options),
    /// Send what waits for the targets, and history where you ask for it
    Push(commands::push::Options),
    /// Take in what hooks left; started at the end of a turn
    #[command(hide = true)]
    Flush,
    /// Serve scripted model replies to harnesses under test
    #[command(hide = true)]
    ModelServer(dashcam_model_server::Args),
}

/// Which sessions or calls a command looks at.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    /// Only of these harnesses
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) harness: Vec<Harness>,
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Only where a model whose name contains this answered
    #[arg(long, value_name = "TEXT")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) times: Times,
}

/// Which span of time a command looks at.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Times {
    /// Only from this time on: a date, a date and time, or how long ago (7d, 24h)
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
