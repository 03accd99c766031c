//! The spans of a turn: model calls, tool calls, agents, events.
//!
//! None of Cursor's sources tells where one model call ends and the next
//! begins. What can be seen is what the model wrote: a call's answer goes on
//! until the agent thinks or speaks again after it has called tools; the
//! database names the call that each tool call came from.

use super::conversation::{Conversation, Step, Turn as Run, What};
use super::session::{Children, unused};
use super::tools::{Agent, Tool};
use dashcam_trace::{
    AgentRun, Event, InputPart, ModelCall, Part, SessionId, Sources, Span, SpanBody, SpanId,
    SpanKind, Status, Timestamp, Timing, Tokens, ToolCall,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Makes spans with ids of their own.
pub(super) struct Spans {
    pub(super) session: SessionId,
    taken: FxHashSet<SpanId>,
}

/// Where spans go: below which one, and when it began.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) parent: SpanId,
    pub(super) start: Timestamp,
}

/// A model call that is being put together.
#[derive(Default)]
struct Answer {
    model: Option<String>,
    /// The database's name for it.
    named: Option<String>,
    output: Vec<Part>,
    input: Vec<InputPart>,
    tokens: Option<Tokens>,
    has_called: bool,
    /// Before which of the turn's spans it stands.
    at: usize,
    start: Timestamp,
    end: Timestamp,
    sources: Sources,
}

impl Spans {
    pub(super) fn new(session: SessionId) -> Self {
        Self {
            session,
            taken: FxHashSet::default(),
        }
    }

    /// An id that no other span has.
    pub(super) fn id(&mut self, kind: SpanKind, key: &str) -> SpanId {
        let session = self.session;
        let taken = &mut self.taken;
        let key = unused(key, |key| taken.insert(session.span(kind, key)));
        session.span(kind, &key)
    }

    /// Writes the steps of a turn.
    pub(super) fn steps(
        &mut self,
        run: Run,
        key: &str,
        place: Place,
        children: &mut Children,
        spans: &mut Vec<Span>,
    ) {
        let mut line = Line {
            key,
            place,
            now: place.start,
            answers: Vec::new(),
            results: Vec::new(),
            agents: FxHashMap::default(),
            model: run.model.clone(),
        };
        if !run.prompt.is_empty() {
            line.results.push(InputPart::Prompt { text: run.prompt });
        }
        let counts_each = run.steps.iter().any(|step| {
            matches!(
                &step.what,
                What::Text {
                    tokens: Some(_),
                    ..
                }
            )
        });
        for step in run.steps {
            self.step(step, &mut line, children, spans);
        }
        if let Some(tokens) = run.tokens {
            line.count(tokens, counts_each, spans.len());
        }
        self.write_answers(line, spans);
    }

    fn step(
        &mut self,
        step: Step,
        line: &mut Line<'_>,
        children: &mut Children,
        spans: &mut Vec<Span>,
    ) {
        let start = step.start.unwrap_or(line.now).max(line.place.start);
        let end = step.end.map(|end| end.max(start));
        match step.what {
            What::Thought(text) => {
                let part = Part::Thinking { text };
                line.spoke(part, (start, end), step.sources, spans.len());
            }
            What::Text {
                text,
                tokens,
                model,
            } => {
                line.spoke(Part::Text { text }, (start, end), step.sources, spans.len());
                if let Some(answer) = line.answers.last_mut() {
                    answer.tokens = tokens.or(answer.tokens);
                    answer.model = model.or(answer.model.take());
                }
            }
            What::Tool(tool) => {
                let about = (step.key.as_str(), step.is_measured, step.sources);
                self.tool(*tool, about, (start, end), line, children, spans);
            }
            What::Agent(agent) => {
                let place = Place {
                    parent: line.place.parent,
                    start,
                };
                let about = (step.key.as_str(), step.sources);
                self.agent(*agent, about, place, end, children, spans);
            }
            What::Event {
                kind,
                text,
                details,
            } => {
                let id = self.id(SpanKind::Event, &step.key);
                spans.push(Span {
                    id,
                    parent: Some(line.place.parent),
                    name: kind.as_str().to_owned(),
                    start,
                    end: Some(end.unwrap_or(start)),
                    status: Status::Ok,
                    error: None,
                    timing: Timing::Measured,
                    sources: step.sources,
                    body: SpanBody::Event(Event {
                        kind,
                        text,
                        details,
                    }),
                });
                return;
            }
        }
        line.now = line.now.max(end.unwrap_or(start));
    }

