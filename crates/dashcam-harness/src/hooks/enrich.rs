//! Adds to a session what only its hooks know.

use super::calls::{Call, Calls, Happened};
use super::extension;
use super::retries;
use super::tools::{ToolSeen, tools};
use dashcam_trace::{
    Event, EventKind, RawJson, Session, Source, Sources, Span, SpanBody, SpanKind, Status,
    Timestamp, Timing, TurnStatus,
};
use rustc_hash::FxHashSet;
use serde_json::json;

/// How far what hooks saw of a tool call without an id may lie from what the
/// transcript has of it.
const SAME_CALL_MS: i64 = 60_000;

/// Where a span stands: its turn, its place there.
type Place = (usize, usize);

/// Adds what hooks saw: who asked for permission and what came of it, what the
/// person was told, when tools ran, how turns and sessions ended. Steps that a
/// hook saw name it among their sources. Doing it again changes nothing.
pub fn enrich(session: &mut Session, calls: &Calls<'_>) {
    if session.turns.is_empty() || calls.is_empty() {
        return;
    }
    let mut taken = FxHashSet::default();
    for tool in tools(calls) {
        if let Some(place) = place_of(session, &tool, &taken) {
            taken.insert(place);
            add_to_tool_call(session, place, &tool);
            add_permission(session, place, &tool);
        }
    }
    for call in &calls.calls {
        let turn = turn_of(session, call);
        match call.happened {
            // A subagent's: others tell when it began and ended.
            Happened::Prompt | Happened::TurnEnded if call.payload.agent().is_some() => {}
            Happened::Prompt => saw(session, (turn, 0)),
            Happened::TurnEnded => end_turn(session, turn, call),
            Happened::TurnFailed => fail_turn(session, turn, call),
            Happened::AgentBegan | Happened::AgentEnded => saw_agent(session, call),
            Happened::Notification => add_notification(session, turn, call),
            Happened::SessionEnded => end_session(session, turn, call),
            _ => {}
        }
    }
    retries::add(session, calls);
    extension::add(session, calls);
    calls_around_tools(session);
    put_in_order(session);
}

pub(super) fn hook() -> Sources {
    std::iter::once(Source::Hook).collect()
}

fn saw(session: &mut Session, (turn, place): Place) {
    session.turns[turn].spans[place]
        .sources
        .insert(Source::Hook);
}

/// The turn that a call speaks of: by its id, or else the one under way then.
pub(super) fn turn_of(session: &Session, call: &Call<'_>) -> usize {
    let named = call.payload.turn().map(|id| session.id.turn(id));
    let turns = &session.turns;
    named
        .and_then(|id| turns.iter().position(|turn| turn.id == id))
        .or_else(|| turns.iter().rposition(|turn| turn.start <= call.at))
        .unwrap_or_default()
}

/// The span of a tool call: by its id, or else the nearest of the same tool
/// with the same arguments.
fn place_of(session: &Session, tool: &ToolSeen, taken: &FxHashSet<Place>) -> Option<Place> {
    let calls = session
        .turns
        .iter()
        .enumerate()
        .flat_map(|(turn, of_turn)| {
            let spans = of_turn.spans.iter().enumerate();
            spans.filter_map(move |(place, span)| match &span.body {
                SpanBody::ToolCall(call) => Some(((turn, place), span, call)),
                _ => None,
            })
        });
    if let Some(id) = &tool.call_id {
        let mut calls = calls;
        return calls
            .find(|(_, _, call)| call.call_id.as_ref() == Some(id))
            .map(|(place, _, _)| place);
    }
    let at = tool.began.or(tool.asked).or(tool.ended)?;
    // Within the turn under way, a record without times of its own says nothing
    // of when in it: there, calls come in their order.
    let under_way = session.turns.iter().rposition(|turn| turn.start <= at);
    let at = at.as_millisecond();
    let distance = |(turn, _): Place, span: &Span| {
        let is_timeless = span.timing == Timing::Derived && span.end == Some(span.start);
        let own = (span.start.as_millisecond() - at).abs();
        if is_timeless && under_way == Some(turn) {
            0
        } else {
            own
        }
    };
    calls
        .filter(|(place, _, call)| {
            !taken.contains(place) && tool.is_of(call) && tool.has_input(&call.input)
        })
        .map(|(place, span, _)| (distance(place, span), place))
        .filter(|(distance, _)| *distance <= SAME_CALL_MS)
        .min()
        .map(|(_, place)| place)
}

