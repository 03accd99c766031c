//! The store from outside, on real files.

mod evidence;
mod opening;
mod ownership;
mod processes;
mod round_trip;
mod sample_sessions;
mod search;
mod usage;
