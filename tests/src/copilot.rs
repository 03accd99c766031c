//! How GitHub Copilot CLI is run offline.

use crate::harness::mcp_server;
use crate::install::{Package, program};
use crate::process::{Ended, Until, run};
use crate::workbench::Workbench;
use dashcam_model_server::ModelServer;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// GitHub Copilot CLI.
#[derive(Debug)]
pub struct Copilot {
    program: PathBuf,
    /// It unpacks itself at its first start: once for all tests.
    cache: PathBuf,
}

/// Which model is asked, and in which wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopilotModel {
    /// Anthropic's messages.
    Claude,
    /// `OpenAI`'s responses.
    Gpt,
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
        let launcher = program(package)?;
        let modules = launcher.ancestors().nth(2).unwrap();
        Some(Self {
            cache: modules.parent().unwrap().join("unpacked"),
            program: native(modules).unwrap_or_else(|| launcher.clone()),
        })
    }

    /// Gives it a prompt.
    pub fn run(&self, bench: &Workbench, server: &ModelServer, prompt: &str) -> Ended {
        self.run_until(bench, server, &[], prompt, &Until::TheEnd)
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
        let mut command = self.command(bench, server, CopilotModel::Claude, prompt);
        command.args(arguments);
        run(&mut command, &bench.folder(), until)
    }

    /// Gives a prompt to a model of a certain family.
    pub fn ask(
        &self,
        bench: &Workbench,
        server: &ModelServer,
        model: CopilotModel,
        prompt: &str,
    ) -> Ended {
        let mut command = self.command(bench, server, model, prompt);
        run(&mut command, &bench.folder(), &Until::TheEnd)
    }

    fn command(
        &self,
        bench: &Workbench,
        server: &ModelServer,
        model: CopilotModel,
        prompt: &str,
    ) -> Command {
        let mut command = bench.command(&self.program);
        command
            .env("XDG_CACHE_HOME", &self.cache)
            .env("COPILOT_OFFLINE", "true")
            .env("COPILOT_AUTO_UPDATE", "false")
            .env("COPILOT_PROVIDER_API_KEY", "dummy");
        match model {
            CopilotModel::Claude => command
                .env("COPILOT_PROVIDER_TYPE", "anthropic")
                .env("COPILOT_PROVIDER_BASE_URL", server.url())
                .env("COPILOT_MODEL", "claude-sonnet-4.6"),
            CopilotModel::Gpt => command
                .env("COPILOT_PROVIDER_TYPE", "openai")
                .env("COPILOT_PROVIDER_BASE_URL", format!("{}/v1", server.url()))
                .env("COPILOT_PROVIDER_WIRE_API", "responses")
                .env("COPILOT_MODEL", "gpt-5.4"),
        };
        if let Some(url) = bench.telemetry() {
            command
                .env("COPILOT_OTEL_ENABLED", "true")
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        }
        let mut pantry = mcp_server();
        pantry["type"] = json!("local");
        pantry["tools"] = json!(["*"]);
        let servers = json!({ "mcpServers": { "pantry": pantry } });
        command
            .args(["-p", prompt, "--allow-all-tools", "--output-format", "json"])
            .arg("--additional-mcp-config")
            .arg(servers.to_string());
        command
    }
}

/// The program itself, which the launcher starts: what interrupts the launcher
/// alone leaves it running.
fn native(modules: &Path) -> Option<PathBuf> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let program = modules.join(format!("@github/copilot-{system}-{machine}/copilot"));
    program.exists().then_some(program)
}
