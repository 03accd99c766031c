//! What a tool call does, and to what, from its name and arguments.

use super::file_changes::{parse_patch, patch_in};
use super::records::{Arguments, Text, string};
use dashcam_trace::{Change, FileDiff, McpTool, RawJson, ToolKind};
use serde_json::value::RawValue;
use std::borrow::Cow;

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
    pub(super) diff: Vec<FileDiff>,
}

impl Request {
    /// A function call, whose arguments are JSON inside a string.
    pub(super) fn function(
        name: &str,
        namespace: Option<&str>,
        arguments: Option<&RawValue>,
    ) -> Self {
        let json = match string(arguments) {
            Some(text) => text.into_owned(),
            None => arguments.map_or("null", RawValue::get).to_owned(),
        };
        // What is not JSON was written by a model that erred: kept as text.
        let input = RawJson::parse(json.clone()).unwrap_or_else(|_| RawJson::from_value(&json));
        let (tool, mcp) = mcp_tool(name, namespace);
        let mut request = Self {
            kind: ToolKind::Other,
            target: None,
            input,
            mcp,
            tool,
            diff: Vec::new(),
        };
        request.understand(&json, name, namespace);
        request
    }

    /// A call of a custom tool, whose input is free text.
    pub(super) fn custom(name: &str, namespace: Option<&str>, input: Option<&RawValue>) -> Self {
        let text = string(input).unwrap_or_default();
        let (tool, mcp) = mcp_tool(name, namespace);
        let mut request = Self {
            kind: kind(name, namespace, mcp.is_some()),
            target: None,
            input: RawJson::from_value(&text),
            mcp,
            tool,
            diff: Vec::new(),
        };
        if name == "apply_patch" {
            request.patch(parse_patch(&text));
        } else if request.kind == ToolKind::Shell {
            request.target = shortened(&text);
        }
        request
    }

    /// A call of the shell tool that the provider defines.
    pub(super) fn local_shell(action: Option<&RawValue>) -> Self {
        let json = action.map_or("null", RawValue::get);
        let input = action.map_or_else(RawJson::null, RawJson::from_raw);
        let mut request = Self {
            tool: "local_shell".to_owned(),
            kind: ToolKind::Shell,
            target: None,
            input,
            mcp: None,
            diff: Vec::new(),
        };
        request.understand(json, "local_shell", None);
        request
    }

    /// A search or a visit that the provider itself made.
    pub(super) fn web_search(action: Option<&RawValue>) -> Self {
        let json = action.map_or("null", RawValue::get);
        let mut request = Self {
            tool: "web_search".to_owned(),
            kind: ToolKind::Web,
            target: None,
            input: action.map_or_else(RawJson::null, RawJson::from_raw),
            mcp: None,
            diff: Vec::new(),
        };
        request.understand(json, "web_search", None);
        request
    }

    fn understand(&mut self, json: &str, name: &str, namespace: Option<&str>) {
        self.kind = kind(name, namespace, self.mcp.is_some());
        let arguments = serde_json::from_str::<Arguments<'_>>(json).unwrap_or_default();
        let target = match self.kind {
            ToolKind::Shell if name == "write_stdin" => arguments
                .session_id
                .map(|id| format!("session {}", id.get()).into()),
            ToolKind::Shell => command_line(arguments.cmd.or(arguments.command)).map(Into::into),
            ToolKind::Edit => {
                let patch = first_text([arguments.input, arguments.cmd]).unwrap_or_default();
                self.patch(parse_patch(&patch));
                return;
            }
            ToolKind::Read => first_text([
                arguments.path,
                arguments.file_path,
                arguments.dir_path,
                arguments.uri,
            ]),
            ToolKind::Search => first_text([arguments.pattern, arguments.query]),
            ToolKind::Web => first_text([arguments.query, arguments.url, arguments.pattern]),
            ToolKind::Task => first_text([
                arguments.task_name,
                arguments.target,
                arguments.id,
                arguments.agent_type,
            ]),
            ToolKind::Mcp => first_text([arguments.uri, arguments.server]),
            _ => None,
        };
        self.target = target.as_deref().and_then(shortened);
        if self.kind == ToolKind::Shell
            && let Some(patch) = target.as_deref().and_then(patch_in)
        {
            let diff = parse_patch(patch);
            if !diff.is_empty() {
                self.patch(diff);
            }
        }
    }

