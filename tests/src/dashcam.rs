//! dashcam itself, used as a person uses it.

use dashcam_store::view::{SessionPage, SessionSummary, UsageReport};
use dashcam_trace::{Harness, Session};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What dashcam tells of a home.
#[derive(Debug)]
pub struct Recorded {
    /// `show --json` of every session, by start.
    pub sessions: Vec<Session>,
    /// `sessions --json`, in the same order.
    pub summaries: Vec<SessionSummary>,
    /// `usage --json`.
    pub usage: UsageReport,
    /// The total of `usage --from-disk --json`.
    pub from_disk: UsageReport,
}

impl Recorded {
    /// The only session.
    pub fn only_session(&self) -> &Session {
        assert_eq!(self.sessions.len(), 1, "sessions: {:#?}", self.summaries);
        &self.sessions[0]
    }

    /// The session with a harness's id.
    pub fn session(&self, native_id: &str) -> &Session {
        let found = self
            .sessions
            .iter()
            .find(|session| session.native_id == native_id);
        found.unwrap_or_else(|| panic!("no session {native_id} in {:#?}", self.summaries))
    }

    /// The harness of all sessions.
    pub fn harness(&self) -> Harness {
        self.sessions[0].harness
    }
}

/// Imports a home into a data folder and reads everything back.
pub fn read_home(home: &Path, data: &Path) -> Recorded {
    run(home, data, &["import", "--quiet"]);
    read_store(home, data)
}

/// Reads back what a data folder holds, and imports nothing.
pub(crate) fn read_store(home: &Path, data: &Path) -> Recorded {
    let dashcam = |arguments: &[&str]| run(home, data, arguments);
    let page: SessionPage = parsed(&dashcam(&[
        "sessions",
        "-n",
        "0",
        "--order",
        "started",
        "--reverse",
        "--json",
    ]));
    let sessions = page
        .sessions
        .iter()
        .map(|summary| parsed(&dashcam(&["show", &summary.id.to_string(), "--json"])))
        .collect();
    Recorded {
        sessions,
        summaries: page.sessions,
        usage: parsed(&dashcam(&["usage", "--json"])),
        from_disk: parsed(&dashcam(&["usage", "--from-disk", "--json"])),
    }
}

fn parsed<T: for<'de> serde::Deserialize<'de>>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|problem| panic!("{problem} in {json}"))
}

/// What dashcam prints; it must go well.
pub(crate) fn run(home: &Path, data: &Path, arguments: &[&str]) -> String {
    run_in(Path::new("."), home, data, arguments)
}

/// The same, run in a folder.
pub(crate) fn run_in(folder: &Path, home: &Path, data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program())
        .current_dir(folder)
        .args(arguments)
        .arg("--home")
        .arg(home)
        .arg("--data-dir")
        .arg(data)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "dashcam {arguments:?}: {complaint}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// `DASHCAM_BIN`, or else what cargo builds now.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| std::env::var_os("DASHCAM_BIN").map_or_else(built, PathBuf::from))
}

fn built() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--package",
            "dashcam",
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "dashcam does not build");
    let program = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    program.expect("cargo names the executables that it builds")
}
