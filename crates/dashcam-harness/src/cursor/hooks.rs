//! A conversation from what its hooks were told.
//!
//! One tool call is told of twice: by the hook of every tool
//! (`postToolUse`), and by that of its own kind (`afterShellExecution`,
//! `afterMCPExecution`, `afterFileEdit`). The first knows the call's id, the
//! second the whole output or the edit; which comes first, and whether both
//! come at all, differs between the editor, the CLI and their versions.

use super::conversation::{Conversation, Step, Turn, What, only};
use super::hook_payload::Payload;
use super::outcome::{Outcome, limited};
use super::tools::{Agent, Tool, changed, edited, is_same_tool};
use crate::Decoded;
use crate::hooks::{Link, ToldCall};
use crate::patch::Patch;
use dashcam_trace::{
    Change, EventKind, FileDiff, McpTool, RawJson, Source, Status, Timestamp, ToolKind, TurnStatus,
};
use serde_json::{Value, json};

/// The subagent that a call tells of, and the conversation that started it.
pub(super) fn link(event: &str, session: &str, payload: &str) -> Option<Link> {
    if event != "subagentStop" {
        return None;
    }
    let payload = Payload::read(payload);
    let parent = payload.parent_conversation_id.get().unwrap_or(session);
    let own = (session != parent).then(|| session.to_owned());
    let child = payload.child().or(own)?;
    (child != parent).then(|| Link {
        child,
        parent: parent.to_owned(),
    })
}

/// Reads the calls of one conversation, in order of time.
pub(super) fn conversation<'c>(
    calls: impl IntoIterator<Item = &'c ToldCall<'c>>,
    decoded: &mut Decoded,
) -> Conversation {
    let mut reader = Reader {
        conversation: Conversation::default(),
        decoded,
    };
    for call in calls {
        reader.call(call);
    }
    for turn in &mut reader.conversation.turns {
        // Told with several answers, nobody knows whether they add up.
        if let (None, [tokens]) = (turn.tokens, turn.told_with_answers.as_slice()) {
            turn.tokens = Some(*tokens);
        }
    }
    reader.conversation
}

struct Reader<'d> {
    conversation: Conversation,
    decoded: &'d mut Decoded,
}

