//! Puts a chat together from all that is kept of it.
//!
//! The chat tells the turns; the transcript, where it is there too, when each
//! tool began and ended; debug logs what each model call took. A chat of
//! which only the transcript is left is told by that.

use super::debug_log::{ModelRequest, millis, requests};
use super::records::{Chat, Request};
use super::turn::{logged_call, logged_error, logged_turn, plain_id, turn};
use super::{Kind, mutation_log, place};
use crate::copilot::cli;
use crate::{Decoded, Evidence, EvidenceFile};
use dashcam_trace::{
    Git, Harness, Problem, ProblemKind, Session, SessionId, Span, SpanBody, SpanId, SpanKind,
    Status, Timestamp, Timing, Turn, TurnId,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;

/// How much earlier than its round a request may have begun: the clocks are
/// read at different places.
const SLACK_MS: i64 = 1_000;

/// Hands out ids, each once.
#[derive(Debug)]
pub(super) struct Ids {
    session: SessionId,
    spans: FxHashSet<SpanId>,
    turns: FxHashSet<TurnId>,
}

impl Ids {
    pub(super) fn span(&mut self, kind: SpanKind, native_id: &str) -> SpanId {
        let mut id = self.session.span(kind, native_id);
        let mut copy = 2_u32;
        while !self.spans.insert(id) {
            id = self.session.span(kind, &format!("{native_id}#{copy}"));
            copy += 1;
        }
        id
    }

    pub(super) fn turn(&mut self, native_id: &str) -> TurnId {
        let mut id = self.session.turn(native_id);
        let mut copy = 2_u32;
        while !self.turns.insert(id) {
            id = self.session.turn(&format!("{native_id}#{copy}"));
            copy += 1;
        }
        id
    }
}

/// Decodes one chat from all its files.
pub(in crate::copilot) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let mut ids = Ids {
        session: SessionId::derive(Harness::Copilot, evidence.native_id),
        spans: FxHashSet::default(),
        turns: FxHashSet::default(),
    };
    let chats = evidence
        .files
        .iter()
        .filter(|file| kind_of(file) == Some(Kind::Chat))
        .filter_map(|file| read_chat(file, &mut decoded));
    // Of the old file and the new one, the one that goes further.
    let chat = chats.max_by_key(|chat| chat.requests.len());
    let transcript = transcript(evidence, &mut decoded);
    let logs: Vec<(&str, Vec<ModelRequest>)> = evidence
        .files
        .iter()
        .filter_map(|file| match kind_of(file) {
            Some(Kind::DebugLog(name)) => {
                Some((name, requests(file.path, &file.bytes, &mut decoded)))
            }
            _ => None,
        })
        .collect();
    let session = chat
        .and_then(|chat| session_of_chat(evidence, chat, &mut ids, &mut decoded))
        .map(|mut session| {
            if let Some(transcript) = &transcript {
                add_times(&mut session, transcript);
            }
            session
        })
        .or(transcript)
        .or_else(|| session_of_logs(evidence.native_id, &logs, &mut ids));
    let session = session.map(|mut session| {
        session.entrypoint = Some("vscode".to_owned());
        ids.spans.extend(session.spans().map(|span| span.id));
        for (name, found) in logs {
            add_requests(&mut session, name, found, &mut ids);
        }
        put_in_order(&mut session);
        session
    });
    decoded.session = session;
    decoded
}

fn kind_of<'a>(file: &EvidenceFile<'a>) -> Option<Kind<'a>> {
    place(file.path).map(|(_, kind)| kind)
}

fn read_chat(file: &EvidenceFile<'_>, decoded: &mut Decoded) -> Option<Chat> {
    let bytes = crate::lines::repair_surrogates(&file.bytes);
    let is_whole = std::path::Path::new(file.path)
        .extension()
        .is_some_and(|extension| extension == "json");
    let state = if is_whole {
        decoded.lines += 1;
        match serde_json::from_slice(&bytes) {
            Ok(state) => Some(state),
            Err(error) => {
                problem(decoded, file.path, error.to_string());
                None
            }
        }
    } else {
        mutation_log::replay(file.path, &bytes, decoded)
    };
    match serde_json::from_value(state?) {
        Ok(chat) => Some(chat),
        Err(error) => {
            problem(decoded, file.path, error.to_string());
            None
        }
    }
}