    fn tool(
        &mut self,
        mut tool: Tool,
        (key, is_measured, sources): (&str, bool, Sources),
        (start, end): (Timestamp, Option<Timestamp>),
        line: &mut Line<'_>,
        children: &mut Children,
        spans: &mut Vec<Span>,
    ) {
        let id = self.id(SpanKind::ToolCall, key);
        let by_agent = tool
            .parent_call
            .as_ref()
            .and_then(|call| line.agents.get(call).copied());
        if by_agent.is_none() {
            line.called(id, &tool, (start, spans.len()), sources);
        }
        let is_over = tool.status != Status::Unfinished;
        let agent = tool.agent.take();
        let call_id = tool.call_id.clone();
        spans.push(Span {
            id,
            parent: Some(by_agent.unwrap_or(line.place.parent)),
            name: tool.name.clone(),
            start,
            // Where nothing tells when it ended, it took no time.
            end: is_over.then(|| end.unwrap_or(start)),
            status: tool.status,
            error: tool.error.filter(|_| tool.status != Status::Ok),
            timing: if is_measured {
                Timing::Measured
            } else {
                Timing::Derived
            },
            sources,
            body: SpanBody::ToolCall(ToolCall {
                tool: tool.name,
                tool_kind: tool.kind,
                target: tool.target,
                call_id: tool.call_id,
                input: tool.input,
                output: tool.output,
                exit_code: tool.exit_code,
                mcp: tool.mcp,
                diff: tool.diff,
            }),
        });
        let Some(mut agent) = agent else {
            return;
        };
        let is_known = agent.status.is_some()
            || agent
                .id
                .as_ref()
                .is_some_and(|id| children.contains_key(id))
            || tool.status == Status::Ok;
        if is_known {
            agent.status = agent.status.or(Some(tool.status));
            let place = Place { parent: id, start };
            let span = self.agent(agent, (key, sources), place, end, children, spans);
            if let Some(call) = call_id {
                line.agents.insert(call, span);
            }
        }
    }

    /// Writes a subagent's work below a span.
    pub(super) fn agent(
        &mut self,
        agent: Agent,
        (key, sources): (&str, Sources),
        place: Place,
        end: Option<Timestamp>,
        children: &mut Children,
        spans: &mut Vec<Span>,
    ) -> SpanId {
        let native_id = agent.id.clone().unwrap_or_else(|| key.to_owned());
        let id = self.id(SpanKind::AgentRun, &native_id);
        let at = spans.len();
        let child = children.remove(&native_id).unwrap_or_default();
        let below = self.child(
            child,
            &native_id,
            Place {
                parent: id,
                ..place
            },
            children,
            spans,
        );
        let last = spans[at..].iter().filter_map(|span| span.end).max();
        let end = agent.ended.or(last).or(end).map(|end| end.max(place.start));
        let status = agent.status.or(below.status).unwrap_or_default();
        let run = AgentRun {
            id: native_id,
            agent_type: agent.agent_type.clone(),
            description: agent.description,
            prompt: agent.prompt.or(below.prompt),
            answer: agent.answer.or(below.answer),
            model: agent.model.or(below.model),
            background: agent.background,
            reported_tokens: None,
        };
        let span = Span {
            id,
            parent: Some(place.parent),
            name: agent.agent_type.unwrap_or_else(|| "agent".to_owned()),
            start: place.start,
            end: end.filter(|_| status != Status::Unfinished),
            status,
            error: None,
            timing: Timing::Derived,
            sources: sources.iter().chain(below.sources.iter()).collect(),
            body: SpanBody::AgentRun(run),
        };
        spans.insert(at, span);
        id
    }

    /// Writes what a subagent did.
    fn child(
        &mut self,
        conversation: Conversation,
        native_id: &str,
        place: Place,
        children: &mut Children,
        spans: &mut Vec<Span>,
    ) -> Below {
        let mut below = Below {
            model: conversation.model.clone(),
            ..Below::default()
        };
        let mut now = place.start;
        for run in conversation.turns {
            if below.prompt.is_none() && !run.prompt.is_empty() {
                below.prompt = Some(run.prompt.clone());
            }
            let said = run.steps.iter().rev().find_map(|step| match &step.what {
                What::Text { text, .. } if !text.is_empty() => Some(text.clone()),
                _ => None,
            });
            below.answer = said.or(below.answer);
            below.sources = below.sources.iter().chain(run.sources.iter()).collect();
            below.status = run.status.map(|status| match status {
                dashcam_trace::TurnStatus::Completed => Status::Ok,
                dashcam_trace::TurnStatus::Interrupted => Status::Interrupted,
                dashcam_trace::TurnStatus::Failed => Status::Error,
                dashcam_trace::TurnStatus::Unfinished => Status::Unfinished,
            });
            let start = run.start.unwrap_or(now).max(place.start);
            let key = format!("{native_id}/{}", run.key);
            let at = spans.len();
            self.steps(run, &key, Place { start, ..place }, children, spans);
            now = spans[at..]
                .iter()
                .filter_map(|span| span.end)
                .fold(start, Timestamp::max);
        }
        below
    }

