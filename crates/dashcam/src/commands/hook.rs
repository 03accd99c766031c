//! `dashcam hook`: what `dashcam-hook` does, where that program is missing.
//!
//! [`main`](crate::main) calls the hook before anything else is looked at;
//! here it is only described, and reached with options before its name.

use clap::Args;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The harness and the event
    #[arg(value_name = "HARNESS EVENT", num_args = 0.., allow_hyphen_values = true)]
    words: Vec<OsString>,
}

pub(crate) fn run(options: &Options) {
    dashcam_hook::run(options.words.clone());
}
