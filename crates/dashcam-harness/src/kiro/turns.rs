//! Puts a session's turns together, whatever tells of them.

use super::tools::{self, Given};
use crate::Decoded;
use crate::ids::Ids;
use dashcam_trace::{
    Event, EventKind, InputPart, ModelCall, Part, Prompt, RawJson, SessionId, Sources, Span,
    SpanBody, SpanId, SpanKind, Status, Timestamp, Timing, Turn, TurnStatus,
};
use rustc_hash::FxHashMap;

/// When something happened, and whether Kiro measured it.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) timing: Timing,
}

impl When {
    /// At a moment that is only near the truth.
    pub(super) const fn about(at: Timestamp) -> Self {
        Self {
            start: at,
            end: at,
            timing: Timing::Derived,
        }
    }
}

/// A call that an answer asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) call_id: Option<String>,
    pub(super) tool: String,
    pub(super) input: RawJson,
}

/// How a turn ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) status: TurnStatus,
    pub(super) at: Option<Timestamp>,
    pub(super) error: Option<String>,
}

/// Puts turns together, one after the other.
#[derive(Debug)]
pub(super) struct Builder<'d> {
    pub(super) decoded: &'d mut Decoded,
    ids: Ids,
    turns: Vec<Turn>,
    /// What the next answer is given.
    pending: Vec<InputPart>,
    /// Where calls without a result stand among the spans of the last turn.
    open_calls: FxHashMap<String, usize>,
    /// How far the last turn has come.
    now: Timestamp,
}

impl<'d> Builder<'d> {
    pub(super) fn new(session: SessionId, decoded: &'d mut Decoded) -> Self {
        Self {
            decoded,
            ids: Ids::new(session),
            turns: Vec::new(),
            pending: Vec::new(),
            open_calls: FxHashMap::default(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// Whether there is a turn to add to.
    pub(super) const fn has_turn(&self) -> bool {
        !self.turns.is_empty()
    }

    /// How far the last turn has come.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Begins a turn.
    pub(super) fn open(&mut self, native_id: &str, prompt: Prompt, start: Timestamp) {
        self.now = start;
        self.pending = vec![InputPart::Prompt {
            text: prompt.text.clone(),
        }];
        self.open_calls.clear();
        let own = Span {
            id: self.ids.span(SpanKind::Turn, native_id),
            parent: None,
            name: "turn".to_owned(),
            start,
            end: None,
            status: Status::Unfinished,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::Turn,
        };
        self.turns.push(Turn {
            id: self.ids.turn(native_id),
            index: self.turns.len() as u32,
            prompt,
            start,
            end: None,
            status: TurnStatus::Unfinished,
            abandoned: false,
            copied_from: None,
            spans: vec![own],
        });
    }

    /// The last turn.
    pub(super) fn last(&mut self) -> Option<&mut Turn> {
        self.turns.last_mut()
    }

    /// Adds an answer, and the calls that it asks for.
    pub(super) fn answer(&mut self, key: &str, when: When, mut call: ModelCall, asked: Vec<Asked>) {
        let when = self.not_before(when);
        call.input = std::mem::take(&mut self.pending);
        let id = self.ids.span(SpanKind::ModelCall, key);
        let ids: Vec<SpanId> = asked
            .iter()
            .enumerate()
            .map(|(number, asked)| {
                let own_key = || format!("{key}/{number}");
                let key = asked.call_id.clone().unwrap_or_else(own_key);
                self.ids.span(SpanKind::ToolCall, &key)
            })
            .collect();
        let called = ids.iter().zip(&asked).map(|(span, asked)| Part::ToolUse {
            span: *span,
            name: asked.tool.clone(),
        });
        call.output.extend(called);
        let name = call.model.clone();
        self.push(id, None, name, when, SpanBody::ModelCall(call));
        for (asked, span) in asked.into_iter().zip(ids) {
            let body = tools::asked(&asked);
            if let (Some(call_id), Some(turn)) = (asked.call_id, self.turns.last()) {
                self.open_calls.insert(call_id, turn.spans.len());
            }
            let when = When::about(when.end);
            self.push(span, Some(id), asked.tool, when, SpanBody::ToolCall(body));
            if let Some(span) = self.turns.last_mut().and_then(|turn| turn.spans.last_mut()) {
                span.end = None;
                span.status = Status::Unfinished;
            }
        }
    }

    /// Adds what came of a call. Returns false if there is no such call.
    pub(super) fn result(&mut self, call_id: &str, given: Given, at: Option<Timestamp>) -> bool {
        let Some(place) = self.open_calls.remove(call_id) else {
            return false;
        };
        let Some(turn) = self.turns.last_mut() else {
            return false;
        };
        let span = &mut turn.spans[place];
        span.end = Some(at.unwrap_or(span.start).max(span.start));
        self.now = self.now.max(span.start).max(at.unwrap_or(span.start));
        span.status = given.status;
        self.pending.push(InputPart::ToolResult { span: span.id });
        if let SpanBody::ToolCall(call) = &mut span.body {
            span.error = tools::finish(call, given, &mut span.status);
        }
        true
    }

    /// Adds something that happened.
    pub(super) fn event(&mut self, key: &str, kind: EventKind, name: &str, text: Option<String>) {
        let id = self.ids.span(SpanKind::Event, key);
        let when = When::about(self.now);
        let event = Event {
            kind,
            text,
            details: None,
        };
        self.push(id, None, name.to_owned(), when, SpanBody::Event(event));
    }

    /// Ends the last turn.
    pub(super) fn close(&mut self, end: End) {
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        let status = match end.status {
            TurnStatus::Completed => Status::Ok,
            TurnStatus::Interrupted => Status::Interrupted,
            TurnStatus::Failed => Status::Error,
            TurnStatus::Unfinished => Status::Unfinished,
        };
        let at = end.at.unwrap_or(self.now).max(self.now);
        turn.status = end.status;
        turn.end = (end.status != TurnStatus::Unfinished).then_some(at);
        for span in &mut turn.spans[1..] {
            if span.status == Status::Unfinished && turn.end.is_some() {
                span.status = Status::Interrupted;
                span.end = turn.end;
            }
        }
        let own = &mut turn.spans[0];
        own.end = turn.end;
        own.status = status;
        own.error = end.error;
        self.now = at;
        self.open_calls.clear();
    }

    /// The turns.
    pub(super) fn finish(self) -> Vec<Turn> {
        self.turns
    }

    /// Nothing happens before what came before it.
    fn not_before(&mut self, when: When) -> When {
        let start = when.start.max(self.now);
        let end = when.end.max(start);
        self.now = end;
        When { start, end, ..when }
    }

    fn push(
        &mut self,
        id: SpanId,
        parent: Option<SpanId>,
        name: String,
        when: When,
        body: SpanBody,
    ) {
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        turn.spans.push(Span {
            id,
            parent: parent.or_else(|| turn.spans.first().map(|own| own.id)),
            name,
            start: when.start,
            end: Some(when.end),
            status: Status::Ok,
            error: None,
            timing: when.timing,
            sources: Sources::TRANSCRIPT,
            body,
        });
    }
}
