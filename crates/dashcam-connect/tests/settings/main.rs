//! Settings files of every kind, connected and disconnected.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arize;
mod bench;
mod codex_config;
mod corpus;
mod exactness;
mod files;
mod generated;
mod plugins;
mod telemetry;
