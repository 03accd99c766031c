//! A conversation as turns: from each prompt to the end of the work on it.

use super::records::time;
use super::thread::{Entry, Said, Thread};
use super::tools;
use crate::Decoded;
use crate::image;
use dashcam_trace::{
    Event, EventKind, Image, InputPart, ModelCall, Part, Prompt, SessionId, Sources, Span,
    SpanBody, SpanId, SpanKind, Status, Timestamp, Timing, TurnStatus,
};
use rustc_hash::FxHashSet;

/// Ids of spans, each given once.
pub(super) struct Ids {
    pub(super) session: SessionId,
    given: FxHashSet<SpanId>,
}

impl Ids {
    pub(super) fn new(session: SessionId) -> Self {
        Self {
            session,
            given: FxHashSet::default(),
        }
    }

    /// The id of a span. A native id that comes again gets another.
    pub(super) fn span(&mut self, kind: SpanKind, native_id: &str) -> SpanId {
        let mut id = self.session.span(kind, native_id);
        let mut more = 1;
        while !self.given.insert(id) {
            more += 1;
            id = self.session.span(kind, &format!("{native_id}#{more}"));
        }
        id
    }
}

/// A call that a subagent did the work of.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) span: SpanId,
    pub(super) agent: String,
}

/// From one prompt to the end of the work on it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) native_id: String,
    pub(super) prompt: Prompt,
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
    pub(super) status: TurnStatus,
    pub(super) is_rewound: bool,
    /// Spans without a parent hang on the run itself.
    pub(super) spans: Vec<Span>,
    pub(super) links: Vec<Link>,
    /// What the next model call is given.
    pending: Vec<InputPart>,
    /// When the next model call begins.
    since: Timestamp,
}

impl Run {
    pub(super) fn new(native_id: &str, prompt: Prompt, at: Timestamp) -> Self {
        Self {
            native_id: native_id.to_owned(),
            pending: vec![InputPart::Prompt {
                text: prompt.text.clone(),
            }],
            prompt,
            start: at,
            end: None,
            status: TurnStatus::Unfinished,
            is_rewound: false,
            spans: Vec::new(),
            links: Vec::new(),
            since: at,
        }
    }
}

/// The turns of a conversation.
pub(super) fn runs(thread: &Thread<'_>, ids: &mut Ids, decoded: &mut Decoded) -> Vec<Run> {
    let mut reading = Reading {
        runs: Vec::new(),
        ids,
        decoded,
    };
    for entry in &thread.entries {
        match entry {
            Entry::Compressed(at) => reading.compressed(*at),
            Entry::Said(said) => match said.message.kind.as_str() {
                "user" => reading.user(said),
                "gemini" => reading.model_call(said),
                kind => reading.notice(kind, said),
            },
        }
    }
    let mut runs = reading.runs;
    for run in &mut runs {
        run.end = run.spans.iter().filter_map(|span| span.end).max();
    }
    runs
}

struct Reading<'a> {
    runs: Vec<Run>,
    ids: &'a mut Ids,
    decoded: &'a mut Decoded,
}

