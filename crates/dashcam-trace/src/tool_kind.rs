//! What a tool does, whatever its name.

use serde::{Deserialize, Serialize};

/// What a tool call does, whatever the harness calls the tool.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// Reads files.
    Read,
    /// Changes part of a file.
    Edit,
    /// Writes a whole file.
    Write,
    /// Searches files or names.
    Search,
    /// Runs a command.
    Shell,
    /// Fetches or searches the web.
    Web,
    /// Calls a tool of an MCP server.
    Mcp,
    /// Starts, messages or awaits another agent.
    Task,
    /// Writes or updates a plan or a list of things to do.
    Plan,
    /// Uses a skill.
    Skill,
    /// None of these.
    #[default]
    Other,
}

impl ToolKind {
    /// Every kind, in the order of the vocabulary.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Edit,
        Self::Write,
        Self::Search,
        Self::Shell,
        Self::Web,
        Self::Mcp,
        Self::Task,
        Self::Plan,
        Self::Skill,
        Self::Other,
    ];

    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Edit => "edit",
            Self::Write => "write",
            Self::Search => "search",
            Self::Shell => "shell",
            Self::Web => "web",
            Self::Mcp => "mcp",
            Self::Task => "task",
            Self::Plan => "plan",
            Self::Skill => "skill",
            Self::Other => "other",
        }
    }
}
