//! A scratch home and a scratch repository for one test.

use crate::dashcam::{Recorded, read_home};
use crate::receiver::wait_for;
use dashcam_model_server::{Delivery, Entry, ModelServer, Scenario};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// What lies in the scratch repository: a function that is wrong, a test that
/// shows it, and something to read.
const FILES: [(&str, &str); 4] = [
    ("price.sh", "total() {\n  echo $(($1 - $2))\n}\n"),
    (
        "test.sh",
        ". ./price.sh\nif [ \"$(total 4 3)\" = 7 ]; then echo pass; else echo \"fail: $(total 4 3)\"; exit 3; fi\n",
    ),
    ("fruits.txt", "apple\nquince\nmedlar\n"),
    ("README.md", "# Shop\n\nRun the tests with `sh test.sh`.\n"),
];

/// An image of one red dot.
const DOT: &[u8] = include_bytes!("dot.png");

/// How long a stream must have run before it counts as under way.
const UNDER_WAY: Duration = Duration::from_millis(900);

/// A scratch home and a scratch repository. Both vanish with it.
#[derive(Debug)]
pub struct Workbench {
    folder: tempfile::TempDir,
    log: Vec<Entry>,
    telemetry: Option<String>,
}

impl Workbench {
    /// Sets up a home and a repository with one commit.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bench = Self {
            folder,
            log: Vec::new(),
            telemetry: None,
        };
        fs::create_dir(bench.home()).unwrap();
        fs::create_dir(bench.repository()).unwrap();
        fs::write(bench.repository().join("dot.png"), DOT).unwrap();
        for (name, text) in FILES {
            fs::write(bench.repository().join(name), text).unwrap();
        }
        bench.git(&["init", "--quiet", "--initial-branch=main"]);
        bench.git(&["add", "--all"]);
        bench.git(&[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "commit",
            "--quiet",
            "-m",
            "Begin",
        ]);
        bench
    }

    /// The folder around home and repository.
    pub fn folder(&self) -> PathBuf {
        // macOS keeps temporary folders behind a link, and harnesses resolve it.
        self.folder.path().canonicalize().unwrap()
    }

    /// The scratch home.
    pub fn home(&self) -> PathBuf {
        self.folder().join("home")
    }

    /// The scratch repository.
    pub fn repository(&self) -> PathBuf {
        self.folder().join("shop")
    }

    /// Lets harnesses send their OpenTelemetry to this address from now on.
    pub fn send_telemetry_to(&mut self, url: &str) {
        self.telemetry = Some(url.to_owned());
    }

    /// Where harnesses send their OpenTelemetry.
    pub(crate) fn telemetry(&self) -> Option<&str> {
        self.telemetry.as_deref()
    }

    /// The text of a file in the repository.
    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.repository().join(name)).unwrap()
    }

    /// Starts a model server with `scenarios/<name>.json`, where `{{cwd}}` is
    /// the repository.
    pub fn serve(&self, name: &str) -> ModelServer {
        let cwd = self.repository().to_string_lossy().into_owned();
        let variables = BTreeMap::from([("cwd".to_owned(), cwd)]);
        let path = package_folder()
            .join("scenarios")
            .join(format!("{name}.json"));
        ModelServer::start(Scenario::read(&path, &variables).unwrap()).unwrap()
    }

    /// Ends a server, asserts that its main conversation was played to the
    /// end, and keeps its log.
    pub fn finish(&mut self, server: ModelServer) {
        let left = server.left();
        let log = server.shutdown();
        assert!(
            left.values().all(|left| *left == 0),
            "replies left: {left:?}\n{log:#?}"
        );
        self.log.extend(log);
    }

    /// Whether the `nth` answer (from 1) is being streamed for a while.
    pub fn is_answering(server: &ModelServer, nth: usize) -> bool {
        let log = server.log();
        let Some(entry) = log.get(nth - 1) else {
            return false;
        };
        let begun: SystemTime = entry.ts.into();
        entry.delivery == Delivery::Sending
            && begun.elapsed().is_ok_and(|running| running > UNDER_WAY)
    }

    /// Whether the `nth` answer (from 1) was sent a while ago.
    pub fn has_answered(server: &ModelServer, nth: usize) -> bool {
        let log = server.log();
        let Some(entry) = log.get(nth - 1) else {
            return false;
        };
        let begun: SystemTime = entry.ts.into();
        entry.delivery == Delivery::Whole && begun.elapsed().is_ok_and(|since| since > UNDER_WAY)
    }

    /// What all servers so far served.
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// Imports the home and reads everything back.
    pub fn record(&self) -> Recorded {
        read_home(&self.home(), &self.folder().join("data"))
    }

    /// Waits until the flush that a hook started has recorded what is expected.
    pub fn wait_for_flush(&self, expected: impl Fn(&Recorded) -> bool) -> Recorded {
        let store = self.folder().join("data/dashcam.db");
        // Until the flush has made the store, there is nothing to read.
        for _ in 0..600 {
            if fs::metadata(&store).is_ok_and(|file| file.len() > 0) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        wait_for(self, expected)
    }

    /// What dashcam prints about this bench; it must go well.
    pub fn dashcam(&self, arguments: &[&str]) -> String {
        crate::dashcam::run(&self.home(), &self.folder().join("data"), arguments)
    }

    /// The same, run in the repository.
    pub fn dashcam_in_repository(&self, arguments: &[&str]) -> String {
        let data = self.folder().join("data");
        crate::dashcam::run_in(&self.repository(), &self.home(), &data, arguments)
    }

    /// A command that knows nothing of this machine but where programs are,
    /// and that no proxy-abiding program can use to leave it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.repository()).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
        command.env("PATH", path).env("HOME", self.home());
        command
            .env("TMPDIR", self.folder())
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            command.env(proxy, "http://127.0.0.1:9");
        }
        command
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("no_proxy", "127.0.0.1,localhost");
        command
    }

    fn git(&self, arguments: &[&str]) {
        let status = self
            .command(Path::new("git"))
            .args(arguments)
            .status()
            .unwrap();
        assert!(status.success(), "git {arguments:?}");
    }
}

impl Default for Workbench {
    fn default() -> Self {
        Self::new()
    }
}

/// Where this package lies.
pub(crate) fn package_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
