//! The agent's messages: model calls, and the tool calls they asked for.

use super::read::{Message, Part};
use super::records::{ErrorRecord, PartRecord, cost, time};
use super::runs::{Ids, Link, Run};
use super::tools;
use crate::Decoded;
use crate::image;
use dashcam_trace::{
    Event, EventKind, InputPart, ModelCall, Part as Answer, RawJson, Sources, Span, SpanBody,
    SpanId, SpanKind, Status, Timestamp, Timing, Tokens, ToolKind,
};

/// One answer of the model's. Since 1.0 every message is one; before, a
/// message could hold several, between `step-start` and `step-finish`.
struct Step<'p, 'a> {
    parts: Vec<&'p Part<'a>>,
    finish: Option<&'p Part<'a>>,
    /// Whether a model was asked: a call that the person made themselves
    /// (`!ls`, a command that starts an agent) has no steps.
    is_begun: bool,
}

impl Step<'_, '_> {
    fn has_words(&self) -> bool {
        let mut kinds = self.parts.iter().map(|part| part.record.kind.as_str());
        kinds.any(|kind| matches!(kind, "text" | "reasoning"))
    }
}

fn steps<'p, 'a>(message: &'p Message<'a>) -> Vec<Step<'p, 'a>> {
    let new = || Step {
        parts: Vec::new(),
        finish: None,
        is_begun: false,
    };
    let mut step = new();
    let mut steps = Vec::new();
    for part in &message.parts {
        match part.record.kind.as_str() {
            "step-start" => step.is_begun = true,
            "step-finish" => {
                step.finish = Some(part);
                step.is_begun = true;
                steps.push(std::mem::replace(&mut step, new()));
            }
            // Comes after the end of the step, and changes nothing in it.
            "patch" | "snapshot" => {}
            _ => step.parts.push(part),
        }
    }
    if step.is_begun || !step.parts.is_empty() || steps.is_empty() {
        steps.push(step);
    }
    steps
}

/// What one response was counted with, for its name.
pub(super) struct Identity<'i> {
    pub(super) created: Option<Timestamp>,
    pub(super) completed: Option<Timestamp>,
    pub(super) provider: &'i str,
    pub(super) model: &'i str,
    /// Its place among the steps of its message.
    pub(super) step: usize,
    pub(super) tokens: Tokens,
}

impl Identity<'_> {
    /// Names a response. A fork copies messages under new ids, and keeps
    /// times, model and tokens: those are the name, since `OpenCode` records
    /// no id of the provider's.
    pub(super) fn response_id(&self) -> String {
        let milliseconds = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_millisecond);
        format!(
            "{}-{}/{}/{}/{}/{}+{}",
            milliseconds(self.created),
            milliseconds(self.completed),
            self.provider,
            self.model,
            self.step,
            self.tokens.prompt,
            self.tokens.completion
        )
    }
}

