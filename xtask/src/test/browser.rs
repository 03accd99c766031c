//! The page in a real browser: against invented data, and against dashcam with
//! generated history.

use super::steps::{Outcome, build_binary};
use super::tools;
use crate::running::{Running, free_port};
use crate::{page, process, workspace};
use anyhow::{Context, bail};
use dashcam_history_gen::{Options, generate};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Runs the page's browser tests.
pub(super) fn run() -> anyhow::Result<Outcome> {
    let browser = tools::need_chromium()?;
    page::install_packages()?;
    let binary = build_binary()?;
    let folder = workspace::target().join("xtask/browser");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    let home = folder.join("home");
    generate(&Options::new(&home, 5))?;
    process::run(dashcam(&binary, &folder).args(["--quiet", "import"]))?;

    let port = free_port()?;
    let mut up = dashcam(&binary, &folder);
    let mut running = Running::start(up.args(["up", "--no-open", "--port", &port.to_string()]))?;
    wait_until_it_answers(&mut running, port)?;
    let mut tests = process::npm(&workspace::page_sources());
    tests
        .args(["run", "--silent", "e2e"])
        .env("CHROMIUM", browser)
        .env("DASHCAM_URL", format!("http://127.0.0.1:{port}"));
    process::run(&mut tests)?;
    Ok(Outcome::Passed)
}

fn dashcam(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--home")
        .arg(folder.join("home"));
    command
}

fn wait_until_it_answers(running: &mut Running, port: u16) -> anyhow::Result<()> {
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        running.check_running()?;
        if begin.elapsed() > Duration::from_mins(1) {
            bail!("dashcam up did not answer on port {port} within a minute");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