fn add_to_tool_call(session: &mut Session, (turn, place): Place, tool: &ToolSeen) {
    let turn_start = session.turns[turn].start;
    let span = &mut session.turns[turn].spans[place];
    span.sources.insert(Source::Hook);
    if span.timing == Timing::Derived
        && let Some((start, end)) = tool.ran()
    {
        span.start = start.max(turn_start);
        span.end = Some(end.max(span.start));
        span.timing = Timing::Measured;
    }
    if span.status == Status::Unfinished && tool.ended.is_some() {
        span.end = span.end.or(tool.ended.map(|end| end.max(span.start)));
        span.status = match (tool.interrupted, tool.failed) {
            (true, _) => Status::Interrupted,
            (false, true) => Status::Error,
            (false, false) => Status::Ok,
        };
        if tool.failed && span.error.is_none() {
            span.error.clone_from(&tool.error);
        }
    }
}

/// An event for a question that the person was asked, or for a denial. The
/// question and the answer that telemetry tells of are the same event.
fn add_permission(session: &mut Session, (turn, place): Place, tool: &ToolSeen) {
    let Some(asked) = tool.asked.or(tool.denied.as_ref().map(|(at, _)| *at)) else {
        return;
    };
    let span = &session.turns[turn].spans[place];
    let call_id = match &span.body {
        SpanBody::ToolCall(call) => call.call_id.clone(),
        _ => None,
    };
    let key = call_id.unwrap_or_else(|| asked.to_string());
    let id = session
        .id
        .span(SpanKind::Event, &format!("permission/{key}"));
    let (parent, is_refused) = (
        span.id,
        tool.denied.is_some() || span.status == Status::Interrupted,
    );
    let answered = match &tool.denied {
        Some((at, _)) => Some(*at),
        None => tool.granted.or_else(|| tool.ran().map(|(start, _)| start)),
    };
    let decision = match (is_refused, tool.ended.or(tool.granted)) {
        (true, _) => Some("reject"),
        (false, Some(_)) => Some("accept"),
        (false, None) => None,
    };
    let reason = tool.denied.as_ref().and_then(|(_, reason)| reason.clone());
    let of_turn = &mut session.turns[turn];
    let start = asked.max(of_turn.start);
    if let Some(known) = of_turn.spans.iter_mut().find(|span| span.id == id) {
        known.sources.insert(Source::Hook);
        if known.timing == Timing::Derived {
            known.start = start.min(known.end.unwrap_or(start));
            known.timing = Timing::Measured;
        }
        return;
    }
    let mut details = json!({ "decision": decision });
    if let Some(reason) = reason {
        details["reason"] = reason.into();
    }
    of_turn.spans.push(Span {
        id,
        parent: Some(parent),
        name: "permission".to_owned(),
        start,
        end: answered.map(|end| end.max(start)),
        status: match decision {
            Some("reject") => Status::Interrupted,
            Some(_) => Status::Ok,
            None => Status::Unfinished,
        },
        error: None,
        timing: Timing::Measured,
        sources: hook(),
        body: SpanBody::Event(Event {
            kind: EventKind::Permission,
            text: decision.map(str::to_owned),
            details: Some(RawJson::from_value(&details)),
        }),
    });
}

