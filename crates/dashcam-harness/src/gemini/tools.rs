//! Tool calls: what each tool does, and what came of it.

use super::records::{Display, ToolCallRecord};
use crate::Decoded;
use crate::image;
use crate::lenient::{Text, read_object};
use crate::limit::{Limited, TOOL_OUTPUT, limit};
use crate::patch::Patch;
use dashcam_trace::{Change, FileDiff, McpTool, RawJson, Status, ToolCall, ToolKind, ToolOutput};
use serde::Deserialize;

/// A tool call as its record tells it.
pub(super) struct Read {
    pub(super) call: ToolCall,
    pub(super) status: Status,
    pub(super) error: Option<String>,
}

/// The arguments that tell what a call was done to.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments<'a> {
    #[serde(borrow)]
    file_path: Text<'a>,
    #[serde(borrow)]
    absolute_path: Text<'a>,
    #[serde(borrow)]
    dir_path: Text<'a>,
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    pattern: Text<'a>,
    #[serde(borrow)]
    query: Text<'a>,
    #[serde(borrow)]
    command: Text<'a>,
    #[serde(borrow)]
    prompt: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    agent_name: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    fact: Text<'a>,
}

/// What a tool does (0.61.0, with names of earlier versions).
pub(super) fn kind(tool: &str) -> ToolKind {
    match tool {
        "read_file" | "read_many_files" | "list_directory" | "get_internal_docs" => ToolKind::Read,
        "replace" | "edit" => ToolKind::Edit,
        "write_file" => ToolKind::Write,
        "glob" | "search_file_content" | "grep_search" | "codebase_investigator" => {
            ToolKind::Search
        }
        "run_shell_command" | "read_background_output" | "list_background_processes" => {
            ToolKind::Shell
        }
        "web_fetch" | "google_web_search" => ToolKind::Web,
        "invoke_agent" | "delegate_to_agent" | "complete_task" => ToolKind::Task,
        "write_todos" | "enter_plan_mode" | "exit_plan_mode" | "update_topic" => ToolKind::Plan,
        "activate_skill" => ToolKind::Skill,
        "list_mcp_resources" | "read_mcp_resource" => ToolKind::Mcp,
        _ if tool.starts_with("mcp_") => ToolKind::Mcp,
        _ => ToolKind::Other,
    }
}

/// The server and tool of `mcp_<server>_<tool>` (0.61.0). The name does not
/// tell where the server ends: at the first `_`.
fn mcp(tool: &str) -> Option<McpTool> {
    let (server, name) = tool.strip_prefix("mcp_")?.split_once('_')?;
    Some(McpTool {
        server: server.to_owned(),
        tool: name.to_owned(),
    })
}

/// Reads a tool call.
pub(super) fn read(record: &ToolCallRecord<'_>, decoded: &mut Decoded) -> Read {
    let tool = record.name.as_str();
    let tool_kind = kind(tool);
    let arguments: Arguments<'_> = record
        .args
        .map_or_else(Arguments::default, |args| read_object(args.get()));
    let status = match record.status.as_str() {
        "success" => Status::Ok,
        "error" => Status::Error,
        "cancelled" => Status::Interrupted,
        _ => Status::Unfinished,
    };
    let output = output(record, decoded);
    let error = (status == Status::Error)
        .then(|| output.as_ref().map(|output| output.text.clone()))
        .flatten();
    let display = display(record);
    Read {
        call: ToolCall {
            tool: tool.to_owned(),
            tool_kind,
            target: arguments.target(tool_kind),
            call_id: record.id.owned(),
            input: record.args.map(RawJson::from_raw).unwrap_or_default(),
            exit_code: exit_code(tool_kind, output.as_ref()),
            output,
            mcp: mcp(tool),
            diff: if status == Status::Ok {
                display
                    .and_then(|display| diff(&display))
                    .into_iter()
                    .collect()
            } else {
                Vec::new()
            },
        },
        status,
        error,
    }
}

impl Arguments<'_> {
    fn target(&self, kind: ToolKind) -> Option<String> {
        let names: &[&Text<'_>] = match kind {
            ToolKind::Read | ToolKind::Edit | ToolKind::Write => &[
                &self.file_path,
                &self.absolute_path,
                &self.dir_path,
                &self.path,
            ],
            ToolKind::Search => &[&self.pattern, &self.query, &self.dir_path, &self.path],
            ToolKind::Shell => &[&self.command],
            ToolKind::Web => &[&self.url, &self.query, &self.prompt],
            ToolKind::Task => &[&self.agent_name],
            ToolKind::Skill => &[&self.name],
            _ => &[&self.file_path, &self.path, &self.query, &self.fact],
        };
        names.iter().find_map(|name| name.owned())
    }
}

/// What the model was given.
fn output(record: &ToolCallRecord<'_>, decoded: &mut Decoded) -> Option<ToolOutput> {
    let mut texts: Vec<&str> = Vec::new();
    let mut images = Vec::new();
    for part in &record.result.0 {
        texts.extend(part.text.get());
        let response = part.function_response.0.as_ref();
        if let Some(said) = response.and_then(|response| response.response.0.as_ref()) {
            texts.extend(said.output.get().or_else(|| said.error.get()));
        }
        let inline = response.into_iter().flat_map(|response| &response.parts.0);
        let inline = inline
            .filter_map(|part| part.inline_data.0.as_ref())
            .chain(part.inline_data.0.as_ref());
        for data in inline {
            images.push(image::keep_base64(
                decoded,
                data.mime_type.as_str(),
                data.data.as_str(),
            ));
        }
    }
    if texts.is_empty() && images.is_empty() {
        return None;
    }
    let Limited {
        text,
        omitted_bytes,
    } = limit(&texts.join("\n"), TOOL_OUTPUT);
    Some(ToolOutput {
        text,
        images,
        omitted_bytes,
        ..ToolOutput::default()
    })
}

/// The exit code, which stands only in the text, and only if it is not 0.
fn exit_code(kind: ToolKind, output: Option<&ToolOutput>) -> Option<i32> {
    let text = &output.filter(|_| kind == ToolKind::Shell)?.text;
    text.lines()
        .rev()
        .find_map(|line| line.strip_prefix("Exit Code: "))
        .and_then(|code| code.trim().parse().ok())
}

fn display<'a>(record: &ToolCallRecord<'a>) -> Option<Display<'a>> {
    let json = record.result_display?.get();
    json.starts_with('{').then(|| read_object(json))
}

/// What an edit changed. The diff has headers, which are not kept.
fn diff(display: &Display<'_>) -> Option<FileDiff> {
    let text = display.file_diff.get()?;
    let hunks = text.find("@@ ").map_or("", |start| &text[start..]);
    let path = display
        .file_path
        .owned()
        .or_else(|| display.file_name.owned())?;
    let is_new = display.original_content.get().is_none() && display.new_content.get().is_some();
    let Patch {
        text: patch,
        added,
        removed,
    } = Patch::of_hunks(hunks);
    Some(FileDiff {
        path,
        change: if is_new { Change::Add } else { Change::Update },
        old_path: None,
        patch,
        added,
        removed,
    })
}
