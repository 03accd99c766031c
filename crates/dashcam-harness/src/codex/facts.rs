//! What Codex notes of a tool's work, beside what the model is told: times,
//! exit codes, changes. Newer versions note it in completed items, older ones
//! in events at the beginning and the end.

use super::content;
use super::file_changes::noted_changes;
use super::records::{Event, Item, Text, owned, present, shaped, string, text};
use super::tools::{Request, command_line};
use super::turns::error_message;
use dashcam_trace::{FileDiff, RawJson, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is known of one tool's work.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) started_ms: Option<i64>,
    pub(super) ended_ms: Option<i64>,
    pub(super) exit_code: Option<i64>,
    pub(super) failure: Option<Failure>,
    pub(super) stderr: Option<String>,
    pub(super) output: Option<String>,
    pub(super) diff: Vec<FileDiff>,
    /// The call, where the facts tell it: for work without a request.
    pub(super) request: Option<Request>,
}

/// Why a tool did not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// It failed, with the message it gave.
    Failed(Option<String>),
    /// The person said no.
    Declined,
}

impl Failure {
    fn of(status: Option<&RawValue>, failed: bool, message: Option<String>) -> Option<Self> {
        match string(status).as_deref() {
            Some("declined") => Some(Self::Declined),
            Some("failed") => Some(Self::Failed(message)),
            _ => failed.then_some(Self::Failed(message)),
        }
    }
}

impl Facts {
    /// What a completed item tells.
    pub(super) fn of_item(item: &Item<'_>, times: Option<(i64, i64)>) -> Self {
        let error = present(item.error).map(error_message);
        let result = shaped::<McpResult<'_>>(present(item.result));
        let answer = result.as_ref().map(McpResult::text);
        let failed = error.is_some() || result.is_some_and(|result| result.is_error == Some(true));
        let lasted = millis(item.duration);
        Self {
            // Codex notes a command's start late, when its process is known.
            started_ms: times.map(|(start, end)| {
                lasted.map_or(start, |lasted| start.min(end.saturating_sub(lasted)))
            }),
            ended_ms: times.map(|(_, end)| end),
            exit_code: item.exit_code,
            failure: Failure::of(item.status, failed, error.or_else(|| answer.clone())),
            stderr: owned(item.stderr.as_ref()),
            output: owned(item.aggregated_output.as_ref())
                .or_else(|| owned(item.stdout.as_ref()))
                .or(answer),
            diff: noted_changes(item.changes),
            request: item_request(item),
        }
    }

    /// What the event at the beginning tells.
    pub(super) fn of_beginning(event: &Event<'_>, at: Timestamp) -> Self {
        Self {
            started_ms: event.started_at_ms.or_else(|| Some(at.as_millisecond())),
            diff: noted_changes(event.changes),
            ..Self::default()
        }
    }

    /// What the event at the end tells, after what was told at the beginning.
    pub(super) fn of_end(kind: &str, event: &Event<'_>, began: Self, at: Timestamp) -> Self {
        let result = shaped::<McpEventResult<'_>>(present(event.result));
        let (result, error) = result.map_or((None, None), |result| (result.ok, result.err));
        let result = shaped::<McpResult<'_>>(result);
        let answer = result.as_ref().map(McpResult::text);
        let failed = event.success == Some(false)
            || error.is_some()
            || result.is_some_and(|result| result.is_error == Some(true));
        let ended_ms = event.completed_at_ms.unwrap_or_else(|| at.as_millisecond());
        let lasted = millis(event.duration);
        let started_ms = lasted
            .map(|lasted| ended_ms.saturating_sub(lasted))
            .or(began.started_ms)
            .or(event.started_at_ms);
        let diff = noted_changes(event.changes);
        Self {
            started_ms,
            // An end alone measures nothing.
            ended_ms: started_ms.map(|_| ended_ms),
            exit_code: event.exit_code,
            failure: Failure::of(event.status, failed, error.map(error_message).or(answer)),
            stderr: owned(event.stderr.as_ref()),
            output: owned(event.aggregated_output.as_ref())
                .or_else(|| owned(event.stdout.as_ref())),
            diff: if diff.is_empty() { began.diff } else { diff },
            request: event_request(kind, event),
        }
    }
}

