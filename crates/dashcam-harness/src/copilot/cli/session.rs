//! Reads a session's events, one by one, into turns and their spans.

use super::super::text::Text;
use super::agents::Worker;
use super::records::{Context, Line, SessionStart};
use super::turns::OpenTurn;
use super::workspace::Workspace;
use super::{EVENTS, WORKSPACE};
use crate::lines::{lines, repair_surrogates};
use crate::{Decoded, Evidence};
use dashcam_trace::{
    Git, Harness, Image, Problem, ProblemKind, Session, SessionId, Sources, Span, SpanBody, SpanId,
    SpanKind, Status, Timestamp, Timing,
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use std::path::Path;

/// Decodes one session from all its files.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let mut workspace = Workspace::default();
    let mut reader = Reader::new(evidence.native_id, &mut decoded);
    for file in &evidence.files {
        let name = Path::new(file.path)
            .file_name()
            .and_then(|name| name.to_str());
        match name {
            Some(WORKSPACE) => workspace = Workspace::read(&file.bytes),
            // Where a flat file of an older version was moved into a folder,
            // the folder's has it all.
            Some(name) if name != EVENTS && has_folder(evidence) => {}
            _ => reader.file(file.path, &file.bytes),
        }
    }
    let session = reader.finish(evidence.native_id, workspace);
    decoded.session = session;
    decoded
}

fn has_folder(evidence: &Evidence<'_>) -> bool {
    evidence
        .files
        .iter()
        .any(|file| file.path.ends_with(EVENTS))
}

/// Where a span stands: its turn, its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) turn: usize,
    pub(super) span: usize,
}

/// Reads one session.
#[derive(Debug)]
pub(super) struct Reader<'d> {
    pub(super) decoded: &'d mut Decoded,
    pub(super) session: SessionId,
    used: FxHashSet<SpanId>,
    file: String,
    line: u64,
    /// When the event at hand was written.
    pub(super) at: Timestamp,
    /// The id of the event at hand, or its place where it has none.
    pub(super) event: String,
    pub(super) turns: Vec<OpenTurn>,
    /// Events before the first turn.
    pub(super) before: Vec<Span>,
    /// The session's own agent (`""`) and its subagents, by id.
    pub(super) workers: FxHashMap<String, Worker>,
    /// Model calls by response id.
    pub(super) responses: FxHashMap<String, Place>,
    /// Tool calls by call id.
    pub(super) calls: FxHashMap<String, Place>,
    /// Shell lines of the person's, by call id.
    pub(super) shell_lines: FxHashMap<String, Place>,
    /// Questions for permission, by request id.
    pub(super) permissions: FxHashMap<String, Place>,
    /// Images that messages and results refer to.
    pub(super) assets: FxHashMap<String, Image>,
    /// System prompts seen, so that each is told once.
    pub(super) prompts_seen: FxHashSet<String>,
    pub(super) model: Option<String>,
    /// Who answered last: not every call tells.
    pub(super) provider: Option<String>,
    created: Option<Timestamp>,
    version: Option<String>,
    cwd: Option<String>,
    git: Git,
}

impl<'d> Reader<'d> {
    fn new(native_id: &str, decoded: &'d mut Decoded) -> Self {
        Self {
            decoded,
            session: SessionId::derive(Harness::Copilot, native_id),
            used: FxHashSet::default(),
            file: String::new(),
            line: 0,
            at: Timestamp::UNIX_EPOCH,
            event: String::new(),
            turns: Vec::new(),
            before: Vec::new(),
            workers: FxHashMap::default(),
            responses: FxHashMap::default(),
            calls: FxHashMap::default(),
            shell_lines: FxHashMap::default(),
            permissions: FxHashMap::default(),
            assets: FxHashMap::default(),
            prompts_seen: FxHashSet::default(),
            model: None,
            provider: None,
            created: None,
            version: None,
            cwd: None,
            git: Git::default(),
        }
    }

