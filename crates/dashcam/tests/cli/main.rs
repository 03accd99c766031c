//! The binary as a person runs it: what it prints, and how it fails.

mod bad_input;
mod commands;
mod environment;
mod exactness;
mod history;
mod live;
