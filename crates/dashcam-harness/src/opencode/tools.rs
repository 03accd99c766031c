//! Tool calls: what each tool does, and what came of it.

use super::records::{FileDiffRecord, ToolMetadata, ToolState};
use crate::Decoded;
use crate::image;
use crate::lenient::{Text, read_object};
use crate::limit::{TOOL_OUTPUT, limit};
use crate::patch::Patch;
use dashcam_trace::{Change, FileDiff, McpTool, RawJson, Status, ToolCall, ToolKind, ToolOutput};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A tool call as a part tells it.
pub(super) struct Read {
    pub(super) call: ToolCall,
    pub(super) status: Status,
    pub(super) error: Option<String>,
}

/// The arguments that tell what a call was done to.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments<'a> {
    #[serde(borrow, rename = "filePath")]
    file_path: Text<'a>,
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    command: Text<'a>,
    #[serde(borrow)]
    pattern: Text<'a>,
    #[serde(borrow)]
    query: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    content: Text<'a>,
    /// `invalid`: the tool that was called, and why it could not be.
    #[serde(borrow)]
    tool: Text<'a>,
    #[serde(borrow)]
    error: Text<'a>,
}

/// What a tool does (1.18.33, with names of earlier versions). Names with
/// parts joined by `_` that are no tool of its own are an MCP server's.
fn kind(tool: &str) -> ToolKind {
    match tool {
        "read" | "list" | "ls" | "lsp" | "lsp_hover" | "lsp_diagnostics" => ToolKind::Read,
        "edit" | "multiedit" | "patch" | "apply_patch" => ToolKind::Edit,
        "write" => ToolKind::Write,
        "glob" | "grep" | "codesearch" => ToolKind::Search,
        "bash" | "shell" => ToolKind::Shell,
        "webfetch" | "websearch" => ToolKind::Web,
        "task" => ToolKind::Task,
        "todowrite" | "todoread" | "plan_enter" | "plan_exit" => ToolKind::Plan,
        "skill" => ToolKind::Skill,
        _ if mcp(tool).is_some() => ToolKind::Mcp,
        _ => ToolKind::Other,
    }
}

/// The server and tool of a call that `OpenCode` names `<server>_<tool>`. The
/// record does not tell where the server's name ends: it is taken to end at
/// the first `_`.
fn mcp(tool: &str) -> Option<McpTool> {
    let own = [
        "todo_write",
        "todo_read",
        "plan_enter",
        "plan_exit",
        "apply_patch",
    ];
    if own.contains(&tool) || tool.starts_with("lsp_") {
        return None;
    }
    let (server, name) = tool.split_once('_')?;
    (!server.is_empty() && !name.is_empty()).then(|| McpTool {
        server: server.to_owned(),
        tool: name.to_owned(),
    })
}

/// Reads a tool call.
pub(super) fn read(
    tool: &str,
    call_id: &Text<'_>,
    state: &ToolState<'_>,
    decoded: &mut Decoded,
) -> Read {
    let arguments: Arguments<'_> = state.input.map_or_else(Arguments::default, arguments);
    let metadata = state.metadata.0.as_ref();
    let exit_code = metadata
        .and_then(|metadata| metadata.exit.0)
        .filter(|code| code.fract() == 0.0)
        .map(|code| code as i32);
    // A call of a tool that there is not, or with arguments that it does not
    // take, is answered by a tool of that name.
    let invalid = (tool == "invalid")
        .then(|| arguments.error.owned())
        .flatten();
    let tool = match arguments.tool.get() {
        Some(called) if invalid.is_some() => called,
        _ => tool,
    };
    let tool_kind = kind(tool);
    let error = state.error.owned().or(invalid);
    let status = status(state, error.as_deref(), exit_code);
    let call = ToolCall {
        tool: tool.to_owned(),
        tool_kind,
        target: target(tool_kind, &arguments),
        call_id: call_id.owned(),
        input: input(state),
        output: output(state, decoded),
        exit_code,
        mcp: (tool_kind == ToolKind::Mcp).then(|| mcp(tool)).flatten(),
        diff: if status == Status::Ok {
            diff(tool, &arguments, metadata)
        } else {
            Vec::new()
        },
    };
    Read {
        call,
        status,
        error,
    }
}

fn arguments(input: &RawValue) -> Arguments<'_> {
    read_object(input.get())
}

fn status(state: &ToolState<'_>, error: Option<&str>, exit_code: Option<i32>) -> Status {
    let is_interrupted = state
        .metadata
        .0
        .as_ref()
        .is_some_and(|metadata| metadata.interrupted.0);
    match state.status.as_str() {
        "completed" if is_stopped(state.output.as_str()) => Status::Interrupted,
        "completed" if error.is_some() || exit_code.is_some_and(|code| code != 0) => Status::Error,
        "completed" => Status::Ok,
        "error" if is_interrupted || error.is_some_and(is_refusal) => Status::Interrupted,
        "error" => Status::Error,
        _ => Status::Unfinished,
    }
}

/// Whether a command was stopped by the person: that is not an error to
/// `OpenCode`, but the last line of what it gives the model (1.18.33).
fn is_stopped(output: &str) -> bool {
    output
        .strip_suffix("</shell_metadata>")
        .and_then(|output| output.rsplit_once("<shell_metadata>"))
        .is_some_and(|(_, why)| why.trim() == "User aborted the command")
}

/// What `OpenCode` says when the person stopped a call or did not permit it
/// (1.18.33).
fn is_refusal(error: &str) -> bool {
    error.starts_with("Tool execution aborted")
        || error.starts_with("The user rejected permission")
        || error.starts_with("The user dismissed this question")
}

