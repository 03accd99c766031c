//! A conversation as any of Cursor's sources tells it, before it becomes a
//! session.
//!
//! Every source gives the same: turns, and in each what the agent thought,
//! said and did, in order. What one source lacks, another may have
//! ([`super::merge`]).

use super::tools::{Agent, Tool};
use dashcam_trace::{EventKind, Image, RawJson, Source, Sources, Timestamp, Tokens, TurnStatus};

/// A conversation, or the work of a subagent.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) title: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) version: Option<String>,
    pub(super) entrypoint: Option<String>,
    /// The model that was chosen for it.
    pub(super) model: Option<String>,
    pub(super) created: Option<Timestamp>,
    /// What started it, for the work of a subagent.
    pub(super) started_by: Option<StartedBy>,
    pub(super) turns: Vec<Turn>,
}

/// The call that started a subagent.
#[derive(Debug, Default)]
pub(super) struct StartedBy {
    pub(super) call_id: Option<String>,
    pub(super) agent_type: Option<String>,
}

/// From a prompt to the end of the work on it.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Names it within the conversation; never changes.
    pub(super) key: String,
    /// Cursor's id of the work on one prompt: `generation_id` in hooks,
    /// `requestId` in the editor's database.
    pub(super) generation: Option<String>,
    pub(super) prompt: String,
    pub(super) images: Vec<Image>,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    pub(super) status: Option<TurnStatus>,
    pub(super) error: Option<String>,
    pub(super) model: Option<String>,
    /// What all its model calls together used, where Cursor tells only that.
    pub(super) tokens: Option<Tokens>,
    /// Told when each message ended; only one of them may be the turn's.
    pub(super) told_with_answers: Vec<Tokens>,
    pub(super) steps: Vec<Step>,
    /// Whether the person took it back.
    pub(super) abandoned: bool,
    pub(super) sources: Sources,
}

/// One thing that happened in a turn.
#[derive(Debug)]
pub(super) struct Step {
    /// Names it within the conversation, among those of its kind.
    pub(super) key: String,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    /// Whether Cursor itself measured how long it took.
    pub(super) is_measured: bool,
    pub(super) sources: Sources,
    pub(super) what: What,
}

/// What happened.
#[derive(Debug)]
pub(super) enum What {
    /// The agent thought.
    Thought(String),
    /// The agent said something.
    Text {
        /// What it said.
        text: String,
        /// What this message used.
        tokens: Option<Tokens>,
        /// The model that said it, where it is told message by message.
        model: Option<String>,
    },
    /// The agent called a tool.
    Tool(Box<Tool>),
    /// A subagent worked, and no call is known that started it.
    Agent(Box<Agent>),
    /// Anything else.
    Event {
        kind: EventKind,
        text: Option<String>,
        details: Option<RawJson>,
    },
}

impl Turn {
    /// Adds a step that one source tells of.
    pub(super) fn push(&mut self, key: String, at: Option<Timestamp>, source: Source, what: What) {
        self.steps.push(Step {
            key,
            start: at,
            end: at,
            is_measured: false,
            sources: only(source),
            what,
        });
    }
}

/// A set of one source.
pub(super) fn only(source: Source) -> Sources {
    std::iter::once(source).collect()
}