fn saw_agent(session: &mut Session, call: &Call<'_>) {
    let Some(agent) = call.payload.agent() else {
        return;
    };
    let of_session = session.turns.iter_mut().flat_map(|turn| &mut turn.spans);
    for span in of_session {
        let is_it = matches!(&span.body, SpanBody::AgentRun(run) if run.id == agent);
        if is_it {
            span.sources.insert(Source::Hook);
            let ended = call.happened == Happened::AgentEnded;
            if ended && span.status == Status::Unfinished {
                span.status = Status::Ok;
                span.end = Some(call.at.max(span.start));
            }
        }
    }
}

/// The agent's answer is complete, unless another hook sent it back to work.
fn end_turn(session: &mut Session, turn: usize, call: &Call<'_>) {
    saw(session, (turn, 0));
    // A subagent of Gemini CLI or Copilot ends under the session's own id.
    let goes_on = goes_on_after(session, turn, call.at);
    if session.turns[turn].status == TurnStatus::Unfinished && !goes_on {
        close(session, turn, call.at, TurnStatus::Completed);
    }
}

/// An error of the API ended the turn; the transcript may tell of it too.
fn fail_turn(session: &mut Session, turn: usize, call: &Call<'_>) {
    let told = session.turns[turn].spans.iter_mut().rev().find(
        |span| matches!(&span.body, SpanBody::Event(event) if event.kind == EventKind::ApiError),
    );
    if let Some(told) = told {
        told.sources.insert(Source::Hook);
    } else {
        let payload = &call.payload;
        let text = payload
            .error_details
            .owned()
            .or_else(|| payload.error())
            .or_else(|| payload.answer().map(str::to_owned));
        add_event(
            session,
            turn,
            call,
            "stop_failure",
            EventKind::ApiError,
            text,
        );
    }
    saw(session, (turn, 0));
    if session.turns[turn].status == TurnStatus::Unfinished
        && !goes_on_after(session, turn, call.at)
    {
        close(session, turn, call.at, TurnStatus::Failed);
    }
}

fn add_notification(session: &mut Session, turn: usize, call: &Call<'_>) {
    let payload = &call.payload;
    let text = payload
        .message
        .owned()
        .or_else(|| payload.title.owned())
        .or_else(|| payload.notification_type.owned());
    add_event(
        session,
        turn,
        call,
        "notification",
        EventKind::Notification,
        text,
    );
}

/// The process is gone: what it had not finished stays so.
fn end_session(session: &mut Session, turn: usize, call: &Call<'_>) {
    let reason = call.payload.reason.owned();
    add_event(
        session,
        turn,
        call,
        "session_end",
        EventKind::SessionEnd,
        reason,
    );
    for turn in 0..session.turns.len() {
        let of_turn = &session.turns[turn];
        let is_open = of_turn.status == TurnStatus::Unfinished && of_turn.start <= call.at;
        if is_open && !goes_on_after(session, turn, call.at) {
            close(session, turn, call.at, TurnStatus::Interrupted);
        }
    }
}

/// Whether a step of a turn began after a moment, events aside: those tell of
/// it, and do not go on.
fn goes_on_after(session: &Session, turn: usize, at: Timestamp) -> bool {
    session.turns[turn]
        .spans
        .iter()
        .any(|span| !matches!(span.body, SpanBody::Event(_) | SpanBody::Turn) && span.start > at)
}

fn close(session: &mut Session, turn: usize, at: Timestamp, status: TurnStatus) {
    let of_turn = &mut session.turns[turn];
    let end = at.max(of_turn.start);
    of_turn.status = status;
    of_turn.end = Some(end);
    let own = &mut of_turn.spans[0];
    own.end = Some(end);
    own.status = match status {
        TurnStatus::Completed => Status::Ok,
        TurnStatus::Failed => Status::Error,
        TurnStatus::Interrupted | TurnStatus::Unfinished => Status::Interrupted,
    };
    own.sources.insert(Source::Hook);
    if status != TurnStatus::Interrupted {
        return;
    }
    for span in &mut of_turn.spans[1..] {
        if span.status == Status::Unfinished && span.start <= end {
            span.status = Status::Interrupted;
            span.end = Some(end);
        }
    }
}