/// The call that an item tells of, for work without a request.
fn item_request(item: &Item<'_>) -> Option<Request> {
    let arguments = item.arguments;
    Some(match text(item.kind.as_ref())? {
        "CommandExecution" => command_request(&command_line(item.command)?),
        "FileChange" => {
            let mut request = Request::custom("apply_patch", None, None);
            request.patch(noted_changes(item.changes));
            request
        }
        "McpToolCall" => {
            let server = format!("mcp__{}", text(item.server.as_ref())?);
            Request::function(text(item.tool.as_ref())?, Some(&server), arguments)
        }
        "DynamicToolCall" => Request::function(
            text(item.tool.as_ref())?,
            text(item.namespace.as_ref()),
            arguments,
        ),
        "WebSearch" => {
            let mut request = Request::web_search(None);
            request.target = owned(item.query.as_ref());
            request
        }
        "ImageView" => {
            let mut request = Request::function("view_image", None, None);
            request.target = owned(item.path.as_ref());
            request
        }
        _ => return None,
    })
}

/// The call that an event of an older version tells of.
fn event_request(kind: &str, event: &Event<'_>) -> Option<Request> {
    #[derive(Deserialize)]
    struct Invocation<'a> {
        #[serde(borrow)]
        server: Text<'a>,
        #[serde(borrow)]
        tool: Text<'a>,
        #[serde(borrow)]
        arguments: Option<&'a RawValue>,
    }
    Some(match kind {
        "exec_command_end" => command_request(&command_line(event.command)?),
        "patch_apply_end" => {
            let mut request = Request::custom("apply_patch", None, None);
            request.patch(noted_changes(event.changes));
            request
        }
        "mcp_tool_call_end" => {
            let invocation = shaped::<Invocation<'_>>(event.invocation)?;
            let server = format!("mcp__{}", invocation.server.as_str());
            Request::function(
                invocation.tool.as_str(),
                Some(&server),
                invocation.arguments,
            )
        }
        _ => return None,
    })
}

fn command_request(line: &str) -> Request {
    let arguments = RawJson::from_value(&serde_json::json!({ "cmd": line }));
    let arguments = serde_json::from_str::<&RawValue>(arguments.as_str()).ok();
    Request::function("exec_command", None, arguments)
}

/// What an MCP server answered.
#[derive(Deserialize)]
struct McpResult<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(rename = "isError", alias = "is_error")]
    is_error: Option<bool>,
}

impl McpResult<'_> {
    fn text(&self) -> String {
        content::joined_text(&content::parts(self.content))
    }
}

/// The same, as older versions wrapped it.
#[derive(Deserialize)]
struct McpEventResult<'a> {
    #[serde(borrow, rename = "Ok")]
    ok: Option<&'a RawValue>,
    #[serde(borrow, rename = "Err")]
    err: Option<&'a RawValue>,
}

/// A duration in whole milliseconds: `{secs, nanos}`, or text like `1.5s`.
fn millis(raw: Option<&RawValue>) -> Option<i64> {
    #[derive(Deserialize)]
    struct Duration {
        secs: i64,
        nanos: i64,
    }
    if let Some(duration) = shaped::<Duration>(raw) {
        return duration
            .secs
            .checked_mul(1000)?
            .checked_add(duration.nanos / 1_000_000);
    }
    let text = string(raw)?;
    let seconds = match text.strip_suffix("ms") {
        Some(ms) => ms.trim().parse::<f64>().ok()? / 1000.0,
        None => text.strip_suffix('s')?.trim().parse::<f64>().ok()?,
    };
    Some((seconds * 1000.0) as i64)
}
