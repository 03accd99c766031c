//! What a tool call does, and to what, from its name and arguments.

use dashcam_trace::{McpTool, RawJson, ToolKind};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How much of a text is shown as a call's target.
const LONGEST_TARGET: usize = 4_000;

/// A call as the model wrote it, understood.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) tool: String,
    pub(super) kind: ToolKind,
    pub(super) target: Option<String>,
    pub(super) input: RawJson,
    pub(super) mcp: Option<McpTool>,
}

impl Request {
    pub(super) fn new(
        name: &str,
        arguments: Option<&RawValue>,
        (server, tool): (Option<&str>, Option<&str>),
    ) -> Self {
        let mcp = server.map(|server| McpTool {
            server: server.to_owned(),
            tool: tool.unwrap_or(name).to_owned(),
        });
        // The extension of VS Code writes them as JSON inside a string.
        let inner = arguments.and_then(|json| serde_json::from_str::<String>(json.get()).ok());
        let inner = inner.and_then(|json| serde_json::from_str::<Box<RawValue>>(&json).ok());
        let is_object = |json: &RawValue| json.get().starts_with('{');
        let arguments = match inner.as_deref().filter(|json| is_object(json)) {
            Some(inner) => Some(inner),
            None => arguments,
        };
        let fields = arguments
            .and_then(|json| serde_json::from_str::<Arguments<'_>>(json.get()).ok())
            .unwrap_or_default();
        let kind = match mcp {
            Some(_) => ToolKind::Mcp,
            None => kind(name, &fields),
        };
        Self {
            tool: name.to_owned(),
            kind,
            target: target(kind, &fields, arguments),
            input: arguments.map_or_else(RawJson::null, RawJson::from_raw),
            mcp,
        }
    }
}

/// Arguments that name what a call is about. Any may be of another type than
/// expected: models err.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Arguments<'a> {
    #[serde(borrow)]
    command: Option<&'a RawValue>,
    #[serde(borrow)]
    path: Option<&'a RawValue>,
    #[serde(borrow)]
    pattern: Option<&'a RawValue>,
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    #[serde(borrow)]
    skill: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    agent_id: Option<&'a RawValue>,
    #[serde(borrow)]
    agent_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "shellId")]
    shell_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "filePath")]
    file_path: Option<&'a RawValue>,
    #[serde(borrow, rename = "agentName")]
    agent_name: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    urls: Option<Vec<&'a RawValue>>,
}

fn string(value: Option<&RawValue>) -> Option<String> {
    let text = serde_json::from_str::<String>(value?.get()).ok()?;
    Some(text).filter(|text| !text.is_empty())
}

/// The kind of a built-in tool: of the CLI (names of 1.0.102, and the older
/// `str_replace_editor`, which did by its `command` what four tools do now), or
/// of VS Code, by the name that the model knows or by the editor's own
/// (`toolNames.ts` of vscode-copilot-chat at 31acd00a).
fn kind(name: &str, fields: &Arguments<'_>) -> ToolKind {
    match name {
        "view"
        | "show_file"
        | "read_file"
        | "copilot_readFile"
        | "view_image"
        | "copilot_viewImage"
        | "read_notebook_cell_output"
        | "copilot_readNotebookCellOutput" => ToolKind::Read,
        "edit"
        | "apply_patch"
        | "copilot_applyPatch"
        | "str_replace"
        | "insert"
        | "insert_edit_into_file"
        | "copilot_insertEdit"
        | "replace_string_in_file"
        | "copilot_replaceString"
        | "multi_replace_string_in_file"
        | "copilot_multiReplaceString"
        | "edit_notebook_file"
        | "copilot_editNotebook" => ToolKind::Edit,
        "create" | "create_file" | "copilot_createFile" => ToolKind::Write,
        "str_replace_editor" => match string(fields.command).as_deref() {
            Some("view") => ToolKind::Read,
            Some("create") => ToolKind::Write,
            _ => ToolKind::Edit,
        },
        "grep"
        | "rg"
        | "glob"
        | "lsp"
        | "semantic_search"
        | "copilot_searchCodebase"
        | "file_search"
        | "copilot_findFiles"
        | "grep_search"
        | "copilot_findTextInFiles"
        | "list_dir"
        | "copilot_listDirectory"
        | "search_workspace_symbols"
        | "copilot_searchWorkspaceSymbols"
        | "test_search"
        | "copilot_findTestFiles" => ToolKind::Search,
        "bash"
        | "read_bash"
        | "write_bash"
        | "stop_bash"
        | "list_bash"
        | "powershell"
        | "read_powershell"
        | "write_powershell"
        | "stop_powershell"
        | "list_powershell"
        | "local_shell"
        | "run_in_terminal"
        | "get_terminal_output" => ToolKind::Shell,
        "web_fetch" | "web_search" | "fetch" | "fetch_webpage" | "copilot_fetchWebPage" => {
            ToolKind::Web
        }
        "task" | "runSubagent" | "search_subagent" | "execution_subagent" | "read_agent"
        | "list_agents" | "write_agent" | "stop_agent" | "send_inbox" => ToolKind::Task,
        "update_todo" | "manage_todo_list" | "exit_plan_mode" => ToolKind::Plan,
        "skill" => ToolKind::Skill,
        _ => ToolKind::Other,
    }
}

