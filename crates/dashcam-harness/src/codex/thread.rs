//! One rollout file, read line by line into turns.
//!
//! A thread does not know the session it is part of: its spans without a
//! parent are given one when [`super::decode`] puts the session together.

use super::calls::OpenCall;
use super::counting::{Counting, ResponseUsage};
use super::facts::Facts;
use super::meta::{self, Origin};
use super::records::{
    Compacted, Event, Item, Kind, Line, ResponseItem, SessionMeta, TokenUsageRecord, TurnContext,
    owned, shaped, text,
};
use super::tool_calls::ToolEntry;
use crate::Decoded;
use crate::lines::lines;
use dashcam_trace::{
    Git, Harness, InputPart, Problem, ProblemKind, Prompt, SessionId, Sources, Span, SpanBody,
    SpanId, SpanKind, Status, Timestamp, Timing, TurnStatus,
};
use memchr::memmem;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Hands out span ids, each once.
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) session: SessionId,
    used: FxHashSet<SpanId>,
}

impl Ids {
    pub(super) fn new(native_id: &str) -> Self {
        let session = SessionId::derive(Harness::Codex, native_id);
        Self {
            session,
            used: FxHashSet::default(),
        }
    }

    /// The id of a span, and whether its native id was taken before.
    pub(super) fn span(&mut self, kind: SpanKind, native_id: &str) -> (SpanId, bool) {
        let id = self.session.span(kind, native_id);
        if self.used.insert(id) {
            return (id, false);
        }
        let mut copy = 2_u32;
        loop {
            let id = self.session.span(kind, &format!("{native_id}#{copy}"));
            if self.used.insert(id) {
                return (id, true);
            }
            copy += 1;
        }
    }
}

/// What a rollout tells of.
#[derive(Debug, Default)]
pub(super) struct Thread {
    pub(super) id: String,
    pub(super) file: String,
    pub(super) origin: Origin,
    pub(super) created: Option<Timestamp>,
    pub(super) cwd: Option<String>,
    pub(super) git: Git,
    pub(super) version: Option<String>,
    pub(super) entrypoint: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) title: Option<String>,
    pub(super) agent_nickname: Option<String>,
    pub(super) agent_role: Option<String>,
    pub(super) agent_path: Option<String>,
    pub(super) turns: Vec<ThreadTurn>,
    pub(super) links: Vec<Link>,
}

/// A turn of one thread.
#[derive(Debug)]
pub(super) struct ThreadTurn {
    pub(super) native_id: String,
    /// Whether the rollout marks its beginning, so that its end is marked too.
    pub(super) marked: bool,
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
    pub(super) status: TurnStatus,
    pub(super) error: Option<String>,
    pub(super) prompt: Prompt,
    pub(super) answer: Option<String>,
    pub(super) abandoned: bool,
    pub(super) spans: Vec<Span>,
}

impl ThreadTurn {
    /// When its last step ended, or began.
    pub(super) fn last_seen(&self) -> Timestamp {
        let steps = self.spans.iter().map(|span| span.end.unwrap_or(span.start));
        steps.max().unwrap_or(self.start).max(self.start)
    }
}

/// A call that started or addressed another thread.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) call: SpanId,
    pub(super) turn: usize,
    pub(super) at: Timestamp,
    /// The other thread: its id, or its path among the agents.
    pub(super) other: String,
}

/// A message with the role of the user, until it is known whose it is.
#[derive(Debug)]
pub(super) struct PendingMessage {
    pub(super) text: String,
    /// Addresses, of data or of files.
    pub(super) images: Vec<String>,
    pub(super) kind: &'static str,
    pub(super) at: Timestamp,
}

/// Reads one rollout.
pub(super) struct ThreadReader<'d> {
    pub(super) decoded: &'d mut Decoded,
    pub(super) ids: &'d mut Ids,
    pub(super) thread: Thread,
    pub(super) counting: Counting,
    /// Where the reader stands.
    pub(super) at: Timestamp,
    pub(super) ordinal: Option<u64>,
    pub(super) line: u64,
    /// Whether the file marks the person's messages as such.
    pub(super) marks_prompts: bool,
    /// Whether the file tells of tokens at all.
    pub(super) tells_usage: bool,
    // What is in force.
    pub(super) model: Option<String>,
    pub(super) effort: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) service_tier: Option<String>,
    pub(super) approval: Option<String>,
    // What is under way.
    pub(super) current: Option<usize>,
    pub(super) between_turns: Vec<Span>,
    pub(super) messages: Vec<PendingMessage>,
    pub(super) input: Vec<InputPart>,
    pub(super) ready_at: Option<Timestamp>,
    pub(super) open: Option<OpenCall>,
    pub(super) early_usage: Option<(ResponseUsage, Timestamp)>,
    pub(super) usage_comes_first: Option<bool>,
    pub(super) retries: u32,
    pub(super) calls: FxHashMap<String, ToolEntry>,
    pub(super) early_facts: FxHashMap<String, Facts>,
    /// The calls of this turn that ran scripts, by call id.
    pub(super) scripts: Vec<String>,
}

