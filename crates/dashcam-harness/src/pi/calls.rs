//! Answers of the model, the tool calls in them, and the tools' results.

use super::records::{Block, Details, Message, blocks, response_id};
use super::tools;
use super::tree::Entry;
use super::walk::{SpanPlace, Starter, Walk};
use crate::lenient::{Text, read_object};
use dashcam_trace::{
    EventKind, InputPart, ModelCall, Part, RawJson, Sources, Span, SpanBody, SpanId, SpanKind,
    Status, Timestamp, Timing, ToolCall, ToolKind, TurnStatus,
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How many records a result may stand below the answer that asked for it.
const FARTHEST_CALL: usize = 10_000;

/// The arguments of a call that starts subagents.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TaskArguments<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    agent: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
}

impl Walk<'_, '_, '_> {
    /// Takes in an answer, or the failure to get one.
    pub(super) fn assistant(&mut self, place: usize, entry: &Entry<'_>, message: &Message<'_>) {
        let Some(turn) = self.turn(place) else { return };
        let start = entry.happened();
        let end = end_of(start, entry, message);
        message.model.as_str().clone_into(&mut self.model);
        message.provider.as_str().clone_into(&mut self.provider);
        let pieces = blocks(message.content);
        let usage = message.usage.0.unwrap_or_default();
        let tokens = usage.tokens();
        let status = answer_status(message);
        let error = message.error_message.owned();
        let error = error.filter(|_| status != Status::Ok);
        // A failure of which nothing came is no answer.
        let is_answer = status == Status::Ok || tokens.is_some() || !pieces.is_empty();
        if is_answer {
            let key = self.span_key(entry);
            let id = self.builder.span_id(SpanKind::ModelCall, &key);
            let failed = self.failed_attempts(entry);
            let call = ModelCall {
                model: message.model.as_str().to_owned(),
                provider: message.provider.owned(),
                response_id: Some(response_id(message)),
                tokens,
                cost: usage.cost(),
                retries: u32::try_from(failed.len())
                    .ok()
                    .filter(|failed| *failed > 0),
                attempts: attempts(failed, start),
                ttft_ms: message.ttft.0,
                stop_reason: message.stop_reason.owned(),
                parameters: self.parameters(),
                input: self.input_since_last_answer(entry),
                ..ModelCall::default()
            };
            self.first_model.get_or_insert_with(|| call.model.clone());
            let parent = Some(self.parent(turn));
            let span = Span {
                id,
                parent,
                name: call.model.clone(),
                start,
                end: Some(end),
                status,
                error: error.clone(),
                timing: Timing::Measured,
                sources: Sources::TRANSCRIPT,
                body: SpanBody::ModelCall(call),
            };
            let span = self.builder.add(turn, span);
            let output = self.parts(place, &pieces, (span, id), end);
            if let SpanBody::ModelCall(call) = &mut self.builder.span(span).body {
                call.output = output;
            }
        }
        self.settle(place, entry, turn, (status, error), end);
    }

    /// What an answer makes of the turn.
    fn settle(
        &mut self,
        place: usize,
        entry: &Entry<'_>,
        turn: usize,
        (status, error): (Status, Option<String>),
        end: Timestamp,
    ) {
        match status {
            Status::Error => {
                self.event(
                    place,
                    entry,
                    EventKind::ApiError,
                    EventKind::ApiError.as_str(),
                    error.clone(),
                    None,
                );
                self.reach(turn, TurnStatus::Failed, end);
                self.progress_of(turn).error = error;
            }
            Status::Interrupted => {
                let kind = EventKind::Interruption;
                self.event(place, entry, kind, kind.as_str(), error, None);
                self.reach(turn, TurnStatus::Interrupted, end);
            }
            _ => {
                self.answered.insert(place);
                let is_waiting = self
                    .calls
                    .get(&place)
                    .is_some_and(|calls| !calls.is_empty());
                let status = if is_waiting {
                    TurnStatus::Unfinished
                } else {
                    TurnStatus::Completed
                };
                self.reach(turn, status, end);
            }
        }
    }

    /// When the attempts began that failed just before an answer: both programs
    /// try again by themselves, and write each failure down.
    fn failed_attempts(&self, entry: &Entry<'_>) -> Vec<Timestamp> {
        let mut failed: Vec<Timestamp> = self
            .tree
            .upward(entry.parent)
            .map(|place| &self.tree.entries[place])
            .filter_map(|entry| Some((entry, entry.message()?)))
            .take_while(|(_, message)| {
                message.role.as_str() == "assistant" && answer_status(message) == Status::Error
            })
            .map(|(entry, _)| entry.happened())
            .collect();
        failed.reverse();
        failed
    }

    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        let level = self.thinking.iter();
        level
            .map(|level| ("thinking".to_owned(), level.clone()))
            .collect()
    }

    fn parts(
        &mut self,
        place: usize,
        pieces: &[(Block<'_>, &RawValue)],
        answer: (SpanPlace, SpanId),
        asked: Timestamp,
    ) -> Vec<Part> {
        let mut parts = Vec::with_capacity(pieces.len());
        for (block, raw) in pieces {
            parts.push(match block.kind.as_str() {
                "text" => Part::Text {
                    text: block.text.as_str().to_owned(),
                },
                "thinking" => Part::Thinking {
                    text: block.thinking.as_str().to_owned(),
                },
                "redactedThinking" => Part::Thinking {
                    text: String::new(),
                },
                "toolCall" => {
                    let span = self.tool_call(place, block, answer, asked);
                    Part::ToolUse {
                        span,
                        name: block.name.as_str().to_owned(),
                    }
                }
                "image" => Part::Image {
                    image: tools::picture(
                        block.mime_type.as_str(),
                        block.data.as_str(),
                        self.builder.decoded,
                    ),
                },
                kind => Part::other(kind, &RawJson::from_raw(raw)),
            });
        }
        let said = parts.iter().rev().find_map(|part| match part {
            Part::Text { text } if !text.is_empty() => Some(text.clone()),
            _ => None,
        });
        if said.is_some() {
            self.progress_of(answer.0.turn).answer = said;
        }
        parts
    }

    fn tool_call(
        &mut self,
        place: usize,
        block: &Block<'_>,
        (answer, answer_id): (SpanPlace, SpanId),
        asked: Timestamp,
    ) -> SpanId {
        let tool = block.name.as_str();
        let kind = tools::kind(tool);
        let call_id = block.id.as_str();
        let id = self
            .builder
            .span_id(SpanKind::ToolCall, &format!("{}{call_id}", self.prefix));
        let span = Span {
            id,
            parent: Some(answer_id),
            name: tool.to_owned(),
            start: asked,
            end: None,
            status: Status::Unfinished,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::ToolCall(ToolCall {
                tool: tool.to_owned(),
                tool_kind: kind,
                target: tools::target(kind, block.arguments),
                call_id: block.id.owned(),
                input: block.arguments.map(RawJson::from_raw).unwrap_or_default(),
                output: None,
                exit_code: None,
                mcp: (kind == ToolKind::Mcp)
                    .then(|| tools::mcp(tool, &Details::default()))
                    .flatten(),
                diff: Vec::new(),
            }),
        };
        let call = self.builder.add(answer.turn, span);
        if starts_agents(tool) {
            let arguments: TaskArguments<'_> = block
                .arguments
                .map(|arguments| read_object(arguments.get()))
                .unwrap_or_default();
            if let Some(name) = arguments.name.get() {
                let starter = Starter {
                    place: call,
                    agent_type: arguments.agent.owned(),
                    description: arguments.description.owned(),
                    background: false,
                };
                let agent = self.agent_named(name);
                self.builder.starters.entry(agent).or_insert(starter);
            }
        }
        let calls = self.calls.entry(place).or_default();
        calls.push((call_id.to_owned(), call));
        id
    }

    /// The native id of a subagent with this name. Below another subagent its
    /// name begins with that one's: `Badger/Badger.Wren` (Oh My Pi 17.3.5).
    fn agent_named(&self, name: &str) -> String {
        match self.native_id.rsplit_once('/') {
            Some((_, own)) => format!("{}/{own}.{name}", self.native_id),
            None => format!("{}/{name}", self.native_id),
        }
    }

    /// Takes in what came of a tool call.
    pub(super) fn result(
        &mut self,
        place: usize,
        entry: &Entry<'_>,
        message: &Message<'_>,
    ) -> Option<InputPart> {
        let turn = self.turn(place)?;
        let call_id = message.tool_call_id.as_str();
        let Some(call) = self.asked(entry, call_id) else {
            let message = format!("a result of a call that was not asked for: {call_id}");
            self.inconsistent(entry, message);
            return None;
        };
        let output = tools::output(message, self.builder.decoded);
        let details: Details<'_> = message
            .details
            .map(|details| read_object(details.get()))
            .unwrap_or_default();
        let status = status(message, &output.text);
        let end = entry.happened();
        let started = self.tool_starts.get(call_id).copied();
        let span = self.builder.span(call);
        if let Some(started) = started {
            span.start = started;
            span.timing = Timing::Measured;
        }
        span.start = span.start.min(end);
        span.end = Some(end);
        span.status = status;
        span.error = (status == Status::Error).then(|| first_line(&output.text));
        let id = span.id;
        let mut progress = TurnStatus::Unfinished;
        let mut starts_agents_here = false;
        let mut yielded = None;
        if let SpanBody::ToolCall(call) = &mut span.body {
            starts_agents_here = starts_agents(&call.tool);
            if status == Status::Ok && matches!(call.tool.as_str(), "yield" | "submit_result") {
                progress = TurnStatus::Completed;
                yielded = handed_over(&call.input);
            }
            call.exit_code = tools::exit_code(call.tool_kind, &details, &output.text);
            if status == Status::Ok && call.tool_kind == ToolKind::Edit {
                call.diff = tools::diff(message.details, call.target.as_deref());
            }
            if call.tool_kind == ToolKind::Mcp {
                call.mcp = tools::mcp(&call.tool, &details);
            }
            call.output = Some(output);
        }
        if starts_agents_here {
            self.started_agents(call, &details);
        }
        self.reach(turn, progress, end);
        if yielded.is_some() {
            self.progress_of(turn).answer = yielded;
        }
        Some(InputPart::ToolResult { span: id })
    }

    /// The call that a result belongs to: the nearest with its id above it
    /// that has none yet.
    fn asked(&mut self, entry: &Entry<'_>, call_id: &str) -> Option<SpanPlace> {
        let above = self.tree.upward(entry.parent).take(FARTHEST_CALL);
        let places: Vec<SpanPlace> = above
            .filter_map(|place| self.calls.get(&place))
            .flatten()
            .filter(|(id, _)| id == call_id)
            .map(|(_, place)| *place)
            .collect();
        let builder = &mut *self.builder;
        let is_open = |place: &SpanPlace| {
            let span = &builder.turns[place.turn].spans[place.span];
            matches!(&span.body, SpanBody::ToolCall(call) if call.output.is_none())
        };
        places.into_iter().find(is_open)
    }

    fn started_agents(&mut self, call: SpanPlace, details: &Details<'_>) {
        let background = details
            .job
            .0
            .as_ref()
            .is_some_and(|job| job.state.as_str() == "running");
        for agent in details.results.0.iter().chain(&details.progress.0) {
            let Some(name) = agent.id.get() else { continue };
            let starter = Starter {
                place: call,
                agent_type: agent.agent.owned(),
                description: agent.description.owned(),
                background,
            };
            let agent = format!("{}/{name}", self.native_id);
            self.builder.starters.insert(agent, starter);
        }
    }
}

/// Whether a tool starts subagents: `task` of Oh My Pi, `vibe_spawn` too, and
/// the extension that pi gives as an example.
fn starts_agents(tool: &str) -> bool {
    matches!(tool, "task" | "subagent" | "vibe_spawn")
}

/// What a subagent of Oh My Pi hands over when it is done:
/// `{"result":{"data":…}}`.
fn handed_over(input: &RawJson) -> Option<String> {
    let input = input.to_value();
    match input
        .pointer("/result/data")
        .or_else(|| input.get("data"))?
    {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// How an answer ended. Where the person stops pi before an answer begins,
/// 0.87.1 takes the broken request for a failure, in Node's words.
fn answer_status(message: &Message<'_>) -> Status {
    match (message.stop_reason.as_str(), message.error_message.as_str()) {
        ("aborted", _) | ("error", "This operation was aborted") => Status::Interrupted,
        ("error", _) => Status::Error,
        _ => Status::Ok,
    }
}

/// When each attempt began, where there were several.
fn attempts(failed: Vec<Timestamp>, answered: Timestamp) -> Vec<Timestamp> {
    let last = (!failed.is_empty()).then_some(answered);
    failed.into_iter().chain(last).collect()
}

/// When an answer was whole.
fn end_of(start: Timestamp, entry: &Entry<'_>, message: &Message<'_>) -> Timestamp {
    let lasted = message.duration.0.filter(|lasted| *lasted >= 0.0);
    let measured = lasted.and_then(|lasted| {
        let end = start.as_millisecond().checked_add(lasted.round() as i64)?;
        Timestamp::from_millisecond(end).ok()
    });
    measured.unwrap_or(entry.at).max(start)
}

/// How a call ended. When the person stops the agent, both programs give the
/// calls that were running a result that says so.
fn status(message: &Message<'_>, text: &str) -> Status {
    if !message.is_error.0 {
        return Status::Ok;
    }
    let last = text.trim_end().rsplit('\n').next().unwrap_or_default();
    let is_stopped = matches!(
        last,
        "Command aborted"
            | "[Command cancelled]"
            | "Operation aborted"
            | "Tool execution was aborted."
    ) || last.starts_with("Skipped due to queued user message");
    if is_stopped {
        Status::Interrupted
    } else {
        Status::Error
    }
}

/// The first line that says something.
fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or_default().to_owned()
}
