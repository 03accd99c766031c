//! All hook calls of a session: each once, in order of time.

use super::call::Line;
use super::payload::Payload;
use dashcam_trace::Timestamp;
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

/// Two calls that say the same within this time are one: the hook stands in
/// two settings files, or another program runs Claude Code's hooks too.
const SAME: Duration = Duration::from_secs(2);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Prompt,
    ToolBegan,
    ToolEnded,
    ToolFailed,
    PermissionAsked,
    PermissionDenied,
    Notification,
    /// The person let a tool run.
    PermissionGranted,
    /// An attempt at a model call failed, and there will be another.
    Retried,
    TurnEnded,
    TurnFailed,
    AgentBegan,
    AgentEnded,
    SessionEnded,
    /// A session began, or goes on in another process.
    SessionBegan,
    /// What came before was summed up.
    Compacted,
    /// Summing up failed, or was stopped.
    CompactionFailed,
    /// The person was shown a dialog and answered.
    Dialog,
    /// Something that other sources tell as well, or that is not known.
    Other,
}

impl Happened {
    /// What an event of any harness is, by its name.
    fn of(event: &str) -> Self {
        match event {
            "UserPromptSubmit" | "userPromptSubmit" | "userPromptSubmitted" | "BeforeAgent" => {
                Self::Prompt
            }
            "PreToolUse" | "preToolUse" | "BeforeTool" => Self::ToolBegan,
            "PostToolUse" | "postToolUse" | "AfterTool" => Self::ToolEnded,
            "PostToolUseFailure" | "postToolUseFailure" => Self::ToolFailed,
            // Not Copilot's `permissionRequest`, which comes before every tool
            // that may need one, whether anybody is asked or not (seen in
            // 1.0.102 with all tools allowed).
            "PermissionRequest" | "permission.asked" => Self::PermissionAsked,
            "permission.granted" => Self::PermissionGranted,
            "PermissionDenied" | "permission.rejected" => Self::PermissionDenied,
            "session.retry" => Self::Retried,
            "Notification" | "notification" => Self::Notification,
            "Stop" | "stop" | "agentStop" | "AfterAgent" | "session.idle" | "agent_end" => {
                Self::TurnEnded
            }
            "StopFailure" | "errorOccurred" | "session.error" => Self::TurnFailed,
            "SubagentStart" | "subagentStart" => Self::AgentBegan,
            "SubagentStop" | "subagentStop" => Self::AgentEnded,
            "SessionEnd" | "sessionEnd" | "session_shutdown" => Self::SessionEnded,
            "session_start" => Self::SessionBegan,
            "compacted" => Self::Compacted,
            "compaction_failed" => Self::CompactionFailed,
            "dialog" => Self::Dialog,
            _ => Self::Other,
        }
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) at: Timestamp,
    pub(super) happened: Happened,
    /// What the harness told, as it wrote it.
    pub(super) json: &'a str,
    pub(super) payload: Payload<'a>,
}

/// The hook calls of a session.
#[derive(Debug, Default)]
pub struct Calls<'a> {
    pub(super) calls: Vec<Call<'a>>,
    /// Lines that could not be read, and payloads that are no JSON.
    pub unreadable: u64,
}

impl<'a> Calls<'a> {
    /// Reads the evidence of a session, from any number of archived files.
    pub fn read(files: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let told = told(files);
        let mut calls: Vec<Call<'a>> = told
            .calls
            .into_iter()
            .map(|call| {
                let payload = Payload::read(call.raw);
                Call {
                    at: payload.told_at.time().unwrap_or(call.at),
                    happened: Happened::of(&call.event),
                    json: call.json,
                    payload,
                }
            })
            .collect();
        calls.sort_by_key(|call| call.at);
        Self {
            unreadable: told.unreadable,
            calls,
        }
    }

    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(super) fn of(&self, happened: Happened) -> impl Iterator<Item = &Call<'a>> {
        self.calls
            .iter()
            .filter(move |call| call.happened == happened)
    }
}

/// One call, as any harness told it.
#[derive(Debug)]
pub(crate) struct ToldCall<'a> {
    pub(crate) at: Timestamp,
    /// The event, as the hook was registered for it.
    pub(crate) event: Cow<'a, str>,
    /// What the harness told, as it wrote it.
    pub(crate) json: &'a str,
    raw: &'a RawValue,
}

/// What a session's hooks were told: each call once, in order of time.
#[derive(Debug, Default)]
pub(crate) struct Told<'a> {
    pub(crate) calls: Vec<ToldCall<'a>>,
    /// Lines that could not be read, and payloads that are no JSON.
    pub(crate) unreadable: u64,
}

/// Reads the evidence of a session, from any number of archived files.
pub(crate) fn told<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Told<'a> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut told = Told::default();
    for line in files
        .into_iter()
        .flat_map(|file| file.split(|byte| *byte == b'\n'))
    {
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Line<'a>>(line) {
            Ok(line) => lines.push(line),
            Err(_) => told.unreadable += 1,
        }
    }
    let key = |line: &Line<'a>| (line.time_ns, line.payload.map_or("", RawValue::get));
    lines.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.event.cmp(&b.event)));
    let mut last_seen: FxHashMap<(String, String), u64> = FxHashMap::default();
    for line in lines {
        let Some(payload) = line.payload else {
            told.unreadable += 1;
            continue;
        };
        // Names of events are written in two ways; what two settings files were
        // told of one tool call may differ in the time.
        let what = Payload::read(payload).call_id().map(str::to_owned);
        let what = what.unwrap_or_else(|| payload.get().to_owned());
        let same = (line.event.to_ascii_lowercase(), what);
        let before = last_seen.insert(same, line.time_ns);
        let is_again = before.is_some_and(|before| line.time_ns - before <= SAME.as_nanos() as u64);
        if !is_again {
            told.calls.push(ToldCall {
                at: line.at(),
                event: line.event,
                json: payload.get(),
                raw: payload,
            });
        }
    }
    told
}
