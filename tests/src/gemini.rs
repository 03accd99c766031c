//! How Gemini CLI is run offline.

use crate::harness::mcp_server;
use crate::install::{Package, program};
use crate::process::{Ended, Until, run};
use crate::workbench::Workbench;
use dashcam_model_server::ModelServer;
use serde_json::json;
use std::fs;
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

    /// Writes its settings, unless there are some.
    pub fn settle(bench: &Workbench) {
        let settings = bench.home().join(".gemini/settings.json");
        if !settings.exists() {
            fs::create_dir_all(settings.parent().unwrap()).unwrap();
            let doc = json!({
                "security": { "auth": { "selectedType": "gemini-api-key" } },
                "general": { "enableAutoUpdate": false, "enableAutoUpdateNotification": false },
                "privacy": { "usageStatisticsEnabled": false },
                "mcpServers": { "pantry": mcp_server() },
            });
            fs::write(&settings, doc.to_string()).unwrap();
        }
    }

    /// Gives it a prompt.
    pub fn run(&self, bench: &Workbench, server: &ModelServer, prompt: &str) -> Ended {
        self.run_until(bench, server, &[], prompt, &Until::TheEnd)
    }

    /// Gives it a prompt, and may interrupt it. `arguments` stand before the
    /// prompt, such as `["--resume", "latest"]`.
    pub fn run_until(
        &self,
        bench: &Workbench,
        server: &ModelServer,
        arguments: &[&str],
        prompt: &str,
        until: &Until<'_>,
    ) -> Ended {
        Self::settle(bench);
        let mut command = bench.command(&self.program);
        command
            .env("GEMINI_API_KEY", "dummy")
            .env("GOOGLE_GEMINI_BASE_URL", server.url())
            .env("GEMINI_CLI_TRUST_WORKSPACE", "true")
            // It would start itself a second time, and leave that one behind.
            .env("GEMINI_CLI_NO_RELAUNCH", "true");
        if let Some(url) = bench.telemetry() {
            command
                .env("GEMINI_TELEMETRY_ENABLED", "true")
                .env("GEMINI_TELEMETRY_TARGET", "local")
                .env("GEMINI_TELEMETRY_OTLP_PROTOCOL", "http")
                .env("GEMINI_TELEMETRY_OTLP_ENDPOINT", url);
        }
        command.args(arguments);
        command.args(["-p", prompt, "--yolo", "--output-format", "stream-json"]);
        // Without a model it asks another one which to take.
        command.args(["-m", "gemini-2.5-pro"]);
        run(&mut command, &bench.folder(), until)
    }
}
