//! Puts a session together from the rollouts of its threads.

use super::meta::Origin;
use super::nest::nest;
use super::thread::{Ids, Thread, ThreadReader, ThreadTurn};
use crate::{Decoded, Evidence, EvidenceFile};
use dashcam_trace::{
    Harness, Parent, ParentRelation, Problem, ProblemKind, Session, SessionId, Span, SpanBody,
    SpanKind, Status, Timing, Turn, TurnStatus,
};
use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;
use std::path::Path;

/// Decodes one session from all its rollouts.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let mut ids = Ids::new(evidence.native_id);
    let mut threads: Vec<Thread> = Vec::new();
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    // Of two files of one thread, the larger tells more.
    let mut files: Vec<&EvidenceFile<'_>> = evidence.files.iter().collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.bytes.len()));
    for file in files {
        if let Some(&place) = places.get(file.native_id) {
            let more = read_again(file, &mut ids, &mut decoded);
            continue_thread(&mut threads[place], more);
            continue;
        }
        places.insert(file.native_id.to_owned(), threads.len());
        let (path, id) = (file.path, file.native_id);
        threads.push(ThreadReader::read(
            path,
            id,
            &file.bytes,
            &mut ids,
            &mut decoded,
        ));
    }
    let Some(root) = places
        .get(evidence.native_id)
        .copied()
        .or((!threads.is_empty()).then_some(0))
    else {
        return decoded;
    };
    threads.swap(0, root);
    // Otherwise by path, for the order must not depend on sizes.
    threads[1..].sort_by(|a, b| a.file.cmp(&b.file));
    let root = nest(threads, &mut ids, &mut decoded);
    let session = session(root, evidence.native_id, &mut ids, &mut decoded);
    decoded.session = session;
    decoded
}

/// Reads another file of a thread that was read already. That it repeats what
/// the first one says is no problem.
fn read_again(file: &EvidenceFile<'_>, ids: &mut Ids, decoded: &mut Decoded) -> Thread {
    let mut again = Decoded::default();
    let thread = ThreadReader::read(file.path, file.native_id, &file.bytes, ids, &mut again);
    decoded.lines += again.lines;
    for problem in again.problems {
        if problem.kind != ProblemKind::Inconsistent {
            decoded.problem(problem);
        }
    }
    for kind in again.unknown_records.keys() {
        decoded.unknown_record(kind);
    }
    for image in again.images {
        decoded.keep_image(&image.media_type, image.bytes);
    }
    thread
}

/// A thread may lie in two files: moved to the archive while it was read, or
/// resumed into a new file. What both hold is taken from the first.
fn continue_thread(thread: &mut Thread, more: Thread) {
    let known: FxHashSet<String> = thread
        .turns
        .iter()
        .map(|turn| turn.native_id.clone())
        .collect();
    let offset = thread.turns.len();
    let mut moved = FxHashMap::default();
    for (index, turn) in more.turns.into_iter().enumerate() {
        if !known.contains(&turn.native_id) {
            moved.insert(index, thread.turns.len());
            thread.turns.push(turn);
        }
    }
    for mut link in more.links {
        if let Some(&turn) = moved.get(&link.turn) {
            link.turn = turn;
            thread.links.push(link);
        }
    }
    if thread.turns.len() > offset {
        thread.title = more.title.or_else(|| thread.title.take());
        thread.version = more.version.or_else(|| thread.version.take());
    }
}

fn session(root: Thread, native_id: &str, ids: &mut Ids, decoded: &mut Decoded) -> Option<Session> {
    let first = root.turns.first()?.start;
    let parent = match &root.origin {
        Origin::Begun => None,
        Origin::Fork { of } => Some((of, ParentRelation::Fork)),
        Origin::Subagent { of } => Some((of, ParentRelation::Subagent)),
    };
    let mut turn_ids = FxHashSet::default();
    let mut turns: Vec<ThreadTurn> = root.turns;
    turns.sort_by_key(|turn| turn.start);
    let turns: Vec<Turn> = turns
        .into_iter()
        .enumerate()
        .map(|(index, turn)| {
            let mut id = ids.session.turn(&turn.native_id);
            if turn_ids.contains(&id) {
                decoded.problem(Problem {
                    kind: ProblemKind::Inconsistent,
                    file: root.file.clone(),
                    line: None,
                    message: format!("turn `{}` is recorded twice", turn.native_id),
                });
            }
            while !turn_ids.insert(id) {
                id = ids
                    .session
                    .turn(&format!("{}#{}", turn.native_id, turn_ids.len()));
            }
            finished_turn(turn, id, index as u32, ids)
        })
        .collect();
    let last = turns
        .iter()
        .flat_map(|turn| &turn.spans)
        .map(|span| span.end.unwrap_or(span.start))
        .max()
        .unwrap_or(first);
    let started_at = root.created.map_or(first, |created| created.min(first));
    Some(Session {
        harness: Harness::Codex,
        id: ids.session,
        native_id: native_id.to_owned(),
        title: root.title,
        cwd: root.cwd,
        git: root.git,
        version: root.version,
        entrypoint: root.entrypoint,
        started_at,
        ended_at: last.max(started_at),
        parent: parent.map(|(of, relation)| Parent {
            session: SessionId::derive(Harness::Codex, of),
            span: None,
            relation,
        }),
        outcome: None,
        turns,
    })
}

fn finished_turn(turn: ThreadTurn, id: dashcam_trace::TurnId, index: u32, ids: &mut Ids) -> Turn {
    let (span_id, _) = ids.span(SpanKind::Turn, &turn.native_id);
    let status = match turn.status {
        TurnStatus::Completed => Status::Ok,
        TurnStatus::Interrupted => Status::Interrupted,
        TurnStatus::Failed => Status::Error,
        TurnStatus::Unfinished => Status::Unfinished,
    };
    let measured = turn.marked && turn.end.is_some() && turn.status != TurnStatus::Unfinished;
    let mut spans = Vec::with_capacity(turn.spans.len() + 1);
    spans.push(Span {
        id: span_id,
        parent: None,
        name: "turn".to_owned(),
        start: turn.start,
        end: turn.end,
        status,
        error: turn.error,
        timing: if measured {
            Timing::Measured
        } else {
            Timing::Derived
        },
        sources: dashcam_trace::Sources::TRANSCRIPT,
        body: SpanBody::Turn,
    });
    let mut rest = turn.spans;
    rest.sort_by_key(|span| span.start);
    for mut span in rest {
        span.parent.get_or_insert(span_id);
        spans.push(span);
    }
    Turn {
        id,
        index,
        prompt: turn.prompt,
        start: turn.start,
        end: turn.end,
        status: turn.status,
        abandoned: turn.abandoned,
        copied_from: None,
        spans,
    }
}

/// The path of a rollout: `rollout-<time>-<thread>.jsonl`, or compressed.
pub(super) fn is_rollout(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let plain = name.strip_suffix(".zst").unwrap_or(name);
    name.starts_with("rollout-") && plain.strip_suffix(".jsonl").is_some()
}
