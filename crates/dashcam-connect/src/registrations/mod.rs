//! What is registered where, harness by harness.
//!
//! One file per harness, all the same inside: the events, and the shape of an
//! entry. Registration, status, removal, plugins and documentation are made
//! from these tables. Events that fire for every streamed chunk, or whose
//! answer steers the harness, are left out.

mod claude_code;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod kiro;
mod named;
mod opencode;
mod pi;

pub use named::Named;

use crate::error::Error;
use crate::hooks::{self, Found};
use crate::json::{Document, Element, Node};
use crate::program::{HookProgram, Registered, recognise};
use crate::script;
use dashcam_harness::Home;
use std::path::{Path, PathBuf};

/// A harness whose hooks can be registered.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Connectable {
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// `OpenAI`'s Codex.
    Codex,
    /// Cursor: the editor, and the agent in the terminal, which reads the same
    /// file.
    Cursor,
    /// Google's Gemini CLI.
    Gemini,
    /// GitHub Copilot: the CLI, and VS Code, which reads the same file.
    Copilot,
    /// `OpenCode`, by a plugin.
    #[serde(rename = "opencode")]
    OpenCode,
    /// pi, by an extension.
    Pi,
    /// Oh My Pi, pi's relative, by the same extension in a folder of its own.
    OhMyPi,
    /// Kiro in the terminal.
    Kiro,
}

impl Connectable {
    /// Every one, in the order in which they are listed to people.
    pub const ALL: [Self; 9] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::Cursor,
        Self::Gemini,
        Self::Copilot,
        Self::OpenCode,
        Self::Pi,
        Self::OhMyPi,
        Self::Kiro,
    ];

    /// The name used on the command line and in hooks; never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            // Both are `omp` in hooks, as their sessions are.
            Self::Pi => "pi",
            Self::OhMyPi => "oh-my-pi",
            _ => self.registration().harness,
        }
    }

    /// The name people know it by.
    pub fn title(self) -> &'static str {
        self.registration().title
    }

    /// What is registered.
    pub fn registration(self) -> &'static Registration {
        match self {
            Self::ClaudeCode => &claude_code::CLAUDE_CODE,
            Self::Codex => &codex::CODEX,
            Self::Cursor => &cursor::CURSOR,
            Self::Gemini => &gemini::GEMINI,
            Self::Copilot => &copilot::COPILOT,
            Self::OpenCode => &opencode::OPENCODE,
            Self::Pi => &pi::PI,
            Self::OhMyPi => &pi::OH_MY_PI,
            Self::Kiro => &kiro::KIRO,
        }
    }

    /// The folder of its settings in a home.
    pub fn folder(self, home: &Home) -> PathBuf {
        let variable = |name: &str| {
            home.variables
                .get(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        match self {
            Self::ClaudeCode => variable("CLAUDE_CONFIG_DIR"),
            Self::Codex => variable("CODEX_HOME"),
            // `CURSOR_CONFIG_DIR` moves settings of the terminal, but not hooks.
            Self::Cursor => None,
            Self::Gemini => variable("GEMINI_CLI_HOME").map(|folder| folder.join(".gemini")),
            Self::Copilot => variable("COPILOT_HOME"),
            Self::OpenCode => variable("XDG_CONFIG_HOME").map(|folder| folder.join("opencode")),
            Self::Pi => variable("PI_CODING_AGENT_DIR"),
            Self::OhMyPi => pi::moved(home),
            Self::Kiro => variable("KIRO_HOME"),
        }
        .unwrap_or_else(|| home.folder.join(self.registration().folder))
    }

    /// The file that hooks are registered in for the whole user, or would be.
    pub fn user_file(self, home: &Home) -> PathBuf {
        self.folder(home).join(self.registration().user_file)
    }

    /// The file that hooks are registered in for one project, or would be.
    pub fn project_file(self, project: &Path) -> PathBuf {
        project.join(self.registration().project_file)
    }

    /// All files beside one of these that hooks are registered in as well, and
    /// itself: most harnesses have but one.
    pub(crate) fn with_others(self, file: PathBuf) -> Vec<PathBuf> {
        match self {
            Self::Kiro => kiro::agents(&file),
            _ => vec![file],
        }
    }
}

impl std::fmt::Display for Connectable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no harness has whose hooks can be registered.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect `{0}`; known are {known}", known = Connectable::ALL.map(Connectable::as_str).join(", "))]
pub struct UnknownConnectable(pub String);

impl std::str::FromStr for Connectable {
    type Err = UnknownConnectable;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "claude" => Ok(Self::ClaudeCode),
            "cursor-agent" => Ok(Self::Cursor),
            "gemini-cli" => Ok(Self::Gemini),
            "pi-coding-agent" => Ok(Self::Pi),
            "kiro-cli" => Ok(Self::Kiro),
            _ => Self::ALL
                .into_iter()
                .find(|harness| harness.as_str() == name)
                .ok_or_else(|| UnknownConnectable(name.to_owned())),
        }
    }
}

