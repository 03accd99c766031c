//! A session's messages as runs: from each prompt to the end of the work on it.

use super::read::{Message, Part, Thread, places};
use super::records::{ErrorRecord, time};
use super::steps;
use crate::Decoded;
use crate::image;
use dashcam_trace::{
    Event, EventKind, InputPart, Prompt, RawJson, SessionId, Sources, Span, SpanBody, SpanId,
    SpanKind, Status, Timestamp, Timing, TurnStatus,
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

/// A tool call that another session does the work of.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) span: SpanId,
    pub(super) child: String,
}

/// From one prompt to the end of the work on it.
#[derive(Debug)]
pub(super) struct Run {
    /// The prompt's message.
    pub(super) native_id: String,
    pub(super) prompt: Prompt,
    pub(super) agent: Option<String>,
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
    pub(super) status: TurnStatus,
    pub(super) error: Option<String>,
    /// Whether the person took it back.
    pub(super) is_reverted: bool,
    /// Spans without a parent hang on the run itself.
    pub(super) spans: Vec<Span>,
    pub(super) links: Vec<Link>,
    /// What the next model call is given.
    pub(super) pending: Vec<InputPart>,
}

impl Run {
    fn new(message: &Message<'_>) -> Self {
        Self {
            native_id: message.id.clone(),
            prompt: Prompt::default(),
            agent: message.record.agent.owned(),
            start: message.created,
            end: None,
            status: TurnStatus::Unfinished,
            error: None,
            is_reverted: false,
            spans: Vec::new(),
            links: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// An event in the run.
    fn event(
        &mut self,
        kind: EventKind,
        name: &str,
        at: Timestamp,
        id: SpanId,
        event: (Option<String>, Option<RawJson>),
    ) {
        let (text, details) = event;
        self.spans.push(Span {
            id,
            parent: None,
            name: name.to_owned(),
            start: at,
            end: Some(at),
            status: Status::Ok,
            error: None,
            timing: Timing::Measured,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::Event(Event {
                kind,
                text,
                details,
            }),
        });
    }

    /// What ended a message before its time.
    pub(super) fn failure(
        &mut self,
        message: &Message<'_>,
        error: &ErrorRecord<'_>,
        completed: Option<Timestamp>,
        ids: &mut Ids,
    ) {
        let at = completed.unwrap_or(message.created);
        let id = ids.span(SpanKind::Event, &format!("{} error", message.id));
        if error.is_abort() {
            self.event(
                EventKind::Interruption,
                "interruption",
                at,
                id,
                (Some(error.text()), None),
            );
            return;
        }
        self.event(
            EventKind::ApiError,
            "API error",
            at,
            id,
            (Some(error.text()), None),
        );
        if let Some(span) = self.spans.last_mut() {
            span.status = Status::Error;
            span.error = Some(error.text());
        }
    }

    /// Ends the run with what its last message says.
    fn close(&mut self, last: Option<&Message<'_>>) {
        let Some(last) = last else { return };
        let completed = time(last.record.time.0.unwrap_or_default().completed);
        self.status = match last.record.error.0.as_ref() {
            Some(error) if error.is_abort() => TurnStatus::Interrupted,
            Some(error) => {
                self.error = Some(error.text());
                TurnStatus::Failed
            }
            // It would have gone on with what the tools gave.
            None if completed.is_none() || last.record.finish.as_str() == "tool-calls" => {
                TurnStatus::Unfinished
            }
            None => TurnStatus::Completed,
        };
        if self.status != TurnStatus::Unfinished {
            let ends = self.spans.iter().map(|span| span.end.unwrap_or(span.start));
            self.end = ends.chain(completed).max();
        }
    }
}

/// What the person wrote in a message, as far as they did.
struct Written {
    prompt: Prompt,
    is_persons: bool,
}

fn written(message: &Message<'_>, decoded: &mut Decoded) -> Written {
    let mut texts: Vec<&str> = Vec::new();
    let mut images = Vec::new();
    let mut is_persons = false;
    for part in &message.parts {
        let record = &part.record;
        match record.kind.as_str() {
            "text" if !record.synthetic.0 => {
                texts.extend(record.text.get());
                is_persons = true;
            }
            "file" => {
                is_persons = true;
                if record.mime.as_str().starts_with("image/") {
                    images.push(image::keep_url(decoded, record.url.as_str()));
                }
            }
            // A command that an agent carries out.
            "subtask" => {
                texts.extend(record.prompt.get());
                is_persons = true;
            }
            "agent" => is_persons = true,
            _ => {}
        }
    }
    // A message of which no part is there is still one that was sent.
    Written {
        is_persons: is_persons || message.parts.is_empty(),
        prompt: Prompt {
            text: texts.join("\n"),
            images,
        },
    }
}

/// The runs of a session, by time.
pub(super) fn runs(thread: &Thread<'_>, ids: &mut Ids, decoded: &mut Decoded) -> Vec<Run> {
    let reverted = thread.record.revert.0.as_ref();
    let reverted = reverted.and_then(|revert| revert.message.get());
    let reverted_at = reverted.and_then(|id| {
        let place = *places(thread).get(id)?;
        Some(place)
    });
    let mut runs: Vec<Run> = Vec::new();
    // By message: the run it belongs to, and whether its tools are the person's.
    let mut places_of: rustc_hash::FxHashMap<&str, (usize, bool)> =
        rustc_hash::FxHashMap::default();
    let mut last_of: Vec<Option<&Message<'_>>> = Vec::new();
    for (at, message) in thread.messages.iter().enumerate() {
        let is_agents = match message.record.role.as_str() {
            "assistant" => true,
            "user" => false,
            role => {
                decoded.unknown_record(&format!("message {role}"));
                continue;
            }
        };
        if !is_agents {
            let written = written(message, decoded);
            if written.is_persons || runs.is_empty() {
                runs.push(Run::new(message));
                last_of.push(None);
            }
            let place = runs.len() - 1;
            let run = &mut runs[place];
            run.is_reverted |=
                message.is_gone || reverted_at.is_some_and(|reverted| at >= reverted);
            if written.is_persons {
                run.prompt = written.prompt;
                run.pending.push(InputPart::Prompt {
                    text: run.prompt.text.clone(),
                });
            }
            added_by_itself(run, message, ids, decoded);
            let is_shell = !written.is_persons;
            places_of.insert(&message.id, (place, is_shell));
            continue;
        }
        let parent = message.record.parent_id.as_str();
        let known = places_of.get(parent).copied();
        if known.is_none() && runs.is_empty() {
            runs.push(Run::new(message));
            last_of.push(None);
        }
        let (place, is_shell) = known.unwrap_or((runs.len() - 1, false));
        steps::add(&mut runs[place], message, is_shell, ids, decoded);
        last_of[place] = Some(message);
    }
    for (run, last) in runs.iter_mut().zip(last_of) {
        run.close(last);
    }
    runs
}

/// What the program itself put into a message: the content of a file that was
/// mentioned, a reminder, the request to go on after a compaction.
fn added_by_itself(run: &mut Run, message: &Message<'_>, ids: &mut Ids, decoded: &mut Decoded) {
    for part in &message.parts {
        let record = &part.record;
        let at = message.created;
        match record.kind.as_str() {
            "text" if record.synthetic.0 => {
                let id = ids.span(SpanKind::Event, &part.id);
                let text = record.text.owned();
                run.event(EventKind::Context, "context", at, id, (text, None));
                run.pending.push(InputPart::Context { span: id });
            }
            "compaction" => {
                let id = ids.span(SpanKind::Event, &part.id);
                let details = Some(RawJson::from_raw(part.json));
                run.event(EventKind::Compaction, "compaction", at, id, (None, details));
            }
            "subtask" => command(run, part, at, ids),
            "text" | "file" | "agent" | "tool" | "reasoning" | "step-start" | "step-finish"
            | "patch" | "snapshot" | "retry" => {}
            kind => decoded.unknown_record(&format!("part {kind}")),
        }
    }
}

/// A slash command that an agent carries out.
fn command(run: &mut Run, part: &Part<'_>, at: Timestamp, ids: &mut Ids) {
    if let Some(command) = part.record.command.get() {
        let id = ids.span(SpanKind::Event, &part.id);
        let text = Some(format!("/{command}"));
        run.event(EventKind::Command, "command", at, id, (text, None));
    }
}
