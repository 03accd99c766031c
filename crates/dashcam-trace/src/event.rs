//! Things that happened in a session besides model and tool calls.

use crate::RawJson;
use serde::{Deserialize, Serialize};

/// Something that happened at one moment of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What kind of thing.
    pub kind: EventKind,
    /// Text for the person: a notification, a command line, an error message.
    pub text: Option<String>,
    /// What else the harness noted, as it wrote it.
    pub details: Option<RawJson>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A question whether a tool may run, or its answer.
    Permission,
    /// The conversation was summarised to make room.
    Compaction,
    /// The person stopped the agent.
    Interruption,
    /// The harness told the person something.
    Notification,
    /// The model's API failed visibly.
    ApiError,
    /// A slash command.
    Command,
    /// A shell line that the person ran themselves (`!`).
    ShellLine,
    /// Text that the harness put into the context by itself.
    Context,
    /// A hook of the person's ran.
    Hook,
    /// A setting changed: model, mode, permissions.
    Settings,
    /// The harness ended the session, or its process.
    SessionEnd,
    /// Something this version of dashcam has no word for.
    Other,
}

impl EventKind {
    /// Every kind, in the order of the vocabulary.
    pub const ALL: [Self; 12] = [
        Self::Permission,
        Self::Compaction,
        Self::Interruption,
        Self::Notification,
        Self::ApiError,
        Self::Command,
        Self::ShellLine,
        Self::Context,
        Self::Hook,
        Self::Settings,
        Self::SessionEnd,
        Self::Other,
    ];

    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Compaction => "compaction",
            Self::Interruption => "interruption",
            Self::Notification => "notification",
            Self::ApiError => "api_error",
            Self::Command => "command",
            Self::ShellLine => "shell_line",
            Self::Context => "context",
            Self::Hook => "hook",
            Self::Settings => "settings",
            Self::SessionEnd => "session_end",
            Self::Other => "other",
        }
    }
}