impl Reading<'_> {
    /// A prompt, or the results of tools, which stand with their calls too.
    fn user(&mut self, said: &Said<'_>) {
        if said.is_context() {
            return;
        }
        let parts = said.parts();
        let is_results = parts.iter().any(|part| part.function_response.0.is_some());
        if is_results {
            if let Some(run) = self.runs.last_mut() {
                run.since = said.at;
            }
            return;
        }
        let mut images: Vec<Image> = Vec::new();
        for data in parts.iter().filter_map(|part| part.inline_data.0.as_ref()) {
            images.push(image::keep_base64(
                self.decoded,
                data.mime_type.as_str(),
                data.data.as_str(),
            ));
        }
        let prompt = Prompt {
            text: said.text(),
            images,
        };
        let mut run = Run::new(said.message.id.as_str(), prompt, said.at);
        run.is_rewound = said.is_rewound;
        if said.is_withdrawn {
            run.status = TurnStatus::Failed;
        }
        self.runs.push(run);
    }

    fn model_call(&mut self, said: &Said<'_>) {
        let message = &said.message;
        // A copy without tokens, of a conversation that was replaced.
        let Some(tokens) = message.tokens.0 else {
            return;
        };
        let native_id = message.id.as_str();
        if self.runs.is_empty() {
            // Its prompt is lost; what it cost is not.
            self.runs
                .push(Run::new(native_id, Prompt::default(), said.at));
        }
        let Some(run) = self.runs.last_mut() else {
            return;
        };
        let start = run.since.min(said.at).max(run.start);
        let model = message.model.as_str().to_owned();
        let mut call = ModelCall {
            provider: Some("google".to_owned()).filter(|_| model.starts_with("gemini")),
            response_id: Some(native_id.to_owned()),
            tokens: Some(tokens.tokens()),
            input: std::mem::take(&mut run.pending),
            model,
            ..ModelCall::default()
        };
        let id = self.ids.span(SpanKind::ModelCall, native_id);
        for thought in &message.thoughts.0 {
            let (subject, description) = (thought.subject.as_str(), thought.description.as_str());
            let text = match (subject, description) {
                ("", text) | (text, "") => text.to_owned(),
                (subject, description) => format!("**{subject}**\n\n{description}"),
            };
            call.output.push(Part::Thinking { text });
        }
        let text = said.text();
        let has_text = !text.is_empty();
        if has_text {
            call.output.push(Part::Text { text });
        }
        let mut last = said.at;
        let mut spans = Vec::new();
        for record in &message.tool_calls.0 {
            let read = tools::read(record, self.decoded);
            let key = record.id.get().unwrap_or(native_id);
            let span = self.ids.span(SpanKind::ToolCall, key);
            if let Some(agent) = record.agent_id.owned() {
                run.links.push(Link { span, agent });
            }
            call.output.push(Part::ToolUse {
                span,
                name: read.call.tool.clone(),
            });
            run.pending.push(InputPart::ToolResult { span });
            let end = time(&record.timestamp).map(|end| end.max(said.at));
            last = last.max(end.unwrap_or(last));
            spans.push(Span {
                id: span,
                parent: Some(id),
                name: read.call.tool.clone(),
                start: said.at,
                end: end.filter(|_| read.status != Status::Unfinished),
                status: read.status,
                error: read.error,
                timing: Timing::Derived,
                sources: Sources::TRANSCRIPT,
                body: SpanBody::ToolCall(read.call),
            });
        }
        run.since = last;
        run.status = match message.tool_calls.0.as_slice() {
            // Calls are written when they have ended: until then, and for ever
            // if the session is stopped, the answer seems to have nothing in it.
            [] if !has_text => TurnStatus::Unfinished,
            [] => TurnStatus::Completed,
            calls if calls.iter().any(|call| call.status.as_str() == "cancelled") => {
                TurnStatus::Interrupted
            }
            _ => TurnStatus::Unfinished,
        };
        run.spans.push(Span {
            id,
            parent: None,
            name: call.model.clone(),
            start,
            end: Some(said.at.max(start)),
            status: Status::Ok,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::ModelCall(call),
        });
        run.spans.extend(spans);
    }

    fn notice(&mut self, kind: &str, said: &Said<'_>) {
        let text = said.text();
        let (event, status) = match kind {
            "error" => (EventKind::ApiError, Status::Error),
            _ => (EventKind::Notification, Status::Ok),
        };
        self.event(event, said.message.id.as_str(), said.at, Some(text), status);
    }

    fn compressed(&mut self, at: Timestamp) {
        let key = format!("compression/{at}");
        self.event(EventKind::Compaction, &key, at, None, Status::Ok);
    }

    fn event(
        &mut self,
        kind: EventKind,
        native_id: &str,
        at: Timestamp,
        text: Option<String>,
        status: Status,
    ) {
        // Before the first prompt there is no turn that it could be part of.
        let Some(run) = self.runs.last_mut() else {
            return;
        };
        let at = at.max(run.start);
        run.spans.push(Span {
            id: self.ids.span(SpanKind::Event, native_id),
            parent: None,
            name: kind.as_str().to_owned(),
            start: at,
            end: Some(at),
            status,
            error: text.clone().filter(|_| status == Status::Error),
            timing: Timing::Measured,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::Event(Event {
                kind,
                text,
                details: None,
            }),
        });
    }
}
