//! Puts a session together from its own messages and its subagents'.

use super::nest::{Children, nest, put_below};
use super::read::{Thread, threads};
use super::records::time;
use super::runs::{Ids, Run, runs};
use crate::lines::repair_surrogates;
use crate::{Decoded, Evidence};
use dashcam_trace::{
    Git, Harness, Parent, ParentRelation, Session, SessionId, Sources, Span, SpanBody, SpanKind,
    Status, Timing, Turn, TurnStatus,
};
use std::borrow::Cow;

/// Decodes one session.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let texts: Vec<Cow<'_, [u8]>> = evidence
        .files
        .iter()
        .map(|file| repair_surrogates(&file.bytes))
        .collect();
    let mut threads = threads(evidence, &texts, &mut decoded);
    let mut ids = Ids::new(SessionId::derive(Harness::OpenCode, evidence.native_id));
    let root = threads.remove(evidence.native_id).unwrap_or_default();
    let mut turns = runs(&root, &mut ids, &mut decoded);
    let mut children: Children = threads
        .into_iter()
        .map(|(id, thread)| (id.to_owned(), runs(&thread, &mut ids, &mut decoded).into()))
        .collect();
    for turn in &mut turns {
        nest(turn, &mut children, &mut ids);
    }
    adopt(&mut turns, children, &mut ids);
    decoded.session = session(&root, evidence.native_id, turns, &mut ids);
    decoded
}

/// Agents that no recorded call started: they belong to the turn that they
/// began in.
fn adopt(turns: &mut [Run], mut children: Children, ids: &mut Ids) {
    while let Some((session, runs)) = children.pop_first() {
        for child in runs {
            let place = turns.iter().rposition(|turn| turn.start <= child.start);
            let Some(turn) = turns.get_mut(place.unwrap_or_default()) else {
                return;
            };
            let mut child = child;
            turn.links.append(&mut child.links);
            put_below(turn, child, &session, None, ids);
            nest(turn, &mut children, ids);
        }
    }
}

fn session(root: &Thread<'_>, native_id: &str, runs: Vec<Run>, ids: &mut Ids) -> Option<Session> {
    let first = runs.first()?.start;
    let record = &root.record;
    let times = record.time.0.unwrap_or_default();
    let created = time(record.time_created).or_else(|| time(times.created));
    // A fork begins later than the messages that it copied.
    let started_at = created.unwrap_or(first);
    let turns: Vec<Turn> = runs
        .into_iter()
        .enumerate()
        .map(|(index, run)| turn(run, index as u32, ids))
        .collect();
    let last = turns
        .iter()
        .flat_map(|turn| &turn.spans)
        .map(|span| span.end.unwrap_or(span.start))
        .max();
    Some(Session {
        harness: Harness::OpenCode,
        id: ids.session,
        native_id: native_id.to_owned(),
        title: record.title.owned().filter(|title| !is_preliminary(title)),
        cwd: record.directory.owned(),
        git: Git::default(),
        version: record.version.owned(),
        entrypoint: None,
        started_at,
        ended_at: last.unwrap_or(first).max(started_at),
        parent: record.parent_id.get().map(|parent| Parent {
            session: SessionId::derive(Harness::OpenCode, parent),
            span: None,
            relation: ParentRelation::Subagent,
        }),
        outcome: None,
        turns,
    })
}

/// The title until a model has made one: `New session - 2026-11-23T…`.
fn is_preliminary(title: &str) -> bool {
    title.starts_with("New session - ") || title.starts_with("Child session - ")
}

fn turn(run: Run, index: u32, ids: &mut Ids) -> Turn {
    let id = ids.session.turn(&run.native_id);
    let span_id = ids.span(SpanKind::Turn, &run.native_id);
    let status = match run.status {
        TurnStatus::Completed => Status::Ok,
        TurnStatus::Interrupted => Status::Interrupted,
        TurnStatus::Failed => Status::Error,
        TurnStatus::Unfinished => Status::Unfinished,
    };
    let mut spans = Vec::with_capacity(run.spans.len() + 1);
    spans.push(Span {
        id: span_id,
        parent: None,
        name: "turn".to_owned(),
        start: run.start,
        end: run.end.map(|end| end.max(run.start)),
        status,
        error: run.error,
        timing: Timing::Measured,
        sources: Sources::TRANSCRIPT,
        body: SpanBody::Turn,
    });
    let mut rest = run.spans;
    rest.sort_by_key(|span| span.start);
    spans.extend(rest.into_iter().map(|mut span| {
        span.parent.get_or_insert(span_id);
        span
    }));
    Turn {
        id,
        index,
        prompt: run.prompt,
        start: run.start,
        end: spans[0].end,
        status: run.status,
        abandoned: run.is_reverted,
        copied_from: None,
        spans,
    }
}