    fn file(&mut self, path: &str, bytes: &[u8]) {
        path.clone_into(&mut self.file);
        let bytes = repair_surrogates(bytes);
        for line in lines(&bytes) {
            self.line = line.number;
            if line.is_blank() {
                continue;
            }
            self.decoded.lines += 1;
            if let Some(record) = line.parse_or_note::<Line<'_>>(path, self.decoded) {
                self.record(&record);
            }
        }
    }

    fn record(&mut self, line: &Line<'_>) {
        match line.timestamp.get().map(str::parse::<Timestamp>) {
            Some(Ok(at)) => self.at = at,
            _ => self.problem(
                ProblemKind::UnexpectedShape,
                "no time; the previous event's is used".to_owned(),
            ),
        }
        self.event = match line.id.get() {
            Some(id) => id.to_owned(),
            None => format!("line {}", self.line),
        };
        let agent = line.agent_id.get().unwrap_or_default();
        let kind = line.kind.get().unwrap_or_default();
        match kind {
            "session.start" | "session.resume" => {
                self.with(line, |reader, start| reader.session_start(start));
            }
            "user.message" => self.with(line, |reader, m| reader.user_message(agent, m)),
            "assistant.turn_start" => self.with(line, |reader, s| reader.step_start(agent, s)),
            "assistant.turn_end" => self.with(line, |reader, s| reader.step_end(agent, s)),
            "session.usage_record" => {
                self.with(line, |reader, usage| reader.usage(agent, usage, &line.id));
            }
            "assistant.message" => self.with(line, |reader, m| reader.message(agent, m)),
            "tool.execution_start" => self.with(line, |reader, t| reader.tool_start(agent, t)),
            "tool.user_requested" => self.with(line, |reader, t| reader.shell_line(t)),
            "tool.execution_complete" => self.with(line, |reader, t| reader.tool_complete(t)),
            "subagent.started" => self.with(line, |reader, s| reader.agent_started(agent, s)),
            "subagent.completed" | "subagent.failed" => {
                self.with(line, |reader, s| reader.agent_ended(agent, s));
            }
            "session.binary_asset" => self.with(line, |reader, asset| reader.asset(asset)),
            _ => self.other(kind, agent, line),
        }
    }

    /// Reads an event's data and goes on with it.
    pub(super) fn with<'a, T: Deserialize<'a>>(
        &mut self,
        line: &Line<'a>,
        then: impl FnOnce(&mut Self, &T),
    ) {
        let data = line.data.map_or("{}", |data| data.get());
        match serde_json::from_str::<T>(data) {
            Ok(data) => then(self, &data),
            Err(error) => {
                let kind = line.kind.get().unwrap_or_default();
                self.problem(ProblemKind::UnexpectedShape, format!("`{kind}`: {error}"));
            }
        }
    }

    fn session_start(&mut self, start: &SessionStart<'_>) {
        if self.created.is_none() {
            let stamped = start.start_time.get().and_then(|stamp| stamp.parse().ok());
            self.created = Some(stamped.unwrap_or(self.at));
        }
        if let Some(version) = start.copilot_version.owned() {
            self.version = Some(version);
        }
        if let Some(model) = start.selected_model.owned() {
            self.model = Some(model);
        }
        if let Some(context) = &start.context {
            self.context(context);
        }
    }

    /// Where the session began; later places are not its own.
    pub(super) fn context(&mut self, context: &Context<'_>) {
        fn fill(known: &mut Option<String>, told: &Text<'_>) {
            if known.is_none() {
                *known = told.owned();
            }
        }
        fill(&mut self.cwd, &context.cwd);
        fill(&mut self.git.branch, &context.branch);
        fill(&mut self.git.commit, &context.head_commit);
        if self.git.remote.is_none() {
            self.git.remote = context.remote();
        }
    }

    pub(super) fn problem(&mut self, kind: ProblemKind, message: String) {
        self.decoded.problem(Problem {
            kind,
            file: self.file.clone(),
            line: Some(self.line),
            message,
        });
    }

    /// The id of a span, each once.
    pub(super) fn span_id(&mut self, kind: SpanKind, native_id: &str) -> SpanId {
        let id = self.session.span(kind, native_id);
        if self.used.insert(id) {
            return id;
        }
        let mut copy = 2_u32;
        loop {
            let id = self.session.span(kind, &format!("{native_id}#{copy}"));
            if self.used.insert(id) {
                return id;
            }
            copy += 1;
        }
    }

    /// A span of this moment.
    pub(super) fn new_span(&mut self, native_id: &str, name: &str, body: SpanBody) -> Span {
        let mut span = Span {
            id: SpanId::from_bytes([0; 8]),
            parent: None,
            name: name.to_owned(),
            start: self.at,
            end: Some(self.at),
            status: Status::Ok,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body,
        };
        span.id = self.span_id(span.kind(), native_id);
        span
    }

    pub(super) fn span(&mut self, place: Place) -> &mut Span {
        &mut self.turns[place.turn].spans[place.span]
    }

    pub(super) fn push(&mut self, turn: usize, span: Span) -> Place {
        let spans = &mut self.turns[turn].spans;
        spans.push(span);
        Place {
            turn,
            span: spans.len() - 1,
        }
    }

    fn finish(mut self, native_id: &str, workspace: Workspace) -> Option<Session> {
        let turns = self.finished_turns();
        let first = turns.first()?.start;
        let steps = turns.iter().flat_map(|turn| &turn.spans);
        let last = steps.map(|span| span.end.unwrap_or(span.start)).max();
        let started_at = self.created.map_or(first, |created| created.min(first));
        Some(Session {
            harness: Harness::Copilot,
            id: self.session,
            native_id: native_id.to_owned(),
            title: workspace.name,
            cwd: self.cwd.or(workspace.cwd),
            git: Git {
                branch: self.git.branch.or(workspace.branch),
                ..self.git
            },
            version: self.version,
            entrypoint: workspace.client_name,
            started_at,
            ended_at: last.unwrap_or(first).max(started_at),
            parent: None,
            outcome: None,
            turns,
        })
    }
}
