//! What each tool does, and what it is done to.

use crate::lenient::{Text, read_object};
use dashcam_trace::{McpTool, ToolKind};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The server and tool in a name such as `mcp__github__search_code`.
pub(crate) fn mcp_tool(name: &str) -> Option<McpTool> {
    let (server, tool) = name.strip_prefix("mcp__")?.split_once("__")?;
    Some(McpTool {
        server: server.to_owned(),
        tool: tool.to_owned(),
    })
}

/// What a tool does. Seen in versions 1.0 to 2.1.197.
pub(crate) fn tool_kind(name: &str) -> ToolKind {
    match name {
        "Read" | "NotebookRead" | "View" => ToolKind::Read,
        "Edit" | "MultiEdit" | "NotebookEdit" => ToolKind::Edit,
        "Write" | "Replace" => ToolKind::Write,
        "Glob" | "Grep" | "LS" | "GlobTool" | "GrepTool" | "LSP" | "ToolSearch" => ToolKind::Search,
        "Bash" | "PowerShell" | "BashOutput" | "KillShell" | "KillBash" | "Monitor" => {
            ToolKind::Shell
        }
        "WebFetch" | "WebSearch" | "web_search" | "web_fetch" => ToolKind::Web,
        "Agent" | "Task" | "AgentOutput" | "AgentOutputTool" | "TaskOutput" | "TaskStop"
        | "SendMessage" | "TeamCreate" | "TeamDelete" | "Workflow" | "dispatch_agent" => {
            ToolKind::Task
        }
        "TodoWrite" | "TodoRead" | "TaskCreate" | "TaskUpdate" | "TaskList" | "TaskGet"
        | "ExitPlanMode" | "EnterPlanMode" | "exit_plan_mode" => ToolKind::Plan,
        "Skill" | "SlashCommand" => ToolKind::Skill,
        "ListMcpResourcesTool" | "ReadMcpResourceTool" => ToolKind::Mcp,
        name if name.starts_with("mcp__") => ToolKind::Mcp,
        _ => ToolKind::Other,
    }
}

/// Whether a tool starts a subagent.
pub(crate) fn starts_agent(name: &str) -> bool {
    matches!(name, "Agent" | "Task" | "dispatch_agent")
}

/// The arguments that say what a call is about, of all tools.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Arguments<'a> {
    #[serde(borrow)]
    command: Text<'a>,
    #[serde(borrow)]
    pub(crate) file_path: Text<'a>,
    #[serde(borrow)]
    pub(crate) notebook_path: Text<'a>,
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    pattern: Text<'a>,
    #[serde(borrow)]
    query: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    uri: Text<'a>,
    #[serde(borrow)]
    skill: Text<'a>,
    #[serde(borrow)]
    subject: Text<'a>,
    #[serde(borrow)]
    pub(crate) description: Text<'a>,
    #[serde(borrow)]
    pub(crate) subagent_type: Text<'a>,
    #[serde(borrow)]
    bash_id: Text<'a>,
    #[serde(borrow)]
    shell_id: Text<'a>,
    #[serde(borrow)]
    task_id: Text<'a>,
    #[serde(borrow, rename = "taskId")]
    task_id_in_camels: Text<'a>,
    #[serde(borrow)]
    to: Text<'a>,
    // Of agents.
    #[serde(borrow)]
    pub(crate) prompt: Text<'a>,
    pub(crate) run_in_background: crate::lenient::Flag,
    // Of edits.
    #[serde(borrow)]
    pub(crate) old_string: Text<'a>,
    #[serde(borrow)]
    pub(crate) new_string: Text<'a>,
    #[serde(borrow)]
    pub(crate) content: Text<'a>,
    #[serde(borrow)]
    pub(crate) new_source: Text<'a>,
}

impl<'a> Arguments<'a> {
    /// Reads the arguments; those that cannot be read say nothing.
    pub(crate) fn read(input: Option<&'a RawValue>) -> Self {
        input
            .map(|input| read_object(input.get()))
            .unwrap_or_default()
    }

    /// What a call of a tool of this kind is done to.
    pub(crate) fn target(&self, kind: ToolKind) -> Option<String> {
        let file = [&self.file_path, &self.notebook_path, &self.path];
        let names: &[&Text<'_>] = match kind {
            ToolKind::Read | ToolKind::Edit | ToolKind::Write => &file,
            ToolKind::Search => &[&self.pattern, &self.query, &self.path, &self.file_path],
            ToolKind::Shell => &[&self.command, &self.bash_id, &self.shell_id, &self.task_id],
            ToolKind::Web => &[&self.url, &self.query],
            ToolKind::Task => &[
                &self.description,
                &self.to,
                &self.task_id,
                &self.subagent_type,
            ],
            ToolKind::Plan => &[&self.subject, &self.task_id_in_camels],
            ToolKind::Skill => &[&self.skill, &self.command],
            ToolKind::Mcp | ToolKind::Other => &[
                &self.uri,
                &self.url,
                &self.query,
                &self.path,
                &self.file_path,
                &self.pattern,
            ],
        };
        names.iter().find_map(|name| name.owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(tool: &str, input: &str) -> Option<String> {
        let input: &RawValue = serde_json::from_str(input).unwrap();
        Arguments::read(Some(input)).target(tool_kind(tool))
    }

    #[test]
    fn a_call_has_a_kind_and_a_target() {
        assert_eq!(
            target("Bash", r#"{"command":"ls","description":"list"}"#).unwrap(),
            "ls"
        );
        assert_eq!(
            target("Grep", r#"{"pattern":"x","path":"src"}"#).unwrap(),
            "x"
        );
        assert_eq!(
            target("NotebookEdit", r#"{"notebook_path":"a.ipynb"}"#).unwrap(),
            "a.ipynb"
        );
        assert_eq!(
            target("Task", r#"{"description":"look","prompt":"p"}"#).unwrap(),
            "look"
        );
        assert_eq!(
            target("WebFetch", r#"{"url":"https://x.y"}"#).unwrap(),
            "https://x.y"
        );
        assert_eq!(target("Skill", r#"{"skill":"verify"}"#).unwrap(), "verify");
        assert_eq!(target("TodoWrite", r#"{"todos":[]}"#), None);
        assert_eq!(target("Bash", "7"), None);
    }

    #[test]
    fn an_mcp_tool_is_known_by_its_name() {
        let mcp = mcp_tool("mcp__github__search__code").unwrap();
        assert_eq!(
            (mcp.server.as_str(), mcp.tool.as_str()),
            ("github", "search__code")
        );
        assert_eq!(tool_kind("mcp__github__search"), ToolKind::Mcp);
        assert_eq!(mcp_tool("Bash"), None);
    }
}
