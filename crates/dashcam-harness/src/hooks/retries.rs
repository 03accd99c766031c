//! Attempts at model calls that failed, as a plugin was told of them.

use super::calls::{Call, Calls, Happened};
use dashcam_trace::{Session, Source, Span, SpanBody, Timestamp};
use std::collections::BTreeMap;

/// Where a span stands: its turn, its place there.
type Place = (usize, usize);

/// Adds to each model call when the attempts behind its first one began. Doing
/// it again changes nothing.
pub(super) fn add(session: &mut Session, calls: &Calls<'_>) {
    let mut begun: BTreeMap<Place, Vec<Timestamp>> = BTreeMap::new();
    for call in calls.of(Happened::Retried) {
        if let Some(place) = place_of(session, call) {
            begun.entry(place).or_default().push(next(call));
        }
    }
    for ((turn, place), begun) in begun {
        let span = &mut session.turns[turn].spans[place];
        let SpanBody::ModelCall(model_call) = &mut span.body else {
            continue;
        };
        let retries = u32::try_from(begun.len()).unwrap_or(u32::MAX);
        if model_call.retries.unwrap_or_default() < retries {
            model_call.retries = Some(retries);
            model_call.attempts = std::iter::once(span.start).chain(begun).collect();
        }
        span.sources.insert(Source::Hook);
    }
}

/// When the next attempt is to begin.
fn next(call: &Call<'_>) -> Timestamp {
    call.payload.next.time().unwrap_or(call.at)
}

/// The model call that was under way, of the agent that it is told of, or else
/// the one that it began next in that turn: some programs write each attempt
/// down by itself.
fn place_of(session: &Session, call: &Call<'_>) -> Option<Place> {
    let mut under_way: Option<(Timestamp, Place)> = None;
    let mut next: Option<(Timestamp, Place)> = None;
    let current = session.turns.iter().rposition(|turn| turn.start <= call.at);
    for (turn, of_turn) in session.turns.iter().enumerate() {
        for (place, span) in of_turn.spans.iter().enumerate() {
            let is_of_agent = matches!(span.body, SpanBody::ModelCall(_))
                && agent_of(&of_turn.spans, span) == call.payload.agent();
            let found = Some((span.start, (turn, place)));
            if is_of_agent && span.start > call.at {
                let is_sooner = next.is_none() || found < next;
                next = if current == Some(turn) && is_sooner {
                    found
                } else {
                    next
                };
            } else if is_of_agent && span.end.is_none_or(|end| end >= call.at) {
                under_way = under_way.max(found);
            }
        }
    }
    under_way.or(next).map(|(_, place)| place)
}

/// The subagent that a step is part of.
pub(super) fn agent_of<'a>(spans: &'a [Span], of: &'a Span) -> Option<&'a str> {
    let mut span = of;
    // No deeper than there are spans, whatever their parents say.
    for _ in 0..spans.len() {
        let parent = span.parent?;
        span = spans.iter().find(|other| other.id == parent)?;
        if let SpanBody::AgentRun(run) = &span.body {
            return Some(&run.id);
        }
    }
    None
}