/// What is registered for one harness.
#[derive(Debug)]
pub struct Registration {
    /// The name in the hook's command line.
    pub harness: &'static str,
    /// The name people know it by.
    pub title: &'static str,
    /// The program that starts it.
    pub program: &'static str,
    /// The folder of its settings below the home.
    pub folder: &'static str,
    /// The file below that folder.
    pub user_file: &'static str,
    /// The file below a project.
    pub project_file: &'static str,
    /// Whether the file is ours alone.
    pub is_own_file: bool,
    /// The events, in the order in which a session meets them.
    pub events: &'static [&'static str],
    /// What versions get that refuse settings with events they do not know.
    pub strict: Option<Strict>,
    /// What an entry looks like.
    pub shape: Shape,
    /// What the person must still do.
    pub advice: Option<&'static str>,
}

/// Versions that refuse a whole settings file for one event that they do not
/// know, and with it everything else that the person has set there.
#[derive(Debug)]
pub struct Strict {
    /// The first version that does not.
    pub until: [u32; 3],
    /// The events that all of them know.
    pub events: &'static [&'static str],
}

/// What an entry below `hooks.<event>[]` looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{"hooks": [{"type": "command", "command": …, "timeout": …}]}`, with a
    /// name for those harnesses that show one.
    Group {
        /// The time that the harness waits for the hook, in its own unit.
        timeout: u32,
        /// Whether a `name` is shown to people.
        has_name: bool,
    },
    /// `{"type": "command", "bash": …, "powershell": …, "timeoutSec": …}`, in a
    /// file with a `version`.
    Flat {
        /// The time that the harness waits for the hook, in seconds.
        timeout: u32,
    },
    /// `{"command": …}`, in a file with a `version`.
    Bare,
    /// `{"command": …}`, in the settings of an agent, which also say what it is
    /// and which tools it has.
    Agent,
    /// A program of the harness's own kind, which is this text behind a line
    /// that says what to run. It has no entries: the file is ours whole.
    Script(&'static str),
}

impl Registration {
    /// The events for a version; an unknown one counts as current.
    pub fn events_for(&self, version: Option<&str>) -> &'static [&'static str] {
        let version = version.and_then(numbers);
        match (&self.strict, version) {
            (Some(strict), Some(version)) if version < strict.until => strict.events,
            _ => self.events,
        }
    }

    /// The entry of an event for a harness's settings.
    pub(crate) fn entry(&self, program: &HookProgram, event: &str) -> Node {
        self.entry_of(&program.posix(self.harness, event), || {
            program.powershell(self.harness, event)
        })
    }

    pub(crate) fn entry_of(&self, posix: &str, powershell: impl FnOnce() -> String) -> Node {
        let command = || ("type", Node::text("command"));
        match self.shape {
            Shape::Group { timeout, has_name } => {
                let mut members = vec![("type".to_owned(), Node::text("command"))];
                members.push(("command".to_owned(), Node::text(posix)));
                if has_name {
                    members.push(("name".to_owned(), Node::text("dashcam")));
                }
                members.push(("timeout".to_owned(), Node::Number(timeout)));
                Node::object([("hooks", Node::Array(vec![Node::Object(members)]))])
            }
            Shape::Flat { timeout } => Node::object([
                command(),
                ("bash", Node::text(posix)),
                ("powershell", Node::text(powershell())),
                ("timeoutSec", Node::Number(timeout)),
            ]),
            Shape::Bare | Shape::Agent => Node::object([("command", Node::text(posix))]),
            Shape::Script(_) => Node::object([]),
        }
    }

    /// What every file needs besides hooks.
    pub(crate) fn version(&self) -> Option<Node> {
        match self.shape {
            Shape::Group { .. } | Shape::Script(_) | Shape::Agent => None,
            Shape::Flat { .. } | Shape::Bare => Some(Node::Number(1)),
        }
    }

    /// What a file that we make begins with.
    pub(crate) fn beginning(&self) -> Vec<(String, Node)> {
        let version = self.version().map(|version| ("version", version));
        let agent = [
            ("name", Node::text("dashcam")),
            (
                "description",
                Node::text("Kiro with every tool, recorded by dashcam"),
            ),
            ("tools", Node::Array(vec![Node::text("*")])),
        ];
        let is_agent = self.shape == Shape::Agent;
        let agent = agent.into_iter().filter(|_| is_agent);
        version
            .into_iter()
            .chain(agent)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// What is registered in a file.
    pub(crate) fn find(&self, path: &Path, bytes: &[u8]) -> Result<Found, Error> {
        if let Shape::Script(_) = self.shape {
            return Ok(script::find(self, bytes));
        }
        Document::parse(path, bytes).map(|document| hooks::find(&document, self))
    }

    /// Reads one handler: an entry, or an item of an entry's `hooks`.
    pub(crate) fn recognise(&self, handler: &Element) -> Option<Registered> {
        ["command", "bash", "powershell"]
            .iter()
            .filter_map(|key| handler.get(key)?.as_text())
            .find_map(|command| recognise(command, self.harness))
    }
}

/// The three numbers of a version, wherever they stand in what a program
/// prints about itself.
fn numbers(text: &str) -> Option<[u32; 3]> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split('.').map(str::parse);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => Some([major, minor, patch]),
            _ => None,
        }
    })
}
