//! The vocabulary of dashcam: what a coding agent did, as typed values.
//!
//! A [`Session`] is one conversation with a harness. It holds [`Turn`]s, one
//! per prompt, and a turn holds [`Span`]s, one per observed step. Everything
//! else in dashcam makes these values or reads them.
//!
//! This crate knows no file, clock, network or terminal, and names no
//! harness outside [`Harness`]. Ids are derived from what the harness wrote
//! (see [`id`]), so decoding the same evidence twice gives the same bytes.

mod amount;
pub mod content;
pub mod credits;
pub mod event;
pub mod harness;
pub mod id;
mod json;
pub mod model_call;
pub mod money;
pub mod openinference;
pub mod problem;
pub mod raw_json;
pub mod session;
pub mod span;
pub mod tokens;
pub mod tool_call;
pub mod tool_kind;
pub mod turn;

pub use content::{Image, ImageId, Part};
pub use credits::{CreditSum, Credits};
pub use event::{Event, EventKind};
pub use harness::{Harness, UnknownHarness};
pub use id::{SessionId, SpanId, TurnId};
pub use jiff::Timestamp;
pub use json::SpanJson;
pub use model_call::{InputPart, ModelCall};
pub use money::{Cost, CostSource, Money};
pub use problem::{Problem, ProblemKind};
pub use raw_json::RawJson;
pub use session::{Git, Outcome, Parent, ParentRelation, Session};
pub use span::{AgentRun, Source, Sources, Span, SpanBody, SpanKind, Status, Timing};
pub use tokens::Tokens;
pub use tool_call::{Change, FileDiff, McpTool, ToolCall, ToolOutput};
pub use tool_kind::ToolKind;
pub use turn::{Prompt, Turn, TurnStatus};
