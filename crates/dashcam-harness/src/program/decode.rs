//! From traces to a session.

use super::messages;
use super::translate::{Kind, translate};
use crate::telemetry::{Attributes, Items};
use crate::{Decoded, Evidence};
use dashcam_trace::openinference::decode_span;
use dashcam_trace::{
    Event, EventKind, Git, Harness, InputPart, Problem, ProblemKind, Prompt, Session, SessionId,
    Source, Span, SpanBody, SpanId, SpanKind, Status, Timestamp, Timing, Turn, TurnId, TurnStatus,
};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Decodes the traces of one session.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let items = Items::read(evidence.files.iter().map(|file| &*file.bytes));
    decoded.lines = items.spans.len() as u64;
    let resource = |place: usize| Attributes(&items.resources[place].attributes);
    let mut program = None;
    let mut entrypoint = None;
    let mut version = None;
    for (place, _) in &items.spans {
        let resource = resource(*place);
        program = program.or_else(|| super::name(resource));
        entrypoint = entrypoint.or_else(|| resource.owned("service.name"));
        version = version.or_else(|| resource.owned("service.version"));
        if program.is_some() && version.is_some() {
            break;
        }
    }
    let mut traces: BTreeMap<Vec<u8>, Vec<otlp::Span>> = BTreeMap::new();
    for (_, span) in items.spans {
        traces.entry(span.trace_id.clone()).or_default().push(span);
    }
    let mut reading = Reading {
        session: SessionId::derive(Harness::Program, evidence.native_id),
        file: evidence.files.first().map_or("", |file| file.path),
        taken: FxHashSet::default(),
        decoded: &mut decoded,
    };
    let mut turns: Vec<Turn> = traces
        .into_iter()
        .filter_map(|(trace, spans)| reading.turn(&trace, spans))
        .collect();
    turns.sort_by_key(|turn| (turn.start, turn.id));
    for (index, turn) in turns.iter_mut().enumerate() {
        turn.index = index as u32;
    }
    let Some(started_at) = turns.first().map(|turn| turn.start) else {
        return decoded;
    };
    let ends = turns.iter().filter_map(|turn| turn.end);
    decoded.session = Some(Session {
        harness: Harness::Program,
        id: SessionId::derive(Harness::Program, evidence.native_id),
        native_id: evidence.native_id.to_owned(),
        title: None,
        // A program has a project, not a folder; it is filed under its name.
        cwd: program,
        git: Git::default(),
        version,
        entrypoint,
        started_at,
        ended_at: ends.max().unwrap_or(started_at).max(started_at),
        parent: None,
        outcome: None,
        turns,
    });
    decoded
}

struct Reading<'a> {
    session: SessionId,
    file: &'a str,
    /// Ids of spans so far: programs may use one in several traces.
    taken: FxHashSet<SpanId>,
    decoded: &'a mut Decoded,
}

/// A span that was read, with what the turn needs of it.
struct Step {
    span: Span,
    /// As the program has it.
    native: Vec<u8>,
    native_parent: Vec<u8>,
    prompt: Option<String>,
}

