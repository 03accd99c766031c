//! Tool calls: what each tool does, and what came of it.

use super::turns::Asked;
use crate::lenient::{List, Text, read_object};
use crate::limit::{Limited, TOOL_OUTPUT, limit};
use crate::patch::Patch;
use dashcam_trace::{Change, FileDiff, Image, McpTool, Status, ToolCall, ToolKind, ToolOutput};
use serde::Deserialize;

/// What a tool gave back.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) status: Status,
    pub(super) texts: Vec<String>,
    /// Values that are no text, as they were written.
    pub(super) values: Vec<String>,
    pub(super) images: Vec<Image>,
    /// The server's tool that ran, where the record tells.
    pub(super) mcp: Option<McpTool>,
}

/// The arguments that tell what a call was done to. Names in camels are those
/// of newer versions.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments<'a> {
    #[serde(borrow)]
    command: Text<'a>,
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    operations: List<Operation<'a>>,
    #[serde(borrow)]
    ops: List<Operation<'a>>,
    #[serde(borrow)]
    pattern: Text<'a>,
    #[serde(borrow)]
    query: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    agent: Text<'a>,
    #[serde(borrow)]
    agent_name: Text<'a>,
    #[serde(borrow)]
    task: Text<'a>,
    #[serde(borrow)]
    task_list_description: Text<'a>,
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(borrow)]
    file_text: Text<'a>,
    #[serde(borrow)]
    old_str: Text<'a>,
    #[serde(borrow)]
    new_str: Text<'a>,
    #[serde(borrow, rename = "oldStr")]
    old_str_in_camels: Text<'a>,
    #[serde(borrow, rename = "newStr")]
    new_str_in_camels: Text<'a>,
}

/// One of several things to read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Operation<'a> {
    #[serde(borrow)]
    path: Text<'a>,
}

/// What a tool does: names of 2.6.0, and of versions before 2.
fn kind(tool: &str, arguments: &Arguments<'_>) -> ToolKind {
    match tool {
        "read" | "fs_read" | "ls" | "image_read" => ToolKind::Read,
        "write" | "fs_write" if arguments.command.as_str() == "create" => ToolKind::Write,
        "write" | "fs_write" => ToolKind::Edit,
        "shell" | "execute_bash" | "execute_cmd" => ToolKind::Shell,
        "glob" | "grep" | "code" => ToolKind::Search,
        "web_search" | "web_fetch" => ToolKind::Web,
        "subagent" | "use_subagent" | "delegate" | "spawn_session" => ToolKind::Task,
        "todo_list" | "todo" => ToolKind::Plan,
        _ if tool.starts_with('@') => ToolKind::Mcp,
        _ => ToolKind::Other,
    }
}

impl Arguments<'_> {
    fn target(&self, kind: ToolKind) -> Option<String> {
        let read = || {
            let mut operations = self.operations.0.iter().chain(&self.ops.0);
            operations.find_map(|operation| operation.path.owned())
        };
        match kind {
            ToolKind::Shell => self.command.owned(),
            ToolKind::Search => self.pattern.owned().or_else(|| self.query.owned()),
            ToolKind::Web => self.url.owned().or_else(|| self.query.owned()),
            ToolKind::Task => self
                .agent_name
                .owned()
                .or_else(|| self.agent.owned())
                .or_else(|| self.task.owned()),
            ToolKind::Plan => self.task_list_description.owned(),
            _ => self.path.owned().or_else(read),
        }
    }

    /// What a write changes, if it does its work. An edit does not tell where
    /// in the file it is.
    fn diff(&self, is_new: bool) -> Option<FileDiff> {
        let new = [&self.new_str_in_camels, &self.new_str, &self.content];
        let new = || new.into_iter().find_map(Text::get).unwrap_or_default();
        let (change, patch) = match self.command.as_str() {
            "create" => {
                let text = self.file_text.get().unwrap_or_else(new);
                let change = if is_new { Change::Add } else { Change::Update };
                (change, Patch::between("", text))
            }
            "strReplace" | "str_replace" => {
                let old = self.old_str_in_camels.get().or_else(|| self.old_str.get());
                let text = Patch::between(old.unwrap_or_default(), new());
                (Change::Update, text)
            }
            "insert" | "append" => (Change::Update, Patch::between("", new())),
            _ => return None,
        };
        let Patch {
            text: patch,
            added,
            removed,
        } = patch;
        Some(FileDiff {
            path: self.path.owned()?,
            change,
            old_path: None,
            patch,
            added,
            removed,
        })
    }
}

/// The server and tool of `@server/tool`, as hooks and agents' settings write
/// it.
fn mcp(tool: &str) -> Option<McpTool> {
    let (server, name) = tool.strip_prefix('@')?.split_once('/')?;
    Some(McpTool {
        server: server.to_owned(),
        tool: name.to_owned(),
    })
}

/// A call that has been asked for.
pub(super) fn asked(asked: &Asked) -> ToolCall {
    let arguments: Arguments<'_> = read_object(asked.input.as_str());
    let tool_kind = kind(&asked.tool, &arguments);
    ToolCall {
        tool: asked.tool.clone(),
        tool_kind,
        target: arguments.target(tool_kind),
        call_id: asked.call_id.clone(),
        input: asked.input.clone(),
        output: None,
        exit_code: None,
        mcp: mcp(&asked.tool),
        diff: Vec::new(),
    }
}

/// What a command gave back.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CommandResult<'a> {
    /// `exit status: 1`; before version 2 only the number.
    #[serde(borrow)]
    exit_status: Text<'a>,
    #[serde(borrow)]
    stdout: Text<'a>,
    #[serde(borrow)]
    stderr: Text<'a>,
}

impl CommandResult<'_> {
    fn exit_code(&self) -> Option<i32> {
        let status = self.exit_status.as_str();
        let code = status.strip_prefix("exit status: ").unwrap_or(status);
        code.trim().parse().ok()
    }
}

/// Adds to a call what came of it, and returns what went wrong. A command that
/// fails has failed, though Kiro's tool did its work.
pub(super) fn finish(call: &mut ToolCall, given: Given, status: &mut Status) -> Option<String> {
    if let Some(mcp) = given.mcp {
        call.tool_kind = ToolKind::Mcp;
        call.mcp = Some(mcp);
    }
    let command: Option<CommandResult<'_>> = given
        .values
        .first()
        .filter(|_| call.tool_kind == ToolKind::Shell)
        .map(|value| read_object(value));
    let (text, stderr) = if let Some(result) = &command {
        call.exit_code = result.exit_code();
        (result.stdout.as_str().to_owned(), result.stderr.owned())
    } else {
        let texts = given.texts.iter().chain(&given.values);
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        (texts.join("\n"), None)
    };
    let Limited {
        text,
        omitted_bytes,
    } = limit(&text, TOOL_OUTPUT);
    let failed = call.exit_code.filter(|code| *code != 0);
    let error = match (*status, failed) {
        (Status::Ok, Some(code)) => {
            *status = Status::Error;
            Some(format!("exit code {code}"))
        }
        (Status::Error, _) => Some(text.clone()).filter(|text| !text.is_empty()),
        _ => None,
    };
    if *status == Status::Ok && matches!(call.tool_kind, ToolKind::Write | ToolKind::Edit) {
        let arguments: Arguments<'_> = read_object(call.input.as_str());
        call.diff = arguments
            .diff(text.contains("created"))
            .into_iter()
            .collect();
    }
    call.output = Some(ToolOutput {
        text,
        stderr,
        images: given.images,
        omitted_bytes,
    });
    error
}
