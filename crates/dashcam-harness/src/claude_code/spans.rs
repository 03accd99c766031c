//! Builds the spans of a session from its lines, one after the other.

use super::results::AgentFacts;
use super::transcript::{Entry, Transcript};
use crate::Decoded;
use dashcam_trace::{
    Event, EventKind, InputPart, Part, Problem, ProblemKind, RawJson, SessionId, Sources, Span,
    SpanBody, SpanId, SpanKind, Status, Timestamp, Timing,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Where a span is: its turn, and its place among the turn's spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanPlace {
    pub(crate) turn: usize,
    pub(crate) span: usize,
}

/// A response that is being put together from its lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenResponse {
    pub(crate) place: SpanPlace,
    /// Whose response it is.
    pub(crate) thread: usize,
}

/// Names a response within the session: message id and request id, or the
/// place of its only line if it has neither.
pub(crate) type ResponseKey<'t> = (&'t str, &'t str, usize);

/// A call that may have started a subagent.
#[derive(Clone, Debug)]
pub(crate) struct AgentCall {
    pub(crate) place: SpanPlace,
    pub(crate) call_id: String,
    pub(crate) prompt: String,
    pub(crate) claimed: bool,
}

/// Puts spans together.
pub(crate) struct Builder<'t, 'a> {
    pub(crate) session: SessionId,
    pub(crate) transcript: &'t Transcript<'a>,
    /// The paths of the evidence's files.
    pub(crate) paths: Vec<&'t str>,
    pub(crate) decoded: &'t mut Decoded,
    /// The spans of each turn; its own is the first.
    pub(crate) turns: Vec<Vec<Span>>,
    pub(crate) responses: FxHashMap<ResponseKey<'t>, OpenResponse>,
    /// Tool calls by the harness's id of them.
    pub(crate) calls: FxHashMap<String, SpanPlace>,
    /// Calls that may have started a subagent, in order.
    pub(crate) agent_calls: Vec<AgentCall>,
    /// What results say of subagents, by the place among `agent_calls`.
    pub(crate) agent_facts: FxHashMap<usize, AgentFacts>,
    pub(crate) span_ids: FxHashSet<SpanId>,
}

/// The conversation that lines are added to: a turn's, or a subagent's.
pub(crate) struct Scope {
    /// 0 for the main conversation, then the subagents.
    pub(crate) thread: usize,
    pub(crate) turn: usize,
    /// The span that model calls and events hang under.
    pub(crate) parent: SpanId,
    /// When that span began.
    pub(crate) start: Timestamp,
    /// What the next model call answers: when that was written.
    pub(crate) trigger: Timestamp,
    /// What the next model call adds to the conversation.
    pub(crate) pending: Vec<InputPart>,
    /// Failed attempts at the next model call.
    pub(crate) retries: Option<u32>,
    /// The last thing that happened.
    pub(crate) last: LastStep,
    /// When the last step ended.
    pub(crate) end: Timestamp,
    /// How long the harness says that the turn took.
    pub(crate) duration_ms: Option<i64>,
}

/// The last thing that happened in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastStep {
    Nothing,
    ModelCall(SpanPlace),
    ToolResult,
    Rejection,
    Interruption,
    ApiError,
}

impl Scope {
    pub(crate) fn new(thread: usize, turn: usize, parent: SpanId, start: Timestamp) -> Self {
        Self {
            thread,
            turn,
            parent,
            start,
            trigger: start,
            pending: Vec::new(),
            retries: None,
            last: LastStep::Nothing,
            end: start,
            duration_ms: None,
        }
    }

    /// Notes that something ended at this time.
    pub(crate) fn reach(&mut self, at: Timestamp) {
        self.end = self.end.max(at);
    }
}

/// An event to be added.
pub(crate) struct NewEvent<'e> {
    pub(crate) kind: EventKind,
    pub(crate) name: &'e str,
    pub(crate) text: Option<String>,
    pub(crate) details: Option<RawJson>,
}

impl NewEvent<'_> {
    pub(crate) fn of(kind: EventKind, text: impl Into<String>) -> Self {
        NewEvent {
            kind,
            name: kind.as_str(),
            text: Some(text.into()),
            details: None,
        }
    }
}