impl Reading<'_> {
    /// The turn that a trace is.
    fn turn(&mut self, trace: &[u8], spans: Vec<otlp::Span>) -> Option<Turn> {
        let id = TurnId::from_bytes(<[u8; 16]>::try_from(trace).ok()?);
        let mut steps: Vec<Step> = spans
            .into_iter()
            .filter_map(|span| self.step(&id, span))
            .collect();
        let places: FxHashMap<Vec<u8>, usize> = steps
            .iter()
            .enumerate()
            .map(|(place, step)| (step.native.clone(), place))
            .collect();
        let parents = tree(&steps, &places);
        let mut roots = (0..steps.len()).filter(|place| parents[*place].is_none());
        let only_root = roots.next().filter(|_| roots.next().is_none());
        let is_step = |place: &usize| matches!(&steps[*place].span.body, SpanBody::Event(_));
        let root = only_root.filter(is_step);

        let start = steps.iter().map(|step| step.span.start).min()?;
        let end = steps.iter().filter_map(|step| step.span.end).max();
        let prompt = root
            .and_then(|root| steps[root].prompt.clone())
            .or_else(|| steps.iter().find_map(|step| step.prompt.clone()));
        let failed = (0..steps.len())
            .filter(|place| parents[*place].is_none())
            .any(|place| steps[place].span.status == Status::Error);
        let ids: Vec<SpanId> = steps.iter().map(|step| step.span.id).collect();
        let own_id = root.map_or_else(
            || self.session.span(SpanKind::Turn, &id.to_string()),
            |root| ids[root],
        );
        for (place, step) in steps.iter_mut().enumerate() {
            step.span.parent = Some(parents[place].map_or(own_id, |parent| ids[parent]));
        }
        let own = match root {
            Some(root) => Span {
                parent: None,
                body: SpanBody::Turn,
                ..steps.remove(root).span
            },
            None => Span {
                id: own_id,
                parent: None,
                name: "turn".to_owned(),
                start,
                end,
                status: if failed { Status::Error } else { Status::Ok },
                error: None,
                timing: Timing::Measured,
                sources: std::iter::once(Source::Otel).collect(),
                body: SpanBody::Turn,
            },
        };
        steps.sort_by_key(|step| step.span.start);
        let start = own.start.min(start);
        let spans = std::iter::once(own).chain(steps.into_iter().map(|step| step.span));
        Some(Turn {
            id,
            index: 0,
            prompt: Prompt {
                text: prompt.unwrap_or_default(),
                images: Vec::new(),
            },
            start,
            end: end.max(Some(start)),
            status: if failed {
                TurnStatus::Failed
            } else {
                TurnStatus::Completed
            },
            abandoned: false,
            copied_from: None,
            spans: spans.collect(),
        })
    }

    fn step(&mut self, turn: &TurnId, mut raw: otlp::Span) -> Option<Step> {
        let kind = Kind::of(&raw);
        let prompt = match kind {
            Kind::Model => messages::prompt(Attributes(&raw.attributes)),
            Kind::Agent | Kind::Step => Attributes(&raw.attributes).owned("input.value"),
            Kind::Tool => None,
        };
        let answer = match kind {
            Kind::Model => messages::answer(Attributes(&raw.attributes)),
            _ => Vec::new(),
        };
        // A span that ended before it began: clocks go back.
        raw.end_time_unix_nano = raw.end_time_unix_nano.max(raw.start_time_unix_nano);
        translate(&mut raw, kind);
        // What a step is without its parent, is for the tree to say.
        let native_parent = std::mem::take(&mut raw.parent_span_id);
        let mut span = match decode_span(&raw) {
            Ok(span) => span,
            Err(error) => {
                self.decoded.problem(Problem {
                    kind: ProblemKind::UnexpectedShape,
                    file: self.file.to_owned(),
                    line: None,
                    message: format!("span `{}`: {error}", raw.name),
                });
                plain_step(&raw)?
            }
        };
        match &mut span.body {
            SpanBody::ModelCall(call) => {
                if call.output.is_empty() {
                    call.output = answer;
                }
                if call.input.is_empty() {
                    call.input = prompt
                        .iter()
                        .map(|text| InputPart::Prompt { text: text.clone() })
                        .collect();
                }
            }
            SpanBody::ToolCall(call) if call.tool.is_empty() => call.tool.clone_from(&span.name),
            SpanBody::Turn => {
                span.body = SpanBody::Event(Event {
                    kind: EventKind::Other,
                    text: prompt.clone(),
                    details: None,
                });
            }
            _ => {}
        }
        if !self.taken.insert(span.id) {
            let native_id = format!("{turn}/{}", span.id);
            span.id = self.session.span(span.kind(), &native_id);
            self.taken.insert(span.id);
        }
        span.timing = Timing::Measured;
        span.sources = std::iter::once(Source::Otel).collect();
        Some(Step {
            span,
            native: raw.span_id,
            native_parent,
            prompt,
        })
    }
}

/// A span of which only name and times can be read.
fn plain_step(raw: &otlp::Span) -> Option<Span> {
    let time = |nanoseconds: u64| Timestamp::from_nanosecond(i128::from(nanoseconds)).ok();
    Some(Span {
        id: SpanId::from_bytes(<[u8; 8]>::try_from(raw.span_id.as_slice()).ok()?),
        parent: None,
        name: raw.name.clone(),
        start: time(raw.start_time_unix_nano)?,
        end: time(raw.end_time_unix_nano),
        status: Status::Ok,
        error: None,
        timing: Timing::Measured,
        sources: std::iter::once(Source::Otel).collect(),
        body: SpanBody::Event(Event {
            kind: EventKind::Other,
            text: None,
            details: None,
        }),
    })
}

/// Each step's parent among the steps. Those whose parent is not there, and
/// one of each circle, have none.
fn tree(steps: &[Step], places: &FxHashMap<Vec<u8>, usize>) -> Vec<Option<usize>> {
    let mut parents: Vec<Option<usize>> = steps
        .iter()
        .map(|step| places.get(&step.native_parent).copied())
        .collect();
    // 0 not looked at, else the walk that came by first.
    let mut seen = vec![0_usize; steps.len()];
    for start in 0..steps.len() {
        let mut at = start;
        while seen[at] == 0 {
            seen[at] = start + 1;
            match parents[at] {
                Some(parent) if seen[parent] == start + 1 => parents[at] = None,
                Some(parent) => at = parent,
                None => break,
            }
        }
    }
    parents
}