/// Adds a message of the agent's to the run that it belongs to. `is_persons`:
/// the person called the tool themselves, with `!`.
pub(super) fn add(
    run: &mut Run,
    message: &Message<'_>,
    is_persons: bool,
    ids: &mut Ids,
    decoded: &mut Decoded,
) {
    let record = &message.record;
    let times = record.time.0.unwrap_or_default();
    let completed = time(times.completed);
    let error = record.error.0.as_ref();
    let steps = steps(message);
    let last = steps.len() - 1;
    let mut begun = message.created;
    for (at, step) in steps.iter().enumerate() {
        let finish = step.finish.map(|part| &part.record);
        let counted = finish.map_or(record.tokens.0, |finish| finish.tokens.0);
        let counted = counted.filter(|_| finish.is_some() || last == 0);
        let tokens = counted.and_then(|tokens| tokens.tokens());
        let failed = error.filter(|_| at == last);
        // A request that was refused is an event, and no answer.
        let is_call = step.is_begun || tokens.is_some() || step.has_words();
        let call = is_call.then(|| {
            let suffix = if at == 0 {
                String::new()
            } else {
                format!("#{at}")
            };
            ids.span(SpanKind::ModelCall, &format!("{}{suffix}", message.id))
        });
        let (output, spans, links) = contents(step, call, is_persons, ids, decoded);
        let mut answered = Answered::default();
        for part in step.parts.iter().copied().chain(step.finish) {
            answered.part(&part.record, part.created);
        }
        let answered = answered.at(at == last, completed);
        let end = answered.or_else(|| failed.and(completed));
        if let Some(id) = call {
            let status = match failed {
                Some(error) if error.is_abort() => Status::Interrupted,
                Some(_) => Status::Error,
                // A stream that broke off: nothing was counted, no reason given.
                None if end.is_none() || (finish.is_some() && tokens.is_none()) => {
                    Status::Unfinished
                }
                None => Status::Ok,
            };
            let identity = Identity {
                created: time(times.created),
                completed,
                provider: record.provider_id.as_str(),
                model: record.model_id.as_str(),
                step: at,
                tokens: tokens.unwrap_or_default(),
            };
            let input = std::mem::take(&mut run.pending);
            run.spans.push(Span {
                id,
                parent: None,
                name: record.model_id.as_str().to_owned(),
                start: begun,
                end: end.map(|end| end.max(begun)),
                status,
                error: failed.map(ErrorRecord::text),
                timing: if spans.is_empty() && last == 0 {
                    Timing::Measured
                } else {
                    Timing::Derived
                },
                sources: Sources::TRANSCRIPT,
                body: SpanBody::ModelCall(ModelCall {
                    model: record.model_id.as_str().to_owned(),
                    provider: record.provider_id.owned(),
                    response_id: tokens.map(|_| identity.response_id()),
                    tokens,
                    cost: finish.map_or_else(
                        || cost(record.cost).filter(|_| last == 0),
                        |finish| cost(finish.cost),
                    ),
                    stop_reason: finish
                        .and_then(|finish| finish.reason.owned())
                        .or_else(|| record.finish.owned().filter(|_| at == last)),
                    parameters: record
                        .variant
                        .owned()
                        .map(|variant| ("variant".to_owned(), variant))
                        .into_iter()
                        .collect(),
                    input,
                    output,
                    ..ModelCall::default()
                }),
            });
        }
        for span in &spans {
            if matches!(span.body, SpanBody::ToolCall(_)) {
                run.pending.push(InputPart::ToolResult { span: span.id });
            }
        }
        begun = end.unwrap_or(begun).max(begun);
        run.spans.extend(spans);
        run.links.extend(links);
    }
    if let Some(error) = error {
        run.failure(message, error, completed, ids);
    }
}

/// What the model wrote in a step, and the spans of what it asked for.
fn contents(
    step: &Step<'_, '_>,
    call: Option<SpanId>,
    is_persons: bool,
    ids: &mut Ids,
    decoded: &mut Decoded,
) -> (Vec<Answer>, Vec<Span>, Vec<Link>) {
    let (mut output, mut spans, mut links) = (Vec::new(), Vec::new(), Vec::new());
    for part in &step.parts {
        let record = &part.record;
        match record.kind.as_str() {
            "text" => {
                if let Some(text) = record.text.owned() {
                    output.push(Answer::Text { text });
                }
            }
            "reasoning" => output.push(Answer::Thinking {
                text: record.text.as_str().to_owned(),
            }),
            "tool" => {
                let mut span = tool_span(part, call, ids, decoded);
                if is_persons && call.is_none() {
                    shell_line(&mut span);
                } else {
                    output.push(Answer::ToolUse {
                        span: span.id,
                        name: span.name.clone(),
                    });
                }
                let state = record.state.0.as_ref();
                let child = state
                    .and_then(|state| state.metadata.0.as_ref())
                    .and_then(|metadata| metadata.session_id.owned());
                if let Some(child) = child {
                    links.push(Link {
                        span: span.id,
                        child,
                    });
                }
                spans.push(span);
            }
            "file" if record.mime.as_str().starts_with("image/") => {
                let image = image::keep_url(decoded, record.url.as_str());
                output.push(Answer::Image { image });
            }
            "retry" => {
                let at = time(record.time.0.unwrap_or_default().created).or(part.created);
                let id = ids.span(SpanKind::Event, &part.id);
                let error = record.error.0.as_ref().map(ErrorRecord::text);
                spans.push(Span {
                    id,
                    parent: call,
                    name: "API error".to_owned(),
                    start: at.unwrap_or_default(),
                    end: at,
                    status: Status::Error,
                    error: error.clone(),
                    timing: Timing::Measured,
                    sources: Sources::TRANSCRIPT,
                    body: SpanBody::Event(Event {
                        kind: EventKind::ApiError,
                        text: error,
                        details: Some(RawJson::from_raw(part.json)),
                    }),
                });
            }
            "file" | "agent" | "subtask" | "compaction" => {}
            kind => {
                decoded.unknown_record(&format!("part {kind}"));
                output.push(Answer::other(kind, &RawJson::from_raw(part.json)));
            }
        }
    }
    (output, spans, links)
}

