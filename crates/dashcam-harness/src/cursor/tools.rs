//! Tool calls: what each tool does, to what, and what came of it.
//!
//! Cursor has three sets of names for the same tools: those that models call
//! and hooks tell (`Shell`, `StrReplace`), those of the editor's database
//! (`run_terminal_command_v2`, `search_replace`), and older ones of either.
//! Without case, underscores and versions most of them are one.

use super::outcome::Outcome;
use crate::codex::parse_patch;
use crate::patch::Patch;
use dashcam_trace::{Change, FileDiff, McpTool, RawJson, Status, Timestamp, ToolKind, ToolOutput};
use serde_json::{Map, Value};

/// How much of a text is shown as a call's target.
const LONGEST_TARGET: usize = 4_000;

/// One tool call.
#[derive(Debug, Default)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) kind: ToolKind,
    pub(super) target: Option<String>,
    pub(super) call_id: Option<String>,
    /// The model call that made it, where the database tells.
    pub(super) model_call: Option<String>,
    pub(super) input: RawJson,
    pub(super) output: Option<ToolOutput>,
    pub(super) status: Status,
    pub(super) error: Option<String>,
    pub(super) exit_code: Option<i32>,
    pub(super) mcp: Option<McpTool>,
    pub(super) diff: Vec<FileDiff>,
    /// The conversation of the subagent that it started.
    pub(super) agent: Option<Agent>,
    /// The call of the agent that made it, where it was not the conversation's
    /// own.
    pub(super) parent_call: Option<String>,
    /// Which hooks have told of it.
    pub(super) told: Told,
}

/// A subagent, as the call that started it and its end tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Agent {
    /// Its conversation.
    pub(super) id: Option<String>,
    pub(super) agent_type: Option<String>,
    pub(super) description: Option<String>,
    pub(super) prompt: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) ended: Option<Timestamp>,
    pub(super) duration_ms: Option<f64>,
    pub(super) background: bool,
}

impl Agent {
    /// Takes over what another source knows.
    pub(super) fn join(&mut self, other: Self) {
        fn fill<T>(own: &mut Option<T>, other: Option<T>) {
            if own.is_none() {
                *own = other;
            }
        }
        fill(&mut self.id, other.id);
        fill(&mut self.agent_type, other.agent_type);
        fill(&mut self.description, other.description);
        fill(&mut self.prompt, other.prompt);
        fill(&mut self.answer, other.answer);
        fill(&mut self.model, other.model);
        fill(&mut self.status, other.status);
        fill(&mut self.ended, other.ended);
        fill(&mut self.duration_ms, other.duration_ms);
        self.background |= other.background;
    }
}

/// Which hooks have told of a call: the one of every tool, the one of its own
/// kind (`afterShellExecution` and the like).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) by_tool_hook: bool,
    pub(super) by_own_hook: bool,
}

impl Tool {
    /// A call with these arguments, of which nothing has come yet. `others`:
    /// the same arguments in Cursor's own words, for what the model did not
    /// write.
    pub(super) fn new(name: &str, input: RawJson, others: Option<&Map<String, Value>>) -> Self {
        let value = input.to_value();
        if let Some(tool) = Self::behind(name, &value) {
            return tool;
        }
        let empty = Map::new();
        let arguments = Arguments {
            own: value.as_object().unwrap_or(&empty),
            others: others.unwrap_or(&empty),
        };
        let mcp = mcp(name, &arguments);
        let kind = kind(name);
        let kind = if mcp.is_some() { ToolKind::Mcp } else { kind };
        let mut tool = Self {
            name: name.to_owned(),
            kind,
            target: arguments.target(kind),
            mcp,
            status: Status::Unfinished,
            diff: diff(name, kind, &arguments, &value),
            agent: (kind == ToolKind::Task)
                .then(|| agent(name, &arguments))
                .flatten(),
            input,
            ..Self::default()
        };
        if tool.target.is_none() {
            // A patch names its file itself.
            tool.target = tool.diff.first().map(|diff| diff.path.clone());
        }
        tool
    }

    /// The tool that `CallDynamicTool` calls: one of Cursor's own, or one of an
    /// MCP server.
    fn behind(name: &str, input: &Value) -> Option<Self> {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let called = text("toolName").filter(|_| name == "CallDynamicTool")?;
        let arguments = input
            .get("arguments")
            .map_or_else(RawJson::null, RawJson::from_value);
        let server = text("namespace").filter(|server| !matches!(*server, "" | "cursor"));
        let mut tool = Self::new(called, arguments, None);
        if let Some(server) = server {
            tool.kind = ToolKind::Mcp;
            tool.diff.clear();
            tool.agent = None;
            tool.mcp = Some(McpTool {
                server: server.to_owned(),
                tool: called.to_owned(),
            });
        }
        Some(tool)
    }

