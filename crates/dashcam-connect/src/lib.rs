//! Registers dashcam's hooks in the settings of coding agents, and takes them
//! out again.
//!
//! Other programs' settings are edited in place: what is not ours keeps every
//! byte, a second run changes nothing, and taking out gives back what was there.
//! A file that its harness could not read is never written. Nothing that is
//! registered can deny a tool call or end a session.
//!
//! Planning reads and computes ([`Connector::plan_connect`]); only
//! [`Connector::carry_out`] writes.

pub mod arize;
mod connect;
mod error;
mod files;
mod hooks;
mod json;
mod manifest;
mod plan;
pub mod plugin;
mod program;
mod registrations;
mod script;
mod status;
mod telemetry;

pub use connect::{Connector, Scope, Wanted};
pub use error::Error;
pub use plan::{Change, Note, Plan};
pub use program::HookProgram;
pub use registrations::{Connectable, Named, Registration, Shape, Strict, UnknownConnectable};
pub use status::{HookedProgram, Registered, Status};
pub use telemetry::{ENDPOINT_VARIABLES, RECEIVER, State, by_environment};
