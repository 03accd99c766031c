//! Adds to a session what its harness's telemetry tells.

use super::Attributes;
use super::evidence::Items;
use super::record::{
    ModelCallRecord, PermissionRecord, PromptRecord, TelemetryRecord, ToolCallRecord,
};
use dashcam_trace::{
    Event, EventKind, Git, Harness, ModelCall, Part, Prompt, RawJson, Session, SessionId, Source,
    Sources, Span, SpanBody, SpanKind, Status, Timestamp, Timing, Turn, TurnStatus,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// How far the beginning or the end of a call without an id may lie from where
/// telemetry saw it: the transcript is written a moment later.
const SAME_MS: i64 = 5_000;

/// Where a span stands: its turn, its place there.
type Place = (usize, usize);

/// Adds what records tell: attempts, time to the first token, measured times,
/// what the harness says a call cost, who waited for permission, and the calls
/// that no transcript has. Doing it again changes nothing.
pub fn enrich(session: &mut Session, records: &[TelemetryRecord]) {
    if session.turns.is_empty() || records.is_empty() {
        return;
    }
    let mut enriching = Enriching::new(session);
    for call in merged_model_calls(records) {
        enriching.model_call(&call);
    }
    for call in merged_tool_calls(records) {
        enriching.tool_call(&call);
    }
    for permission in merged_permissions(records) {
        enriching.permission(&permission);
    }
    put_in_order(session);
}

/// A session of which there is nothing but telemetry: its turns are the
/// prompts. [`enrich`] adds the rest. `None` if no prompt is known.
pub fn session_alone(
    harness: Harness,
    native_id: &str,
    items: &Items,
    records: &[TelemetryRecord],
) -> Option<Session> {
    let id = SessionId::derive(harness, native_id);
    let mut taken = FxHashSet::default();
    let mut turns: Vec<Turn> = records
        .iter()
        .filter_map(|record| match record {
            TelemetryRecord::Prompt(prompt) => Some(prompt),
            _ => None,
        })
        .map(|prompt| turn_of(id, prompt))
        .filter(|turn| taken.insert(turn.id))
        .collect();
    turns.sort_by_key(|turn| turn.start);
    for (index, turn) in turns.iter_mut().enumerate() {
        turn.index = index as u32;
    }
    let started_at = turns.first()?.start;
    let mut resources = items.resources.iter();
    let version =
        resources.find_map(|resource| Attributes(&resource.attributes).owned("service.version"));
    Some(Session {
        harness,
        id,
        native_id: native_id.to_owned(),
        title: None,
        cwd: None,
        git: Git::default(),
        version,
        entrypoint: None,
        started_at,
        ended_at: started_at,
        parent: None,
        outcome: None,
        turns,
    })
}

fn turn_of(session: SessionId, prompt: &PromptRecord) -> Turn {
    let native_id = match &prompt.prompt_id {
        Some(id) => id.clone(),
        None => prompt.at.to_string(),
    };
    let span = Span {
        id: session.span(SpanKind::Turn, &native_id),
        parent: None,
        name: "turn".to_owned(),
        start: prompt.at,
        end: None,
        status: Status::Unfinished,
        error: None,
        timing: Timing::Derived,
        sources: otel(),
        body: SpanBody::Turn,
    };
    Turn {
        id: session.turn(&native_id),
        index: 0,
        prompt: Prompt {
            text: prompt.text.clone().unwrap_or_default(),
            images: Vec::new(),
        },
        start: prompt.at,
        end: None,
        status: TurnStatus::Unfinished,
        abandoned: false,
        copied_from: None,
        spans: vec![span],
    }
}

fn otel() -> Sources {
    std::iter::once(Source::Otel).collect()
}

struct Enriching<'a> {
    session: &'a mut Session,
    calls: FxHashMap<String, Place>,
    requests: FxHashMap<String, Place>,
    /// Model calls that no record has been joined to yet.
    free: FxHashSet<Place>,
    /// Whether no transcript tells of the session.
    is_alone: bool,
}

