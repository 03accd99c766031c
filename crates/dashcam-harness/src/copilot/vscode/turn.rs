//! One request of a chat, as a turn.
//!
//! The extension keeps its rounds: one model call each, with what it said and
//! the tools that it asked for. Chats without rounds (of other agents, of
//! older versions, under way) show only what the person saw: one model call
//! stands for all.

use super::chat::Ids;
use super::debug_log::millis;
use super::records::{Request, ResponsePart, Round, RoundCall, result_text, words};
use crate::copilot::tools;
use crate::limit::{self, limit};
use dashcam_trace::{
    AgentRun, Event, EventKind, InputPart, ModelCall, Part, Prompt, Sources, Span, SpanBody,
    SpanId, Status, Timestamp, Timing, ToolCall, ToolOutput, Turn, TurnStatus,
};
use serde_json::value::RawValue;

/// What the extension appends to a call's id.
const ID_MARK: &str = "__vscode-";

/// Reads one request. `before` is the moment to take where it tells none.
pub(super) fn turn(request: &Request, index: usize, before: Timestamp, ids: &mut Ids) -> Turn {
    let start = request.timestamp.and_then(millis).unwrap_or(before);
    let native_id = match &request.request_id {
        Some(id) if !id.is_empty() => id.clone(),
        _ => format!("request {index}"),
    };
    let state = request.model_state.as_ref();
    let error = request.result.error_details.as_ref();
    let error = error.map(|error| error.message.clone().unwrap_or_else(|| "failed".to_owned()));
    let status = match state.and_then(|state| state.value) {
        Some(1) => TurnStatus::Completed,
        Some(2) => TurnStatus::Interrupted,
        Some(3) => TurnStatus::Failed,
        Some(_) => TurnStatus::Unfinished,
        None if request.is_canceled == Some(true) => TurnStatus::Interrupted,
        None if error.is_some() => TurnStatus::Failed,
        None if request.response.is_empty() => TurnStatus::Unfinished,
        None => TurnStatus::Completed,
    };
    let elapsed = request.result.timings.total_elapsed;
    let end = state
        .and_then(|state| state.completed_at)
        .or_else(|| Some(request.timestamp? + elapsed?))
        .and_then(millis)
        .map(|end| end.max(start))
        .filter(|_| status != TurnStatus::Unfinished);
    let own = Span {
        end,
        status: match status {
            TurnStatus::Completed => Status::Ok,
            TurnStatus::Interrupted => Status::Interrupted,
            TurnStatus::Failed => Status::Error,
            TurnStatus::Unfinished => Status::Unfinished,
        },
        error: error.filter(|_| status == TurnStatus::Failed),
        timing: if end.is_some() {
            Timing::Measured
        } else {
            Timing::Derived
        },
        ..span(ids, SpanBody::Turn, &native_id, "turn", None, start)
    };
    let prompt = match &request.message {
        serde_json::Value::Object(message) => message.get("text").map(words).unwrap_or_default(),
        message => words(message),
    };
    let mut building = Building {
        request,
        ids,
        own: own.id,
        start,
        end: end.unwrap_or(start),
        status,
        spans: vec![own],
    };
    building.steps(&prompt);
    building.subagents();
    Turn {
        id: building.ids.turn(&native_id),
        index: index as u32,
        prompt: Prompt {
            text: prompt,
            images: Vec::new(),
        },
        start,
        end,
        status,
        abandoned: request.is_hidden == Some(true) || !request.should_be_removed_on_send.is_null(),
        copied_from: None,
        spans: building.spans,
    }
}

fn span(
    ids: &mut Ids,
    body: SpanBody,
    native_id: &str,
    name: &str,
    parent: Option<SpanId>,
    at: Timestamp,
) -> Span {
    let mut span = Span {
        id: SpanId::from_bytes([0; 8]),
        parent,
        name: name.to_owned(),
        start: at,
        end: Some(at),
        status: Status::Ok,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body,
    };
    span.id = ids.span(span.kind(), native_id);
    span
}

struct Building<'r, 'i> {
    request: &'r Request,
    ids: &'i mut Ids,
    own: SpanId,
    start: Timestamp,
    end: Timestamp,
    status: TurnStatus,
    spans: Vec<Span>,
}

impl Building<'_, '_> {
    fn model(&self) -> String {
        let chosen = self.request.model_id.as_deref();
        let chosen = chosen.map(|id| id.strip_prefix("copilot/").unwrap_or(id));
        let resolved = self.request.result.metadata.resolved_model.as_deref();
        let model = resolved.filter(|model| !model.is_empty()).or(chosen);
        model.unwrap_or("unknown").to_owned()
    }

