//! The binary as a person runs it: what it prints, and how it fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arize;
mod backend;
mod bad_input;
mod commands;
mod connect;
mod environment;
mod exactness;
mod history;
mod hook;
mod left_out;
mod live;
mod targets;
