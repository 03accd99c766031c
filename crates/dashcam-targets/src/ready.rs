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

#[cfg(test)]
mod tests {
    use super::*;
    use dashcam_trace::{
        AgentRun, Event, EventKind, Harness, ModelCall, Prompt, SessionId, SpanKind, Timing,
    };

    /// A step: its name, its parent, its kind, when it began and ended.
    type Step = (
        &'static str,
        Option<&'static str>,
        SpanKind,
        i64,
        Option<i64>,
    );

    const SETTLE: i64 = 10;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn id(name: &str) -> SpanId {
        SessionId::derive(Harness::Codex, "s").span(SpanKind::Event, name)
    }

    fn turn(status: TurnStatus, steps: &[Step]) -> Turn {
        let spans = steps
            .iter()
            .map(|(name, parent, kind, start, end)| Span {
                id: id(name),
                parent: parent.map(id),
                name: (*name).to_owned(),
                start: second(*start),
                end: end.map(second),
                status: if end.is_some() {
                    Status::Ok
                } else {
                    Status::Unfinished
                },
                error: None,
                timing: Timing::Derived,
                sources: dashcam_trace::Sources::TRANSCRIPT,
                body: match kind {
                    SpanKind::Turn => SpanBody::Turn,
                    SpanKind::ModelCall => SpanBody::ModelCall(ModelCall::default()),
                    SpanKind::AgentRun => SpanBody::AgentRun(AgentRun::default()),
                    _ => SpanBody::Event(Event {
                        kind: EventKind::Notification,
                        text: None,
                        details: None,
                    }),
                },
            })
            .collect();
        Turn {
            id: SessionId::derive(Harness::Codex, "s").turn("0"),
            index: 0,
            prompt: Prompt::default(),
            start: second(0),
            end: None,
            status,
            abandoned: false,
            copied_from: None,
            spans,
        }
    }

    fn at(now: i64, at_rest: bool, is_past: bool) -> Moment {
        Moment {
            now: second(now),
            settle: Duration::from_secs(SETTLE as u64),
            at_rest,
            is_past,
        }
    }

    /// The names of the steps that are ready, and whether that is all.
    fn names(turn: &Turn, moment: Moment) -> (Vec<&str>, bool) {
        let ready = ready(turn, moment);
        let spans = turn.spans.iter();
        let names = spans
            .filter(|span| ready.spans.contains(&span.id))
            .map(|span| span.name.as_str())
            .collect();
        (names, ready.again_at.is_none())
    }

    const RUNNING: [Step; 4] = [
        ("turn", None, SpanKind::Turn, 0, None),
        ("call 1", Some("turn"), SpanKind::ModelCall, 0, Some(4)),
        ("tool", Some("call 1"), SpanKind::ToolCall, 4, Some(6)),
        ("call 2", Some("turn"), SpanKind::ModelCall, 6, Some(9)),
    ];

    #[test]
    fn of_a_running_turn_goes_what_the_next_call_was_built_on() {
        let turn = turn(TurnStatus::Unfinished, &RUNNING);
        assert_eq!(
            names(&turn, at(12, true, false)),
            (vec!["call 1", "tool"], false)
        );
    }

    #[test]
    fn while_it_changes_only_what_ended_a_while_ago_goes() {
        let turn = turn(TurnStatus::Unfinished, &RUNNING);
        assert_eq!(names(&turn, at(15, false, false)), (vec!["call 1"], false));
        assert_eq!(names(&turn, at(16, false, false)).0, ["call 1", "tool"]);
    }

    #[test]
    fn a_turn_that_is_over_goes_whole() {
        let mut steps = RUNNING;
        steps[0].4 = Some(9);
        let turn = turn(TurnStatus::Completed, &steps);
        let (names, all) = names(&turn, at(9, true, false));
        assert_eq!((names.len(), all), (4, true));
    }

    #[test]
    fn a_turn_that_was_left_goes_when_the_session_went_on_or_long_after() {
        let turn = turn(TurnStatus::Unfinished, &RUNNING);
        let (past, _) = names(&turn, at(20, true, true));
        assert_eq!(past, ["call 1", "tool", "call 2"]);
        let later = 9 + ABANDONED.as_secs() as i64;
        let (abandoned, all) = names(&turn, at(later, true, false));
        assert_eq!((abandoned.len(), all), (4, true));
        let waiting = ready(&turn, at(later - 1, true, false));
        assert_eq!(waiting.again_at, Some(second(later)));
    }

    #[test]
    fn an_agent_that_works_on_after_the_turn_is_waited_for() {
        let turn = turn(
            TurnStatus::Completed,
            &[
                ("turn", None, SpanKind::Turn, 0, Some(9)),
                ("call", Some("turn"), SpanKind::ModelCall, 0, Some(4)),
                ("agent", Some("call"), SpanKind::AgentRun, 4, None),
                ("its call 1", Some("agent"), SpanKind::ModelCall, 5, Some(6)),
                ("its call 2", Some("agent"), SpanKind::ModelCall, 7, Some(8)),
            ],
        );
        assert_eq!(
            names(&turn, at(30, true, false)),
            (vec!["turn", "call", "its call 1"], false)
        );
    }

    #[test]
    fn parents_in_a_circle_end() {
        let turn = turn(
            TurnStatus::Completed,
            &[
                ("turn", None, SpanKind::Turn, 0, Some(9)),
                ("a", Some("b"), SpanKind::ToolCall, 0, Some(4)),
                ("b", Some("a"), SpanKind::ToolCall, 4, Some(5)),
            ],
        );
        assert_eq!(names(&turn, at(30, true, false)).0.len(), 3);
    }
}