    fn steps(&mut self, prompt: &str) {
        let request = self.request;
        let rounds = &request.result.metadata.tool_call_rounds;
        let mut input = vec![InputPart::Prompt {
            text: prompt.to_owned(),
        }];
        let mut at = self.start;
        for (index, round) in rounds.iter().enumerate() {
            at = round.timestamp.and_then(millis).unwrap_or(at).max(at);
            let next = rounds.get(index + 1).and_then(|next| next.timestamp);
            let until = next.and_then(millis).unwrap_or(self.end).max(at);
            input = self.round(round, index, (at, until), input);
        }
        if rounds.is_empty() {
            self.as_shown(input);
        }
    }

    /// One round; returns what its tools add to the next model call.
    fn round(
        &mut self,
        round: &Round,
        index: usize,
        (at, until): (Timestamp, Timestamp),
        input: Vec<InputPart>,
    ) -> Vec<InputPart> {
        let native_id = match &round.id {
            Some(id) if !id.is_empty() => id.clone(),
            _ => format!("{}#{index}", self.own),
        };
        let mut output = Vec::new();
        let thought = words(&round.thinking.text);
        if !thought.is_empty() {
            output.push(Part::Thinking { text: thought });
        }
        if let Some(text) = round.response.clone().filter(|text| !text.is_empty()) {
            output.push(Part::Text { text });
        }
        let call = self.model_call(&native_id, input, (at, until));
        let mut next = Vec::new();
        for asked in &round.tool_calls {
            let tool = self.asked_tool(asked, call, (at, until));
            output.push(Part::ToolUse {
                span: tool,
                name: asked.name.clone().unwrap_or_default(),
            });
            next.push(InputPart::ToolResult { span: tool });
        }
        self.set_output(call, output);
        next
    }

    /// What the person saw, as one model call.
    fn as_shown(&mut self, input: Vec<InputPart>) {
        let request = self.request;
        let mut output: Vec<Part> = Vec::new();
        let mut tools = Vec::new();
        for part in &request.response {
            match part.kind.as_deref() {
                None | Some("markdownContent") => {
                    let text = words(&part.value);
                    match output.last_mut() {
                        Some(Part::Text { text: known }) => known.push_str(&text),
                        _ if text.is_empty() => {}
                        _ => output.push(Part::Text { text }),
                    }
                }
                Some("thinking") => {
                    let text = words(&part.value);
                    if !text.is_empty() {
                        output.push(Part::Thinking { text });
                    }
                }
                Some("toolInvocationSerialized") if part.sub_agent_invocation_id.is_none() => {
                    tools.push(part);
                }
                _ => {}
            }
        }
        if output.is_empty() && tools.is_empty() {
            return;
        }
        let times = (self.start, self.end);
        let native_id = format!("{}#shown", self.own);
        let call = self.model_call(&native_id, input, times);
        for part in tools {
            let name = part.tool_id.clone().unwrap_or_else(|| "tool".to_owned());
            let tool = self.shown_tool(part, Some(call));
            output.push(Part::ToolUse { span: tool, name });
        }
        self.set_output(call, output);
    }

    fn model_call(
        &mut self,
        native_id: &str,
        input: Vec<InputPart>,
        (at, until): (Timestamp, Timestamp),
    ) -> SpanId {
        let model = self.model();
        let body = SpanBody::ModelCall(ModelCall {
            model: model.clone(),
            input,
            ..ModelCall::default()
        });
        let mut span = span(self.ids, body, native_id, &model, Some(self.own), at);
        span.end = Some(until);
        let id = span.id;
        self.spans.push(span);
        id
    }

    fn set_output(&mut self, call: SpanId, parts: Vec<Part>) {
        let span = self.spans.iter_mut().find(|span| span.id == call);
        if let Some(SpanBody::ModelCall(call)) = span.map(|span| &mut span.body) {
            call.output = parts;
        }
    }