fn target(kind: ToolKind, fields: &Arguments<'_>, arguments: Option<&RawValue>) -> Option<String> {
    let target = match kind {
        ToolKind::Read | ToolKind::Write => {
            string(fields.path).or_else(|| string(fields.file_path))
        }
        // Free text: a patch, whose files its result names.
        ToolKind::Edit => string(fields.path)
            .or_else(|| string(fields.file_path))
            .or_else(|| first_file(&string(fields.input)?))
            .or_else(|| first_file(&string(arguments)?)),
        ToolKind::Search => string(fields.pattern)
            .or_else(|| string(fields.query))
            .or_else(|| string(fields.path)),
        ToolKind::Shell => string(fields.command)
            .or_else(|| string(fields.shell_id).map(|id| format!("shell {id}"))),
        ToolKind::Web => string(fields.url)
            .or_else(|| string(fields.urls.as_ref()?.first().copied()))
            .or_else(|| string(fields.query)),
        ToolKind::Task => string(fields.name)
            .or_else(|| string(fields.agent_name))
            .or_else(|| string(fields.agent_id))
            .or_else(|| string(fields.agent_type)),
        ToolKind::Skill => string(fields.skill).or_else(|| string(fields.name)),
        _ => None,
    };
    target.map(|mut target| {
        if target.len() > LONGEST_TARGET {
            let end = (0..=LONGEST_TARGET)
                .rev()
                .find(|at| target.is_char_boundary(*at));
            target.truncate(end.unwrap_or(0));
            target.push('…');
        }
        target
    })
}

/// The first file that a patch names.
fn first_file(patch: &str) -> Option<String> {
    patch.lines().find_map(|line| {
        let named = line.strip_prefix("*** ")?;
        let (what, path) = named.split_once(" File: ")?;
        matches!(what, "Add" | "Update" | "Delete").then(|| path.trim().to_owned())
    })
}

/// The command of a shell tool's arguments.
pub(super) fn command_line(arguments: Option<&RawValue>) -> Option<String> {
    let fields = serde_json::from_str::<Arguments<'_>>(arguments?.get()).ok()?;
    string(fields.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str, arguments: &str) -> Request {
        let raw: &RawValue = serde_json::from_str(arguments).unwrap();
        Request::new(name, Some(raw), (None, None))
    }

    #[test]
    fn tools_are_known_by_what_they_do() {
        for (name, arguments, kind, target) in [
            ("view", r#"{"path":"/a"}"#, ToolKind::Read, Some("/a")),
            (
                "str_replace_editor",
                r#"{"command":"create","path":"/a"}"#,
                ToolKind::Write,
                Some("/a"),
            ),
            ("bash", r#"{"command":"ls"}"#, ToolKind::Shell, Some("ls")),
            (
                "read_bash",
                r#"{"shellId":"0"}"#,
                ToolKind::Shell,
                Some("shell 0"),
            ),
            (
                "grep",
                r#"{"pattern":"x","path":"/a"}"#,
                ToolKind::Search,
                Some("x"),
            ),
            (
                "apply_patch",
                "\"*** Begin Patch\\n*** Add File: b\\n\"",
                ToolKind::Edit,
                Some("b"),
            ),
            ("view", r#"{"path":7}"#, ToolKind::Read, None),
            ("report_intent", r#"{"intent":"x"}"#, ToolKind::Other, None),
        ] {
            let request = request(name, arguments);
            assert_eq!(
                (request.kind, request.target.as_deref()),
                (kind, target),
                "{name}"
            );
            assert_eq!(request.input.as_str(), arguments);
        }
    }

    #[test]
    fn a_servers_tool_is_known_by_its_server() {
        let request = Request::new("pantry-look", None, (Some("pantry"), Some("look")));
        assert_eq!(request.kind, ToolKind::Mcp);
        let mcp = request.mcp.unwrap();
        assert_eq!((mcp.server.as_str(), mcp.tool.as_str()), ("pantry", "look"));
    }
}