fn problem(decoded: &mut Decoded, file: &str, message: String) {
    decoded.problem(Problem {
        kind: ProblemKind::UnexpectedShape,
        file: file.to_owned(),
        line: None,
        message,
    });
}

/// The extension's transcript, which is in the shape of the CLI's events.
fn transcript(evidence: &Evidence<'_>, decoded: &mut Decoded) -> Option<Session> {
    let files = evidence
        .files
        .iter()
        .filter(|file| matches!(place(file.path), Some((_, Kind::Transcript))))
        .map(|file| EvidenceFile {
            bytes: Cow::Borrowed(&*file.bytes),
            ..*file
        });
    let found = cli::decode(&Evidence {
        native_id: evidence.native_id,
        files: files.collect(),
    });
    decoded.lines += found.lines;
    for problem in found.problems {
        decoded.problem(problem);
    }
    for kind in found.unknown_records.keys() {
        decoded.unknown_record(kind);
    }
    found.session
}

fn session_of_chat(
    evidence: &Evidence<'_>,
    chat: Chat,
    ids: &mut Ids,
    decoded: &mut Decoded,
) -> Option<Session> {
    let created = chat.creation_date.and_then(millis);
    let mut at = created.unwrap_or(Timestamp::UNIX_EPOCH);
    let mut turns = Vec::new();
    for (index, request) in chat.requests.into_iter().enumerate() {
        match serde_json::from_value::<Request>(request) {
            Ok(request) => {
                let turn = turn(&request, turns.len(), at, ids);
                at = turn.end.unwrap_or(turn.start);
                turns.push(turn);
            }
            Err(error) => {
                let file = evidence.files.first().map_or("", |file| file.path);
                problem(decoded, file, format!("request {index}: {error}"));
            }
        }
    }
    let repository = chat.repo_data.unwrap_or_default();
    let started_at = created.unwrap_or(turns.first()?.start);
    Some(Session {
        title: chat.custom_title.filter(|title| !title.is_empty()),
        git: Git {
            branch: repository.local_branch,
            commit: repository.local_head_commit,
            remote: repository.remote_url,
        },
        ..session(ids.session, evidence.native_id, started_at, turns)
    })
}

/// A session of which nothing but debug logs is left.
fn session_of_logs(
    native_id: &str,
    logs: &[(&str, Vec<ModelRequest>)],
    ids: &mut Ids,
) -> Option<Session> {
    let found = logs.iter().flat_map(|(_, found)| found);
    let start = found.map(|request| request.start).min()?;
    let turn = logged_turn(ids, start);
    Some(session(ids.session, native_id, start, vec![turn]))
}

fn session(id: SessionId, native_id: &str, started_at: Timestamp, turns: Vec<Turn>) -> Session {
    Session {
        harness: Harness::Copilot,
        id,
        native_id: native_id.to_owned(),
        title: None,
        cwd: None,
        git: Git::default(),
        version: None,
        entrypoint: None,
        started_at,
        ended_at: started_at,
        parent: None,
        outcome: None,
        turns,
    }
}

/// Adds what a transcript knows better: where the chat works, and when its
/// tools began and ended.
fn add_times(session: &mut Session, transcript: &Session) {
    session.cwd = session.cwd.take().or_else(|| transcript.cwd.clone());
    session.version.clone_from(&transcript.version);
    let mut tools: FxHashMap<&str, &Span> = FxHashMap::default();
    for span in transcript.spans() {
        if let SpanBody::ToolCall(call) = &span.body {
            tools.insert(plain_id(call.call_id.as_deref().unwrap_or_default()), span);
        }
    }
    for turn in &mut session.turns {
        for span in &mut turn.spans {
            let SpanBody::ToolCall(call) = &mut span.body else {
                continue;
            };
            let id = call.call_id.as_deref().unwrap_or_default();
            let Some(seen) = tools.get(id).filter(|seen| seen.timing == Timing::Measured) else {
                continue;
            };
            (span.start, span.end) = (seen.start, seen.end);
            span.timing = Timing::Measured;
            if let SpanBody::ToolCall(told) = &seen.body
                && call.output.is_none()
            {
                call.output.clone_from(&told.output);
            }
            if seen.status == Status::Error && span.status == Status::Ok {
                (span.status, span.error) = (seen.status, seen.error.clone());
            }
        }
    }
}

