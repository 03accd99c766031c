//! A scripted model server: lets real coding agents run whole sessions offline.
//!
//! A [`Scenario`] says what the model answers, turn by turn; a [`ModelServer`]
//! speaks the wire formats that harnesses speak and keeps a [`Log`] of what it
//! served. That log is the truth that decoders are measured against.
//!
//! The wire formats ([`wire`]) know nothing of scripts: they turn a request
//! into a neutral [`Question`] and a neutral [`Answer`] into bytes. Whatever
//! else can produce answers, such as a recorded session, can use them too.
//!
//! The server listens on loopback only and never opens a connection itself.

mod command;
mod error;
mod exchange;
mod log;
mod scenario;
mod script;
mod server;
mod stream;
pub mod wire;

pub use command::{Args, run};
pub use error::ServerError;
pub use exchange::{Answer, Call, CallInput, Question, ToolResult, Usage};
pub use log::{Delivery, Entry, Log, RequestSummary};
pub use scenario::{
    CallId, Drop, Match, OneOrMany, Reply, Route, Scenario, ScriptedCall, UsageFields,
};
pub use server::ModelServer;
pub use wire::Api;
