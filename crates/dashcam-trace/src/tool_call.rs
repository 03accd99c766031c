//! One call of a tool by a model.

use crate::{Image, RawJson, ToolKind};
use serde::{Deserialize, Serialize};

/// One call of a tool by a model, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool's name, as the model called it.
    pub tool: String,
    /// What the tool does, whatever its name.
    pub tool_kind: ToolKind,
    /// What it was done to: a path, a command line, an address, a query.
    pub target: Option<String>,
    /// The harness's id of the call.
    pub call_id: Option<String>,
    /// The arguments, as the model wrote them. Free text is a JSON string.
    pub input: RawJson,
    /// The result; absent while the call runs, or when it never ended.
    pub output: Option<ToolOutput>,
    /// The exit code of a shell command.
    pub exit_code: Option<i32>,
    /// The server and tool of an MCP call.
    pub mcp: Option<McpTool>,
    /// What the call changed in files.
    pub diff: Vec<FileDiff>,
}

/// What a tool gave back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ToolOutput {
    /// What the model was given, as text.
    pub text: String,
    /// Standard error, where the harness keeps it apart from the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    /// Images in the output.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// Bytes of text left out here because the output is very large; the
    /// evidence holds them.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted_bytes: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

impl ToolOutput {
    /// An output that is only text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// Which tool of which MCP server was called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct McpTool {
    /// The server's name in the harness's configuration.
    pub server: String,
    /// The tool's name on that server.
    pub tool: String,
}

/// What one call changed in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileDiff {
    /// The file's path, as the harness names it.
    pub path: String,
    /// What happened to the file.
    pub change: Change,
    /// Its former path, when it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// Unified hunks (`@@ … @@` and lines with ` `, `+`, `-`), without file headers.
    pub patch: String,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was created.
    Add,
    /// It was changed.
    Update,
    /// It was deleted.
    Delete,
}