    /// Makes it a call that changes files.
    pub(super) fn patch(&mut self, diff: Vec<FileDiff>) {
        self.kind = patch_kind(&diff);
        self.target = diff.first().map(|diff| diff.path.clone());
        self.diff = diff;
    }
}

/// A patch that only makes new files writes; any other edits.
fn patch_kind(diff: &[FileDiff]) -> ToolKind {
    let only_adds = !diff.is_empty() && diff.iter().all(|diff| diff.change == Change::Add);
    if only_adds {
        ToolKind::Write
    } else {
        ToolKind::Edit
    }
}

/// The first of several values that is a text.
fn first_text<const N: usize>(values: [Option<&RawValue>; N]) -> Option<Cow<'_, str>> {
    values.into_iter().find_map(string)
}

fn kind(name: &str, namespace: Option<&str>, is_mcp: bool) -> ToolKind {
    if is_mcp {
        return ToolKind::Mcp;
    }
    match namespace {
        Some("collaboration" | "multi_agent_v1" | "multi_agent") => return ToolKind::Task,
        Some("web" | "browser") => return ToolKind::Web,
        _ => {}
    }
    match name {
        "exec_command" | "write_stdin" | "shell" | "shell_command" | "local_shell" | "exec"
        | "container.exec" | "unified_exec" | "kill_process" => ToolKind::Shell,
        "wait" if namespace == Some("functions") => ToolKind::Shell,
        "apply_patch" => ToolKind::Edit,
        "view_image" | "read_file" => ToolKind::Read,
        "list_dir" | "grep_files" | "tool_search" => ToolKind::Search,
        "update_plan" => ToolKind::Plan,
        "web_search" | "web_fetch" => ToolKind::Web,
        "spawn_agent" | "send_input" | "send_message" | "followup_task" | "resume_agent"
        | "wait" | "wait_agent" | "close_agent" | "interrupt_agent" | "list_agents" => {
            ToolKind::Task
        }
        "list_mcp_resources" | "list_mcp_resource_templates" | "read_mcp_resource" => ToolKind::Mcp,
        _ => ToolKind::Other,
    }
}

/// The name of a tool, and the MCP server behind it. The server is in the
/// call's namespace (`mcp__server`), or in older versions in its name
/// (`mcp__server__tool`, before that `server__tool`).
fn mcp_tool(name: &str, namespace: Option<&str>) -> (String, Option<McpTool>) {
    let tool = |server: &str, tool: &str| {
        Some(McpTool {
            server: server.to_owned(),
            tool: tool.to_owned(),
        })
    };
    if let Some(server) = namespace.and_then(|namespace| namespace.strip_prefix("mcp__")) {
        return (
            format!("mcp__{server}__{name}"),
            tool(server.trim_end_matches('_'), name),
        );
    }
    let named = name.strip_prefix("mcp__").unwrap_or(name).split_once("__");
    match named.filter(|(server, name)| !server.is_empty() && !name.is_empty()) {
        Some((server, short)) => (name.to_owned(), tool(server, short)),
        None => (name.to_owned(), None),
    }
}

