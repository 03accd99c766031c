//! Measures the server: its start, its memory, its answers.

use super::dashcam::Dashcam;
use super::figures::{Report, Unit};
use super::history::History;
use super::measure::{median, memory};
use crate::running::{Running, free_port};
use anyhow::{Context, bail};
use std::thread;
use std::time::{Duration, Instant};

pub(super) const START: &str = "start to ready, history imported";
pub(super) const IDLE: &str = "memory when idle";

/// How long a server may take to answer the first time.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often an address is asked; the median counts.
const QUICK_RUNS: usize = 15;

/// What the page asks most, with the name of the figure.
const QUERIES: &[(&str, &str)] = &[
    ("overview, HTTP", "overview"),
    ("list of sessions, HTTP", "sessions?limit=50"),
    ("sessions by cost, HTTP", "sessions?limit=50&order=cost"),
    ("usage by day and model, HTTP", "usage?by=day,model"),
    ("usage by project, HTTP", "usage?by=project"),
    ("search for a word, HTTP", "search?text=timeout&limit=50"),
    (
        "search for a phrase, HTTP",
        "search?text=%22session%20token%22&limit=50",
    ),
];

/// Measures the server on the imported history.
pub(super) fn measure(
    dashcam: &Dashcam,
    history: &History,
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut starts = Vec::new();
    for _ in 0..runs.max(3) {
        let begin = Instant::now();
        let mut server = Server::start(dashcam, &history.home, dashcam.data())?;
        server.wait_until_ready()?;
        starts.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    report.figure(START, "≤ 200 ms", Unit::Milliseconds, median(&mut starts));

    let mut server = Server::start(dashcam, &history.home, dashcam.data())?;
    server.wait_until_ready()?;
    // It looks for new history first; idle is what comes after.
    thread::sleep(Duration::from_secs(4));
    if let Some(bytes) = memory(server.running.id(), "VmRSS:") {
        report.figure(IDLE, "≤ 40 MB", Unit::Megabytes, bytes as f64 / 1e6);
    }
    for (what, path) in QUERIES {
        let mut times = Vec::new();
        for _ in 0..QUICK_RUNS {
            let begin = Instant::now();
            server.get(path)?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        report.figure(what, "≤ 30 ms", Unit::Milliseconds, median(&mut times));
    }
    Ok(())
}

/// A server that runs until it is dropped.
pub(super) struct Server {
    pub(super) running: Running,
    port: u16,
    agent: ureq::Agent,
}

impl Server {
    /// Starts `dashcam up` on a free port.
    pub(super) fn start(
        dashcam: &Dashcam,
        home: &std::path::Path,
        data: &std::path::Path,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut command = dashcam.command_on(
            home,
            data,
            &["up", "--no-open", "--port", &port.to_string()],
        );
        Ok(Self {
            running: Running::start(&mut command)?,
            port,
            agent: agent(),
        })
    }

    /// Waits until it answers.
    pub(super) fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while self.get("status").is_err() {
            self.running.check_running()?;
            if begin.elapsed() > PATIENCE {
                bail!(
                    "dashcam up did not answer on port {} within {} s",
                    self.port,
                    PATIENCE.as_secs()
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// What it answers to a path below `/api/v1/`.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut response = self
            .agent
            .get(self.url(path))
            .call()
            .with_context(|| format!("GET {path} failed"))?;
        Ok(response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_string()?)
    }

    /// The address of a path below `/api/v1/`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/api/v1/{path}", self.port)
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().into()
}
