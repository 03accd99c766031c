//! How Gemini CLI is run offline.

use crate::install::{Package, program};
use crate::process::{Ended, Until, run};
use crate::workbench::Workbench;
use dashcam_model_server::ModelServer;
use std::path::PathBuf;

/// Gemini CLI.
#[derive(Debug)]
pub struct Gemini {
    program: PathBuf,
}

impl Gemini {
    /// The version under test.
    pub const VERSION: &'static str = "0.61.0";

    /// What it needs in `~/.gemini/settings.json` to run offline, with a
    /// comment, as people have them.
    pub const SETTINGS: &'static str = r#"{
  // how to log in
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "general": { "enableAutoUpdate": false, "enableAutoUpdateNotification": false },
  "privacy": { "usageStatisticsEnabled": false }
}
"#;

    /// Gemini CLI from npm; `None` where it cannot be had.
    pub fn find() -> Option<Self> {
        let package = Package {
            name: "@google/gemini-cli",
            version: Self::VERSION,
            program: "gemini",
        };
        Some(Self {
            program: program(package)?,
        })
    }

    /// Gives it a prompt.
    pub fn run(&self, bench: &Workbench, server: &ModelServer, prompt: &str) -> Ended {
        let mut command = bench.command(&self.program);
        command
            .env("GEMINI_API_KEY", "dummy")
            .env("GOOGLE_GEMINI_BASE_URL", server.url())
            .env("GEMINI_CLI_TRUST_WORKSPACE", "true")
            // It would start itself a second time, and leave that one behind.
            .env("GEMINI_CLI_NO_RELAUNCH", "true");
        command.args(["-p", prompt, "--yolo", "--output-format", "stream-json"]);
        // Without a model it asks another one which to take.
        command.args(["-m", "gemini-2.5-pro"]);
        run(&mut command, &bench.folder(), &Until::TheEnd)
    }
}
