//! `dashcam up`, to which harnesses send their telemetry.

use crate::dashcam::{Recorded, program, read_store};
use crate::workbench::Workbench;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long something that was sent may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(200);

/// A running `dashcam up`; killed when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    child: Child,
    url: String,
}

impl Receiver {
    /// Starts it on the bench's home and data folder.
    pub fn start(bench: &Workbench) -> Self {
        let mut child = Command::new(program())
            .args([
                "--quiet",
                "up",
                "--no-open",
                "--port",
                "0",
                "--otlp-port",
                "0",
            ])
            .arg("--home")
            .arg(bench.home())
            .arg("--data-dir")
            .arg(bench.folder().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(url.starts_with("http://"), "{line}");
        Self { child, url }
    }

    /// Where telemetry goes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Kills it, as the system does when memory runs out.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What is recorded now.
    pub fn read(&self, bench: &Workbench) -> Recorded {
        read_store(&bench.home(), &bench.folder().join("data"))
    }

    /// Waits until what is recorded is as expected, and returns it.
    pub fn wait(&self, bench: &Workbench, expected: impl Fn(&Recorded) -> bool) -> Recorded {
        wait_for(bench, expected)
    }
}

/// Waits until what is recorded is as expected, and returns it.
pub(crate) fn wait_for(bench: &Workbench, expected: impl Fn(&Recorded) -> bool) -> Recorded {
    let begun = Instant::now();
    loop {
        let recorded = read_store(&bench.home(), &bench.folder().join("data"));
        if expected(&recorded) {
            return recorded;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {:#?}",
            recorded.sessions
        );
        sleep(GLANCE);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