impl<'a> Enriching<'a> {
    fn new(session: &'a mut Session) -> Self {
        let mut calls = FxHashMap::default();
        let mut requests = FxHashMap::default();
        let mut free = FxHashSet::default();
        for (turn, of_turn) in session.turns.iter().enumerate() {
            for (place, span) in of_turn.spans.iter().enumerate() {
                match &span.body {
                    SpanBody::ToolCall(call) => {
                        if let Some(id) = &call.call_id {
                            calls.entry(id.clone()).or_insert((turn, place));
                        }
                    }
                    SpanBody::ModelCall(call) => {
                        free.insert((turn, place));
                        let response = call.response_id.as_deref().unwrap_or_default();
                        // Some harnesses name the message before the request.
                        let request = response.rsplit(':').next().unwrap_or_default();
                        if !request.is_empty() {
                            requests.entry(request.to_owned()).or_insert((turn, place));
                        }
                    }
                    _ => {}
                }
            }
        }
        let is_alone = session
            .turns
            .iter()
            .all(|turn| !turn.spans[0].sources.contains(Source::Transcript));
        Self {
            session,
            calls,
            requests,
            free,
            is_alone,
        }
    }

    fn span(&mut self, (turn, place): Place) -> &mut Span {
        &mut self.session.turns[turn].spans[place]
    }

    fn model_call(&mut self, record: &ModelCallRecord) {
        let found = match &record.request_id {
            Some(request) => self.requests.get(request).copied(),
            None => self.like(record),
        };
        match found {
            Some(place) => {
                self.free.remove(&place);
                self.add_to_model_call(place, record);
            }
            None => match (&record.request_id, record.end) {
                (Some(request), _) => self.add_model_call(request, record),
                (None, Some(end)) if self.is_alone => {
                    self.add_model_call(&end.to_string(), record);
                }
                // Without an id nothing says that the transcript lacks it.
                (None, _) => {}
            },
        }
    }

    /// The call with the same tokens that began or ended closest to the record.
    fn like(&self, record: &ModelCallRecord) -> Option<Place> {
        let wanted = record.tokens?;
        let apart = |one: Timestamp, other: Timestamp| {
            (one.as_millisecond() - other.as_millisecond()).abs()
        };
        let distance = |(turn, place): Place| {
            let span = &self.session.turns[turn].spans[place];
            let SpanBody::ModelCall(call) = &span.body else {
                return None;
            };
            let tokens = call.tokens?;
            let is_same = (tokens.prompt, tokens.completion, tokens.cache_read)
                == (wanted.prompt, wanted.completion, wanted.cache_read);
            let at_end = apart(span.end.unwrap_or(span.start), record.end?);
            // Where a harness writes a call's end down when its tools are done.
            let at_start = record.start.map(|start| apart(span.start, start));
            let distance = at_start.map_or(at_end, |at_start| at_start.min(at_end));
            (is_same && distance <= SAME_MS).then_some(distance)
        };
        let candidates = self
            .free
            .iter()
            .filter_map(|place| Some((distance(*place)?, *place)));
        candidates.min().map(|(_, place)| place)
    }

    fn add_to_model_call(&mut self, place: Place, record: &ModelCallRecord) {
        let turn_start = self.session.turns[place.0].start;
        let is_copy = self.session.turns[place.0].copied_from.is_some();
        let span = self.span(place);
        measure(span, turn_start, record.start, record.end);
        span.sources.insert(Source::Otel);
        let SpanBody::ModelCall(call) = &mut span.body else {
            return;
        };
        call.retries = record.retries.or(call.retries);
        if record.attempts.len() > 1 {
            call.attempts.clone_from(&record.attempts);
        }
        call.ttft_ms = record.ttft_ms.or(call.ttft_ms);
        call.tokens = call.tokens.or(record.tokens);
        if call.stop_reason.is_none() {
            call.stop_reason.clone_from(&record.stop_reason);
        }
        if record.cost.is_some() && !is_copy {
            call.cost.clone_from(&record.cost);
        }
    }