impl Reader<'_> {
    fn call(&mut self, call: &ToldCall<'_>) {
        let payload = Payload::read(call.json);
        self.facts(&payload, call.at);
        match &*call.event {
            "sessionStart" => {
                self.conversation.entrypoint = payload.composer_mode.owned();
            }
            "beforeSubmitPrompt" => self.prompt(&payload, call.at),
            "afterAgentThought" => self.thought(&payload, call.at),
            "afterAgentResponse" => self.answer(&payload, call.at),
            "postToolUse" | "postToolUseFailure" => self.tool(&payload, call),
            "afterShellExecution" => self.shell(&payload, call.at),
            "afterMCPExecution" => self.mcp(&payload, call.at),
            "afterFileEdit" => self.edit(&payload, call.at),
            "subagentStop" => self.agent(&payload, call.at),
            "preCompact" => self.event(&payload, call, EventKind::Compaction, None),
            "stop" => self.stop(&payload, call.at),
            "sessionEnd" => {
                let reason = payload.reason.owned();
                self.event(&payload, call, EventKind::SessionEnd, reason);
            }
            // What is asked before a call says nothing that its end does not;
            // completions while typing are no part of a conversation.
            "preToolUse"
            | "beforeShellExecution"
            | "beforeMCPExecution"
            | "beforeReadFile"
            | "subagentStart"
            | "beforeTabFileRead"
            | "afterTabFileEdit"
            | "workspaceOpen" => {}
            other => self.decoded.unknown_record(other),
        }
    }

    fn facts(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let known = &mut self.conversation;
        known.created.get_or_insert(at);
        if known.cwd.is_none() {
            known.cwd = payload.folder();
        }
        if let Some(version) = payload.cursor_version.owned() {
            known.version = Some(version);
        }
        if let Some(model) = payload.model() {
            known.model = Some(model.to_owned());
        }
    }

    /// The turn that a payload is of: by its id, or else the latest.
    fn turn(&mut self, payload: &Payload<'_>, at: Timestamp) -> &mut Turn {
        let turns = &mut self.conversation.turns;
        let generation = payload.generation_id.get();
        let named = generation.and_then(|id| {
            turns
                .iter()
                .rposition(|turn| turn.generation.as_deref() == Some(id))
        });
        let place = match (named, generation) {
            (Some(place), _) => place,
            (None, None) if !turns.is_empty() => turns.len() - 1,
            _ => {
                turns.push(Turn {
                    key: generation.map_or_else(|| at.to_string(), str::to_owned),
                    generation: generation.map(str::to_owned),
                    start: Some(at),
                    sources: only(Source::Hook),
                    ..Turn::default()
                });
                turns.len() - 1
            }
        };
        let turn = &mut turns[place];
        if let Some(model) = payload.model() {
            turn.model = Some(model.to_owned());
        }
        turn
    }

    fn prompt(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let text = payload.prompt.as_str();
        let generation = payload.generation_id.get();
        let last = self.conversation.turns.last();
        // Without an id, each prompt begins a turn.
        if generation.is_none() && last.is_some_and(|turn| !turn.prompt.is_empty()) {
            self.conversation.turns.push(Turn {
                key: at.to_string(),
                start: Some(at),
                sources: only(Source::Hook),
                ..Turn::default()
            });
        }
        let turn = self.turn(payload, at);
        if turn.prompt.is_empty() {
            text.clone_into(&mut turn.prompt);
        } else {
            // Sent while the agent worked.
            let key = format!("hook/prompt/{}", at.as_nanosecond());
            let what = What::Event {
                kind: EventKind::Context,
                text: Some(text.to_owned()),
                details: None,
            };
            turn.push(key, Some(at), Source::Hook, what);
        }
    }

    fn thought(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let text = payload.text.as_str().to_owned();
        let start = began(at, payload.took_ms());
        let turn = self.turn(payload, at);
        turn.steps.push(Step {
            key: format!("hook/thought/{}", at.as_nanosecond()),
            start: Some(start.unwrap_or(at)),
            end: Some(at),
            is_measured: start.is_some(),
            sources: only(Source::Hook),
            what: What::Thought(text),
        });
    }

    fn answer(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let what = What::Text {
            text: payload.text.as_str().to_owned(),
            tokens: None,
            model: payload.model().map(str::to_owned),
        };
        let tokens = payload.tokens();
        let turn = self.turn(payload, at);
        turn.told_with_answers.extend(tokens);
        let key = format!("hook/answer/{}", at.as_nanosecond());
        turn.push(key, Some(at), Source::Hook, what);
    }

    fn tool(&mut self, payload: &Payload<'_>, call: &ToldCall<'_>) {
        let mut tool = Tool::new(payload.tool_name.as_str(), payload.input(), None);
        tool.call_id = payload.tool_use_id.owned();
        tool.parent_call = payload.parent_tool_call_id.owned();
        tool.told.by_tool_hook = true;
        let outcome = if &*call.event == "postToolUseFailure" {
            let refused = payload.failure_type.as_str() == "permission_denied";
            let error = payload.error_message.owned();
            let mut failed = Outcome::failed(error, refused || payload.is_interrupt.0);
            if tool.kind == ToolKind::Shell {
                failed.exit_code = exit_code_in(payload.error_message.as_str());
            }
            failed
        } else {
            let result = payload
                .tool_output
                .and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok())
                .unwrap_or_default();
            Outcome::read(tool.kind, &result, false, self.decoded)
        };
        tool.ended(outcome);
        let key = match &tool.call_id {
            Some(id) => id.clone(),
            None => format!("{}/{}", tool.name, call.at.as_nanosecond()),
        };
        let span = (began(call.at, payload.took_ms()), call.at);
        let turn = self.turn(payload, call.at);
        let known = turn.steps.iter_mut().rev().find(|step| {
            is_told_by_own_hook_alone(step, &tool) || has_call_id(step, tool.call_id.as_deref())
        });
        let Some(step) = known else {
            turn.steps.push(tool_step(key, span, tool));
            return;
        };
        let joined = tool_step(key, span, tool);
        let known = std::mem::replace(step, joined);
        match known.what {
            What::Tool(own) => {
                let measured = known.start.filter(|_| known.is_measured);
                join_own_hook(step, *own, (measured, known.end.unwrap_or(call.at)));
            }
            What::Agent(agent) => {
                if let What::Tool(tool) = &mut step.what {
                    tool.agent.get_or_insert_default().join(*agent);
                }
            }
            _ => {}
        }
    }

    fn shell(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let command = payload.command.as_str();
        let input = RawJson::from_value(&json!({ "command": command }));
        let mut tool = Tool::new("Shell", input, None);
        tool.exit_code = payload
            .exit_code
            .0
            .filter(|code| code.fract() == 0.0)
            .map(|code| code as i32);
        tool.status = match tool.exit_code {
            Some(code) if code != 0 => Status::Error,
            _ => Status::Ok,
        };
        tool.output = payload.output.0.as_deref().map(limited);
        self.own_hook(payload, at, tool);
    }

    fn mcp(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let name = payload.tool_name.as_str();
        let mut tool = Tool::new(&format!("MCP:{name}"), payload.input(), None);
        if let (Some(server), false) = (payload.mcp_server_name.owned(), name.is_empty()) {
            tool.mcp = Some(McpTool {
                server,
                tool: name.to_owned(),
            });
        }
        let result = payload
            .result_json
            .and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok())
            .unwrap_or_default();
        let outcome = Outcome::read(ToolKind::Mcp, &result, false, self.decoded);
        tool.ended(outcome);
        self.own_hook(payload, at, tool);
    }

    fn edit(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let path = payload.file_path.as_str();
        let input = RawJson::from_value(&json!({ "file_path": path }));
        let mut tool = Tool::new("Edit", input, None);
        tool.status = Status::Ok;
        tool.diff = file_diff(payload).into_iter().collect();
        self.own_hook(payload, at, tool);
    }

    /// Joins what the hook of one kind of tool told with what that of every
    /// tool did.
    fn own_hook(&mut self, payload: &Payload<'_>, at: Timestamp, mut tool: Tool) {
        tool.told.by_own_hook = true;
        tool.call_id = payload.tool_use_id.owned();
        let key = format!("{}/{}", tool.name, at.as_nanosecond());
        let span = (began(at, payload.took_ms()), at);
        let turn = self.turn(payload, at);
        let known = turn
            .steps
            .iter_mut()
            .rev()
            .find(|step| is_told_by_tool_hook_alone(step, &tool));
        match known {
            Some(step) => join_own_hook(step, tool, span),
            None => turn.steps.push(tool_step(key, span, tool)),
        }
    }

    fn agent(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let agent = Agent {
            id: payload.child().or_else(|| payload.subagent_id.owned()),
            agent_type: payload.subagent_type.owned(),
            description: payload.description.owned(),
            prompt: payload.task.owned(),
            answer: payload.summary.owned(),
            status: Some(match payload.status.as_str() {
                "completed" => Status::Ok,
                "aborted" => Status::Interrupted,
                _ => Status::Error,
            }),
            ended: Some(at),
            duration_ms: payload.took_ms(),
            ..Agent::default()
        };
        let call_id = payload.tool_call_id.get();
        let turn = self.turn(payload, at);
        let known = turn
            .steps
            .iter_mut()
            .rev()
            .find_map(|step| match &mut step.what {
                What::Tool(tool) => {
                    let is_it = match call_id {
                        Some(id) => tool.call_id.as_deref() == Some(id),
                        None => tool.agent.as_ref().is_some_and(|known| {
                            known.id.is_none()
                                && (known.prompt == agent.prompt
                                    || known.description == agent.description)
                        }),
                    };
                    is_it.then_some(tool)
                }
                _ => None,
            });
        match known {
            Some(tool) => tool.agent.get_or_insert_default().join(agent),
            // The hook of the call itself comes after that of its agent.
            None => turn.steps.push(Step {
                key: call_id.map_or_else(
                    || format!("hook/agent/{}", at.as_nanosecond()),
                    str::to_owned,
                ),
                start: began(at, payload.took_ms()).or(Some(at)),
                end: Some(at),
                is_measured: payload.took_ms().is_some(),
                sources: only(Source::Hook),
                what: What::Agent(Box::new(agent)),
            }),
        }
    }

    fn stop(&mut self, payload: &Payload<'_>, at: Timestamp) {
        let status = match payload.status.as_str() {
            "aborted" => TurnStatus::Interrupted,
            "error" => TurnStatus::Failed,
            _ => TurnStatus::Completed,
        };
        let (tokens, error) = (payload.tokens(), payload.error_message.owned());
        let turn = self.turn(payload, at);
        turn.end = Some(at);
        turn.status = Some(status);
        turn.error = error;
        if tokens.is_some() {
            turn.tokens = tokens;
        }
    }

    /// Something that is said of the latest turn; without one, of nothing.
    fn event(
        &mut self,
        payload: &Payload<'_>,
        call: &ToldCall<'_>,
        kind: EventKind,
        text: Option<String>,
    ) {
        if self.conversation.turns.is_empty() {
            return;
        }
        let generation = payload.generation_id.get();
        let turns = &mut self.conversation.turns;
        let place = generation.and_then(|id| {
            turns
                .iter()
                .rposition(|turn| turn.generation.as_deref() == Some(id))
        });
        let place = place.unwrap_or(turns.len() - 1);
        let what = What::Event {
            kind,
            text,
            details: Some(details(call.json)),
        };
        let key = format!("hook/{}/{}", call.event, call.at.as_nanosecond());
        turns[place].push(key, Some(call.at), Source::Hook, what);
    }
}

