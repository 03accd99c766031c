//! Which coding agent program a session belongs to.

use serde::{Deserialize, Serialize};

/// A coding agent program whose sessions dashcam understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Harness {
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// `OpenAI`'s Codex CLI and its editor extensions.
    Codex,
    /// Cursor: the editor's agent, and the agent in the terminal.
    Cursor,
    /// GitHub Copilot: its CLI, and its agents in VS Code.
    Copilot,
    /// Google's Gemini CLI.
    Gemini,
    /// `OpenCode`.
    #[serde(rename = "opencode")]
    OpenCode,
    /// Oh My Pi, and pi, from which it comes.
    Omp,
    /// Kiro, in the terminal.
    Kiro,
    /// Any other program that sends traces of model calls: an agent SDK, a
    /// script. Its sessions come over OTLP alone.
    Program,
}

impl Harness {
    /// Every harness, in the order in which they are listed to people.
    pub const ALL: [Self; 9] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::Cursor,
        Self::Copilot,
        Self::Gemini,
        Self::OpenCode,
        Self::Omp,
        Self::Kiro,
        Self::Program,
    ];

    /// The name used in ids, on the command line and in the API; never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Cursor => "cursor",
            Self::Copilot => "copilot",
            Self::Gemini => "gemini",
            Self::OpenCode => "opencode",
            Self::Omp => "omp",
            Self::Kiro => "kiro",
            Self::Program => "program",
        }
    }

    /// The name people know it by.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::Cursor => "Cursor",
            Self::Copilot => "GitHub Copilot",
            Self::Gemini => "Gemini CLI",
            Self::OpenCode => "OpenCode",
            Self::Omp => "Oh My Pi / pi",
            Self::Kiro => "Kiro",
            Self::Program => "Other program",
        }
    }

    /// The unit, in the plural, in which its maker charges for work beside or
    /// instead of tokens, where its record tells how much.
    pub const fn credit_unit(self) -> Option<&'static str> {
        match self {
            Self::Kiro => Some("credits"),
            _ => None,
        }
    }
}

impl std::fmt::Display for Harness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no harness's.
#[derive(Debug, thiserror::Error)]
#[error("unknown harness `{0}`; known are {known}", known = Harness::ALL.map(Harness::as_str).join(", "))]
pub struct UnknownHarness(pub String);

impl std::str::FromStr for Harness {
    type Err = UnknownHarness;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "claude" => Ok(Self::ClaudeCode),
            "cursor-agent" => Ok(Self::Cursor),
            "pi" => Ok(Self::Omp),
            "kiro-cli" => Ok(Self::Kiro),
            _ => Self::ALL
                .into_iter()
                .find(|harness| harness.as_str() == name)
                .ok_or_else(|| UnknownHarness(name.to_owned())),
        }
    }
}