    /// A call that no transcript has: what the harness asked for itself, or
    /// what it has not written yet.
    fn add_model_call(&mut self, request: &str, record: &ModelCallRecord) {
        let Some(end) = record.end else {
            return;
        };
        let response_id = format!(":{request}");
        let turn = self.turn_of(record.prompt_id.as_deref(), record.start.unwrap_or(end));
        let model = record.model.clone().unwrap_or_default();
        let asked_by = record.asked_by.clone();
        let output = record.answer.clone().map(|text| Part::Text { text });
        let call = ModelCall {
            provider: model.starts_with("claude-").then(|| "anthropic".to_owned()),
            response_id: Some(response_id.clone()),
            parameters: asked_by
                .map(|asked_by| ("asked_by".to_owned(), asked_by))
                .into_iter()
                .collect(),
            output: output.into_iter().collect(),
            model: model.clone(),
            ..ModelCall::default()
        };
        let id = self.session.id.span(SpanKind::ModelCall, &response_id);
        let of_turn = &mut self.session.turns[turn];
        let span = Span {
            id,
            parent: of_turn.spans.first().map(|own| own.id),
            name: if model.is_empty() {
                "model".to_owned()
            } else {
                model
            },
            start: end,
            end: Some(end),
            status: if record.error.is_some() {
                Status::Error
            } else {
                Status::Ok
            },
            error: record.error.clone(),
            timing: Timing::Derived,
            sources: otel(),
            body: SpanBody::ModelCall(call),
        };
        of_turn.spans.push(span);
        let place = (turn, of_turn.spans.len() - 1);
        self.requests.insert(request.to_owned(), place);
        self.add_to_model_call(place, record);
    }

    /// The turn of a prompt, or else the one under way at a time.
    fn turn_of(&self, prompt_id: Option<&str>, at: Timestamp) -> usize {
        let turns = &self.session.turns;
        let named = prompt_id.map(|id| self.session.id.turn(id));
        named
            .and_then(|id| turns.iter().position(|turn| turn.id == id))
            .or_else(|| turns.iter().rposition(|turn| turn.start <= at))
            .unwrap_or_default()
    }

    fn tool_call(&mut self, record: &ToolCallRecord) {
        let Some(place) = self.calls.get(&record.call_id).copied() else {
            return;
        };
        let turn_start = self.session.turns[place.0].start;
        let span = self.span(place);
        // What the transcript has measured, it knows as well.
        if span.timing == Timing::Derived {
            measure(span, turn_start, record.start, record.end);
        }
        span.sources.insert(Source::Otel);
        if span.status == Status::Unfinished
            && let Some(success) = record.success
        {
            span.status = if success { Status::Ok } else { Status::Error };
            span.error.clone_from(&record.error);
        }
    }

    /// An event for a decision that somebody made, or waited for.
    fn permission(&mut self, record: &PermissionRecord) {
        let by_person = record
            .decided_by
            .as_deref()
            .is_some_and(|who| who.to_ascii_lowercase().starts_with("user"));
        let Some(place) = self.calls.get(&record.call_id).copied() else {
            return;
        };
        let Some(end) = record.end.filter(|_| by_person) else {
            return;
        };
        let native_id = format!("permission/{}", record.call_id);
        let id = self.session.id.span(SpanKind::Event, &native_id);
        let of_turn = &mut self.session.turns[place.0];
        if of_turn.spans.iter().any(|span| span.id == id) {
            return;
        }
        let parent = of_turn.spans[place.1].id;
        let start = record.start.unwrap_or(end).max(of_turn.start);
        let details = serde_json::json!({
            "decision": record.decision,
            "source": record.decided_by,
        });
        let is_refused = record
            .decision
            .as_deref()
            .is_some_and(|decision| matches!(decision, "reject" | "denied" | "abort"));
        of_turn.spans.push(Span {
            id,
            parent: Some(parent),
            name: "permission".to_owned(),
            start,
            end: Some(end.max(start)),
            status: if is_refused {
                Status::Interrupted
            } else {
                Status::Ok
            },
            error: None,
            timing: if record.start.is_some() {
                Timing::Measured
            } else {
                Timing::Derived
            },
            sources: otel(),
            body: SpanBody::Event(Event {
                kind: EventKind::Permission,
                text: record.decision.clone(),
                details: Some(RawJson::from_value(&details)),
            }),
        });
    }
}

fn measure(
    span: &mut Span,
    turn_start: Timestamp,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) {
    if let (Some(start), Some(end)) = (start, end) {
        span.start = start.max(turn_start);
        span.end = Some(end.max(span.start));
        span.timing = Timing::Measured;
    }
}