fn tool_span(part: &Part<'_>, call: Option<SpanId>, ids: &mut Ids, decoded: &mut Decoded) -> Span {
    let record = &part.record;
    let none = super::records::ToolState::default();
    let state = record.state.0.as_ref().unwrap_or(&none);
    let read = tools::read(record.tool.as_str(), &record.call_id, state, decoded);
    let times = state.time.0.unwrap_or_default();
    let (start, end) = (time(times.start), time(times.end));
    let is_measured = start.is_some();
    let start = start.or(part.created).unwrap_or_default();
    Span {
        id: ids.span(SpanKind::ToolCall, &part.id),
        parent: call,
        name: read.call.tool.clone(),
        start,
        end: end.map(|end| end.max(start)),
        status: read.status,
        error: read.error,
        timing: if is_measured {
            Timing::Measured
        } else {
            Timing::Derived
        },
        sources: Sources::TRANSCRIPT,
        body: SpanBody::ToolCall(read.call),
    }
}

/// A shell line of the person's own is an event, not a call of the model's.
fn shell_line(span: &mut Span) {
    let SpanBody::ToolCall(call) = &span.body else {
        return;
    };
    if call.tool_kind != ToolKind::Shell {
        return;
    }
    let output = call.output.as_ref().map(|output| output.text.as_str());
    let details = serde_json::json!({ "exit_code": call.exit_code, "output": output });
    span.body = SpanBody::Event(Event {
        kind: EventKind::ShellLine,
        text: call.target.clone(),
        details: Some(RawJson::from_value(&details)),
    });
    "shell line".clone_into(&mut span.name);
}

/// When the model had answered. A message ends with its tools; the answer that
/// asked for them ended when the last of them began, and with the last text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answered {
    said: Option<Timestamp>,
    has_tools: bool,
    finished: Option<Timestamp>,
}

impl Answered {
    /// Takes in a part of the step; `created`: when its row was made.
    pub(super) fn part(&mut self, record: &PartRecord<'_>, created: Option<Timestamp>) {
        let said = match record.kind.as_str() {
            "step-finish" => {
                self.finished = created;
                return;
            }
            "tool" => {
                self.has_tools = true;
                let state = record.state.0.as_ref();
                let times = state.and_then(|state| state.time.0).unwrap_or_default();
                time(times.start).or(created)
            }
            _ => time(record.time.0.unwrap_or_default().end),
        };
        self.said = self.said.max(said);
    }

    /// When it was, in a message that was complete then.
    pub(super) fn at(self, is_last: bool, completed: Option<Timestamp>) -> Option<Timestamp> {
        let finished = match (self.finished, completed) {
            // Rows of parts that a fork copied are as old as the fork.
            (Some(finished), Some(completed)) => Some(finished.min(completed)),
            (finished, completed) => finished.or(completed.filter(|_| is_last)),
        };
        if self.has_tools {
            self.said.or(finished)
        } else {
            finished
        }
    }
}
