//! From a conversation to a session.

use super::conversation::{Conversation, Step, Turn as Run, only};
use super::spans::{Place, Spans};
use dashcam_trace::{
    Git, Harness, Parent, ParentRelation, Prompt, Session, SessionId, Source, Span, SpanBody,
    SpanKind, Status, Timestamp, Timing, Turn, TurnId, TurnStatus,
};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// The conversations of subagents that no call has claimed yet, by id.
pub(super) type Children = BTreeMap<String, Conversation>;

/// What is known of a session besides its conversation.
pub(super) struct About<'a> {
    pub(super) native_id: &'a str,
    /// The conversation that started it, if that is not here.
    pub(super) parent: Option<&'a str>,
    /// When its evidence was last written, for sources that tell no times.
    pub(super) written: Option<Timestamp>,
}

/// Builds the session; `None` if nothing happened in it.
pub(super) fn session(
    mut conversation: Conversation,
    mut children: Children,
    about: &About<'_>,
) -> Option<Session> {
    conversation
        .turns
        .retain(|turn| !turn.prompt.is_empty() || !turn.steps.is_empty());
    put_in_order(&mut conversation);
    for child in children.values_mut() {
        put_in_order(child);
    }
    let id = SessionId::derive(Harness::Cursor, about.native_id);
    let anchor = anchor(&conversation, about);
    let mut writer = Spans::new(id);
    let mut taken: FxHashSet<TurnId> = FxHashSet::default();
    let mut now = conversation.created.unwrap_or(anchor);
    let mut turns: Vec<Turn> = Vec::with_capacity(conversation.turns.len());
    let runs = std::mem::take(&mut conversation.turns);
    for run in runs {
        let start = run.start.unwrap_or(now);
        let key = unused(&run.key, |key| taken.insert(id.turn(key)));
        let turn = turn(
            run,
            (&key, turns.len() as u32, start),
            &mut writer,
            &mut children,
        );
        now = turn
            .spans
            .iter()
            .filter_map(|span| span.end)
            .fold(turn.end.unwrap_or(start), Timestamp::max);
        turns.push(turn);
    }
    adopt(&mut turns, children, &mut writer);
    let first = turns.first()?.start;
    let started_at = conversation
        .created
        .map_or(first, |created| created.min(first));
    let last = turns
        .iter()
        .flat_map(|turn| &turn.spans)
        .map(|span| span.end.unwrap_or(span.start))
        .max();
    Some(Session {
        harness: Harness::Cursor,
        id,
        native_id: about.native_id.to_owned(),
        title: conversation.title,
        cwd: conversation.cwd,
        git: Git {
            branch: conversation.branch,
            ..Git::default()
        },
        version: conversation.version,
        entrypoint: conversation.entrypoint,
        started_at,
        ended_at: last.unwrap_or(first).max(started_at),
        parent: about.parent.map(|parent| Parent {
            session: SessionId::derive(Harness::Cursor, parent),
            span: None,
            relation: ParentRelation::Subagent,
        }),
        outcome: None,
        turns,
    })
}

/// The time of what tells none: that of anything that does, or else when the
/// evidence was written.
fn anchor(conversation: &Conversation, about: &About<'_>) -> Timestamp {
    let told = conversation.turns.iter().find_map(|turn| {
        turn.start
            .or_else(|| turn.steps.iter().find_map(|step| step.start))
    });
    conversation
        .created
        .or(told)
        .or(about.written)
        .unwrap_or_default()
}

