//! agentsview beside dashcam: import, search, queries, server.

use super::ccusage::differences;
use super::disk::{self, size_of};
use super::figures::{Report, Who};
use super::history::History;
use super::measure::{median_seconds, memory, run};
use super::server;
use crate::running::{Running, free_port};
use crate::{process, workspace};
use anyhow::{Context, bail};
use serde_json::Value;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use walkdir::WalkDir;

/// Measures agentsview where it installs; a note where it does not.
pub(super) fn measure(history: &History, report: &mut Report) {
    let result = try_measure(history, report);
    // Its data lies in the home, beside the history.
    drop(fs::remove_dir_all(history.home.join(".agentsview")));
    if let Err(error) = result {
        report.note(format!("agentsview was not measured in full: {error:#}"));
    }
}

fn try_measure(history: &History, report: &mut Report) -> anyhow::Result<()> {
    let program = install()?;
    let who = Who::Agentsview;
    let data = history.home.join(".agentsview");
    if data.exists() {
        fs::remove_dir_all(&data).with_context(|| format!("cannot clear {}", data.display()))?;
    }
    let first = run(&mut command(&program, &history.home, &["sync"]))?;
    // Its search works on what the import stored: both are done at once.
    report.rival(who, disk::IMPORT, history.megabytes() / first.seconds);
    report.rival(who, disk::SEARCHABLE, history.megabytes() / first.seconds);
    if let Some(peak) = first.peak_bytes {
        report.rival(who, disk::PEAK, peak as f64 / 1e6);
    }
    report.rival(
        who,
        disk::STORE_SIZE,
        size_of(&data) as f64 / history.manifest.bytes as f64,
    );
    for (what, arguments) in [
        (disk::AGAIN, &["sync"] as &[&str]),
        (
            disk::USAGE,
            &[
                "usage",
                "daily",
                "--json",
                "--all",
                "--offline",
                "--no-sync",
            ],
        ),
    ] {
        let seconds = median_seconds(5, || command(&program, &history.home, arguments))?;
        report.rival(who, what, seconds * 1e3);
    }
    let usage = [
        "usage",
        "daily",
        "--json",
        "--all",
        "--offline",
        "--no-sync",
        "--timezone",
        "UTC",
    ];
    let printed = run(&mut command(&program, &history.home, &usage))?.stdout;
    let found: Value = serde_json::from_slice(&printed).context("agentsview printed no JSON")?;
    report.verdict(who, "tokens in all", differences(&found["totals"], history));
    serve(&program, &history.home, report)?;
    let version = process::output(Command::new(&program).arg("--version"))?;
    report.note(format!(
        "{} of PyPI",
        version.lines().next().unwrap_or("agentsview")
    ));
    Ok(())
}

fn serve(program: &Path, home: &Path, report: &mut Report) -> anyhow::Result<()> {
    let port = free_port()?;
    let begin = Instant::now();
    let arguments = [
        "serve",
        "--no-browser",
        "--no-update-check",
        "--port",
        &port.to_string(),
    ];
    let mut running = Running::start(&mut command(program, home, &arguments))?;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        running.check_running()?;
        if begin.elapsed() > Duration::from_mins(1) {
            bail!("its server did not answer within 60 s");
        }
        thread::sleep(Duration::from_millis(1));
    }
    report.rival(
        Who::Agentsview,
        server::START,
        begin.elapsed().as_secs_f64() * 1e3,
    );
    thread::sleep(Duration::from_secs(4));
    if let Some(bytes) = memory(running.id(), "VmRSS:") {
        report.rival(Who::Agentsview, server::IDLE, bytes as f64 / 1e6);
    }
    // These ask the running server.
    for (what, arguments) in [
        (disk::LIST, &["session", "list", "--json"] as &[&str]),
        (
            disk::SEARCH,
            &["session", "search", "timeout", "--fts", "--json"],
        ),
    ] {
        let seconds = median_seconds(5, || {
            let mut command = command(program, home, arguments);
            command.env_remove("AGENTSVIEW_NO_DAEMON");
            command
        })?;
        report.rival(Who::Agentsview, what, seconds * 1e3);
    }
    Ok(())
}

/// Installs it into the cache, once, and finds the native program inside: the
/// Python script before it would add its own start to every figure.
fn install() -> anyhow::Result<PathBuf> {
    let folder = workspace::cache().join("agentsview");
    if let Some(program) = native_program(&folder) {
        return Ok(program);
    }
    process::output(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .context("it needs Python 3 with venv")?;
    let mut pip = Command::new(folder.join("bin/pip"));
    process::output(pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "agentsview",
    ]))?;
    native_program(&folder).context("its package holds no program")
}

fn native_program(folder: &Path) -> Option<PathBuf> {
    let files = WalkDir::new(folder.join("lib"))
        .into_iter()
        .filter_map(Result::ok);
    files
        .map(walkdir::DirEntry::into_path)
        .find(|path| path.ends_with("agentsview/bin/agentsview"))
}

fn command(program: &Path, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    // Without its daemon, so that a command's time and memory are its own.
    command
        .args(arguments)
        .env("HOME", home)
        .env("TZ", "UTC")
        .envs([("AGENTSVIEW_NO_DAEMON", "1"), ("DO_NOT_TRACK", "1")]);
    command
        .env_remove("CLAUDE_CONFIG_DIR")
        .env_remove("CODEX_HOME");
    command
}
