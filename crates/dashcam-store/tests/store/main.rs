//! The store from outside, on real files.
#![allow(
    clippy::unwrap_used,
    clippy::default_trait_access,
    clippy::assigning_clones,
    clippy::similar_names,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail loudly, and everything here is one"
)]

mod evidence;
mod left_out;
mod opening;
mod ownership;
mod processes;
mod round_trip;
mod sample_sessions;
mod search;
mod telemetry;
mod usage;
