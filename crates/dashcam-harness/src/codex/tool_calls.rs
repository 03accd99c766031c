//! Tool calls: the model's request, the output it was given, and what Codex
//! measured of the work itself, joined by call id in whatever order they come.

use super::calls::CallPlace;
use super::content::{self, Output};
use super::facts::{Facts, Failure};
use super::records::{Event, Item, ResponseItem, Text, owned, text};
use super::thread::{Link, ThreadReader};
use super::tools::{Request, command_line};
use crate::limit::{TOOL_OUTPUT, limit};
use dashcam_trace::{
    InputPart, Part, ProblemKind, Span, SpanBody, SpanId, SpanKind, Status, Timestamp, Timing,
    ToolCall, ToolOutput,
};

/// A tool call whose request was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToolEntry {
    place: CallPlace,
    answered: bool,
    still_running: bool,
}

impl ThreadReader<'_> {
    /// Takes in a call that the model wrote.
    pub(super) fn tool_call(&mut self, item: &ResponseItem<'_>) {
        let (name, namespace) = (text(item.name.as_ref()), text(item.namespace.as_ref()));
        let kind = text(item.kind.as_ref()).unwrap_or_default();
        let request = match kind {
            "function_call" => {
                Request::function(name.unwrap_or("unknown"), namespace, item.arguments)
            }
            "custom_tool_call" => Request::custom(name.unwrap_or("unknown"), namespace, item.input),
            "local_shell_call" => Request::local_shell(item.action),
            "web_search_call" => Request::web_search(item.action),
            "tool_search_call" => Request::function("tool_search", namespace, item.arguments),
            _ => Request::function("image_generation", namespace, None),
        };
        let is_script = name == Some("exec") && kind == "custom_tool_call";
        let call_id = owned(item.call_id.as_ref()).or_else(|| owned(item.id.as_ref()));
        // The provider ran these; no output follows.
        let is_hosted = matches!(kind, "web_search_call" | "image_generation_call");
        self.start_tool(request, call_id.clone(), is_hosted);
        if is_script && let Some(call_id) = call_id {
            self.scripts.push(call_id);
        }
    }

    fn start_tool(&mut self, request: Request, call_id: Option<String>, is_done: bool) {
        let name = request.tool.clone();
        let id = self.tool_id(call_id.as_deref());
        let parent = self.push_part(Part::ToolUse {
            span: id,
            name: name.clone(),
        });
        let mut span = self.new_span(id, &name, tool_body(request, call_id.clone()));
        span.parent = Some(self.thread.turns[parent.turn].spans[parent.span].id);
        if !is_done {
            span.end = None;
            span.status = Status::Unfinished;
        }
        let place = self.push_tool_span(parent.turn, span);
        if let Some(call_id) = call_id {
            let facts = self.early_facts.remove(&call_id);
            self.calls.insert(
                call_id,
                ToolEntry {
                    place,
                    answered: false,
                    still_running: false,
                },
            );
            if let Some(facts) = facts.filter(|facts| facts.ended_ms.is_some()) {
                self.apply(place, facts, false);
            }
        }
    }

    fn push_tool_span(&mut self, turn: usize, span: Span) -> CallPlace {
        let spans = &mut self.thread.turns[turn].spans;
        spans.push(span);
        CallPlace {
            turn,
            span: spans.len() - 1,
        }
    }

    fn tool_id(&mut self, call_id: Option<&str>) -> SpanId {
        let Some(call_id) = call_id else {
            return self.id_by_place(SpanKind::ToolCall);
        };
        let (id, is_duplicate) = self.ids.span(SpanKind::ToolCall, call_id);
        if is_duplicate {
            let message = format!("tool call `{call_id}` is recorded twice");
            self.problem(ProblemKind::Inconsistent, message);
        }
        id
    }

    fn tool(&mut self, place: CallPlace) -> Option<ToolView<'_>> {
        let span = self
            .thread
            .turns
            .get_mut(place.turn)?
            .spans
            .get_mut(place.span)?;
        let Span {
            id,
            start,
            end,
            status,
            error,
            timing,
            body,
            ..
        } = span;
        let SpanBody::ToolCall(call) = body else {
            return None;
        };
        Some(ToolView {
            id: *id,
            start: *start,
            end,
            status,
            error,
            timing,
            call,
        })
    }

    /// Takes in the output that the model was given.
    pub(super) fn tool_output(&mut self, item: &ResponseItem<'_>) {
        let Some(call_id) = owned(item.call_id.as_ref()).or_else(|| owned(item.id.as_ref())) else {
            let message = "a tool's output names no call".to_owned();
            return self.problem(ProblemKind::Inconsistent, message);
        };
        let Some(entry) = self.calls.get_mut(&call_id) else {
            let message = format!("output of tool call `{call_id}`, which is not recorded");
            return self.problem(ProblemKind::Inconsistent, message);
        };
        if entry.answered {
            let message = format!("tool call `{call_id}` has two outputs; the first is kept");
            return self.problem(ProblemKind::Inconsistent, message);
        }
        let output = content::output(item.output.or(item.tools));
        entry.answered = true;
        entry.still_running = output.still_running;
        let place = entry.place;
        self.answer_tool(place, &output);
    }

    fn answer_tool(&mut self, place: CallPlace, output: &Output) {
        let images = self.keep_images(&output.images);
        let at = self.at;
        let Some(tool) = self.tool(place) else { return };
        let id = tool.id;
        let call = tool.call;
        if output.still_running || *tool.timing == Timing::Derived {
            *tool.end = Some(at.max(tool.start));
        }
        if output.still_running {
            // The call is over, the command is not.
            *tool.timing = Timing::Derived;
            *tool.status = Status::Ok;
            *tool.error = None;
            call.exit_code = None;
        } else {
            if call.exit_code.is_none() {
                call.exit_code = output.exit_code.and_then(|code| i32::try_from(code).ok());
            }
            if *tool.status == Status::Unfinished {
                *tool.status = Status::Ok;
            }
            let failed = content::tells_of_failure(&output.text) || output.success == Some(false);
            if content::tells_of_interruption(&output.text) {
                *tool.status = Status::Interrupted;
                *tool.error = Some(content::last_line(&output.text));
            } else if *tool.status == Status::Ok {
                if let Some(code) = call.exit_code.filter(|code| *code != 0) {
                    *tool.status = Status::Error;
                    *tool.error = Some(format!("exit code {code}"));
                } else if failed {
                    *tool.status = Status::Error;
                    *tool.error = Some(content::failure(&output.text));
                }
            }
            if *tool.status != Status::Ok {
                // A patch that failed changed nothing.
                call.diff.clear();
            }
        }
        let stderr = call.output.take().and_then(|output| output.stderr);
        let kept = limit(&output.text, TOOL_OUTPUT);
        let (text, omitted_bytes) = (kept.text, kept.omitted_bytes);
        call.output = Some(ToolOutput {
            text,
            stderr,
            images,
            omitted_bytes,
        });
        self.input.push(InputPart::ToolResult { span: id });
        self.ready_at = Some(at);
        if let Some(open) = &mut self.open {
            open.answered = true;
        }
    }

    /// Takes in what a completed item tells of a tool's work.
    pub(super) fn tool_item(&mut self, item: &Item<'_>, times: Option<(i64, i64)>) {
        if let Some(id) = owned(item.id.as_ref()) {
            self.facts(id, Facts::of_item(item, times));
        }
    }

    /// Takes in that a tool began to work (older versions).
    pub(super) fn tool_began(&mut self, event: &Event<'_>) {
        if let Some(id) = owned(event.call_id.as_ref()) {
            self.early_facts
                .insert(id, Facts::of_beginning(event, self.at));
        }
    }

    /// Takes in that a tool's work is over (older versions).
    pub(super) fn tool_ended(&mut self, kind: &str, event: &Event<'_>) {
        let Some(id) = owned(event.call_id.as_ref()) else {
            return;
        };
        if super::events::is_users(event.source) {
            let command = command_line(event.command).unwrap_or_default();
            return self.shell_line(command);
        }
        let began = self.early_facts.remove(&id).unwrap_or_default();
        self.facts(id, Facts::of_end(kind, event, began, self.at));
    }

    fn facts(&mut self, id: String, facts: Facts) {
        if let Some(entry) = self.calls.get(&id) {
            let (place, still_running) = (entry.place, entry.still_running);
            return self.apply(place, facts, still_running);
        }
        // Work that a script of the model's began has ids of its own.
        if facts.request.is_some()
            && let Some(script) = self.script_of(&id)
        {
            return self.work_without_request(id, facts, Some(script));
        }
        self.early_facts.insert(id, facts);
    }

    /// The script that did a piece of work: one that has not given its output,
    /// or one that went on in the background, whose work is named `exec-…`.
    fn script_of(&self, id: &str) -> Option<CallPlace> {
        let mut scripts = self
            .scripts
            .iter()
            .rev()
            .filter_map(|script| self.calls.get(script));
        let script = scripts.find(|script| !script.answered || id.starts_with("exec-"))?;
        Some(script.place)
    }

    /// Work that the model did not ask for by a call of its own.
    fn work_without_request(&mut self, id: String, mut facts: Facts, of: Option<CallPlace>) {
        let Some(request) = facts.request.take() else {
            return;
        };
        let turn = of.map_or_else(|| self.turn_in_progress(), |place| place.turn);
        let name = request.tool.clone();
        let span_id = self.tool_id(Some(&id));
        let mut span = self.new_span(span_id, &name, tool_body(request, Some(id.clone())));
        span.parent = of.map(|place| self.thread.turns[place.turn].spans[place.span].id);
        if let (SpanBody::ToolCall(call), Some(text)) = (&mut span.body, facts.output.take()) {
            call.output = Some(ToolOutput::text(text));
        }
        let place = self.push_tool_span(turn, span);
        self.calls.insert(
            id,
            ToolEntry {
                place,
                answered: true,
                still_running: false,
            },
        );
        self.apply(place, facts, false);
    }

    fn apply(&mut self, place: CallPlace, facts: Facts, still_running: bool) {
        let Some(tool) = self.tool(place) else { return };
        let call = tool.call;
        if let Some(stderr) = facts.stderr {
            call.output.get_or_insert_default().stderr = Some(stderr);
        }
        let code = facts.exit_code.and_then(|code| i32::try_from(code).ok());
        if still_running {
            // The command ended after the call did. What is left at the end
            // is killed, and noted as -1.
            call.exit_code = code.filter(|code| *code >= 0);
            return;
        }
        let is_interrupted = *tool.status == Status::Interrupted;
        // A command that was killed has no code of its own.
        call.exit_code = code
            .filter(|code| *code >= 0 || !is_interrupted)
            .or(call.exit_code);
        if !is_interrupted {
            let exit = call.exit_code.filter(|code| *code != 0);
            let exit = exit.map(|code| format!("exit code {code}"));
            (*tool.status, *tool.error) = match facts.failure {
                Some(Failure::Declined) => (Status::Interrupted, Some("declined".to_owned())),
                Some(Failure::Failed(message)) => {
                    let told = message.map(|message| content::first_line(&message));
                    (
                        Status::Error,
                        told.or(exit).or_else(|| Some("failed".to_owned())),
                    )
                }
                None if exit.is_some() => (Status::Error, exit),
                None => (Status::Ok, None),
            };
        }
        if *tool.status != Status::Ok {
            call.diff.clear();
        } else if !facts.diff.is_empty() {
            call.diff = facts.diff;
        }
        if let Some(end) = facts.ended_ms {
            self.measured(place.turn, place.span, facts.started_ms, end);
        }
    }

    /// At the end of a turn, calls without an output are what `status` says.
    pub(super) fn settle_tool_calls(&mut self, turn: usize, status: Status) {
        self.scripts.clear();
        for span in &mut self.thread.turns[turn].spans {
            if matches!(span.body, SpanBody::ToolCall(_)) && span.status == Status::Unfinished {
                span.status = status;
            }
        }
    }

    /// At the end of the file, work whose request never came is shown as it is.
    pub(super) fn facts_without_calls(&mut self) {
        let mut left: Vec<_> = std::mem::take(&mut self.early_facts)
            .into_iter()
            .filter(|(id, facts)| facts.request.is_some() && !self.calls.contains_key(id))
            .collect();
        left.sort_by(|a, b| (a.1.started_ms, &a.0).cmp(&(b.1.started_ms, &b.0)));
        let now = self.at;
        for (id, facts) in left {
            let begun = facts
                .started_ms
                .and_then(|ms| Timestamp::from_millisecond(ms).ok());
            let turn = self
                .thread
                .turns
                .iter()
                .rposition(|turn| begun.is_none_or(|at| turn.start <= at));
            let Some(turn) = turn.or_else(|| self.thread.turns.len().checked_sub(1)) else {
                return;
            };
            self.current = Some(turn);
            self.at = begun.unwrap_or(now);
            self.work_without_request(id, facts, None);
            self.current = None;
        }
        self.at = now;
    }

    /// Notes that a call started or addressed another thread.
    pub(super) fn link(&mut self, call_id: Option<&str>, other: &str) {
        let Some(call_id) = call_id else { return };
        let place = self.calls.get(call_id).map(|entry| entry.place);
        let Some(place) = place.or_else(|| self.script_of(call_id)) else {
            return;
        };
        let span = &self.thread.turns[place.turn].spans[place.span];
        let link = Link {
            call: span.id,
            turn: place.turn,
            at: span.start,
            other: other.to_owned(),
        };
        let is_known = self
            .thread
            .links
            .iter()
            .any(|known| known.call == link.call && known.other == link.other);
        if !is_known {
            self.thread.links.push(link);
        }
    }

    /// An event of the collaboration between agents (0.90 to 0.140).
    pub(super) fn collab_event(&mut self, event: &Event<'_>, other: Option<&Text<'_>>) {
        if let Some(other) = text(other) {
            self.link(text(event.call_id.as_ref()), other);
        }
    }
}

/// A tool call's span and body, both to be changed.
struct ToolView<'s> {
    id: SpanId,
    start: Timestamp,
    end: &'s mut Option<Timestamp>,
    status: &'s mut Status,
    error: &'s mut Option<String>,
    timing: &'s mut Timing,
    call: &'s mut ToolCall,
}

fn tool_body(request: Request, call_id: Option<String>) -> SpanBody {
    SpanBody::ToolCall(ToolCall {
        tool: request.tool,
        tool_kind: request.kind,
        target: request.target,
        call_id,
        input: request.input,
        output: None,
        exit_code: None,
        mcp: request.mcp,
        diff: request.diff,
    })
}
