//! A session as conversations: one of the main agent, one of every subagent.
//!
//! Formats for programs want who said what to whom, in order, with each tool
//! call beside the answer that asked for it. Whatever the tree of spans looks
//! like, every model call and every tool call stands in exactly one place.

use dashcam_trace::{AgentRun, Event, ModelCall, Session, Span, SpanBody, SpanId, ToolCall, Turn};
use std::collections::{HashMap, HashSet};

/// One agent's conversation.
#[derive(Debug, Default)]
pub(crate) struct Conversation<'a> {
    /// The run of a subagent; none for the main agent.
    pub(crate) run: Option<(&'a Span, &'a AgentRun)>,
    /// The place of the conversation in which the run was started. Runs that
    /// caused each other, which only broken evidence has, form a circle.
    pub(crate) parent: usize,
    pub(crate) moves: Vec<Move<'a>>,
}

/// One move of a conversation.
#[derive(Debug)]
pub(crate) enum Move<'a> {
    /// The person's prompt, which begins a turn.
    Prompt { turn: &'a Turn },
    /// A model's answer and the calls that it asked for.
    Answer {
        turn: &'a Turn,
        span: &'a Span,
        call: &'a ModelCall,
        tools: Vec<Tool<'a>>,
    },
    /// A tool call that no known answer asked for.
    Tool { turn: &'a Turn, tool: Tool<'a> },
    /// Something that happened.
    Event {
        turn: &'a Turn,
        span: &'a Span,
        event: &'a Event,
    },
}

/// A tool call and the subagents that it started.
#[derive(Debug)]
pub(crate) struct Tool<'a> {
    pub(crate) span: &'a Span,
    pub(crate) call: &'a ToolCall,
    pub(crate) runs: Vec<SpanId>,
}

impl Tool<'_> {
    /// The harness's id of the call, or ours.
    pub(crate) fn id(&self) -> String {
        self.call
            .call_id
            .clone()
            .unwrap_or_else(|| self.span.id.to_string())
    }
}

/// The main agent's conversation first, then those of its subagents in order
/// of their first move.
pub(crate) fn conversations(session: &Session) -> Vec<Conversation<'_>> {
    let mut builder = Builder::of(session);
    for turn in &session.turns {
        builder.push(MAIN, Move::Prompt { turn });
        for span in &turn.spans {
            builder.span(turn, span);
        }
    }
    let mut place = MAIN;
    while place < builder.conversations.len() {
        if let Some((span, _)) = builder.conversations[place].run {
            builder.conversations[place].parent = builder.place(span);
        }
        place += 1;
    }
    builder.conversations
}

/// The place of the main agent's conversation.
const MAIN: usize = 0;

struct Builder<'a> {
    spans: HashMap<SpanId, &'a Span>,
    /// The tool calls below each model call, the runs below each tool call.
    tools: HashMap<SpanId, Vec<&'a Span>>,
    runs: HashMap<SpanId, Vec<SpanId>>,
    /// The places of the subagents' conversations.
    places: HashMap<SpanId, usize>,
    /// The places of what stands below spans, as far as they were asked for:
    /// a long chain of spans is walked only once.
    below: HashMap<SpanId, usize>,
    told: HashSet<SpanId>,
    conversations: Vec<Conversation<'a>>,
}

impl<'a> Builder<'a> {
    fn of(session: &'a Session) -> Self {
        let mut builder = Self {
            spans: session.spans().map(|span| (span.id, span)).collect(),
            tools: HashMap::new(),
            runs: HashMap::new(),
            places: HashMap::new(),
            below: HashMap::new(),
            told: HashSet::new(),
            conversations: vec![Conversation::default()],
        };
        for span in session.spans() {
            let Some(parent) = span.parent.and_then(|id| builder.spans.get(&id)) else {
                continue;
            };
            match (&span.body, &parent.body) {
                (SpanBody::ToolCall(_), SpanBody::ModelCall(_)) => {
                    builder.tools.entry(parent.id).or_default().push(span);
                }
                (SpanBody::AgentRun(_), SpanBody::ToolCall(_)) => {
                    builder.runs.entry(parent.id).or_default().push(span.id);
                }
                _ => {}
            }
        }
        builder
    }

    fn push(&mut self, place: usize, made: Move<'a>) {
        self.conversations[place].moves.push(made);
    }

    fn span(&mut self, turn: &'a Turn, span: &'a Span) {
        if !self.told.insert(span.id) {
            return;
        }
        match &span.body {
            SpanBody::Turn => {}
            SpanBody::ModelCall(call) => {
                let place = self.place(span);
                let below = self.tools.remove(&span.id).unwrap_or_default();
                let tools = below
                    .into_iter()
                    .filter_map(|span| self.tool(span))
                    .collect();
                self.push(
                    place,
                    Move::Answer {
                        turn,
                        span,
                        call,
                        tools,
                    },
                );
            }
            SpanBody::ToolCall(_) => {
                let parent = span.parent.and_then(|id| self.spans.get(&id));
                if parent.is_some_and(|parent| matches!(parent.body, SpanBody::ModelCall(_))) {
                    // It stands with its answer, which may come later.
                    return;
                }
                let place = self.place(span);
                if let Some(tool) = self.tool(span) {
                    self.push(place, Move::Tool { turn, tool });
                }
            }
            SpanBody::AgentRun(_) => {
                self.open(span);
            }
            SpanBody::Event(event) => {
                let place = self.place(span);
                self.push(place, Move::Event { turn, span, event });
            }
        }
    }

    fn tool(&self, span: &'a Span) -> Option<Tool<'a>> {
        let SpanBody::ToolCall(call) = &span.body else {
            return None;
        };
        let runs = self.runs.get(&span.id).cloned().unwrap_or_default();
        Some(Tool { span, call, runs })
    }

    /// The conversation that a span belongs to: that of the nearest run above.
    fn place(&mut self, span: &'a Span) -> usize {
        let mut walked = HashSet::new();
        let mut above = span.parent;
        let place = loop {
            let Some(parent) = above.and_then(|id| self.spans.get(&id).copied()) else {
                break MAIN;
            };
            if matches!(parent.body, SpanBody::AgentRun(_)) {
                break self.open(parent);
            }
            if let Some(place) = self.below.get(&parent.id) {
                break *place;
            }
            if !walked.insert(parent.id) {
                break MAIN;
            }
            above = parent.parent;
        };
        self.below.extend(walked.into_iter().map(|id| (id, place)));
        place
    }

    /// The place of a run's conversation, which may be new.
    fn open(&mut self, span: &'a Span) -> usize {
        if let Some(place) = self.places.get(&span.id) {
            return *place;
        }
        let SpanBody::AgentRun(run) = &span.body else {
            return MAIN;
        };
        let place = self.conversations.len();
        self.conversations.push(Conversation {
            run: Some((span, run)),
            ..Conversation::default()
        });
        self.places.insert(span.id, place);
        place
    }
}
