//! Sending traces to other backends.
//!
//! A [`Target`] says where to, how much, and in which words. What waits for it
//! stands in the store's outbox; a [`Drain`] takes the turns that are ready,
//! applies the target's privacy level, encodes them, sends them and remembers
//! what became of each span. [`Sender`] does so for as long as a process runs.
//!
//! What is sent is always a pure function of the session as the store has it;
//! ids are derived, so that sending a span twice does no harm, and remembering
//! what was sent keeps it from happening.

mod config;
mod credentials;
mod drain;
mod encode;
mod environment;
mod keyring;
mod level;
mod ready;
mod request;
mod sender;
mod target;
mod trial;
mod verify;

pub use config::{add, load, remove};
pub use drain::{Drain, Drained, Failure, Sending};
pub use environment::Environment;
pub use level::{LevelRules, SendLevel};
pub use sender::{Bell, Sender, Source};
pub use target::{Header, NewTarget, Secrets, Target, TargetError};
pub use trial::{Trial, try_out};
pub use verify::{Verified, verify};