    /// Takes in what came of it.
    pub(super) fn ended(&mut self, outcome: Outcome) {
        self.status = outcome.status;
        self.error = outcome.error.or_else(|| self.error.take());
        self.exit_code = outcome.exit_code.or(self.exit_code);
        if outcome.output.is_some() {
            self.output = outcome.output;
        }
        if self.status != Status::Ok {
            self.diff.clear();
        }
    }
}

/// The arguments of a call: those that the model wrote, and the same in
/// Cursor's own words.
struct Arguments<'a> {
    own: &'a Map<String, Value>,
    others: &'a Map<String, Value>,
}

const PATHS: &[&str] = &[
    "path",
    "file_path",
    "filePath",
    "target_file",
    "targetFile",
    "relativeWorkspacePath",
    "relative_workspace_path",
    "target_notebook",
    "notebook_path",
];
const FOLDERS: &[&str] = &[
    "target_directory",
    "targetDirectory",
    "relative_dir_path",
    "directoryPath",
];
const OLD_TEXTS: &[&str] = &["old_string", "oldString", "old_str"];
const NEW_TEXTS: &[&str] = &["new_string", "newString", "new_str"];
const CONTENTS: &[&str] = &["contents", "content", "file_text", "streamingContent"];

impl<'a> Arguments<'a> {
    /// The first of these that is a text.
    fn text(&self, names: &[&str]) -> Option<&'a str> {
        [self.own, self.others]
            .into_iter()
            .flat_map(|all| names.iter().filter_map(|name| all.get(*name)?.as_str()))
            .find(|text| !text.is_empty())
    }

    /// The first of these that is a text, an empty one too.
    fn any_text(&self, names: &[&str]) -> Option<&'a str> {
        [self.own, self.others]
            .into_iter()
            .find_map(|all| names.iter().find_map(|name| all.get(*name)?.as_str()))
    }

    fn target(&self, kind: ToolKind) -> Option<String> {
        let found = match kind {
            ToolKind::Read | ToolKind::Edit | ToolKind::Write => {
                self.text(PATHS).or_else(|| self.text(FOLDERS))
            }
            ToolKind::Search => self
                .text(&["pattern", "query", "glob_pattern", "globPattern", "symbol"])
                .or_else(|| self.text(FOLDERS))
                .or_else(|| self.text(PATHS)),
            ToolKind::Shell => self.text(&["command", "chars", "shellId", "task_id"]),
            ToolKind::Web => self.text(&["url", "search_term", "searchTerm", "query"]),
            ToolKind::Task => self.text(&["description", "prompt", "task", "agentId", "task_id"]),
            ToolKind::Skill => self.text(&["skill", "name"]),
            ToolKind::Plan => self.text(&["name", "target_mode_id", "toModeId"]),
            ToolKind::Mcp => self.text(&["uri", "url", "query", "path"]),
            ToolKind::Other => self.text(&["title", "question", "url", "query", "path"]),
        }?;
        let end = found.floor_char_boundary(LONGEST_TARGET);
        Some(found[..end].to_owned())
    }
}

