//! How GitHub Copilot CLI is run offline.

use crate::install::{Package, program};
use crate::process::{Ended, Until, run};
use crate::workbench::Workbench;
use dashcam_model_server::ModelServer;
use std::path::PathBuf;

/// GitHub Copilot CLI.
#[derive(Debug)]
pub struct Copilot {
    program: PathBuf,
}

impl Copilot {
    /// The version under test.
    pub const VERSION: &'static str = "1.0.102";

    /// Copilot from npm; `None` where it cannot be had.
    pub fn find() -> Option<Self> {
        let package = Package {
            name: "@github/copilot",
            version: Self::VERSION,
            program: "copilot",
        };
        Some(Self {
            program: program(package)?,
        })
    }

    /// Gives it a prompt.
    pub fn run(&self, bench: &Workbench, server: &ModelServer, prompt: &str) -> Ended {
        let mut command = bench.command(&self.program);
        // It unpacks itself at its first start: once for all tests.
        let cache = self.program.ancestors().nth(3).unwrap().join("unpacked");
        command
            .env("XDG_CACHE_HOME", cache)
            .env("COPILOT_OFFLINE", "true")
            .env("COPILOT_AUTO_UPDATE", "false")
            .env("COPILOT_PROVIDER_TYPE", "anthropic")
            .env("COPILOT_PROVIDER_BASE_URL", server.url())
            .env("COPILOT_PROVIDER_API_KEY", "dummy")
            .env("COPILOT_MODEL", "claude-sonnet-4.6");
        command.args(["-p", prompt, "--allow-all-tools", "--output-format", "json"]);
        run(&mut command, &bench.folder(), &Until::TheEnd)
    }
}
