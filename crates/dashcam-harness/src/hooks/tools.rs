//! Tool calls, as the hooks around them saw them.

use super::calls::{Call, Calls, Happened};
use super::payload::MeasuredTool;
use dashcam_trace::{RawJson, Timestamp, ToolCall};
use serde_json::Value;

/// One tool call.
#[derive(Debug, Default)]
pub(super) struct ToolSeen {
    pub(super) call_id: Option<String>,
    pub(super) tool: String,
    pub(super) input: RawJson,
    /// The turn that it is part of, as the transcript calls it.
    pub(super) turn: Option<String>,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    /// How long it took, as the harness measured it.
    pub(super) duration_ms: Option<f64>,
    pub(super) failed: bool,
    pub(super) interrupted: bool,
    pub(super) error: Option<String>,
    pub(super) output: Option<RawJson>,
    /// When the person was asked whether it may run.
    pub(super) asked: Option<Timestamp>,
    /// When the person said that it may.
    pub(super) granted: Option<Timestamp>,
    /// When it was denied, and why.
    pub(super) denied: Option<(Timestamp, Option<String>)>,
}

impl ToolSeen {
    /// When the tool itself ran: what the harness measured, or else what lies
    /// between the two hooks. Waiting for permission is not running.
    pub(super) fn ran(&self) -> Option<(Timestamp, Timestamp)> {
        let end = self.ended?;
        if let Some(milliseconds) = self.duration_ms {
            let micros = (milliseconds * 1e3) as i64;
            let start = end.as_microsecond().saturating_sub(micros);
            return Some((Timestamp::from_microsecond(start).ok()?, end));
        }
        // With a question in between, it began with the answer, if that is known.
        let start = match self.asked {
            Some(_) => self.granted,
            None => self.began,
        }?;
        Some((start, end))
    }

    /// Whether it has a call's name. Kiro's hooks name the server of a tool
    /// (`@server/tool`), its transcript does not.
    pub(super) fn is_of(&self, call: &ToolCall) -> bool {
        let of_server = || {
            let (server, tool) = self.tool.strip_prefix('@')?.split_once('/')?;
            let mcp = call.mcp.as_ref()?;
            (mcp.server == server && mcp.tool == tool).then_some(())
        };
        self.tool == call.tool || of_server().is_some()
    }

    /// Whether its arguments are these.
    pub(super) fn has_input(&self, input: &RawJson) -> bool {
        self.input == *input || value(&self.input).is_some_and(|own| Some(own) == value(input))
    }
}

fn value(json: &RawJson) -> Option<Value> {
    serde_json::from_str(json.as_str()).ok()
}

/// The tool calls of a session, in the order in which they were first seen.
pub(super) fn tools(calls: &Calls<'_>) -> Vec<ToolSeen> {
    let mut tools: Vec<ToolSeen> = Vec::new();
    for call in &calls.calls {
        let is_open = |tool: &ToolSeen| tool.ended.is_none();
        for measured in &call.payload.measured().tools.0 {
            add_measured(&mut tools, measured);
        }
        match call.happened {
            Happened::ToolBegan => {
                let tool = at(&mut tools, call, |_| false);
                tool.began = tool.began.or(Some(call.at));
            }
            Happened::PermissionAsked => {
                let tool = at(&mut tools, call, is_open);
                tool.asked = tool.asked.or(Some(call.at));
            }
            Happened::PermissionGranted => {
                let tool = at(&mut tools, call, is_open);
                tool.granted = tool.granted.or(Some(call.at));
            }
            Happened::PermissionDenied => {
                let tool = at(&mut tools, call, is_open);
                tool.denied = Some((call.at, call.payload.reason.owned()));
            }
            Happened::ToolEnded | Happened::ToolFailed => {
                let tool = at(&mut tools, call, is_open);
                tool.ended = Some(call.at);
                tool.duration_ms = call.payload.duration_ms.0;
                tool.failed = call.happened == Happened::ToolFailed;
                tool.interrupted = call.payload.is_interrupt.0;
                tool.error = call.payload.error();
                tool.output = call.payload.output().map(RawJson::from_raw);
            }
            _ => {}
        }
    }
    tools
}

/// A tool call that an extension measured from its beginning to its end.
fn add_measured(tools: &mut Vec<ToolSeen>, measured: &MeasuredTool<'_>) {
    let (Some(id), Some(ended)) = (measured.tool_use_id.get(), measured.ended_at.time()) else {
        return;
    };
    let is_it = |tool: &ToolSeen| tool.call_id.as_deref() == Some(id);
    let place = tools.iter().position(is_it).unwrap_or_else(|| {
        tools.push(ToolSeen {
            call_id: Some(id.to_owned()),
            tool: measured.tool_name.as_str().to_owned(),
            ..ToolSeen::default()
        });
        tools.len() - 1
    });
    let tool = &mut tools[place];
    tool.began = measured.started_at.time();
    tool.ended = Some(ended);
    tool.failed = measured.is_error.0;
}

/// The tool call that a hook speaks of: by its id, or else the latest one with
/// the same tool and arguments for which `may_be` holds; a new one if there is
/// none.
fn at<'t>(
    tools: &'t mut Vec<ToolSeen>,
    call: &Call<'_>,
    may_be: impl Fn(&ToolSeen) -> bool,
) -> &'t mut ToolSeen {
    let payload = &call.payload;
    let tool = payload.tool().unwrap_or_default();
    let input = payload.input().map(RawJson::from_raw).unwrap_or_default();
    let known = match payload.call_id() {
        Some(id) => tools
            .iter()
            .position(|known| known.call_id.as_deref() == Some(id)),
        None => tools
            .iter()
            .rposition(|known| known.tool == tool && known.has_input(&input) && may_be(known)),
    };
    let place = known.unwrap_or_else(|| {
        tools.push(ToolSeen {
            call_id: payload.call_id().map(str::to_owned),
            tool: tool.to_owned(),
            input,
            turn: payload.turn().map(str::to_owned),
            ..ToolSeen::default()
        });
        tools.len() - 1
    });
    &mut tools[place]
}
