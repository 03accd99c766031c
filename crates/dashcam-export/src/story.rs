//! A turn's steps in the order in which a person reads them.
//!
//! Spans form a tree by cause; readers want a conversation: what the model
//! thought, said and called, each call with its result, each subagent's work
//! below the call that started it. Every span is told exactly once, however
//! odd the tree is.

use dashcam_trace::{AgentRun, Event, Image, Part, Span, SpanBody, SpanId, ToolCall, Turn};
use std::collections::{HashMap, HashSet};

/// Spans nested deeper than this are told flat at the end, so that a hostile
/// tree cannot exhaust the stack.
const DEEPEST: usize = 96;

/// One thing to tell, at a depth of nested agents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) depth: usize,
    pub(crate) told: Told<'a>,
}

/// What there is to tell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'a> {
    /// A model call begins; its parts follow.
    ModelCall(&'a Span),
    Thinking(&'a str),
    Text(&'a str),
    Image(&'a Image),
    Other {
        name: &'a str,
        json: &'a str,
    },
    ToolCall(&'a Span, &'a ToolCall),
    /// A subagent begins; its steps follow, one deeper.
    AgentRun(&'a Span, &'a AgentRun),
    /// A subagent's answer, after its steps.
    AgentAnswer(&'a str),
    Event(&'a Span, &'a Event),
}

/// The steps of a turn.
pub(crate) fn steps(turn: &Turn) -> Vec<Step<'_>> {
    let tree = Tree::of(turn);
    let mut teller = Teller {
        tree: &tree,
        told: HashSet::new(),
        steps: Vec::new(),
        nesting: 0,
    };
    if let Some(own) = turn.spans.first() {
        teller.told.insert(own.id);
        teller.children(own.id, 0);
    }
    // Spans whose parents are missing, cyclic or too deep.
    for span in &turn.spans {
        teller.span(span, 0);
    }
    teller.steps
}

/// A turn's spans by parent, and by id.
pub(crate) struct Tree<'a> {
    by_id: HashMap<SpanId, &'a Span>,
    by_parent: HashMap<SpanId, Vec<&'a Span>>,
}

impl<'a> Tree<'a> {
    pub(crate) fn of(turn: &'a Turn) -> Self {
        let mut tree = Self {
            by_id: HashMap::new(),
            by_parent: HashMap::new(),
        };
        for span in &turn.spans {
            tree.by_id.entry(span.id).or_insert(span);
            if let Some(parent) = span.parent {
                tree.by_parent.entry(parent).or_default().push(span);
            }
        }
        tree
    }

    /// The span with this id.
    pub(crate) fn span(&self, id: SpanId) -> Option<&'a Span> {
        self.by_id.get(&id).copied()
    }

    /// The spans that this one caused, in order.
    pub(crate) fn children(&self, id: SpanId) -> &[&'a Span] {
        self.by_parent.get(&id).map_or(&[], Vec::as_slice)
    }
}

struct Teller<'a, 't> {
    tree: &'t Tree<'a>,
    told: HashSet<SpanId>,
    steps: Vec<Step<'a>>,
    /// How many spans are being told inside one another.
    nesting: usize,
}

impl<'a> Teller<'a, '_> {
    fn tell(&mut self, depth: usize, told: Told<'a>) {
        self.steps.push(Step { depth, told });
    }

    fn children(&mut self, id: SpanId, depth: usize) {
        let tree = self.tree;
        for child in tree.children(id) {
            self.span(child, depth);
        }
    }

    fn span(&mut self, span: &'a Span, depth: usize) {
        if self.nesting >= DEEPEST || !self.told.insert(span.id) {
            return;
        }
        self.nesting += 1;
        match &span.body {
            SpanBody::Turn => self.children(span.id, depth),
            SpanBody::ModelCall(call) => {
                self.tell(depth, Told::ModelCall(span));
                for part in &call.output {
                    self.part(span, part, depth);
                }
                self.children(span.id, depth);
            }
            SpanBody::ToolCall(call) => {
                self.tell(depth, Told::ToolCall(span, call));
                self.children(span.id, depth);
            }
            SpanBody::AgentRun(run) => {
                self.tell(depth, Told::AgentRun(span, run));
                let before = self.steps.len();
                self.children(span.id, depth + 1);
                let answer = run.answer.as_deref().unwrap_or_default().trim();
                // Mostly the run's last text is its answer.
                let is_told = self.steps[before..]
                    .iter()
                    .any(|step| matches!(step.told, Told::Text(text) if text.trim() == answer));
                if !answer.is_empty() && !is_told {
                    self.tell(depth + 1, Told::AgentAnswer(answer));
                }
            }
            SpanBody::Event(event) => {
                self.tell(depth, Told::Event(span, event));
                self.children(span.id, depth);
            }
        }
        self.nesting -= 1;
    }

    fn part(&mut self, parent: &Span, part: &'a Part, depth: usize) {
        match part {
            Part::Thinking { text } if text.trim().is_empty() => {}
            Part::Thinking { text } => self.tell(depth, Told::Thinking(text)),
            Part::Text { text } if text.trim().is_empty() => {}
            Part::Text { text } => self.tell(depth, Told::Text(text)),
            Part::Image { image } => self.tell(depth, Told::Image(image)),
            Part::Other { name, json } => self.tell(depth, Told::Other { name, json }),
            Part::ToolUse { span, .. } => {
                // Only calls that hang below: another agent's are told there.
                if let Some(call) = self.tree.span(*span)
                    && call.parent == Some(parent.id)
                {
                    self.span(call, depth);
                }
            }
        }
    }
}