/// A name without case, underscores and version: `edit_file_v2` is `editfile`.
fn key(name: &str) -> String {
    let plain: String = name
        .chars()
        .filter(|character| !matches!(character, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect();
    let without_version = plain
        .strip_suffix(|character: char| character.is_ascii_digit())
        .and_then(|rest| rest.strip_suffix('v'));
    without_version.map_or(plain.clone(), str::to_owned)
}

/// What a tool does. Names of Cursor 0.45 to 3.24 and of its CLI.
pub(super) fn kind(name: &str) -> ToolKind {
    if name.starts_with("MCP:") || name.starts_with("mcp_") || name.starts_with("mcp-") {
        return ToolKind::Mcp;
    }
    match key(name).as_str() {
        "read" | "readfile" | "view" | "fetchrules" | "readproject" => ToolKind::Read,
        "strreplace" | "edit" | "multiedit" | "editfile" | "searchreplace" | "applypatch"
        | "editnotebook" | "reapply" | "delete" | "deletefile" | "applyagentdiff" | "fixlints" => {
            ToolKind::Edit
        }
        "write" | "writefile" | "createfile" | "createdoc" => ToolKind::Write,
        "grep" | "glob" | "ls" | "grepsearch" | "ripgrepsearch" | "ripgreprawsearch" | "rg"
        | "filesearch" | "globfilesearch" | "codebasesearch" | "semanticsearch"
        | "semanticsearchfull" | "readsemsearchfiles" | "searchsymbols" | "gotodefinition"
        | "gotodef" | "listdir" | "readlints" | "deepsearch" => ToolKind::Search,
        "shell" | "bash" | "runterminalcmd" | "runterminalcommand" | "writeshellstdin"
        | "writestdin" | "await" => ToolKind::Shell,
        "webfetch" | "websearch" | "fetch" | "fetchpullrequest" => ToolKind::Web,
        "mcp" | "callmcptool" | "getdynamictools" | "calldynamictool" | "listmcpresources"
        | "readmcpresource" | "fetchmcpresource" | "getmcptools" | "mcpauth" => ToolKind::Mcp,
        "task" | "awaittask" | "backgroundcomposerfollowup" | "subagent" => ToolKind::Task,
        "todowrite" | "todoread" | "updatetodos" | "createplan" | "switchmode" => ToolKind::Plan,
        "skill" => ToolKind::Skill,
        _ => ToolKind::Other,
    }
}

/// Whether two names are the same tool's.
pub(super) fn is_same_tool(a: &str, b: &str) -> bool {
    a == b || key(a) == key(b) || (kind(a) == kind(b) && kind(a) != ToolKind::Other)
}

/// The server and tool of an MCP call. Cursor writes them beside the
/// arguments; `mcp_<server>_<tool>` is cut at its first underscore.
fn mcp(name: &str, arguments: &Arguments<'_>) -> Option<McpTool> {
    let pair = |server: &str, tool: &str| {
        (!server.is_empty() && !tool.is_empty()).then(|| McpTool {
            server: server.to_owned(),
            tool: tool.to_owned(),
        })
    };
    if kind(name) != ToolKind::Mcp {
        return None;
    }
    // The editor's own words: `{"tools":[{"name":…,"serverName":…}]}`.
    let listed = arguments
        .others
        .get("tools")
        .and_then(|tools| tools.get(0)?.as_object());
    if let Some(listed) = listed {
        let text = |name: &str| listed.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(mcp) = pair(text("serverName"), text("name")) {
            return Some(mcp);
        }
    }
    let server = arguments.text(&["server", "serverName", "providerIdentifier"]);
    let tool = arguments.text(&["toolName", "tool_name", "tool"]);
    if let (Some(server), Some(tool)) = (server, tool)
        && matches!(
            key(name).as_str(),
            "callmcptool" | "calldynamictool" | "mcp"
        )
    {
        return pair(server, tool);
    }
    let rest = name.strip_prefix("mcp_").or(name.strip_prefix("mcp-"))?;
    let (server, tool) = rest.split_once(['_', '-'])?;
    pair(server, tool)
}

/// What a call changed in files, as its arguments say.
fn diff(name: &str, kind: ToolKind, arguments: &Arguments<'_>, input: &Value) -> Vec<FileDiff> {
    let path = arguments.text(PATHS);
    match kind {
        ToolKind::Write => {
            let (Some(path), Some(content)) = (path, arguments.any_text(CONTENTS)) else {
                return Vec::new();
            };
            // Whether there was a file before, and what was in it, is not said.
            vec![changed(path, Change::Update, Patch::between("", content))]
        }
        ToolKind::Edit if key(name).starts_with("delete") => path
            .map(|path| changed(path, Change::Delete, Patch::default()))
            .into_iter()
            .collect(),
        ToolKind::Edit => {
            let patch = arguments
                .any_text(&["patch", "input"])
                .or_else(|| input.as_str());
            if let Some(patch) = patch.filter(|patch| patch.contains("*** Begin Patch")) {
                return parse_patch(patch);
            }
            let edits = match arguments.own.get("edits").and_then(Value::as_array) {
                Some(edits) => edits
                    .iter()
                    .filter_map(Value::as_object)
                    .filter_map(|edit| texts(edit))
                    .collect(),
                None => texts(arguments.own).into_iter().collect::<Vec<_>>(),
            };
            path.map(|path| edited(path, &edits))
                .into_iter()
                .flatten()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The old and the new text of a replacement.
fn texts(edit: &Map<String, Value>) -> Option<(&str, &str)> {
    let text = |names: &[&str]| names.iter().find_map(|name| edit.get(*name)?.as_str());
    Some((text(OLD_TEXTS).unwrap_or_default(), text(NEW_TEXTS)?))
}

/// The change that replacing these texts is: old, new.
pub(super) fn edited(path: &str, edits: &[(&str, &str)]) -> Option<FileDiff> {
    let mut whole = changed(path, Change::Update, Patch::default());
    for (old, new) in edits {
        let patch = Patch::between(old, new);
        whole.patch.push_str(&patch.text);
        whole.added = whole.added.saturating_add(patch.added);
        whole.removed = whole.removed.saturating_add(patch.removed);
    }
    (!whole.patch.is_empty()).then_some(whole)
}

/// A change of one file.
pub(super) fn changed(path: &str, change: Change, patch: Patch) -> FileDiff {
    FileDiff {
        path: path.to_owned(),
        change,
        old_path: None,
        patch: patch.text,
        added: patch.added,
        removed: patch.removed,
    }
}

/// The subagent that a call starts. Calls that wait for one start none.
fn agent(name: &str, arguments: &Arguments<'_>) -> Option<Agent> {
    if !matches!(key(name).as_str(), "task" | "subagent") {
        return None;
    }
    let text = |names: &[&str]| arguments.text(names).map(str::to_owned);
    Some(Agent {
        agent_type: text(&["subagent_type", "subagentType", "agentType"]),
        description: text(&["description"]),
        prompt: text(&["prompt", "task"]),
        model: text(&["model", "modelName"]).filter(|model| model != "inherit"),
        background: arguments
            .own
            .get("run_in_background")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        ..Agent::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str, input: &str) -> Tool {
        Tool::new(name, RawJson::parse(input.to_owned()).unwrap(), None)
    }

    #[test]
    fn all_names_of_one_tool_are_of_one_kind() {
        for (names, expected) in [
            (&["Read", "read_file", "read_file_v2"][..], ToolKind::Read),
            (
                &[
                    "StrReplace",
                    "search_replace",
                    "edit_file_v2",
                    "ApplyPatch",
                    "delete_file",
                ],
                ToolKind::Edit,
            ),
            (&["Write", "write"], ToolKind::Write),
            (
                &[
                    "Grep",
                    "ripgrep_raw_search",
                    "codebase_search",
                    "LS",
                    "list_dir_v2",
                ],
                ToolKind::Search,
            ),
            (
                &["Shell", "run_terminal_cmd", "run_terminal_command_v2"],
                ToolKind::Shell,
            ),
            (&["WebSearch", "web_search", "WebFetch"], ToolKind::Web),
            (
                &["MCP:take", "mcp_pantry_take", "CallMcpTool"],
                ToolKind::Mcp,
            ),
            (&["Task", "task_v2"], ToolKind::Task),
            (&["TodoWrite", "todo_write", "create_plan"], ToolKind::Plan),
            (&["AskQuestion", "generate_image", ""], ToolKind::Other),
        ] {
            for name in names {
                assert_eq!(kind(name), expected, "{name}");
            }
        }
    }

    #[test]
    fn a_call_has_a_target() {
        for (name, input, expected) in [
            ("Shell", r#"{"command":"ls","description":"list"}"#, "ls"),
            ("Grep", r#"{"pattern":"x","path":"src"}"#, "x"),
            ("read_file", r#"{"target_file":"a.rs"}"#, "a.rs"),
            ("list_dir", r#"{"target_directory":"src"}"#, "src"),
            ("Task", r#"{"description":"look","prompt":"p"}"#, "look"),
            ("WebSearch", r#"{"search_term":"rust"}"#, "rust"),
        ] {
            assert_eq!(
                tool(name, input).target.as_deref(),
                Some(expected),
                "{name}"
            );
        }
        assert_eq!(tool("Shell", "7").target, None);
    }

    #[test]
    fn an_mcp_call_names_its_server_where_it_can() {
        let named = |tool: Tool| tool.mcp.map(|mcp| format!("{}/{}", mcp.server, mcp.tool));
        let call = r#"{"server":"pantry","toolName":"take","arguments":{}}"#;
        assert_eq!(named(tool("CallMcpTool", call)).unwrap(), "pantry/take");
        assert_eq!(
            named(tool("mcp_pantry_take_all", "{}")).unwrap(),
            "pantry/take_all"
        );
        assert_eq!(named(tool("MCP:take", "{}")), None);
        let params: Value = serde_json::from_str(
            r#"{"tools":[{"name":"take_all","serverName":"my_pantry","parameters":"{}"}]}"#,
        )
        .unwrap();
        let call = Tool::new(
            "mcp_my_pantry_take_all",
            RawJson::null(),
            params.as_object(),
        );
        assert_eq!(named(call).unwrap(), "my_pantry/take_all");
    }

    #[test]
    fn edits_are_diffs() {
        let edit = tool(
            "StrReplace",
            r#"{"path":"a.rs","old_string":"a\nb\n","new_string":"a\nc\n"}"#,
        );
        assert_eq!(edit.diff[0].patch, "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        let write = tool("Write", r#"{"path":"a.rs","contents":"x\n"}"#);
        assert_eq!((write.diff[0].added, write.diff[0].removed), (1, 0));
        let gone = tool("Delete", r#"{"path":"a.rs"}"#);
        assert_eq!(gone.diff[0].change, Change::Delete);
    }
}
