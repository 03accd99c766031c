//! What each coding agent leaves on disk, decoded into dashcam's vocabulary.
//!
//! One folder per harness, all the same inside: where its data lies, its
//! formats as they are written, its decoder, its usage scanner. [`all`] lists
//! them; nothing outside this crate names one.
//!
//! Decoders are pure functions from [`Evidence`] to [`Decoded`]: they open no
//! file, read no clock, and never fail as a whole. A line that cannot be read
//! becomes a [`Problem`] and costs nothing but itself.

mod claude_code;
mod codex;
mod copilot;
mod cursor;
pub mod database;
mod evidence;
mod gemini;
pub mod hooks;
mod ids;
mod image;
mod kiro;
mod lenient;
mod limit;
mod lines;
mod opencode;
mod patch;
mod pi;
mod program;
pub mod telemetry;
mod told;
mod usage;

pub use database::{DatabaseLayout, DatabasePlace, RowQuery};
pub use evidence::{Decoded, Evidence, EvidenceFile, KeptImage, Membership};
pub use told::with_told;
pub use usage::{UsageRecord, UsageScanner, response_hash};

use dashcam_trace::{Harness, Timestamp};
use std::path::{Path, PathBuf};

/// Where to look for harness data: a home folder and the environment
/// variables that move a harness's data elsewhere.
#[derive(Clone, Debug)]
pub struct Home {
    /// The folder whose harness data is read.
    pub folder: PathBuf,
    /// Values of environment variables by name (`CLAUDE_CONFIG_DIR`,
    /// `CODEX_HOME`, …). Empty when `folder` was chosen by the user, since
    /// the variables then speak of another home.
    pub variables: std::collections::BTreeMap<String, String>,
}

/// The environment variables that move a harness's data.
pub const HOME_VARIABLES: [&str; 15] = [
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "GEMINI_CLI_HOME",
    "COPILOT_HOME",
    "XDG_DATA_HOME",
    "OPENCODE_DB",
    "PI_CODING_AGENT_DIR",
    "PI_CODING_AGENT_SESSION_DIR",
    "PI_CONFIG_DIR",
    "OMP_PROFILE",
    "PI_PROFILE",
    "CURSOR_DATA_DIR",
    "KIRO_HOME",
    "XDG_CONFIG_HOME",
    "APPDATA",
];

impl Home {
    /// A home in which every harness keeps its data at its usual place.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            variables: std::collections::BTreeMap::new(),
        }
    }
}

/// Whether archived evidence was told to dashcam, by hooks or over OTLP, judging
/// by its name: it has no file of its own but the archive.
pub fn is_told(evidence_path: &str) -> bool {
    telemetry::is_evidence_path(evidence_path) || hooks::is_evidence_path(evidence_path)
}

/// What dashcam knows of one harness.
pub trait HarnessReader: Sync {
    /// Which harness this is.
    fn harness(&self) -> Harness;

    /// The folders below which it keeps sessions, whether they exist or not.
    fn roots(&self, home: &Home) -> Vec<PathBuf>;

    /// The databases in which it keeps sessions, beside files or instead of
    /// them, whether they exist or not.
    fn databases(&self, _home: &Home) -> Vec<DatabasePlace> {
        Vec::new()
    }

    /// Whether a file below a root is evidence, judging by its path alone.
    fn is_evidence(&self, root: &Path, path: &Path) -> bool;

    /// Which session a file belongs to. `first_line` is the file's first line
    /// (decompressed, without line end, at most 1 MiB), or all of a `.json`
    /// file; it is only looked at where the path does not tell. `None`: the file tells of no session.
    fn membership(&self, path: &Path, first_line: &[u8]) -> Option<Membership>;

    /// Whether its decoder reads what hooks were told by itself, as evidence
    /// beside its files ([`hooks`]).
    fn reads_hooks(&self) -> bool {
        false
    }

    /// The subagent's session that a hook call tells of, and whose it is.
    fn hook_link(&self, _event: &str, _session: &str, _payload: &str) -> Option<hooks::Link> {
        None
    }

    /// Decodes one session from all its files.
    fn decode(&self, evidence: &Evidence<'_>) -> Decoded;

    /// Decodes one session, told when each file was last written: for those
    /// whose records hold no times.
    fn decode_written(
        &self,
        evidence: &Evidence<'_>,
        _written: &dyn Fn(&str) -> Option<Timestamp>,
    ) -> Decoded {
        self.decode(evidence)
    }

    /// A scanner for one file, which finds only usage: the fast way to a
    /// report straight from disk. `None`: the file holds no usage.
    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>>;
}

/// Every harness, in the order of [`Harness::ALL`].
pub fn all() -> [&'static dyn HarnessReader; 9] {
    [
        &claude_code::ClaudeCode,
        &codex::Codex,
        &cursor::Cursor,
        &copilot::Copilot,
        &gemini::Gemini,
        &opencode::OpenCode,
        &pi::Omp,
        &kiro::Kiro,
        &program::Program,
    ]
}

/// The reader of one harness.
pub fn reader(harness: Harness) -> &'static dyn HarnessReader {
    match harness {
        Harness::ClaudeCode => &claude_code::ClaudeCode,
        Harness::Codex => &codex::Codex,
        Harness::Cursor => &cursor::Cursor,
        Harness::Copilot => &copilot::Copilot,
        Harness::Gemini => &gemini::Gemini,
        Harness::OpenCode => &opencode::OpenCode,
        Harness::Omp => &pi::Omp,
        Harness::Kiro => &kiro::Kiro,
        Harness::Program => &program::Program,
        _ => unreachable!("every harness of the vocabulary has a reader"),
    }
}
