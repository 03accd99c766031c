//! Which spans of a turn may be sent: those that will not change any more.
//!
//! A backend keeps what it got first, so a span is sent once it is whole: its
//! turn is over, or its agent has called the model again since, for which
//! everything before had to be there.

use dashcam_trace::{Span, SpanBody, SpanId, Status, Timestamp, Turn, TurnStatus};
use rustc_hash::{FxHashMap, FxHashSet};
use std::time::Duration;

/// After this long without a step, a turn that has no end is over: its process
/// died without a word.
pub(crate) const ABANDONED: Duration = Duration::from_hours(1);

/// What is known of the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    /// How long after its end a span may still be added to, by telemetry that
    /// comes late.
    pub(crate) settle: Duration,
    /// Whether the turn has been at rest for that long.
    pub(crate) at_rest: bool,
    /// Whether the session goes on after this turn.
    pub(crate) is_past: bool,
}

/// What of a turn can be sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    /// The spans that can.
    pub(crate) spans: FxHashSet<SpanId>,
    /// When to look again even if nothing changes; `None`: that was all.
    pub(crate) again_at: Option<Timestamp>,
}

/// Which spans of a turn can be sent now.
pub(crate) fn ready(turn: &Turn, moment: Moment) -> Ready {
    let last_step = turn
        .spans
        .iter()
        .map(|span| span.end.unwrap_or(span.start))
        .max()
        .unwrap_or(turn.start);
    let abandoned_at = last_step
        .saturating_add(ABANDONED)
        .unwrap_or(Timestamp::MAX);
    let is_abandoned = abandoned_at <= moment.now;
    let scopes = Scopes::of(turn, moment.is_past || is_abandoned);
    let mut ready = Ready::default();
    let mut waiting = false;
    for span in &turn.spans {
        let is_whole = if has_ended(span) {
            scopes.is_over(span) || scopes.is_followed(span)
        } else {
            is_abandoned
        };
        let is_settled = moment.at_rest
            || span.end.is_some_and(|end| {
                end.saturating_add(moment.settle)
                    .is_ok_and(|settled| settled <= moment.now)
            });
        if is_whole && is_settled {
            ready.spans.insert(span.id);
        } else {
            waiting = true;
        }
    }
    if waiting {
        ready.again_at = Some(if moment.at_rest {
            abandoned_at
        } else {
            let soon = moment.now.saturating_add(moment.settle);
            soon.unwrap_or(Timestamp::MAX)
        });
    }
    ready
}

fn has_ended(span: &Span) -> bool {
    span.end.is_some() && span.status != Status::Unfinished
}

/// The agents of a turn, the main one and those it started: where each step
/// belongs, whether the agent is done, and when it last called the model.
struct Scopes {
    /// By step, the turn or agent run that it is a step of.
    scope: FxHashMap<SpanId, SpanId>,
    over: FxHashMap<SpanId, bool>,
    last_call: FxHashMap<SpanId, Timestamp>,
    turn: Option<SpanId>,
}

impl Scopes {
    fn of(turn: &Turn, is_past: bool) -> Self {
        let root = turn.spans.first().map(|span| span.id);
        let parents: FxHashMap<SpanId, Option<SpanId>> = turn
            .spans
            .iter()
            .map(|span| (span.id, span.parent))
            .collect();
        let mut over: FxHashMap<SpanId, bool> = turn
            .spans
            .iter()
            .filter(|span| matches!(span.body, SpanBody::AgentRun(_)))
            .map(|span| (span.id, has_ended(span)))
            .collect();
        if let Some(root) = root {
            over.insert(root, is_past || turn.status != TurnStatus::Unfinished);
        }
        let mut scopes = Self {
            scope: FxHashMap::default(),
            over,
            last_call: FxHashMap::default(),
            turn: root,
        };
        for span in &turn.spans {
            let scope = scopes.scope_of(span, &parents);
            if let Some(scope) = scope {
                scopes.scope.insert(span.id, scope);
                if matches!(span.body, SpanBody::ModelCall(_)) {
                    let last = scopes.last_call.entry(scope).or_insert(span.start);
                    *last = (*last).max(span.start);
                }
            }
        }
        scopes
    }

    /// The nearest agent run above a step, or the turn.
    fn scope_of(&self, span: &Span, parents: &FxHashMap<SpanId, Option<SpanId>>) -> Option<SpanId> {
        let mut above = span.parent;
        // No longer than there are spans, should they ever stand in a circle.
        for _ in 0..parents.len() {
            match above {
                Some(id) if self.over.contains_key(&id) => return Some(id),
                Some(id) => above = parents.get(&id).copied().flatten(),
                None => break,
            }
        }
        self.turn
    }

    fn is_over(&self, span: &Span) -> bool {
        // The turn's own span is over with it.
        let scope = self.scope.get(&span.id).copied().or(self.turn);
        scope.is_none_or(|scope| self.over.get(&scope).copied().unwrap_or(true))
    }

    fn is_followed(&self, span: &Span) -> bool {
        let is_turn = Some(span.id) == self.turn;
        let last = self
            .scope
            .get(&span.id)
            .and_then(|scope| self.last_call.get(scope));
        !is_turn
            && last.is_some_and(|last| {
                span.end
                    .is_some_and(|end| *last >= end && *last > span.start)
            })
    }
}
