//! Tool calls: asked for in a message, then begun, then ended, all by id.

use super::super::tools::{Request, command_line};
use super::diffs::{diffs, without_line_after_the_end};
use super::records::{ToolComplete, ToolRequest, ToolStart};
use super::session::{Place, Reader};
use crate::limit::{self, limit};
use dashcam_trace::{
    Event, EventKind, InputPart, RawJson, SpanBody, SpanId, Status, Timing, ToolCall, ToolOutput,
};

/// How many bytes of a failed tool's message say what went wrong.
const LONGEST_ERROR: usize = 2_000;

impl Reader<'_> {
    /// A call that a model, or the program in its name, asked for.
    pub(super) fn tool_request(
        &mut self,
        agent: &str,
        turn: usize,
        parent: Option<SpanId>,
        request: &ToolRequest<'_>,
    ) -> Option<SpanId> {
        let call_id = request.tool_call_id.get()?;
        if let Some(known) = self.calls.get(call_id).copied() {
            return Some(self.span(known).id);
        }
        let mcp = (request.mcp_server_name.get(), request.mcp_tool_name.get());
        let name = request.name.or("tool");
        let understood = Request::new(name, request.arguments, mcp);
        let place = self.new_tool_call(agent, turn, parent, call_id, understood);
        Some(self.span(place).id)
    }

    fn new_tool_call(
        &mut self,
        agent: &str,
        turn: usize,
        parent: Option<SpanId>,
        call_id: &str,
        request: Request,
    ) -> Place {
        let name = request.tool.clone();
        let body = SpanBody::ToolCall(ToolCall {
            tool: request.tool,
            tool_kind: request.kind,
            target: request.target,
            call_id: Some(call_id.to_owned()),
            input: request.input,
            output: None,
            exit_code: None,
            mcp: request.mcp,
            diff: Vec::new(),
        });
        let mut span = self.new_span(call_id, &name, body);
        span.parent = parent;
        span.status = Status::Unfinished;
        span.end = None;
        let id = span.id;
        let place = self.push(turn, span);
        self.calls.insert(call_id.to_owned(), place);
        self.worker(agent)
            .input
            .push(InputPart::ToolResult { span: id });
        place
    }

    /// `tool.execution_start`.
    pub(super) fn tool_start(&mut self, agent: &str, start: &ToolStart<'_>) {
        let Some(call_id) = start.tool_call_id.get() else {
            return;
        };
        if self.shell_lines.contains_key(call_id) {
            return;
        }
        let place = if let Some(place) = self.calls.get(call_id).copied() {
            place
        } else {
            // Its message is missing.
            let (turn, above) = self.stand(agent);
            let last = self.worker(agent).last_call;
            let parent = last.filter(|last| last.turn == turn);
            let parent = parent.map(|last| self.span(last).id).or(above);
            let mcp = (start.mcp_server_name.get(), start.mcp_tool_name.get());
            let name = start.tool_name.or("tool");
            let request = Request::new(name, start.arguments, mcp);
            self.new_tool_call(agent, turn, parent, call_id, request)
        };
        let at = self.at;
        let span = self.span(place);
        if span.end.is_none() {
            span.start = at;
            span.timing = Timing::Measured;
        }
    }

    /// `tool.execution_complete`.
    pub(super) fn tool_complete(&mut self, complete: &ToolComplete<'_>) {
        let Some(call_id) = complete.tool_call_id.get() else {
            return;
        };
        if let Some(place) = self.shell_lines.get(call_id).copied() {
            return self.shell_line_ended(place, complete);
        }
        let Some(place) = self.calls.get(call_id).copied() else {
            return; // Nothing is known of what was called.
        };
        let at = self.at;
        let error = complete.error.as_ref();
        let message = error.and_then(|error| error.message.get());
        let result = complete.result.as_ref();
        let said = result.and_then(|result| result.content.whole());
        let said = said.or(message);
        let binary = result.and_then(|result| result.binary_results_for_llm.as_deref());
        let images = self.images(binary.unwrap_or_default());
        let exit_code = complete
            .shell_execution
            .as_ref()
            .and_then(|shell| shell.exit_code);
        let shown = result.and_then(|result| result.detailed_content.get());
        let mut changed = diffs(
            shown.unwrap_or_default(),
            complete.file_edits.as_deref().unwrap_or_default(),
        );
        let is_refused =
            error.is_some_and(|error| matches!(error.code.get(), Some("denied" | "rejected")));
        let span = self.span(place);
        span.end = Some(at.max(span.start));
        (span.status, span.error) = match (complete.success, exit_code) {
            _ if is_refused => (Status::Interrupted, message.map(first_part)),
            (Some(false), _) => (
                Status::Error,
                Some(message.map_or_else(|| "failed".to_owned(), first_part)),
            ),
            (_, Some(code)) if code != 0 => (Status::Error, Some(format!("exit code {code}"))),
            _ => (Status::Ok, None),
        };
        let SpanBody::ToolCall(call) = &mut span.body else {
            return;
        };
        if call.tool == "apply_patch" {
            changed.iter_mut().for_each(without_line_after_the_end);
        }
        call.exit_code = exit_code;
        let kept = limit(said.unwrap_or_default(), limit::TOOL_OUTPUT);
        call.output = Some(ToolOutput {
            text: kept.text,
            stderr: None,
            images,
            omitted_bytes: kept.omitted_bytes,
        });
        call.diff = match span.status {
            Status::Ok => changed,
            _ => Vec::new(),
        };
    }

    /// `tool.user_requested`: a command that the person ran.
    pub(super) fn shell_line(&mut self, start: &ToolStart<'_>) {
        let Some(call_id) = start.tool_call_id.get() else {
            return;
        };
        let command = command_line(start.arguments)
            .or_else(|| start.tool_name.owned())
            .unwrap_or_default();
        let body = SpanBody::Event(Event {
            kind: EventKind::ShellLine,
            text: Some(command),
            details: None,
        });
        let mut span = self.new_span(call_id, "shell line", body);
        span.end = None;
        span.status = Status::Unfinished;
        let turn = self.current_turn();
        let place = self.push(turn, span);
        self.shell_lines.insert(call_id.to_owned(), place);
    }

    fn shell_line_ended(&mut self, place: Place, complete: &ToolComplete<'_>) {
        let at = self.at;
        let exit_code = complete
            .shell_execution
            .as_ref()
            .and_then(|shell| shell.exit_code);
        let output = complete
            .result
            .as_ref()
            .and_then(|result| result.content.owned());
        let span = self.span(place);
        span.end = Some(at.max(span.start));
        span.timing = Timing::Measured;
        span.status = match exit_code {
            Some(code) if code != 0 => Status::Error,
            _ if complete.success == Some(false) => Status::Error,
            _ => Status::Ok,
        };
        if let SpanBody::Event(event) = &mut span.body {
            let details = serde_json::json!({ "exit_code": exit_code, "output": output });
            event.details = Some(RawJson::from_value(&details));
        }
    }
}

fn first_part(message: &str) -> String {
    limit(message, LONGEST_ERROR).text
}