impl<'d> ThreadReader<'d> {
    /// Reads a rollout's bytes.
    pub(super) fn read(
        file: &str,
        native_id: &str,
        bytes: &[u8],
        ids: &'d mut Ids,
        decoded: &'d mut Decoded,
    ) -> Thread {
        let marks = |mark: &str| memmem::find(bytes, mark.as_bytes()).is_some();
        let mut reader = Self {
            decoded,
            ids,
            thread: Thread {
                id: native_id.to_owned(),
                file: file.to_owned(),
                ..Thread::default()
            },
            counting: Counting::default(),
            at: Timestamp::UNIX_EPOCH,
            ordinal: None,
            line: 0,
            marks_prompts: marks("\"user_message\"") || marks("\"UserMessage\""),
            tells_usage: marks("\"token_usage_record\"") || marks("\"total_token_usage\""),
            model: None,
            effort: None,
            summary: None,
            service_tier: None,
            approval: None,
            current: None,
            between_turns: Vec::new(),
            messages: Vec::new(),
            input: Vec::new(),
            ready_at: None,
            open: None,
            early_usage: None,
            usage_comes_first: None,
            retries: 0,
            calls: FxHashMap::default(),
            early_facts: FxHashMap::default(),
            scripts: Vec::new(),
        };
        reader.lines(bytes);
        reader.finish();
        reader.thread
    }

    fn lines(&mut self, bytes: &[u8]) {
        for line in lines(bytes) {
            self.line = line.number;
            if line.is_blank() {
                continue;
            }
            self.decoded.lines += 1;
            if let Some(record) = line.parse_or_note(&self.thread.file, self.decoded) {
                self.record(&record, line.bytes);
            }
        }
    }