fn add_event(
    session: &mut Session,
    turn: usize,
    call: &Call<'_>,
    what: &str,
    kind: EventKind,
    text: Option<String>,
) {
    let key = format!("hook/{what}/{}", call.at.as_nanosecond());
    let id = session.id.span(SpanKind::Event, &key);
    let of_turn = &mut session.turns[turn];
    if of_turn.spans.iter().any(|span| span.id == id) {
        return;
    }
    let at = call.at.max(of_turn.start);
    let parent = of_turn.spans[0].id;
    of_turn.spans.push(Span {
        id,
        parent: Some(parent),
        name: kind.as_str().to_owned(),
        start: at,
        end: Some(at),
        status: if kind == EventKind::ApiError {
            Status::Error
        } else {
            Status::Ok
        },
        error: text.clone().filter(|_| kind == EventKind::ApiError),
        timing: Timing::Measured,
        sources: hook(),
        body: SpanBody::Event(Event {
            kind,
            text,
            details: Some(details(call.json)),
        }),
    });
}

/// What the harness told, but for what stands elsewhere.
pub(super) fn details(json: &str) -> RawJson {
    let Ok(serde_json::Value::Object(mut told)) = serde_json::from_str(json) else {
        return RawJson::null();
    };
    for known in [
        "session_id",
        "sessionId",
        "transcript_path",
        "transcriptPath",
        "cwd",
        "hook_event_name",
        "timestamp",
        "prompt_id",
        "turn_id",
        "permission_mode",
        "last_assistant_message",
        "measured",
        "agent_path",
        "told_at",
    ] {
        told.remove(known);
    }
    RawJson::from_value(&told)
}

/// Puts model calls without times of their own between the tools that hooks
/// saw: a call ends before the tools that it asked for begin, and begins after
/// those of the call before it ended.
fn calls_around_tools(session: &mut Session) {
    for turn in &mut session.turns {
        let spans = &turn.spans;
        let mut floor = turn.start;
        let is_timeless = |span: &Span| {
            matches!(span.body, SpanBody::ModelCall(_))
                && span.timing == Timing::Derived
                && (span.end == Some(span.start) || span.start == turn.start)
        };
        let mut times: Vec<(usize, Timestamp, Option<Timestamp>)> = Vec::new();
        for (place, span) in spans.iter().enumerate() {
            if !is_timeless(span) {
                continue;
            }
            let asked = spans
                .iter()
                .filter(|tool| tool.parent == Some(span.id) && tool.timing == Timing::Measured);
            let start = span.start.max(floor);
            let begun = asked.clone().map(|tool| tool.start).min();
            let known = span.end.filter(|end| *end > span.start);
            let end = known.or(begun).or(span.end).map(|end| end.max(start));
            let done = asked.filter_map(|tool| tool.end).max();
            floor = floor.max(done.or(end).unwrap_or(start));
            times.push((place, start, end));
        }
        for (place, start, end) in times {
            turn.spans[place].start = start;
            turn.spans[place].end = end;
        }
    }
}

fn put_in_order(session: &mut Session) {
    for turn in &mut session.turns {
        if let Some(spans) = turn.spans.get_mut(1..) {
            spans.sort_by_key(|span| span.start);
        }
        let steps = turn.spans.iter().filter(|span| {
            // What is said after the end does not move it.
            !matches!(&span.body, SpanBody::Event(event)
                if matches!(event.kind, EventKind::Notification | EventKind::SessionEnd))
        });
        let last = steps.filter_map(|span| span.end).max();
        if turn.end.is_some() {
            turn.end = turn.end.max(last);
            turn.spans[0].end = turn.spans[0].end.max(turn.end);
        }
        let last_event = turn.spans.iter().filter_map(|span| span.end).max();
        session.ended_at = session.ended_at.max(last_event.unwrap_or(turn.start));
    }
}
