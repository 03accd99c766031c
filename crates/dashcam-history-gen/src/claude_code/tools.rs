//! Tool calls and what they give back.

use super::conversation::Conversation;
use super::era::Era;
use super::lines::LineWriter;
use crate::json::{self, Object};
use crate::prose::{COMMANDS, EXTENSIONS, IDENTIFIERS, coloured, numbered};
use crate::world::World;

/// A PNG of one pixel.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const TOOLS: &[(Tool, u64)] = &[
    (Tool::Bash, 30),
    (Tool::Read, 26),
    (Tool::Edit, 16),
    (Tool::Grep, 10),
    (Tool::Write, 5),
    (Tool::Glob, 4),
    (Tool::TodoWrite, 4),
    (Tool::Screenshot, 1),
    (Tool::Mcp("mcp__github__search_code"), 2),
    (Tool::Mcp("mcp__db__query"), 2),
];

const AGENT_TYPES: &[&str] = &["Explore", "general-purpose", "code-reviewer"];

/// Which tool is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Bash,
    Read,
    Edit,
    Grep,
    Write,
    Glob,
    TodoWrite,
    Screenshot,
    Mcp(&'static str),
    Agent(&'static str),
}

/// One call of a tool.
pub(crate) struct ToolUse {
    pub(crate) id: String,
    tool: Tool,
    /// Its input as JSON.
    input: String,
    /// The file it is about.
    path: String,
    /// The texts of an edit: what was there, and what is there now.
    before: String,
    after: String,
    /// What a subagent is asked.
    pub(crate) agent_prompt: String,
    /// What kind of subagent is asked.
    pub(crate) agent_type: &'static str,
}

impl ToolUse {
    /// Whether the call starts a subagent.
    pub(crate) fn starts_agent(&self) -> bool {
        matches!(self.tool, Tool::Agent(_))
    }

    /// The block that asks for the call.
    pub(crate) fn block(&self) -> String {
        let name = match self.tool {
            Tool::Bash => "Bash",
            Tool::Read => "Read",
            Tool::Edit => "Edit",
            Tool::Grep => "Grep",
            Tool::Write => "Write",
            Tool::Glob => "Glob",
            Tool::TodoWrite => "TodoWrite",
            Tool::Screenshot => "mcp__browser__screenshot",
            Tool::Mcp(name) | Tool::Agent(name) => name,
        };
        Object::new()
            .text("type", "tool_use")
            .text("id", &self.id)
            .text("name", name)
            .raw("input", &self.input)
            .end()
    }
}

/// A call of some tool.
pub(crate) fn choose(world: &mut World, writer: &LineWriter, may_delegate: bool) -> ToolUse {
    let delegates = may_delegate
        && world
            .random
            .chance(if writer.agent.is_some() { 12 } else { 24 });
    let tool = if delegates {
        Tool::Agent(writer.era.agent_tool())
    } else {
        world.random.weighted(TOOLS)
    };
    let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let mut call = ToolUse {
        id: format!("toolu_01{}", world.random.word_of(letters, 22)),
        tool,
        input: String::new(),
        path: world.file(&writer.place.cwd),
        before: String::new(),
        after: String::new(),
        agent_prompt: String::new(),
        agent_type: AGENT_TYPES[0],
    };
    call.input = input(world, &mut call).end();
    call
}

fn input(world: &mut World, call: &mut ToolUse) -> Object {
    match call.tool {
        Tool::Bash => {
            let command = world.random.pick(COMMANDS);
            Object::new()
                .text("command", command)
                .text("description", "run it")
        }
        Tool::Read => Object::new().text("file_path", &call.path),
        Tool::Edit => {
            let (old_length, new_length) =
                (world.random.between(60, 700), world.random.between(60, 900));
            call.before = world.code(old_length);
            call.after = world.code(new_length);
            Object::new()
                .text("file_path", &call.path)
                .text("old_string", &call.before)
                .text("new_string", &call.after)
                .flag("replace_all", false)
        }
        Tool::Write => {
            let length = world.random.between(500, 6000);
            call.after = world.code(length);
            Object::new()
                .text("file_path", &call.path)
                .text("content", &call.after)
        }
        Tool::Grep => {
            let pattern = format!(
                "{}_{}",
                world.random.pick(IDENTIFIERS),
                world.random.pick(IDENTIFIERS)
            );
            Object::new()
                .text("pattern", &pattern)
                .text("output_mode", "content")
                .flag("-n", true)
        }
        Tool::Glob => Object::new().text(
            "pattern",
            &format!("**/*.{}", world.random.pick(EXTENSIONS)),
        ),
        Tool::TodoWrite => {
            let count = world.random.between(3, 7);
            let todos = (0..count).map(|at| {
                let status = if at == 0 { "in_progress" } else { "pending" };
                Object::new()
                    .text("content", &world.text(45))
                    .text("status", status)
                    .text("activeForm", "Doing it")
                    .end()
            });
            let todos: Vec<String> = todos.collect();
            Object::new().list("todos", todos)
        }
        Tool::Screenshot => Object::new().text("url", "http://localhost:3000/"),
        Tool::Mcp(_) => Object::new()
            .text("query", &world.text(60))
            .number("limit", 20),
        Tool::Agent(_) => {
            call.agent_prompt = world.text(600);
            call.agent_type = world.random.pick(AGENT_TYPES);
            Object::new()
                .text("description", "look into it")
                .text("prompt", &call.agent_prompt)
                .text("subagent_type", call.agent_type)
        }
    }
}

impl Conversation<'_> {
    /// Writes what a tool other than a subagent gave back.
    pub(crate) fn tool_result(&mut self, call: &ToolUse) {
        let wait = self.world.random.between(30, 6000);
        self.writer.clock.pass(wait);
        if self.world.random.chance(60) {
            let failure = self.failure();
            let structured = json::string(&format!("Error: {failure}"));
            self.write_result(call, &json::string(&failure), Some(&structured), true);
            return;
        }
        let (content, structured) = self.success(call);
        self.context += content.len() as u64 / 4;
        self.write_result(call, &content, structured.as_deref(), false);
    }

    /// Writes the line of a result. `content` and `structured` are JSON.
    pub(crate) fn write_result(
        &mut self,
        call: &ToolUse,
        content: &str,
        structured: Option<&str>,
        failed: bool,
    ) {
        let mut block = Object::new()
            .text("tool_use_id", &call.id)
            .text("type", "tool_result")
            .raw("content", content);
        if failed {
            block = block.flag("is_error", true);
        }
        let message = Object::new()
            .text("role", "user")
            .list("content", [block.end()]);
        let mut own = Object::new().object("message", message);
        if let Some(structured) = structured {
            own = own.raw("toolUseResult", structured);
        }
        if let Some(line) = self
            .tool_lines
            .get(&call.id)
            .filter(|_| self.writer.era == Era::Nested)
        {
            own = own.text("sourceToolAssistantUUID", line);
        }
        self.writer.step(&mut self.world.random, "user", &own);
    }

    fn failure(&mut self) -> String {
        match self.world.random.below(3) {
            0 => "<tool_use_error>String to replace not found in file.</tool_use_error>".to_owned(),
            1 => "<tool_use_error>File has not been read yet.</tool_use_error>".to_owned(),
            _ => format!("Exit code 1\n{}", coloured(&self.world.code(600))),
        }
    }

    /// The content of a result and its structured form, both as JSON.
    fn success(&mut self, call: &ToolUse) -> (String, Option<String>) {
        let world = &mut *self.world;
        match call.tool {
            Tool::Bash => {
                // One command in five hundred prints more than anyone reads.
                let length = if world.random.chance(2) {
                    900_000
                } else {
                    world.random.long_tailed(540)
                };
                let mut output = world.code(length);
                if world.random.chance(100) {
                    output = coloured(&output);
                }
                if let Some(word) = world.needle(&self.writer.session, "tool_output", 30) {
                    output = format!("{output}\n{word}");
                    self.writer.has_needle = true;
                }
                let structured = Object::new()
                    .text("stdout", &output)
                    .text("stderr", "")
                    .flag("interrupted", false)
                    .flag("isImage", false);
                (json::string(&output), Some(structured.end()))
            }
            Tool::Read => {
                let length = world.random.long_tailed(3000);
                let code = world.code(length);
                let lines = code.lines().count() as u64;
                let file = Object::new()
                    .text("filePath", &call.path)
                    .text("content", &code)
                    .number("numLines", lines)
                    .number("startLine", 1)
                    .number("totalLines", lines);
                (
                    json::string(&numbered(&code)),
                    Some(
                        Object::new()
                            .text("type", "text")
                            .object("file", file)
                            .end(),
                    ),
                )
            }
            Tool::Edit => {
                let length = world.random.between(800, 9000);
                let original = world.code(length);
                let note = json::string(&format!("The file {} has been updated.", call.path));
                (note, Some(edit_result(call, &original).end()))
            }
            Tool::Write => {
                let structured = Object::new()
                    .text("type", "create")
                    .text("filePath", &call.path)
                    .text("content", &call.after)
                    .raw("structuredPatch", "[]")
                    .raw("originalFile", "null");
                (
                    json::string(&format!("File created successfully at: {}", call.path)),
                    Some(structured.end()),
                )
            }
            Tool::Screenshot => {
                let source = Object::new()
                    .text("type", "base64")
                    .text("media_type", "image/png")
                    .text("data", PIXEL);
                let image = json::list([Object::new()
                    .text("type", "image")
                    .object("source", source)
                    .end()]);
                world.truth.trap("result with an image");
                (image.clone(), Some(image))
            }
            Tool::TodoWrite => (json::string("Todos have been modified successfully."), None),
            Tool::Grep | Tool::Glob | Tool::Mcp(_) | Tool::Agent(_) => {
                let length = world.random.long_tailed(400);
                let text = world.text(length);
                let block = Object::new().text("type", "text").text("text", &text).end();
                (
                    json::list([block]),
                    Some(Object::new().text("content", &text).end()),
                )
            }
        }
    }
}

fn edit_result(call: &ToolUse, original: &str) -> Object {
    let removed = call
        .before
        .lines()
        .map(|line| json::string(&format!("-{line}")));
    let added = call
        .after
        .lines()
        .map(|line| json::string(&format!("+{line}")));
    let lines: Vec<String> = removed.chain(added).collect();
    let hunk = Object::new()
        .number("oldStart", 10)
        .number("oldLines", call.before.lines().count() as u64)
        .number("newStart", 10)
        .number("newLines", call.after.lines().count() as u64)
        .list("lines", lines);
    Object::new()
        .text("filePath", &call.path)
        .text("oldString", &call.before)
        .text("newString", &call.after)
        .text("originalFile", original)
        .list("structuredPatch", [hunk.end()])
        .flag("userModified", false)
        .flag("replaceAll", false)
}