/// The arguments as the model wrote them; those of a call that is still being
/// written as text.
fn input(state: &ToolState<'_>) -> RawJson {
    let partial = state
        .raw
        .get()
        .filter(|_| state.status.as_str() == "pending");
    match (partial, state.input) {
        (Some(text), _) => RawJson::from_value(&text),
        (None, Some(input)) => RawJson::from_raw(input),
        (None, None) => RawJson::null(),
    }
}

fn target(kind: ToolKind, arguments: &Arguments<'_>) -> Option<String> {
    let first = |texts: &[&Text<'_>]| texts.iter().find_map(|text| text.owned());
    match kind {
        ToolKind::Shell => first(&[&arguments.command]),
        ToolKind::Search => first(&[&arguments.pattern, &arguments.query]),
        ToolKind::Web => first(&[&arguments.url, &arguments.query]),
        ToolKind::Task => first(&[&arguments.description]),
        ToolKind::Skill => first(&[&arguments.name]),
        ToolKind::Plan => None,
        _ => first(&[
            &arguments.file_path,
            &arguments.path,
            &arguments.url,
            &arguments.query,
        ]),
    }
}

fn output(state: &ToolState<'_>, decoded: &mut Decoded) -> Option<ToolOutput> {
    let text = match state.status.as_str() {
        "completed" => state.output.as_str(),
        // What the model was told; a command that was stopped had printed more.
        "error" => state.error.as_str(),
        _ => return None,
    };
    let limited = limit(text, TOOL_OUTPUT);
    let attachments = state.attachments.0.iter();
    let images = attachments
        .filter(|file| file.mime.as_str().starts_with("image/"))
        .map(|file| image::keep_url(decoded, file.url.as_str()))
        .collect();
    Some(ToolOutput {
        text: limited.text,
        stderr: None,
        images,
        omitted_bytes: limited.omitted_bytes,
    })
}

fn diff(
    tool: &str,
    arguments: &Arguments<'_>,
    metadata: Option<&ToolMetadata<'_>>,
) -> Vec<FileDiff> {
    let Some(metadata) = metadata else {
        return Vec::new();
    };
    if !metadata.files.0.is_empty() {
        return metadata.files.0.iter().filter_map(file_diff).collect();
    }
    let path = arguments.file_path.as_str();
    let one = metadata
        .filediff
        .0
        .as_ref()
        .and_then(file_diff)
        .or_else(|| {
            let patch = hunks(metadata.diff.get()?);
            (!patch.text.is_empty()).then(|| changed(path, Change::Update, patch))
        });
    let is_new = tool == "write"
        && metadata
            .exists
            .is_some_and(|exists| exists.get() == "false");
    let mut diffs: Vec<FileDiff> = one.into_iter().collect();
    if is_new {
        if let Some(diff) = diffs.first_mut() {
            diff.change = Change::Add;
        } else {
            let patch = Patch::between("", arguments.content.as_str());
            diffs.push(changed(path, Change::Add, patch));
        }
    }
    diffs.retain(|diff| !diff.path.is_empty());
    diffs
}

fn file_diff(record: &FileDiffRecord<'_>) -> Option<FileDiff> {
    let patch = match (record.patch.get(), &record.before.0, &record.after.0) {
        (Some(patch), _, _) => hunks(patch),
        (None, None, None) => return None,
        (None, before, after) => Patch::between(
            before.as_deref().unwrap_or_default(),
            after.as_deref().unwrap_or_default(),
        ),
    };
    let change = match record.kind.as_str() {
        "add" => Change::Add,
        "delete" => Change::Delete,
        _ => Change::Update,
    };
    let mut diff = changed(record.file.get()?, change, patch);
    if let Some(new_path) = record.move_path.owned() {
        diff.old_path = Some(std::mem::replace(&mut diff.path, new_path));
    }
    Some(diff)
}

fn changed(path: &str, change: Change, patch: Patch) -> FileDiff {
    FileDiff {
        path: path.to_owned(),
        change,
        old_path: None,
        patch: patch.text,
        added: patch.added,
        removed: patch.removed,
    }
}

/// The hunks of a unified diff, without the lines that name the file.
fn hunks(diff: &str) -> Patch {
    let start = if diff.starts_with("@@ ") {
        Some(0)
    } else {
        diff.find("\n@@ ").map(|at| at + 1)
    };
    start.map_or_else(Patch::default, |start| Patch::of_hunks(&diff[start..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_of_its_own_has_a_kind() {
        for (tool, expected) in [
            ("read", ToolKind::Read),
            ("edit", ToolKind::Edit),
            ("apply_patch", ToolKind::Edit),
            ("write", ToolKind::Write),
            ("grep", ToolKind::Search),
            ("bash", ToolKind::Shell),
            ("webfetch", ToolKind::Web),
            ("task", ToolKind::Task),
            ("plan_exit", ToolKind::Plan),
            ("skill", ToolKind::Skill),
            ("question", ToolKind::Other),
            ("pantry_take", ToolKind::Mcp),
        ] {
            assert_eq!(kind(tool), expected, "{tool}");
        }
        assert_eq!(mcp("apply_patch"), None);
        let pantry = mcp("pantry_take_all").unwrap();
        assert_eq!(
            (pantry.server.as_str(), pantry.tool.as_str()),
            ("pantry", "take_all")
        );
    }

    #[test]
    fn a_diff_loses_only_its_heading() {
        let diff = "Index: a.py\n=====\n--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n";
        let patch = hunks(diff);
        assert_eq!(patch.text, "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert_eq!((patch.added, patch.removed), (1, 1));
        assert_eq!(hunks("no diff").text, "");
    }
}
