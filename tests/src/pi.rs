//! How pi and Oh My Pi are run offline.

use crate::harness::{found, mcp_server};
use crate::install::{Package, program_with};
use crate::opencode::PRICES;
use crate::process::{Ended, Until, run};
use crate::workbench::{Workbench, package_folder};
use dashcam_model_server::ModelServer;
use serde_json::json;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// pi, or Oh My Pi.
#[derive(Debug)]
pub struct Pi {
    program: PathBuf,
    /// Its folder in the home.
    folder: &'static str,
}

impl Pi {
    /// pi from npm, with the version of Node that it asks for; `None` where it
    /// cannot be had.
    pub fn find() -> Option<Self> {
        let package = Package {
            name: "@earendil-works/pi-coding-agent",
            version: "0.87.1",
            program: "pi",
        };
        Some(Self {
            program: program_with(package, &["node@22"])?,
            folder: ".pi/agent",
        })
    }

    /// Oh My Pi from npm, with Bun, which runs it; `None` where it cannot be
    /// had.
    pub fn find_oh_my_pi() -> Option<Self> {
        let package = Package {
            name: "@oh-my-pi/pi-coding-agent",
            version: "17.3.5",
            program: "omp",
        };
        Some(Self {
            program: program_with(package, &["bun@1.4.5"])?,
            folder: ".omp/agent",
        })
    }

    /// Both, as far as they can be had.
    pub fn both() -> Vec<Self> {
        [Self::find(), Self::find_oh_my_pi()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Whether it is Oh My Pi.
    pub fn is_oh_my_pi(&self) -> bool {
        self.folder.starts_with(".omp")
    }

    /// Gives it prompts, one after the other. `arguments` stand before them,
    /// such as `["--continue"]`.
    pub fn run(
        &self,
        bench: &Workbench,
        server: &ModelServer,
        arguments: &[&str],
        prompts: &[&str],
    ) -> Ended {
        self.configure(bench, server);
        let mut command = bench.command(&self.program);
        command
            .env("PATH", self.path())
            .env("PI_OFFLINE", "1")
            .args(["-p", "--mode", "json", "--model", "scripted/m1"])
            .args(arguments)
            .args(prompts);
        run(&mut command, &bench.folder(), &Until::TheEnd)
    }

    /// The arguments that load one of the extensions in `pi/`.
    pub fn extension(name: &str) -> [String; 2] {
        let path = package_folder().join(format!("pi/{name}.mjs"));
        ["-e".to_owned(), path.to_string_lossy().into_owned()]
    }

    /// The session that a run reports.
    pub fn session(ended: &Ended) -> String {
        found(ended, "id")
    }

    fn configure(&self, bench: &Workbench, server: &ModelServer) {
        let folder = bench.home().join(self.folder);
        fs::create_dir_all(&folder).unwrap();
        let [input, output, read, write] = PRICES;
        let models = json!({ "providers": { "scripted": {
            "baseUrl": server.url(),
            "api": "anthropic-messages",
            "apiKey": "dummy",
            "models": [{
                "id": "m1",
                "reasoning": true,
                "input": ["text", "image"],
                "contextWindow": 200_000,
                "maxTokens": 8000,
                "cost": { "input": input, "output": output, "cacheRead": read,
                          "cacheWrite": write },
            }],
        } } });
        // Oh My Pi reads YAML, which JSON is.
        let name = if self.is_oh_my_pi() {
            "models.yml"
        } else {
            "models.json"
        };
        fs::write(folder.join(name), models.to_string()).unwrap();
        let servers = json!({ "mcpServers": { "pantry": mcp_server() } });
        fs::write(folder.join("mcp.json"), servers.to_string()).unwrap();
        // Otherwise there is too little to be summed up.
        let settings = json!({ "compaction": { "keepRecentTokens": 1 } });
        fs::write(folder.join("settings.json"), settings.to_string()).unwrap();
    }

    /// Where what runs it lies beside it.
    fn path(&self) -> OsString {
        let beside = self.program.parent().map(Path::to_owned);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = beside.into_iter().chain(std::env::split_paths(&path));
        std::env::join_paths(folders).unwrap()
    }
}