fn put_in_order(session: &mut Session) {
    for turn in &mut session.turns {
        if let Some(spans) = turn.spans.get_mut(1..) {
            spans.sort_by_key(|span| span.start);
        }
        let last = turn.spans.iter().filter_map(|span| span.end).max();
        let is_over = turn.status == TurnStatus::Unfinished
            && turn.spans[0].sources == otel()
            && matches!(
                turn.spans.iter().rev().find_map(stop_reason),
                Some("end_turn" | "stop")
            );
        if is_over {
            turn.status = TurnStatus::Completed;
            turn.spans[0].status = Status::Ok;
            turn.end = last;
        }
        if turn.end.is_some() {
            turn.end = turn.end.max(last);
            turn.spans[0].end = turn.spans[0].end.max(turn.end);
        }
        session.ended_at = session.ended_at.max(last.unwrap_or(turn.start));
    }
}

fn stop_reason(span: &Span) -> Option<&str> {
    match &span.body {
        SpanBody::ModelCall(call) => call.stop_reason.as_deref(),
        _ => None,
    }
}

/// Takes over what is not known yet.
fn fill<T: Clone>(known: &mut Option<T>, other: Option<&T>) {
    if known.is_none() {
        *known = other.cloned();
    }
}

fn merged_model_calls(records: &[TelemetryRecord]) -> Vec<ModelCallRecord> {
    let mut merged: BTreeMap<&str, ModelCallRecord> = BTreeMap::new();
    let mut nameless = Vec::new();
    for record in records {
        let TelemetryRecord::ModelCall(record) = record else {
            continue;
        };
        let Some(request) = record.request_id.as_deref() else {
            nameless.push(record.clone());
            continue;
        };
        let Some(known) = merged.get_mut(request) else {
            merged.insert(request, record.clone());
            continue;
        };
        fill(&mut known.prompt_id, record.prompt_id.as_ref());
        fill(&mut known.model, record.model.as_ref());
        if known.start.is_none() {
            (known.start, known.end) = (record.start, record.end.or(known.end));
        }
        fill(&mut known.end, record.end.as_ref());
        fill(&mut known.retries, record.retries.as_ref());
        fill(&mut known.ttft_ms, record.ttft_ms.as_ref());
        fill(&mut known.cost, record.cost.as_ref());
        fill(&mut known.stop_reason, record.stop_reason.as_ref());
        fill(&mut known.asked_by, record.asked_by.as_ref());
        fill(&mut known.error, record.error.as_ref());
        fill(&mut known.answer, record.answer.as_ref());
        if known.attempts.is_empty() {
            known.attempts.clone_from(&record.attempts);
        }
        // The one that tells durations of cache writes apart says more.
        if record
            .tokens
            .is_some_and(|tokens| tokens.cache_write_1h > 0)
            || known.tokens.is_none()
        {
            known.tokens = record.tokens;
        }
    }
    merged.into_values().chain(nameless).collect()
}

fn merged_tool_calls(records: &[TelemetryRecord]) -> Vec<ToolCallRecord> {
    let mut merged: BTreeMap<&str, ToolCallRecord> = BTreeMap::new();
    for record in records {
        let TelemetryRecord::ToolCall(record) = record else {
            continue;
        };
        let Some(known) = merged.get_mut(record.call_id.as_str()) else {
            merged.insert(&record.call_id, record.clone());
            continue;
        };
        // The span of the whole call holds the others.
        let is_wider = match (record.start, known.start) {
            (Some(start), Some(known)) => start < known,
            (start, None) => start.is_some(),
            (None, Some(_)) => false,
        };
        if is_wider {
            (known.start, known.end) = (record.start, record.end.max(known.end));
        }
        fill(&mut known.tool, record.tool.as_ref());
        fill(&mut known.prompt_id, record.prompt_id.as_ref());
        fill(&mut known.success, record.success.as_ref());
        fill(&mut known.error, record.error.as_ref());
    }
    merged.into_values().collect()
}

fn merged_permissions(records: &[TelemetryRecord]) -> Vec<PermissionRecord> {
    let mut merged: BTreeMap<&str, PermissionRecord> = BTreeMap::new();
    for record in records {
        let TelemetryRecord::Permission(record) = record else {
            continue;
        };
        let Some(known) = merged.get_mut(record.call_id.as_str()) else {
            merged.insert(&record.call_id, record.clone());
            continue;
        };
        if known.start.is_none() && record.start.is_some() {
            (known.start, known.end) = (record.start, record.end);
        }
        fill(&mut known.decision, record.decision.as_ref());
        fill(&mut known.decided_by, record.decided_by.as_ref());
    }
    merged.into_values().collect()
}
