//! What our extension tells of pi and Oh My Pi that no other hook tells: how
//! long the first token took, when a summary was begun and which failed, what
//! dialogs the person was shown, how the program was started.

use super::calls::{Call, Calls, Happened};
use super::enrich::{details, hook, turn_of};
use super::retries::agent_of;
use dashcam_trace::{Event, EventKind, Session, Source, Span, SpanBody, SpanKind, Status, Timing};

/// Adds it. Doing it again changes nothing.
pub(super) fn add(session: &mut Session, calls: &Calls<'_>) {
    for call in &calls.calls {
        add_first_tokens(session, call);
        match call.happened {
            Happened::SessionBegan => add_beginning(session, call),
            Happened::Compacted => add_beginning_of_summary(session, call),
            Happened::CompactionFailed => add_failed_summary(session, call),
            Happened::Dialog => add_dialog(session, call),
            _ => {}
        }
    }
}

/// The process that wrote last is the one that the session is said to be of.
fn add_beginning(session: &mut Session, call: &Call<'_>) {
    let payload = &call.payload;
    session.version = payload.version.owned().or(session.version.take());
    session.entrypoint = payload.mode.owned().or(session.entrypoint.take());
}

fn add_first_tokens(session: &mut Session, call: &Call<'_>) {
    for measured in &call.payload.measured().model_calls.0 {
        let (Some(began), Some(ttft)) = (measured.timestamp.time(), measured.ttft_ms.0) else {
            continue;
        };
        for turn in &mut session.turns {
            let place = turn.spans.iter().position(|span| {
                matches!(span.body, SpanBody::ModelCall(_))
                    && span.start == began
                    && agent_of(&turn.spans, span) == call.payload.agent()
            });
            let Some(place) = place else { continue };
            let span = &mut turn.spans[place];
            span.sources.insert(Source::Hook);
            if let SpanBody::ModelCall(model_call) = &mut span.body {
                model_call.ttft_ms = model_call.ttft_ms.or(Some(ttft));
            }
        }
    }
}

/// The file has when a summary was there, but not when it was begun.
fn add_beginning_of_summary(session: &mut Session, call: &Call<'_>) {
    let Some(entry) = call.payload.entry_id.get() else {
        return;
    };
    let key = match call.payload.agent_path.get() {
        Some(path) => format!("{path}/{entry}"),
        None => entry.to_owned(),
    };
    let id = session.id.span(SpanKind::Event, &key);
    for turn in &mut session.turns {
        let begun = turn.start;
        let Some(span) = turn.spans.iter_mut().find(|span| span.id == id) else {
            continue;
        };
        span.sources.insert(Source::Hook);
        if let Some(start) = call.payload.started_at.time() {
            span.start = start.max(begun).min(span.end.unwrap_or(start));
        }
    }
}

fn add_failed_summary(session: &mut Session, call: &Call<'_>) {
    let is_stopped = call.payload.aborted.0;
    let error = call.payload.error();
    let told = Told {
        name: "compaction_failed",
        kind: EventKind::Other,
        status: if is_stopped {
            Status::Interrupted
        } else {
            Status::Error
        },
        text: error,
    };
    add_event(session, call, told);
}

fn add_dialog(session: &mut Session, call: &Call<'_>) {
    let told = Told {
        name: "dialog",
        kind: EventKind::Notification,
        status: Status::Ok,
        text: call.payload.title.owned(),
    };
    add_event(session, call, told);
}

/// An event to be added.
struct Told {
    name: &'static str,
    kind: EventKind,
    status: Status,
    text: Option<String>,
}

fn add_event(session: &mut Session, call: &Call<'_>, told: Told) {
    let turn = turn_of(session, call);
    let key = format!("hook/{}/{}", told.name, call.at.as_nanosecond());
    let id = session.id.span(SpanKind::Event, &key);
    let of_turn = &mut session.turns[turn];
    if of_turn.spans.iter().any(|span| span.id == id) {
        return;
    }
    let end = call.at.max(of_turn.start);
    let start = call.payload.started_at.time().unwrap_or(end);
    of_turn.spans.push(Span {
        id,
        parent: Some(of_turn.spans[0].id),
        name: told.name.to_owned(),
        start: start.max(of_turn.start).min(end),
        end: Some(end),
        status: told.status,
        error: told.text.clone().filter(|_| told.status == Status::Error),
        timing: Timing::Measured,
        sources: hook(),
        body: SpanBody::Event(Event {
            kind: told.kind,
            text: told.text,
            details: Some(details(call.json)),
        }),
    });
}
