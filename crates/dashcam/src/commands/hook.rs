//! `dashcam hook`: what `dashcam-hook` does, where that program is missing.
//!
//! [`main`](crate::main) calls the hook before anything else is looked at;
//! here it is only described, and reached with options before its name.

use clap::Args;
use std::ffi::OsString;
use std::path::Path;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The harness and the event
    #[arg(value_name = "HARNESS EVENT", num_args = 0.., allow_hyphen_values = true)]
    words: Vec<OsString>,
}

pub(crate) fn run(data_dir: Option<&Path>, options: &Options) {
    let named = data_dir.map(|folder| ["--data-dir".into(), folder.as_os_str().to_owned()]);
    let named = named.into_iter().flatten();
    dashcam_hook::run(named.chain(options.words.iter().cloned()));
}