    fn record(&mut self, line: &Line<'_>, bytes: &[u8]) {
        self.ordinal = line.ordinal;
        if let Some(stamp) = text(line.timestamp.as_ref()) {
            match stamp.parse::<Timestamp>() {
                Ok(at) => self.at = at,
                Err(_) => self.problem(
                    ProblemKind::UnexpectedShape,
                    format!("`{stamp}` is no time; the previous record's is used"),
                ),
            }
        }
        if let Some(heading) = meta::heading(line, bytes) {
            return self.session_meta(&heading);
        }
        match text(line.kind.as_ref()).unwrap_or_default() {
            "turn_context" => self.with(line.payload, Self::turn_context),
            "token_usage_record" => self.with(line.payload, Self::token_usage_record),
            "event_msg" => self.with(line.payload, Self::event_msg),
            "response_item" => self.with(line.payload, |reader, item| {
                if !reader.passes_over() {
                    reader.response_item(item);
                }
            }),
            "compacted" => self.with(line.payload, |reader, compacted: &Compacted<'_>| {
                if !reader.passes_over() {
                    reader.compacted(compacted);
                }
            }),
            // The state of the client, and what is written elsewhere as well.
            "world_state"
            | "inter_agent_communication"
            | "inter_agent_communication_metadata"
            | "thread_settings_applied"
            | "security_risk_score"
            | "ghost_snapshot" => {}
            "session_meta" => {
                self.problem(
                    ProblemKind::UnexpectedShape,
                    "a heading without shape".to_owned(),
                );
            }
            "" if line.record_type.is_some() => {}
            // Old rollouts: the line itself is what went to or from the model.
            kind if line.payload.is_none() && is_response_item(kind) => {
                match serde_json::from_slice::<ResponseItem<'_>>(bytes) {
                    Ok(item) => self.response_item(&item),
                    Err(error) => self.problem(ProblemKind::UnexpectedShape, error.to_string()),
                }
            }
            "" => self.decoded.unknown_record("(no type)"),
            kind => self.decoded.unknown_record(kind),
        }
    }

    /// Reads a payload and goes on with it.
    fn with<'a, T: serde::Deserialize<'a>>(
        &mut self,
        payload: Option<&'a RawValue>,
        then: impl FnOnce(&mut Self, &T),
    ) {
        let Some(payload) = payload else {
            return self.problem(ProblemKind::UnexpectedShape, "no payload".to_owned());
        };
        match serde_json::from_str::<T>(payload.get()) {
            Ok(record) => then(self, &record),
            Err(error) => {
                let kind = shaped::<Kind<'_>>(Some(payload)).unwrap_or_default().kind;
                let kind = text(kind.as_ref()).unwrap_or("payload").to_owned();
                self.problem(ProblemKind::UnexpectedShape, format!("`{kind}`: {error}"));
            }
        }
    }

    /// Whether the record is a copy that belongs to another file.
    pub(super) fn passes_over(&self) -> bool {
        self.counting.leaves_out_copies() && self.counting.is_copied(self.at, self.ordinal)
    }

    fn session_meta(&mut self, meta: &SessionMeta<'_>) {
        let stamped = text(meta.timestamp.as_ref()).and_then(|stamp| stamp.parse().ok());
        if self.at == Timestamp::UNIX_EPOCH
            && let Some(stamped) = stamped
        {
            self.at = stamped;
        }
        self.counting.session_meta(meta, self.at);
        if self.thread.created.is_some() {
            return; // A copied heading, or the same once more.
        }
        let spawn = meta::thread_spawn(meta.source).unwrap_or_default();
        let git = meta.git.clone().unwrap_or_default();
        let thread = &mut self.thread;
        thread.created = Some(stamped.unwrap_or(self.at));
        thread.origin = Origin::of(meta);
        thread.cwd = owned(meta.cwd.as_ref());
        thread.git = Git {
            branch: owned(git.branch.as_ref()),
            commit: owned(git.commit_hash.as_ref()),
            remote: owned(git.repository_url.as_ref()),
        };
        thread.version = owned(meta.cli_version.as_ref());
        thread.entrypoint = meta::entrypoint(meta);
        thread.provider =
            Some(owned(meta.model_provider.as_ref()).unwrap_or_else(|| "openai".to_owned()));
        thread.agent_nickname =
            owned(meta.agent_nickname.as_ref()).or_else(|| owned(spawn.agent_nickname.as_ref()));
        thread.agent_role =
            owned(meta.agent_role.as_ref()).or_else(|| owned(spawn.agent_role.as_ref()));
        thread.agent_path =
            owned(meta.agent_path.as_ref()).or_else(|| owned(spawn.agent_path.as_ref()));
    }

    fn turn_context(&mut self, context: &TurnContext<'_>) {
        self.counting
            .turn(text(context.turn_id.as_ref()), None, self.at, self.ordinal);
        if !self.passes_over() {
            self.settings(context);
        }
    }

    fn token_usage_record(&mut self, record: &TokenUsageRecord<'_>) {
        if let Some(usage) = self.counting.usage_record(record, self.at, self.ordinal) {
            self.usage(usage);
        }
    }

    fn event_msg(&mut self, event: &Event<'_>) {
        let kind = text(event.kind.as_ref()).unwrap_or_default();
        if matches!(kind, "task_started" | "turn_started") {
            let turn_id = text(event.turn_id.as_ref());
            self.counting
                .turn(turn_id, event.started_at, self.at, self.ordinal);
        }
        if kind == "token_count" {
            let usage = event
                .info
                .as_ref()
                .and_then(|info| self.counting.token_count(info, self.at, self.ordinal));
            if let Some(usage) = usage {
                self.usage(usage);
            }
        } else if !self.passes_over() {
            self.event(kind, event);
        }
    }

    /// Reads the item of an `item_completed`.
    pub(super) fn item<'a>(&mut self, raw: Option<&'a RawValue>) -> Option<Item<'a>> {
        match serde_json::from_str::<Item<'a>>(raw?.get()) {
            Ok(item) => Some(item),
            Err(error) => {
                let message = format!("`item_completed.item`: {error}");
                self.problem(ProblemKind::UnexpectedShape, message);
                None
            }
        }
    }

    pub(super) fn problem(&mut self, kind: ProblemKind, message: String) {
        let file = self.thread.file.clone();
        self.decoded.problem(Problem {
            kind,
            file,
            line: Some(self.line),
            message,
        });
    }

    /// A span id for something that Codex gave no id: by its place in the file.
    pub(super) fn id_by_place(&mut self, kind: SpanKind) -> SpanId {
        let place = format!("{}:{}", self.thread.id, self.line);
        self.ids.span(kind, &place).0
    }

    pub(super) fn new_span(&self, id: SpanId, name: &str, body: SpanBody) -> Span {
        Span {
            id,
            parent: None,
            name: name.to_owned(),
            start: self.at,
            end: Some(self.at),
            status: Status::Ok,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body,
        }
    }
}

fn is_response_item(kind: &str) -> bool {
    matches!(
        kind,
        "message"
            | "reasoning"
            | "function_call"
            | "function_call_output"
            | "local_shell_call"
            | "local_shell_call_output"
            | "custom_tool_call"
            | "custom_tool_call_output"
            | "web_search_call"
    )
}

/// A list that may hold anything, as far as it can be read.
pub(super) fn list<T: DeserializeOwned>(raw: Option<&RawValue>) -> Vec<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}
