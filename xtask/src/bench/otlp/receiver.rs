//! What takes spans in and shows them: dashcam, or Phoenix.

use crate::bench::measure::memory;
use crate::running::{Running, free_port};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long a receiver may take to start.
const START: Duration = Duration::from_mins(2);

/// Who receives.
pub(super) enum Kind {
    /// dashcam, by its binary.
    Dashcam(PathBuf),
    /// Phoenix, by its virtual environment.
    Phoenix(PathBuf),
}

impl Kind {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Dashcam(_) => "dashcam",
            Self::Phoenix(_) => "Phoenix",
        }
    }
}

/// A running receiver.
pub(super) struct Receiver<'a> {
    kind: &'a Kind,
    running: Running,
    port: u16,
    agent: ureq::Agent,
}

impl<'a> Receiver<'a> {
    /// Starts it on a data folder, and waits until it answers.
    pub(super) fn start(kind: &'a Kind, data: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut command = match kind {
            Kind::Dashcam(binary) => dashcam(binary, data, port),
            Kind::Phoenix(folder) => phoenix(folder, data, port)?,
        };
        let mut receiver = Self {
            kind,
            running: Running::start(&mut command)?,
            port,
            agent: ureq::Agent::config_builder().proxy(None).build().into(),
        };
        let begin = Instant::now();
        while receiver.count().is_err() {
            receiver.running.check_running()?;
            if begin.elapsed() > START {
                bail!("{} did not answer within {START:?}", kind.name());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(receiver)
    }

    /// Where spans go.
    pub(super) fn traces_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1/traces", self.port)
    }

    /// How many spans it shows.
    pub(super) fn count(&mut self) -> anyhow::Result<usize> {
        match self.kind {
            Kind::Dashcam(_) => {
                let url = format!(
                    "http://127.0.0.1:{}/api/v1/sessions?harness=program&limit=100000",
                    self.port
                );
                let page = self.read(self.agent.get(url).call())?;
                let sessions = page["sessions"].as_array().context("no sessions")?;
                let spans = sessions
                    .iter()
                    .filter_map(|session| session["spans"].as_u64());
                Ok(spans.sum::<u64>() as usize)
            }
            Kind::Phoenix(_) => {
                let url = format!("http://127.0.0.1:{}/graphql", self.port);
                let query = "{ projects { edges { node { name recordCount } } } }";
                let answer = self.agent.post(url).send_json(json!({ "query": query }));
                let page = self.read(answer)?;
                let projects = page["data"]["projects"]["edges"]
                    .as_array()
                    .with_context(|| format!("no projects in {page}"))?;
                let counts = projects
                    .iter()
                    .filter_map(|edge| edge["node"]["recordCount"].as_u64());
                Ok(counts.sum::<u64>() as usize)
            }
        }
    }

    fn read(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<Value> {
        let mut answer = answer.with_context(|| format!("{} does not answer", self.kind.name()))?;
        let body = answer.body_mut().with_config().limit(1 << 30);
        Ok(serde_json::from_str(&body.read_to_string()?)?)
    }

    /// The most memory that it has had.
    pub(super) fn peak_memory(&self) -> Option<u64> {
        memory(self.running.id(), "VmHWM:")
    }

    /// The processor time that it took so far, in seconds.
    pub(super) fn processor_seconds(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.running.id())).ok()?;
        // The name before it may hold spaces; what follows does not.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
        // User and system time (fields 14 and 15), in hundredths of a second.
        Some((ticks(11)? + ticks(12)?) / 100.0)
    }

    /// Kills it without a word.
    pub(super) fn kill(self) {
        drop(self.running);
    }
}

fn dashcam(binary: &Path, data: &Path, port: u16) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["--quiet", "up", "--no-open", "--otlp-port", "0", "--port"])
        .arg(port.to_string())
        .arg("--data-dir")
        .arg(data)
        // Nobody's home: nothing but spans comes in.
        .arg("--home")
        .arg(data);
    command
}

fn phoenix(folder: &Path, data: &Path, port: u16) -> anyhow::Result<Command> {
    let program = folder.join("bin/phoenix");
    if !program.is_file() {
        bail!(
            "no {}: make a virtual environment there and install arize-phoenix into it",
            program.display()
        );
    }
    let mut command = Command::new(program);
    command
        .arg("serve")
        .env("PHOENIX_WORKING_DIR", data)
        .env("PHOENIX_HOST", "127.0.0.1")
        .env("PHOENIX_PORT", port.to_string())
        .env("PHOENIX_GRPC_PORT", free_port()?.to_string())
        .env("PHOENIX_TELEMETRY_ENABLED", "false");
    Ok(command)
}