/// When something began that ended at `at`.
fn began(at: Timestamp, took_ms: Option<f64>) -> Option<Timestamp> {
    let micros = (took_ms? * 1e3) as i64;
    Timestamp::from_microsecond(at.as_microsecond().saturating_sub(micros)).ok()
}

fn tool_step(key: String, (start, end): (Option<Timestamp>, Timestamp), tool: Tool) -> Step {
    Step {
        key,
        start: Some(start.unwrap_or(end)),
        end: Some(end),
        is_measured: start.is_some(),
        sources: only(Source::Hook),
        what: What::Tool(Box::new(tool)),
    }
}

/// The exit code that the first line of a failure names.
fn exit_code_in(message: &str) -> Option<i32> {
    let (_, after) = message.lines().next()?.split_once("exit code ")?;
    let digits = after
        .split(|character: char| !character.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}

/// Whether a step is of this call: the call itself, or the agent that it
/// started.
fn has_call_id(step: &Step, call_id: Option<&str>) -> bool {
    let Some(call_id) = call_id else {
        return false;
    };
    match &step.what {
        What::Tool(tool) => tool.call_id.as_deref() == Some(call_id),
        What::Agent(_) => step.key == call_id,
        _ => false,
    }
}

/// Whether a step is the same call, so far told of by the hook of its kind.
fn is_told_by_own_hook_alone(step: &Step, tool: &Tool) -> bool {
    matches!(&step.what, What::Tool(known)
        if known.told.by_own_hook && !known.told.by_tool_hook && is_same_call(known, tool))
}

/// Whether a step is the same call, so far told of by the hook of every tool.
fn is_told_by_tool_hook_alone(step: &Step, tool: &Tool) -> bool {
    matches!(&step.what, What::Tool(known)
        if known.told.by_tool_hook && !known.told.by_own_hook && is_same_call(known, tool))
}

fn is_same_call(a: &Tool, b: &Tool) -> bool {
    if let (Some(a), Some(b)) = (&a.call_id, &b.call_id) {
        return a == b;
    }
    let changes_files = |kind| matches!(kind, ToolKind::Edit | ToolKind::Write);
    match (a.kind, b.kind) {
        (ToolKind::Shell, ToolKind::Shell) => a.target == b.target,
        (ToolKind::Mcp, ToolKind::Mcp) => {
            is_same_mcp_tool(&a.name, &b.name) && a.input.to_value() == b.input.to_value()
        }
        (one, other) if changes_files(one) && changes_files(other) => {
            is_same_path(a.target.as_deref(), b.target.as_deref())
        }
        _ => is_same_tool(&a.name, &b.name) && a.input.to_value() == b.input.to_value(),
    }
}

fn is_same_mcp_tool(a: &str, b: &str) -> bool {
    let plain = |name: &str| name.trim_start_matches("MCP:").to_owned();
    let (a, b) = (plain(a), plain(b));
    a == b || a.ends_with(&format!("_{b}")) || b.ends_with(&format!("_{a}"))
}

/// Whether two paths name one file: one may be told below the workspace.
pub(super) fn is_same_path(a: Option<&str>, b: Option<&str>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return false;
    };
    let ends_with = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', '\\']))
    };
    let short = |path: &str| path.trim_start_matches("./").to_owned();
    let (a, b) = (short(a), short(b));
    !a.is_empty() && !b.is_empty() && (ends_with(&a, &b) || ends_with(&b, &a))
}