    /// A tool that a round asked for, with what the chat shows of it.
    fn asked_tool(
        &mut self,
        asked: &RoundCall,
        parent: SpanId,
        (at, until): (Timestamp, Timestamp),
    ) -> SpanId {
        let id = asked.id.as_deref().unwrap_or_default();
        let plain = plain_id(id);
        let shown = self.request.response.iter().find(|part| {
            let shown = part.tool_call_id.as_deref().unwrap_or_default();
            !plain.is_empty() && plain_id(shown) == plain
        });
        let results = &self.request.result.metadata.tool_call_results;
        let result = results.get(id).filter(|result| !result.is_null());
        let arguments = asked.arguments.as_deref().unwrap_or("null");
        let arguments = serde_json::value::to_raw_value(arguments).ok();
        let name = asked.name.as_deref().unwrap_or("tool");
        let mut span = self.tool(plain, name, arguments.as_deref(), shown, Some(parent), at);
        if let (Some(result), SpanBody::ToolCall(call)) = (result, &mut span.body) {
            call.output = Some(output(&result_text(result)));
        }
        let has_ended =
            result.is_some() || shown.is_some_and(|part| part.is_complete == Some(true));
        if has_ended {
            span.end = Some(until);
        } else if span.status == Status::Ok {
            span.end = None;
            span.status = match self.status {
                TurnStatus::Interrupted => Status::Interrupted,
                _ => Status::Unfinished,
            };
        }
        let id = span.id;
        self.spans.push(span);
        id
    }

    /// A tool of which there is only what the chat shows.
    fn shown_tool(&mut self, part: &ResponsePart, parent: Option<SpanId>) -> SpanId {
        let id = part.tool_call_id.as_deref().unwrap_or_default();
        let name = part.tool_id.as_deref().unwrap_or("tool");
        let data = &part.tool_specific_data;
        let arguments = if let Some(input) = &part.result_details.input {
            serde_json::value::to_raw_value(input).ok()
        } else if !data.raw_input.is_null() {
            serde_json::value::to_raw_value(&data.raw_input).ok()
        } else {
            let command = data.command_line.original.as_ref();
            let arguments = command.map(|command| serde_json::json!({ "command": command }));
            arguments.and_then(|arguments| serde_json::value::to_raw_value(&arguments).ok())
        };
        // What an agent did, it did while it ran.
        let above = self.spans.iter().find(|span| Some(span.id) == parent);
        let (at, until) = above.map_or((self.start, Some(self.end)), |span| (span.start, span.end));
        let mut span = self.tool(
            plain_id(id),
            name,
            arguments.as_deref(),
            Some(part),
            parent,
            at,
        );
        span.end = until;
        if part.is_complete == Some(false) && span.status == Status::Ok {
            span.status = Status::Unfinished;
            span.end = None;
        }
        let id = span.id;
        self.spans.push(span);
        id
    }

    fn tool(
        &mut self,
        call_id: &str,
        name: &str,
        arguments: Option<&RawValue>,
        shown: Option<&ResponsePart>,
        parent: Option<SpanId>,
        at: Timestamp,
    ) -> Span {
        let source = shown.map(|part| &part.source);
        let server = source
            .filter(|source| source.kind.as_deref() == Some("mcp"))
            .and_then(|source| source.label.as_deref());
        let request = tools::Request::new(name, arguments, (server, server_tool(name, server)));
        let exit_code =
            shown.and_then(|part| part.tool_specific_data.terminal_command_state.exit_code);
        let said = shown.and_then(shown_output);
        let body = SpanBody::ToolCall(ToolCall {
            tool: request.tool,
            tool_kind: request.kind,
            target: request.target,
            call_id: Some(call_id.to_owned()).filter(|id| !id.is_empty()),
            input: request.input,
            output: said.as_deref().map(output),
            exit_code,
            mcp: request.mcp,
            diff: Vec::new(),
        });
        let native_id = match call_id {
            "" => format!("{}#{}", self.own, self.spans.len()),
            id => id.to_owned(),
        };
        let mut span = span(self.ids, body, &native_id, name, parent, at);
        let is_refused = shown.is_some_and(|part| match &part.is_confirmed {
            serde_json::Value::Bool(yes) => !yes,
            // Denied, skipped (`ToolConfirmKind`).
            reason => matches!(
                reason.get("type").and_then(serde_json::Value::as_u64),
                Some(0 | 5)
            ),
        });
        (span.status, span.error) = match exit_code {
            _ if is_refused => (Status::Interrupted, None),
            Some(code) if code != 0 => (Status::Error, Some(format!("exit code {code}"))),
            _ if shown.is_some_and(|part| part.result_details.is_error == Some(true)) => {
                (Status::Error, Some("failed".to_owned()))
            }
            _ => (Status::Ok, None),
        };
        span
    }

