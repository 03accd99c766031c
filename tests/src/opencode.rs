//! How `OpenCode` is run offline.

use crate::harness::{found, mcp_server};
use crate::install::{Package, program};
use crate::process::{Ended, Until, run};
use crate::workbench::Workbench;
use dashcam_model_server::ModelServer;
use dashcam_trace::{Money, Tokens};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// `OpenCode`.
#[derive(Debug)]
pub struct OpenCode {
    program: PathBuf,
}

/// What a million tokens cost, in the configuration that the tests give it:
/// input, output, read from and written to the cache.
pub(crate) const PRICES: [f64; 4] = [1.0, 2.0, 0.1, 1.25];

/// What `OpenCode` reckons that a response cost.
pub(crate) fn cost(tokens: &Tokens) -> Money {
    let [input, output, read, write] = PRICES;
    let usd = tokens.input() as f64 * input
        + tokens.completion as f64 * output
        + tokens.cache_read as f64 * read
        + tokens.cache_write() as f64 * write;
    Money::from_usd(usd / 1e6)
}

impl OpenCode {
    /// The version under test.
    pub const VERSION: &'static str = "1.18.33";

    /// `OpenCode` from npm; `None` where it cannot be had.
    pub fn find() -> Option<Self> {
        let package = Package {
            name: "opencode-ai",
            version: Self::VERSION,
            program: "opencode",
        };
        Some(Self {
            program: program(package)?,
        })
    }

    /// Gives it a prompt. `arguments` stand before it, such as
    /// `["--session", ID]`.
    pub fn run(
        &self,
        bench: &Workbench,
        server: &ModelServer,
        arguments: &[&str],
        prompt: &str,
    ) -> Ended {
        self.run_until(bench, server, arguments, prompt, &Until::TheEnd)
    }

    /// Gives it a prompt, and may interrupt it.
    pub fn run_until(
        &self,
        bench: &Workbench,
        server: &ModelServer,
        arguments: &[&str],
        prompt: &str,
        until: &Until<'_>,
    ) -> Ended {
        let folder = bench.home().join(".config/opencode");
        fs::create_dir_all(&folder).unwrap();
        let mcp = mcp_server();
        let command = [
            &[mcp["command"].clone()],
            mcp["args"].as_array().unwrap().as_slice(),
        ];
        let [input, output, read, write] = PRICES;
        let config = json!({
            "autoupdate": false,
            "share": "disabled",
            "model": "scripted/m1",
            "small_model": "scripted/m1",
            "permission": { "*": "allow" },
            "experimental": { "openTelemetry": bench.telemetry().is_some() },
            "mcp": { "pantry": { "type": "local", "command": command.concat(), "enabled": true } },
            "provider": { "scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "scripted",
                "options": { "baseURL": format!("{}/v1", server.url()), "apiKey": "dummy" },
                "models": { "m1": {
                    "name": "m1",
                    "tool_call": true,
                    "limit": { "context": 100_000, "output": 8000 },
                    "cost": { "input": input, "output": output, "cache_read": read,
                              "cache_write": write },
                } },
            } },
        });
        fs::write(folder.join("opencode.json"), config.to_string()).unwrap();
        let mut command = bench.command(&self.program);
        for off in [
            "OPENCODE_DISABLE_AUTOUPDATE",
            "OPENCODE_DISABLE_MODELS_FETCH",
            "OPENCODE_DISABLE_LSP_DOWNLOAD",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS",
        ] {
            command.env(off, "1");
        }
        // With a plugin it installs its plugin library first, which it can do
        // without: the registry is out of reach here.
        command.env("npm_config_fetch_retries", "0");
        if let Some(url) = bench.telemetry() {
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        }
        command.args(["run", "--format", "json"]);
        command.args(arguments).arg(prompt);
        run(&mut command, &bench.folder(), until)
    }

    /// The session that a run reports.
    pub fn session(ended: &Ended) -> String {
        found(ended, "sessionID")
    }
}
