//! How each harness is run offline.

use crate::install::{Package, program};
use crate::process::{Ended, Until, run};
use crate::workbench::{Workbench, package_folder};
use dashcam_model_server::ModelServer;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// Claude Code.
#[derive(Debug)]
pub struct ClaudeCode {
    program: PathBuf,
}

impl ClaudeCode {
    /// The version under test.
    pub const VERSION: &'static str = "2.1.197";

    /// Claude Code from npm; `None` where it cannot be had.
    pub fn find() -> Option<Self> {
        let package = Package {
            name: "@anthropic-ai/claude-code",
            version: Self::VERSION,
            program: "claude",
        };
        Some(Self {
            program: program(package)?,
        })
    }

    /// Gives it a prompt.
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
        let servers = bench.folder().join("mcp.json");
        let doc = json!({ "mcpServers": { "pantry": mcp_server() } });
        fs::write(&servers, doc.to_string()).unwrap();
        let mut command = bench.command(&self.program);
        command
            .env("ANTHROPIC_BASE_URL", server.url())
            .env("ANTHROPIC_API_KEY", "dummy")
            .env("IS_SANDBOX", "1");
        for off in [
            "DISABLE_AUTOUPDATER",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
        ] {
            command.env(off, "1");
        }
        if let Some(url) = bench.telemetry() {
            command
                .env("CLAUDE_CODE_ENABLE_TELEMETRY", "1")
                .env("CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "1")
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", url)
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
                .env("OTEL_METRICS_EXPORTER", "otlp")
                .env("OTEL_LOGS_EXPORTER", "otlp")
                .env("OTEL_TRACES_EXPORTER", "otlp");
        }
        command.args(["-p", prompt, "--dangerously-skip-permissions", "--verbose"]);
        command.args([
            "--output-format",
            "stream-json",
            "--model",
            "claude-sonnet-4-5",
        ]);
        command.arg("--mcp-config").arg(servers).args(arguments);
        run(&mut command, &bench.folder(), until)
    }

    /// The session that a run reports.
    pub fn session(ended: &Ended) -> String {
        found(ended, "session_id")
    }
}

/// Codex.
#[derive(Debug)]
pub struct Codex {
    program: PathBuf,
}

impl Codex {
    /// The version under test.
    pub const VERSION: &'static str = "0.169.0";

    /// Codex from npm; `None` where it cannot be had.
    pub fn find() -> Option<Self> {
        let package = Package {
            name: "@openai/codex",
            version: Self::VERSION,
            program: "codex",
        };
        Some(Self {
            program: program(package)?,
        })
    }

    /// Gives it a prompt. `arguments` stand after `exec` and its options, such
    /// as `["resume", ID]`.
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
        let folder = bench.home().join(".codex");
        fs::create_dir_all(&folder).unwrap();
        let mcp = mcp_server();
        let config = format!(
            "model = \"gpt-6-sol\"\nmodel_provider = \"scripted\"\n\
             [model_providers.scripted]\nname = \"scripted\"\nbase_url = \"{}/v1\"\n\
             wire_api = \"responses\"\nenv_key = \"DUMMY_KEY\"\n\
             request_max_retries = 4\nstream_max_retries = 4\n\
             [mcp_servers.pantry]\ncommand = {}\nargs = {}\n",
            server.url(),
            mcp["command"],
            mcp["args"],
        );
        let telemetry = bench.telemetry().map_or_else(String::new, |url| {
            let exporter = |signal: &str| {
                format!("{{ otlp-http = {{ endpoint = \"{url}/v1/{signal}\", protocol = \"binary\" }} }}")
            };
            format!(
                "[otel]\nexporter = {}\ntrace_exporter = {}\nlog_user_prompt = true\n",
                exporter("logs"),
                exporter("traces")
            )
        });
        fs::write(folder.join("config.toml"), config + &telemetry).unwrap();
        let mut command = bench.command(&self.program);
        command.env("DUMMY_KEY", "dummy");
        command.args(["exec", "--json", "--skip-git-repo-check"]);
        command
            .arg("--dangerously-bypass-approvals-and-sandbox")
            .args(arguments)
            .arg(prompt);
        run(&mut command, &bench.folder(), until)
    }

    /// The thread that a run reports.
    pub fn session(ended: &Ended) -> String {
        found(ended, "thread_id")
    }
}

/// An MCP server with a tool that works and one that fails.
pub(crate) fn mcp_server() -> Value {
    json!({ "command": "node", "args": [package_folder().join("mcp/pantry.mjs")] })
}

/// The first `key` in the lines of JSON that a harness printed.
pub(crate) fn found(ended: &Ended, key: &str) -> String {
    let id = ended
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| Some(line.get(key)?.as_str()?.to_owned()));
    id.unwrap_or_else(|| panic!("no {key} in {ended:#?}"))
}