/// What the hook of one kind of tool adds to what that of every tool told.
fn join_own_hook(step: &mut Step, own: Tool, (start, end): (Option<Timestamp>, Timestamp)) {
    // That of a kind measures the tool alone, without the wait for the person.
    if let Some(start) = start {
        (step.start, step.end, step.is_measured) = (Some(start), Some(end), true);
    }
    let What::Tool(known) = &mut step.what else {
        return;
    };
    known.told.by_own_hook = true;
    known.told.by_tool_hook = true;
    known.mcp = own.mcp.or(known.mcp.take());
    known.exit_code = known.exit_code.or(own.exit_code);
    known.call_id = known.call_id.take().or(own.call_id);
    // Its output is the whole one, not what is said of a failure.
    known.output = own.output.or(known.output.take());
    if known.status == Status::Ok {
        known.status = own.status;
        known.error = known.error.take().or(own.error);
        if !own.diff.is_empty() {
            known.diff = own.diff;
        }
    }
}

fn file_diff(payload: &Payload<'_>) -> Option<FileDiff> {
    let path = payload.file_path.get()?;
    let edits: Vec<(&str, &str)> = payload
        .edits
        .0
        .iter()
        .map(|edit| (edit.old_string.as_str(), edit.new_string.as_str()))
        .collect();
    match edits.as_slice() {
        // All of a file, in place of nothing.
        [("", whole)] => Some(changed(path, Change::Add, Patch::between("", whole))),
        edits => edited(path, edits),
    }
}

/// What Cursor told, but for what stands elsewhere.
fn details(json: &str) -> RawJson {
    let Ok(Value::Object(mut told)) = serde_json::from_str(json) else {
        return RawJson::null();
    };
    for known in [
        "conversation_id",
        "session_id",
        "generation_id",
        "hook_event_name",
        "workspace_roots",
        "transcript_path",
        "cursor_version",
        "user_email",
        "model",
        "model_id",
    ] {
        told.remove(known);
    }
    RawJson::from_value(&told)
}