impl Builder<'_, '_> {
    /// Adds the lines at these places to a conversation.
    pub(crate) fn walk(&mut self, places: &[usize], scope: &mut Scope) {
        let transcript = self.transcript;
        for &place in places {
            let entry = &transcript.entries[place];
            match entry.record.kind.as_str() {
                "assistant" => self.assistant_line(place, entry, scope),
                "user" => self.user_line(entry, scope),
                "system" => self.system_line(entry, scope),
                "attachment" => self.attachment_line(entry, scope),
                _ => {}
            }
        }
    }

    pub(crate) fn span_at(&mut self, place: SpanPlace) -> &mut Span {
        &mut self.turns[place.turn][place.span]
    }

    /// Adds a span to a turn.
    pub(crate) fn add(&mut self, turn: usize, span: Span) -> SpanPlace {
        self.turns[turn].push(span);
        SpanPlace {
            turn,
            span: self.turns[turn].len() - 1,
        }
    }

    /// The id of a span, unique within the session. If the native id was used
    /// before, a number makes the difference, and the problem is noted.
    pub(crate) fn span_id(&mut self, kind: SpanKind, native_id: &str, entry: &Entry<'_>) -> SpanId {
        let id = self.session.span(kind, native_id);
        if self.span_ids.insert(id) {
            return id;
        }
        let message = format!("the id {native_id} names more than one {}", kind.as_str());
        self.problem(entry, ProblemKind::Inconsistent, message);
        let mut number = 2_u32;
        loop {
            let id = self.session.span(kind, &format!("{native_id}#{number}"));
            if self.span_ids.insert(id) {
                return id;
            }
            number += 1;
        }
    }

    pub(crate) fn problem(&mut self, entry: &Entry<'_>, kind: ProblemKind, message: String) {
        self.decoded.problem(Problem {
            kind,
            file: self.paths[entry.file].to_owned(),
            line: Some(entry.line.number),
            message,
        });
    }

    /// Adds an event and returns its span's id.
    pub(crate) fn event(
        &mut self,
        event: NewEvent<'_>,
        entry: &Entry<'_>,
        scope: &Scope,
    ) -> SpanId {
        let native_id = self.event_native_id(entry);
        let id = self.span_id(SpanKind::Event, &native_id, entry);
        // What was put into the context for a prompt is written just before it.
        let start = match event.kind {
            EventKind::Command | EventKind::ShellLine => entry.at,
            _ => entry.at.max(scope.start),
        };
        let failed = event.kind == EventKind::ApiError;
        let span = Span {
            id,
            parent: Some(scope.parent),
            name: event.name.to_owned(),
            start,
            end: Some(start),
            status: if failed { Status::Error } else { Status::Ok },
            error: event.text.clone().filter(|_| failed),
            timing: Timing::Measured,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::Event(Event {
                kind: event.kind,
                text: event.text,
                details: event.details,
            }),
        };
        self.add(scope.turn, span);
        id
    }

    /// A line's events are numbered, since one line may tell of several.
    fn event_native_id(&self, entry: &Entry<'_>) -> String {
        let line = line_id(entry);
        let is_free = |id: &str| {
            !self
                .span_ids
                .contains(&self.session.span(SpanKind::Event, id))
        };
        if is_free(&line) {
            return line;
        }
        let numbered = (2..100).map(|number| format!("{line}/{number}"));
        numbered.into_iter().find(|id| is_free(id)).unwrap_or(line)
    }

    /// Whether calls that a response asked for are still without a result.
    pub(crate) fn has_open_calls(&self, response: SpanPlace) -> bool {
        let spans = &self.turns[response.turn];
        let SpanBody::ModelCall(call) = &spans[response.span].body else {
            return false;
        };
        let wanted: Vec<SpanId> = call
            .output
            .iter()
            .filter_map(|part| match part {
                Part::ToolUse { span, .. } => Some(*span),
                _ => None,
            })
            .collect();
        !wanted.is_empty()
            && spans[response.span..].iter().any(|span| {
                matches!(&span.body, SpanBody::ToolCall(call) if call.output.is_none())
                    && wanted.contains(&span.id)
            })
    }
}

/// What names a line: its id, or its place in its file.
pub(crate) fn line_id(entry: &Entry<'_>) -> String {
    match entry.record.uuid.get() {
        Some(uuid) => uuid.to_owned(),
        None => format!("{}:{}", entry.file, entry.line.number),
    }
}