/// A command as one line: a text, or a list of words. `bash -lc X` is X.
pub(super) fn command_line(command: Option<&RawValue>) -> Option<String> {
    if let Some(line) = string(command) {
        return Some(line.into_owned());
    }
    let words = serde_json::from_str::<Vec<Text<'_>>>(command?.get()).ok()?;
    let words: Vec<&str> = words.iter().map(Text::as_str).collect();
    match words.as_slice() {
        [] => None,
        [shell, flags, script]
            if is_shell(shell) && flags.starts_with('-') && flags.ends_with('c') =>
        {
            Some((*script).to_owned())
        }
        words => Some(
            words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        ),
    }
}

fn is_shell(program: &str) -> bool {
    matches!(
        program.rsplit(['/', '\\']).next(),
        Some("bash" | "sh" | "zsh" | "dash" | "fish")
    )
}

fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text, cut to what a list can show; empty is absent.
pub(super) fn shortened(text: &str) -> Option<String> {
    let mut end = text.len().min(LONGEST_TARGET);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (end > 0).then(|| text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, namespace: Option<&str>, arguments: &str) -> Request {
        let raw = serde_json::value::to_raw_value(arguments).unwrap();
        Request::function(name, namespace, Some(&raw))
    }

    #[test]
    fn shells_of_all_versions_are_shells() {
        for (name, arguments, target) in [
            ("exec_command", r#"{"cmd":"cat a.py"}"#, "cat a.py"),
            (
                "shell",
                r#"{"command":["bash","-lc","ls -la"],"workdir":"/x"}"#,
                "ls -la",
            ),
            (
                "shell",
                r#"{"command":["git","commit","-m","it's"]}"#,
                r"git commit -m 'it'\''s'",
            ),
            ("shell_command", r#"{"command":"make"}"#, "make"),
            (
                "write_stdin",
                r#"{"session_id":7,"chars":"y\n"}"#,
                "session 7",
            ),
        ] {
            let request = function(name, None, arguments);
            assert_eq!(request.kind, ToolKind::Shell, "{name}");
            assert_eq!(request.target.as_deref(), Some(target), "{name}");
            assert_eq!(request.input.as_str(), arguments, "{name}");
        }
    }

    #[test]
    fn mcp_servers_are_found_in_namespace_and_name() {
        for (name, namespace, full) in [
            ("echo", Some("mcp__srv"), "mcp__srv__echo"),
            ("mcp__srv__echo", None, "mcp__srv__echo"),
            ("srv__echo", None, "srv__echo"),
        ] {
            let request = function(name, namespace, "{}");
            let mcp = McpTool {
                server: "srv".to_owned(),
                tool: "echo".to_owned(),
            };
            assert_eq!(request.mcp, Some(mcp));
            assert_eq!((request.kind, request.tool.as_str()), (ToolKind::Mcp, full));
        }
        assert_eq!(function("exec_command", None, "{}").mcp, None);
    }

    #[test]
    fn a_patch_in_a_shell_line_is_an_edit() {
        let patch = "*** Begin Patch\\n*** Update File: a.py\\n@@\\n-a\\n+b\\n*** End Patch";
        let line = format!(r#"{{"command":["bash","-lc","apply_patch <<'EOF'\n{patch}\nEOF"]}}"#);
        let request = function("shell", None, &line);
        assert_eq!(
            (request.kind, request.target.as_deref()),
            (ToolKind::Edit, Some("a.py"))
        );
        assert_eq!(request.diff.len(), 1);
        let direct = format!(
            r#"{{"input":"{}"}}"#,
            patch.replace("Update File", "Add File")
        );
        assert_eq!(function("apply_patch", None, &direct).kind, ToolKind::Write);
        let argv = format!(r#"{{"command":["apply_patch","{patch}"]}}"#);
        assert_eq!(function("shell", None, &argv).kind, ToolKind::Edit);
    }

    #[test]
    fn arguments_that_are_not_json_are_kept_as_text() {
        let request = function("exec_command", None, "{\"cmd\": \"ec");
        assert_eq!(request.input.as_str(), r#""{\"cmd\": \"ec""#);
        assert_eq!(request.target, None);
    }
}
