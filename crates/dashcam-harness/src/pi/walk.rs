//! Goes through a file's records, one after the other, and puts their spans
//! into the turns they belong to.

use super::records::{Message, text_of};
use super::tree::{Entry, Tree};
use crate::Decoded;
use dashcam_trace::{
    EventKind, InputPart, Problem, ProblemKind, Prompt, SessionId, Sources, Span, SpanBody, SpanId,
    SpanKind, Status, Timestamp, Timing, TurnStatus,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// A turn that is being put together. Its own span is the first.
pub(super) struct Draft {
    pub(super) native_id: String,
    pub(super) prompt: Prompt,
    pub(super) start: Timestamp,
    pub(super) abandoned: bool,
    pub(super) spans: Vec<Span>,
    pub(super) progress: Progress,
}

/// How far a turn, or a subagent's work, has come.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) status: TurnStatus,
    /// When its last step ended.
    pub(super) end: Timestamp,
    pub(super) error: Option<String>,
    /// What the model said last.
    pub(super) answer: Option<String>,
}

impl Progress {
    pub(super) fn begun(at: Timestamp) -> Self {
        Self {
            status: TurnStatus::Unfinished,
            end: at,
            error: None,
            answer: None,
        }
    }

    pub(super) fn reach(&mut self, status: TurnStatus, at: Timestamp) {
        self.status = status;
        self.end = self.end.max(at);
        self.error = None;
    }
}

/// Where a span is: its turn, and its place among the turn's spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpanPlace {
    pub(super) turn: usize,
    pub(super) span: usize,
}

/// The call that started a subagent, and what it tells of it.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    pub(super) place: SpanPlace,
    pub(super) agent_type: Option<String>,
    pub(super) description: Option<String>,
    pub(super) background: bool,
}

/// Puts a session together.
pub(super) struct Builder<'d> {
    pub(super) session: SessionId,
    pub(super) decoded: &'d mut Decoded,
    pub(super) turns: Vec<Draft>,
    /// By the native id of the subagent's file.
    pub(super) starters: FxHashMap<String, Starter>,
    taken: FxHashSet<SpanId>,
}

impl<'d> Builder<'d> {
    pub(super) fn new(session: SessionId, decoded: &'d mut Decoded) -> Self {
        Self {
            session,
            decoded,
            turns: Vec::new(),
            starters: FxHashMap::default(),
            taken: FxHashSet::default(),
        }
    }

    /// Begins a turn and returns its place.
    pub(super) fn open_turn(
        &mut self,
        native_id: String,
        prompt: Prompt,
        start: Timestamp,
    ) -> usize {
        let id = self.span_id(SpanKind::Turn, &native_id);
        self.turns.push(Draft {
            native_id,
            prompt,
            start,
            abandoned: false,
            spans: vec![Span {
                id,
                parent: None,
                name: "turn".to_owned(),
                start,
                end: None,
                status: Status::Unfinished,
                error: None,
                timing: Timing::Derived,
                sources: Sources::TRANSCRIPT,
                body: SpanBody::Turn,
            }],
            progress: Progress::begun(start),
        });
        self.turns.len() - 1
    }

    /// A span's id, unique within the session. Tools' ids come from the model's
    /// provider, and some repeat them.
    pub(super) fn span_id(&mut self, kind: SpanKind, native_id: &str) -> SpanId {
        let mut id = self.session.span(kind, native_id);
        let mut number = 2_u32;
        while !self.taken.insert(id) {
            id = self.session.span(kind, &format!("{native_id}#{number}"));
            number += 1;
        }
        id
    }

    pub(super) fn add(&mut self, turn: usize, span: Span) -> SpanPlace {
        self.turns[turn].spans.push(span);
        SpanPlace {
            turn,
            span: self.turns[turn].spans.len() - 1,
        }
    }

    pub(super) fn span(&mut self, place: SpanPlace) -> &mut Span {
        &mut self.turns[place.turn].spans[place.span]
    }
}

/// Whose records these are.
pub(super) enum Scope {
    /// The session's own: each record's turn.
    Session(Vec<Option<usize>>),
    /// A subagent's: the turn that it works for, and its run.
    Agent { turn: usize, run: SpanId },
}

/// A walk through one file.
pub(super) struct Walk<'w, 'a, 'd> {
    pub(super) builder: &'w mut Builder<'d>,
    pub(super) tree: &'w Tree<'a>,
    pub(super) path: &'w str,
    pub(super) native_id: &'w str,
    /// What comes before the ids of a subagent's records.
    pub(super) prefix: String,
    pub(super) scope: Scope,
    /// The records that open turns.
    pub(super) openers: Vec<Option<usize>>,
    /// What each record adds to the conversation.
    pub(super) inputs: Vec<Option<InputPart>>,
    /// The calls that each answer asked for.
    pub(super) calls: FxHashMap<usize, Vec<(String, SpanPlace)>>,
    /// Answers after which the conversation goes on anew.
    pub(super) answered: FxHashSet<usize>,
    /// When tools began, where that was noted.
    pub(super) tool_starts: FxHashMap<String, Timestamp>,
    /// The model that answered last or was chosen since.
    pub(super) model: String,
    pub(super) provider: String,
    pub(super) thinking: Option<String>,
    /// Of a subagent.
    pub(super) progress: Progress,
    pub(super) task: Option<String>,
    pub(super) first_model: Option<String>,
}