/// Turns and their steps by time, as far as they have one: what has none stays
/// behind what stood before it.
fn put_in_order(conversation: &mut Conversation) {
    for turn in &mut conversation.turns {
        let earliest = turn.steps.iter().filter_map(|step| step.start).min();
        // A turn that no prompt began did so with its first step.
        turn.start = match (turn.start, earliest) {
            (Some(told), Some(earliest)) if turn.prompt.is_empty() => Some(told.min(earliest)),
            (told, earliest) => told.or(earliest),
        };
        let mut now = turn.start;
        let mut timed: Vec<(Option<Timestamp>, Step)> = std::mem::take(&mut turn.steps)
            .into_iter()
            .map(|step| {
                now = now.max(step.end.or(step.start));
                (step.start.or(now), step)
            })
            .collect();
        timed.sort_by_key(|(at, _)| *at);
        turn.steps = timed.into_iter().map(|(_, step)| step).collect();
    }
    if conversation.turns.iter().all(|turn| turn.start.is_some()) {
        conversation.turns.sort_by_key(|turn| turn.start);
    }
}

/// A key that is not taken yet.
pub(super) fn unused(key: &str, mut take: impl FnMut(&str) -> bool) -> String {
    if take(key) {
        return key.to_owned();
    }
    let mut number = 2_u64;
    loop {
        let next = format!("{key}#{number}");
        if take(&next) {
            return next;
        }
        number += 1;
    }
}

fn turn(
    run: Run,
    (key, index, start): (&str, u32, Timestamp),
    writer: &mut Spans,
    children: &mut Children,
) -> Turn {
    let status = run.status.unwrap_or(TurnStatus::Unfinished);
    let own = writer.id(SpanKind::Turn, key);
    let mut spans = vec![Span {
        id: own,
        parent: None,
        name: "turn".to_owned(),
        start,
        end: None,
        status: match status {
            TurnStatus::Completed => Status::Ok,
            TurnStatus::Interrupted => Status::Interrupted,
            TurnStatus::Failed => Status::Error,
            TurnStatus::Unfinished => Status::Unfinished,
        },
        error: run.error.clone().filter(|_| status == TurnStatus::Failed),
        timing: if run.sources.contains(Source::Hook) {
            Timing::Measured
        } else {
            Timing::Derived
        },
        sources: run.sources,
        body: SpanBody::Turn,
    }];
    let prompt = Prompt {
        text: run.prompt.clone(),
        images: run.images.clone(),
    };
    let (end, abandoned) = (run.end, run.abandoned);
    let place = Place { parent: own, start };
    writer.steps(run, key, place, children, &mut spans);
    if let Some(steps) = spans.get_mut(1..) {
        steps.sort_by_key(|span| span.start);
        for span in steps {
            let is_over = matches!(status, TurnStatus::Interrupted | TurnStatus::Failed);
            if is_over && span.status == Status::Unfinished {
                span.status = Status::Interrupted;
            }
        }
    }
    let last = spans.iter().filter_map(|span| span.end).max();
    let end = (status != TurnStatus::Unfinished).then(|| end.or(last).unwrap_or(start).max(start));
    spans[0].end = end;
    Turn {
        id: writer.session.turn(key),
        index,
        prompt,
        start,
        end,
        status,
        abandoned,
        copied_from: None,
        spans,
    }
}

/// Agents that no known call started: they belong to the turn that they began
/// in.
fn adopt(turns: &mut [Turn], mut children: Children, writer: &mut Spans) {
    while let Some((child, conversation)) = children.pop_first() {
        let begun = conversation.turns.iter().find_map(|turn| turn.start);
        let place = turns
            .iter()
            .rposition(|turn| begun.is_none_or(|begun| turn.start <= begun))
            .unwrap_or_default();
        let Some(turn) = turns.get_mut(place) else {
            return;
        };
        let place = Place {
            parent: turn.spans[0].id,
            start: begun.unwrap_or(turn.start),
        };
        let agent = super::tools::Agent {
            id: Some(child),
            ..super::tools::Agent::default()
        };
        let mut spans = Vec::new();
        let key = agent.id.clone().unwrap_or_default();
        writer.agent(
            agent,
            (&key, only(Source::Transcript)),
            place,
            None,
            {
                children.insert(key.clone(), conversation);
                &mut children
            },
            &mut spans,
        );
        turn.spans.append(&mut spans);
        turn.spans[1..].sort_by_key(|span| span.start);
    }
}