    fn write_answers(&mut self, line: Line<'_>, spans: &mut Vec<Span>) {
        let answers: Vec<(SpanId, String, Answer)> = line
            .answers
            .into_iter()
            .enumerate()
            .map(|(number, answer)| {
                let key = format!("{}/{number}", line.key);
                (self.id(SpanKind::ModelCall, &key), key, answer)
            })
            .collect();
        // From behind, so that the places stay true.
        for (id, key, answer) in answers.into_iter().rev() {
            let model = answer
                .model
                .or_else(|| line.model.clone())
                .unwrap_or_default();
            let at = answer.at.min(spans.len());
            let span = Span {
                id,
                parent: Some(line.place.parent),
                name: if model.is_empty() {
                    "model".to_owned()
                } else {
                    model.clone()
                },
                start: answer.start,
                end: Some(answer.end.max(answer.start)),
                status: Status::Ok,
                error: None,
                timing: Timing::Derived,
                sources: answer.sources,
                body: SpanBody::ModelCall(ModelCall {
                    model,
                    response_id: Some(format!("{}/{key}", self.session)),
                    tokens: answer.tokens,
                    input: answer.input,
                    output: answer.output,
                    ..ModelCall::default()
                }),
            };
            spans.insert(at, span);
        }
    }
}

/// What a subagent's own record says of it.
#[derive(Default)]
struct Below {
    prompt: Option<String>,
    answer: Option<String>,
    model: Option<String>,
    status: Option<Status>,
    sources: Sources,
}

/// What one agent does, step by step.
struct Line<'k> {
    key: &'k str,
    place: Place,
    now: Timestamp,
    answers: Vec<Answer>,
    /// What the next model call will be told.
    results: Vec<InputPart>,
    /// The agents that calls have started.
    agents: FxHashMap<String, SpanId>,
    model: Option<String>,
}

impl Line<'_> {
    fn spoke(
        &mut self,
        part: Part,
        (start, end): (Timestamp, Option<Timestamp>),
        sources: Sources,
        at: usize,
    ) {
        if self.answers.last().is_none_or(|answer| answer.has_called) {
            self.begin(start, None, at);
        }
        if let Some(answer) = self.answers.last_mut() {
            answer.output.push(part);
            answer.end = answer.end.max(end.unwrap_or(start));
            answer.sources = answer.sources.iter().chain(sources.iter()).collect();
        }
    }

    fn called(
        &mut self,
        span: SpanId,
        tool: &Tool,
        (start, at): (Timestamp, usize),
        sources: Sources,
    ) {
        let is_next = match self.answers.last() {
            None => true,
            Some(answer) => match (&answer.named, &tool.model_call) {
                (Some(known), Some(named)) => known != named,
                _ => false,
            },
        };
        if is_next {
            self.begin(start, tool.model_call.clone(), at);
        }
        if let Some(answer) = self.answers.last_mut() {
            answer.named = answer.named.take().or_else(|| tool.model_call.clone());
            answer.has_called = true;
            answer.output.push(Part::ToolUse {
                span,
                name: tool.name.clone(),
            });
            answer.end = answer.end.max(start.min(self.now.max(answer.start)));
            answer.sources = answer.sources.iter().chain(sources.iter()).collect();
        }
        if tool.output.is_some() {
            self.results.push(InputPart::ToolResult { span });
        }
    }

    /// Begins a model call: it was asked once what came before had ended.
    fn begin(&mut self, start: Timestamp, named: Option<String>, at: usize) {
        let start = start.min(self.now).max(self.place.start);
        self.answers.push(Answer {
            named,
            at,
            start,
            end: start,
            input: std::mem::take(&mut self.results),
            ..Answer::default()
        });
    }

    /// Counts what the whole turn used at its last model call, which is told
    /// when it ends.
    fn count(&mut self, tokens: Tokens, counts_each: bool, at: usize) {
        if self.answers.is_empty() {
            self.begin(self.now, None, at);
        }
        if counts_each {
            for answer in &mut self.answers {
                answer.tokens = None;
            }
        }
        if let Some(answer) = self.answers.last_mut() {
            answer.tokens = Some(tokens);
        }
    }
}