    /// Subagents, below the calls that started them, with the tools they used.
    fn subagents(&mut self) {
        let request = self.request;
        for part in &request.response {
            let data = &part.tool_specific_data;
            if data.kind.as_deref() != Some("subagent") {
                continue;
            }
            let id = plain_id(part.tool_call_id.as_deref().unwrap_or_default());
            let parent = self.call(id).unwrap_or(self.own);
            let body = SpanBody::AgentRun(AgentRun {
                id: id.to_owned(),
                agent_type: data.agent_name.clone(),
                description: data.description.clone(),
                prompt: data.prompt.clone(),
                answer: data.result.clone(),
                model: data.model_name.clone(),
                background: false,
                reported_tokens: None,
            });
            let name = data.agent_name.as_deref().unwrap_or("agent");
            let of_call = self.spans.iter().find(|span| span.id == parent);
            let times = of_call.map_or((self.start, None), |span| (span.start, span.end));
            let status = of_call.map_or(Status::Ok, |span| span.status);
            let mut run = span(self.ids, body, id, name, Some(parent), times.0);
            (run.end, run.status) = (times.1, status);
            self.spans.push(run);
        }
        for part in &request.response {
            let Some(run) = part.sub_agent_invocation_id.as_deref().map(plain_id) else {
                continue;
            };
            let id = plain_id(part.tool_call_id.as_deref().unwrap_or_default());
            if part.kind.as_deref() != Some("toolInvocationSerialized") || self.call(id).is_some() {
                continue;
            }
            let above = self.run(run).or_else(|| self.call(run)).unwrap_or(self.own);
            self.shown_tool(part, Some(above));
        }
    }

    fn call(&self, id: &str) -> Option<SpanId> {
        let is_it = |span: &&Span| match &span.body {
            SpanBody::ToolCall(call) => call.call_id.as_deref() == Some(id) && !id.is_empty(),
            _ => false,
        };
        self.spans.iter().find(is_it).map(|span| span.id)
    }

    fn run(&self, id: &str) -> Option<SpanId> {
        let is_it = |span: &&Span| matches!(&span.body, SpanBody::AgentRun(run) if run.id == id);
        self.spans.iter().find(is_it).map(|span| span.id)
    }
}

/// The model's own id of a call.
pub(super) fn plain_id(id: &str) -> &str {
    id.split(ID_MARK).next().unwrap_or(id)
}

/// The tool's own name: VS Code writes `mcp_<server>_<tool>`.
fn server_tool<'n>(name: &'n str, server: Option<&str>) -> Option<&'n str> {
    let of_server = format!("mcp_{}_", server?.to_lowercase());
    name.strip_prefix(&of_server)
        .filter(|tool| !tool.is_empty())
}

fn shown_output(part: &ResponsePart) -> Option<String> {
    if let Some(printed) = &part.tool_specific_data.terminal_command_output.text {
        return Some(printed.clone());
    }
    let texts = part.result_details.output.iter();
    let texts: Vec<&str> = texts
        .filter(|part| part.is_text != Some(false))
        .filter_map(|part| part.value.as_deref())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn output(text: &str) -> ToolOutput {
    let kept = limit(text, limit::TOOL_OUTPUT);
    ToolOutput {
        omitted_bytes: kept.omitted_bytes,
        ..ToolOutput::text(kept.text)
    }
}

/// A model call that only a debug log tells of.
pub(super) fn logged_call(
    ids: &mut Ids,
    id: &str,
    model: &str,
    parent: SpanId,
    at: Timestamp,
) -> Span {
    let body = SpanBody::ModelCall(ModelCall {
        model: model.to_owned(),
        ..ModelCall::default()
    });
    span(ids, body, id, model, Some(parent), at)
}

/// A failed attempt that only a debug log tells of.
pub(super) fn logged_error(
    ids: &mut Ids,
    id: &str,
    error: &str,
    parent: SpanId,
    at: Timestamp,
) -> Span {
    let body = SpanBody::Event(Event {
        kind: EventKind::ApiError,
        text: Some(error.to_owned()),
        details: None,
    });
    let mut span = span(ids, body, id, "error", Some(parent), at);
    span.status = Status::Error;
    span
}

/// A turn of which only debug logs tell.
pub(super) fn logged_turn(ids: &mut Ids, start: Timestamp) -> Turn {
    let native_id = "debug log";
    let mut own = span(ids, SpanBody::Turn, native_id, "turn", None, start);
    (own.status, own.end) = (Status::Unfinished, None);
    Turn {
        id: ids.turn(native_id),
        index: 0,
        prompt: Prompt::default(),
        start,
        end: None,
        status: TurnStatus::Unfinished,
        abandoned: false,
        copied_from: None,
        spans: vec![own],
    }
}