/// Adds the model calls that a debug log tells of: to those that the chat has,
/// or beside them.
fn add_requests(session: &mut Session, log: &str, mut found: Vec<ModelRequest>, ids: &mut Ids) {
    found.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    let is_main = log == "main";
    let mut failed: Vec<Timestamp> = Vec::new();
    for request in found {
        let at = request.start;
        let turn = session.turns.iter().rposition(|turn| {
            turn.start.as_millisecond() <= at.as_millisecond().saturating_add(SLACK_MS)
        });
        let turn = &mut session.turns[turn.unwrap_or(0)];
        let own = turn.spans[0].id;
        let run = turn.spans.iter().find(|span| {
            matches!(&span.body, SpanBody::AgentRun(run) if !run.id.is_empty() && log.ends_with(&run.id))
        });
        let above = run.map_or(own, |run| run.id);
        if let Some(error) = &request.error {
            let span = logged_error(ids, &request.id, error, above, at);
            turn.spans.push(span);
            failed.push(at);
            continue;
        }
        let place = is_main.then(|| call_at(&turn.spans, own, at)).flatten();
        let place = place.unwrap_or_else(|| {
            let model = request.model.as_deref().unwrap_or("unknown");
            turn.spans
                .push(logged_call(ids, &request.id, model, above, at));
            turn.spans.len() - 1
        });
        let mut attempts = std::mem::take(&mut failed);
        let asked_by = (!is_main && above == own).then(|| log.split('-').next().unwrap_or(log));
        take_over(&mut turn.spans[place], request, &mut attempts, asked_by);
    }
}

/// The model call of the chat that a request at a moment belongs to: the
/// latest that had begun, if no other request is its own.
fn call_at(spans: &[Span], own: SpanId, at: Timestamp) -> Option<usize> {
    let at = at.as_millisecond().saturating_add(SLACK_MS);
    let calls = spans.iter().enumerate().filter(|(_, span)| {
        matches!(span.body, SpanBody::ModelCall(_))
            && span.parent == Some(own)
            && span.start.as_millisecond() <= at
    });
    let (place, span) = calls.max_by_key(|(place, span)| (span.start, *place))?;
    match &span.body {
        SpanBody::ModelCall(call) if call.tokens.is_none() => Some(place),
        _ => None,
    }
}

fn take_over(
    span: &mut Span,
    request: ModelRequest,
    attempts: &mut Vec<Timestamp>,
    asked_by: Option<&str>,
) {
    span.start = attempts.first().copied().unwrap_or(request.start);
    span.end = Some(request.end.max(span.start));
    span.timing = Timing::Measured;
    let SpanBody::ModelCall(call) = &mut span.body else {
        return;
    };
    if let Some(model) = request.model {
        span.name.clone_from(&model);
        call.model = model;
    }
    call.tokens = request.tokens;
    call.ttft_ms = request.ttft_ms;
    call.response_id = Some(request.id);
    if let Some(asked_by) = asked_by {
        call.parameters
            .push(("asked_by".to_owned(), asked_by.to_owned()));
    }
    if !attempts.is_empty() {
        call.retries = u32::try_from(attempts.len()).ok();
        attempts.push(request.start);
        call.attempts = std::mem::take(attempts);
    }
}

fn put_in_order(session: &mut Session) {
    for turn in &mut session.turns {
        if let Some(steps) = turn.spans.get_mut(1..) {
            steps.sort_by_key(|span| span.start);
        }
    }
    let seen = session.spans().map(|span| span.end.unwrap_or(span.start));
    session.ended_at = seen.max().unwrap_or_default().max(session.started_at);
    let first = session.turns.iter().map(|turn| turn.start).min();
    session.started_at = first.map_or(session.started_at, |first| first.min(session.started_at));
}
