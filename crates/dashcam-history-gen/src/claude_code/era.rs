//! The layouts that Claude Code has used over time.

use crate::random::Random;

/// A layout, by what differs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// 1.0: subagents inside the main file, cache writes not told apart.
    Inline,
    /// 2.0: subagent files beside the main file, partial counts in a
    /// response's earlier lines.
    Beside,
    /// 2.1: subagent files in a folder of the session, with a file about each.
    Nested,
}

impl Era {
    /// An era, the newer the likelier.
    pub(crate) fn pick(random: &mut Random) -> Self {
        random.weighted(&[(Self::Inline, 15), (Self::Beside, 30), (Self::Nested, 55)])
    }

    /// A version of the era.
    pub(crate) fn version(self, random: &mut Random) -> &'static str {
        random.pick(match self {
            Self::Inline => &["1.0.51", "1.0.119"],
            Self::Beside => &["2.0.31", "2.0.76"],
            Self::Nested => &["2.1.41", "2.1.120", "2.1.197"],
        })
    }

    /// What the tool that starts a subagent is called.
    pub(crate) fn agent_tool(self) -> &'static str {
        match self {
            Self::Inline | Self::Beside => "Task",
            Self::Nested => "Agent",
        }
    }

    /// Whether the earlier lines of a response carry partial counts.
    pub(crate) fn partial_counts(self) -> bool {
        self != Self::Nested
    }

    /// Whether cache writes of five minutes and one hour are told apart.
    pub(crate) fn splits_cache_writes(self) -> bool {
        self != Self::Inline
    }

    /// Where a subagent's file lies, without its ending.
    pub(crate) fn agent_path(self, project: &str, session: &str, agent: &str) -> String {
        match self {
            Self::Inline | Self::Beside => format!(".claude/projects/{project}/agent-{agent}"),
            Self::Nested => format!(".claude/projects/{project}/{session}/subagents/agent-{agent}"),
        }
    }
}