impl<'w, 'a, 'd> Walk<'w, 'a, 'd> {
    pub(super) fn new(
        builder: &'w mut Builder<'d>,
        tree: &'w Tree<'a>,
        (path, native_id): (&'w str, &'w str),
        scope: Scope,
    ) -> Self {
        let prefix = match (&scope, native_id.split_once('/')) {
            (Scope::Agent { .. }, Some((_, agent))) => format!("{agent}/"),
            _ => String::new(),
        };
        let begun = tree.entries.first().map(|entry| entry.at);
        Self {
            builder,
            tree,
            path,
            native_id,
            prefix,
            openers: tree.openers(),
            inputs: Vec::with_capacity(tree.entries.len()),
            calls: FxHashMap::default(),
            answered: FxHashSet::default(),
            tool_starts: FxHashMap::default(),
            model: String::new(),
            provider: String::new(),
            thinking: None,
            progress: Progress::begun(begun.unwrap_or_default()),
            task: None,
            first_model: None,
            scope,
        }
    }

    /// Goes through all records.
    pub(super) fn run(&mut self) {
        let tree = self.tree;
        for (place, entry) in tree.entries.iter().enumerate() {
            let input = match entry.message() {
                Some(message) => self.message(place, entry, message),
                None => self.other(place, entry),
            };
            self.inputs.push(input);
        }
    }

    fn message(
        &mut self,
        place: usize,
        entry: &Entry<'_>,
        message: &Message<'_>,
    ) -> Option<InputPart> {
        match message.role.as_str() {
            "user" => self.user(place, entry, message),
            "assistant" => {
                self.assistant(place, entry, message);
                None
            }
            "toolResult" => self.result(place, entry, message),
            "bashExecution" | "pythonExecution" => self.shell_line(place, entry, message),
            "custom" | "hookMessage" | "fileMention" | "developer" | "branchSummary"
            | "compactionSummary" => {
                let text = message
                    .summary
                    .owned()
                    .unwrap_or_else(|| text_of(message.content));
                let name = message.custom_type.get().unwrap_or(message.role.as_str());
                self.context(place, entry, name, text)
            }
            // The prompt of the program itself, and which tools there are
            // (pi 0.87.1): no part of what was said.
            "system" => None,
            role => {
                self.builder
                    .decoded
                    .unknown_record(&format!("message of {role}"));
                None
            }
        }
    }

    fn user(
        &mut self,
        place: usize,
        entry: &Entry<'_>,
        message: &Message<'_>,
    ) -> Option<InputPart> {
        let text = text_of(message.content);
        let opens = match self.scope {
            Scope::Session(_) => self.openers[place] == Some(place),
            Scope::Agent { .. } => self.task.is_none(),
        };
        if opens {
            self.task.get_or_insert_with(|| text.clone());
            return Some(InputPart::Prompt { text });
        }
        if message.synthetic.0 || message.attribution.as_str() == "agent" {
            return self.context(place, entry, "message", text);
        }
        // Sent while the agent worked.
        self.event(
            place,
            entry,
            EventKind::Other,
            "message",
            Some(text.clone()),
            None,
        );
        Some(InputPart::Prompt { text })
    }

    /// The turn of a record; none before the first.
    pub(super) fn turn(&self, place: usize) -> Option<usize> {
        match &self.scope {
            Scope::Session(turns) => turns.get(place).copied().flatten(),
            Scope::Agent { turn, .. } => Some(*turn),
        }
    }

    /// The span that model calls and events hang under.
    pub(super) fn parent(&self, turn: usize) -> SpanId {
        match &self.scope {
            Scope::Session(_) => self.builder.turns[turn].spans[0].id,
            Scope::Agent { run, .. } => *run,
        }
    }

    /// Notes how far the turn, or the subagent, has come.
    pub(super) fn reach(&mut self, turn: usize, status: TurnStatus, at: Timestamp) {
        self.progress_of(turn).reach(status, at);
    }

    pub(super) fn progress_of(&mut self, turn: usize) -> &mut Progress {
        match self.scope {
            Scope::Session(_) => &mut self.builder.turns[turn].progress,
            Scope::Agent { .. } => &mut self.progress,
        }
    }

    /// What names a record's span within the session.
    pub(super) fn span_key(&self, entry: &Entry<'_>) -> String {
        format!("{}{}", self.prefix, entry.key())
    }

    /// What an answer adds to the conversation since the one before it.
    pub(super) fn input_since_last_answer(&self, entry: &Entry<'_>) -> Vec<InputPart> {
        let mut input = Vec::new();
        for before in self.tree.upward(entry.parent) {
            if self.answered.contains(&before) {
                break;
            }
            input.extend(self.inputs[before].clone());
            let is_session = matches!(self.scope, Scope::Session(_));
            if is_session && self.openers[before] == Some(before) {
                break;
            }
        }
        input.reverse();
        input
    }

    pub(super) fn inconsistent(&mut self, entry: &Entry<'_>, message: String) {
        self.builder.decoded.problem(Problem {
            kind: ProblemKind::Inconsistent,
            file: self.path.to_owned(),
            line: Some(entry.line.number),
            message,
        });
    }
}
