//! Tool calls: commands, patches, MCP tools, plans, subagents.

use super::era::Era;
use super::rollout::Rollout;
use crate::json::{self, Object};
use crate::prose::COMMANDS;
use crate::world::World;

/// A tool call that waits for its result.
pub(crate) struct Call {
    pub(crate) id: String,
    kind: Kind,
}

enum Kind {
    Command(&'static str),
    Patch { path: String, added: String },
    Mcp { query: String },
    Plan,
    Spawn { prompt: String },
}

impl Rollout {
    /// Writes a call of some tool.
    pub(crate) fn call(&mut self, world: &mut World) -> Call {
        let id = format!("call_{}", world.random.hex(24));
        let may_spawn = self.depth == 0;
        let kind = match world.random.below(100) {
            0..=1 if may_spawn => Kind::Spawn {
                prompt: world.text(300),
            },
            2..=17 => {
                let length = world.random.between(100, 2500);
                Kind::Patch {
                    path: world.file(&self.place.cwd),
                    added: world.code(length),
                }
            }
            18..=21 => Kind::Mcp {
                query: world.text(60),
            },
            22..=25 => Kind::Plan,
            _ => Kind::Command(world.random.pick(COMMANDS)),
        };
        match &kind {
            Kind::Command(command) => self.command_call(&id, command),
            Kind::Patch { path, added } => {
                let own = Object::new()
                    .text("status", "completed")
                    .text("call_id", &id)
                    .text("name", "apply_patch")
                    .text("input", &patch(path, added));
                self.item("custom_tool_call", &own);
            }
            Kind::Mcp { query } => {
                let arguments = Object::new().text("query", query);
                self.function_call(&id, Some("mcp__search"), "lookup", arguments);
            }
            Kind::Plan => {
                let step = Object::new()
                    .text("step", "look into it")
                    .text("status", "in_progress")
                    .end();
                self.function_call(&id, None, "update_plan", Object::new().list("plan", [step]));
            }
            Kind::Spawn { prompt } => {
                self.function_call(
                    &id,
                    Some("multi_agent_v1"),
                    "spawn_agent",
                    Object::new().text("message", prompt),
                );
            }
        }
        Call { id, kind }
    }

    fn command_call(&mut self, id: &str, command: &str) {
        match self.era {
            Era::TotalsOnly => {
                let words = ["bash", "-lc", command].map(json::string);
                let arguments = Object::new()
                    .list("command", words)
                    .text("workdir", &self.place.cwd);
                self.function_call(id, None, "shell", arguments);
            }
            Era::UsageRecords => {
                self.function_call(id, None, "exec_command", Object::new().text("cmd", command));
            }
        }
    }

    fn function_call(&mut self, id: &str, namespace: Option<&str>, name: &str, arguments: Object) {
        let mut own = Object::new();
        // Older versions put the namespace in front of the name.
        let flat = namespace
            .filter(|_| self.era == Era::TotalsOnly)
            .map(|space| format!("{space}__{name}"));
        own = own.text("name", flat.as_deref().unwrap_or(name));
        if let Some(namespace) = namespace.filter(|_| self.era == Era::UsageRecords) {
            own = own.text("namespace", namespace);
        }
        own = own.text("arguments", &arguments.end()).text("call_id", id);
        self.item("function_call", &own);
    }

    /// Writes what a call gave back.
    pub(crate) fn result(&mut self, world: &mut World, call: &Call) {
        let took = world.random.between(20, 5000);
        self.clock.pass(took);
        match &call.kind {
            Kind::Command(command) => self.command_result(world, &call.id, command, took),
            Kind::Patch { path, added } => self.patch_result(&call.id, path, added, took),
            Kind::Mcp { query } => self.mcp_result(world, &call.id, query, took),
            Kind::Plan => self.output("function_call_output", &call.id, "Plan updated"),
            Kind::Spawn { prompt } => self.spawn(world, &call.id, prompt),
        }
    }

    fn command_result(&mut self, world: &mut World, id: &str, command: &str, took: u64) {
        let length = world.random.long_tailed(900);
        let mut output = world.code(length);
        if let Some(word) = world.needle(&self.session, "tool_output", 45) {
            self.has_needle = true;
            output = format!("{output}\n{word}");
        }
        let exit_code = u64::from(world.random.chance(90));
        self.context += output.len() as u64 / 4;
        match self.era {
            Era::TotalsOnly => {
                let details = Object::new()
                    .number("exit_code", exit_code)
                    .raw("duration_seconds", "0.4");
                let text = Object::new()
                    .text("output", &output)
                    .object("metadata", details)
                    .end();
                self.output("function_call_output", id, &text);
            }
            Era::UsageRecords => {
                let words = ["/bin/bash", "-lc", command].map(json::string);
                let item = Object::new()
                    .list("command", words)
                    .text("cwd", &format!("file://{}", self.place.cwd))
                    .text(
                        "status",
                        if exit_code == 0 {
                            "completed"
                        } else {
                            "failed"
                        },
                    )
                    .text("aggregated_output", &output)
                    .number("exit_code", exit_code)
                    .object("duration", duration(took));
                self.completed_as("CommandExecution", id, &item, took);
                let text = format!(
                    "Chunk ID: {}\nWall time: {}.0000 seconds\nProcess exited with code {exit_code}\nOutput:\n{output}",
                    world.random.hex(6),
                    took / 1000
                );
                self.output("function_call_output", id, &text);
            }
        }
    }

    fn patch_result(&mut self, id: &str, path: &str, added: &str, took: u64) {
        let note = format!("Success. Updated the following files:\nA {path}\n");
        if self.era == Era::UsageRecords {
            let change = Object::new().text("type", "add").text("content", added);
            let item = Object::new()
                .object("changes", Object::new().object(path, change))
                .text("status", "completed")
                .text("stdout", &note)
                .text("stderr", "");
            self.completed_as("FileChange", id, &item, took);
        }
        let details = Object::new()
            .number("exit_code", 0)
            .raw("duration_seconds", "0.0");
        let text = Object::new()
            .text("output", &note)
            .object("metadata", details)
            .end();
        self.output("custom_tool_call_output", id, &text);
    }

    fn mcp_result(&mut self, world: &mut World, id: &str, query: &str, took: u64) {
        let length = world.random.long_tailed(400);
        let answer = world.text(length);
        if self.era == Era::UsageRecords {
            let block = Object::new()
                .text("type", "text")
                .text("text", &answer)
                .end();
            let item = Object::new()
                .text("server", "search")
                .text("tool", "lookup")
                .object("arguments", Object::new().text("query", query))
                .text("status", "completed")
                .object("result", Object::new().list("content", [block]))
                .object("duration", duration(took));
            self.completed_as("McpToolCall", id, &item, took);
        }
        self.context += answer.len() as u64 / 4;
        self.output("function_call_output", id, &answer);
    }

    /// Writes the text that a call gave back.
    pub(crate) fn output(&mut self, item_type: &str, call: &str, text: &str) {
        self.item(
            item_type,
            &Object::new().text("call_id", call).text("output", text),
        );
    }
}

fn duration(milliseconds: u64) -> Object {
    Object::new()
        .number("secs", milliseconds / 1000)
        .number("nanos", milliseconds % 1000 * 1_000_000)
}

fn patch(path: &str, added: &str) -> String {
    let lines: Vec<String> = added.lines().map(|line| format!("+{line}")).collect();
    let lines = lines.join("\n");
    format!("*** Begin Patch\n*** Add File: {path}\n{lines}\n*** End Patch\n")
}
