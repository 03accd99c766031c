//! From spans to OTLP.

use super::attributes::{Writer, word};
use super::{body, names};
use crate::{Part, Session, Span, SpanBody, SpanId, SpanKind, Status, Timestamp, Turn};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use otlp::span::SpanKind as OtlpKind;
use otlp::status::StatusCode;
use std::collections::HashMap;

/// A whole session as one export request, turn after turn, for the project
/// that it is to be shown in.
pub fn encode_session(session: &Session, project_name: &str) -> ExportTraceServiceRequest {
    let encoder = Encoder::new(session);
    let spans = session
        .turns
        .iter()
        .flat_map(|turn| turn.spans.iter().map(move |span| (turn, span)))
        .map(|(turn, span)| encoder.span(turn, span))
        .collect();
    let scope = InstrumentationScope {
        name: "dashcam".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![otlp::ResourceSpans {
            resource: Some(resource(session, project_name)),
            scope_spans: vec![otlp::ScopeSpans {
                scope: Some(scope),
                spans,
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

/// What a session's spans are attributed to: the harness, and the project that
/// they are to be shown in.
pub fn resource(session: &Session, project_name: &str) -> Resource {
    let mut attributes = Writer::default();
    attributes.text(names::SERVICE_NAME, session.harness.as_str());
    attributes.optional_text(names::SERVICE_VERSION, session.version.as_deref());
    attributes.text(names::PROJECT_NAME, project_name);
    attributes.text(names::DASHCAM_SESSION_ID, session.id.to_string());
    Resource {
        attributes: attributes.0,
        ..Resource::default()
    }
}

/// Writes the spans of one session.
#[derive(Debug)]
pub struct Encoder<'a> {
    session: &'a Session,
    /// Inputs of model calls name spans, also of earlier turns.
    spans: HashMap<SpanId, &'a Span>,
}

impl<'a> Encoder<'a> {
    /// Prepares to write a session's spans.
    pub fn new(session: &'a Session) -> Self {
        Self {
            session,
            spans: session.spans().map(|span| (span.id, span)).collect(),
        }
    }

    /// One span of one of the session's turns.
    pub fn span(&self, turn: &Turn, span: &Span) -> otlp::Span {
        let mut attributes = Writer::default();
        attributes.text(names::SPAN_KIND, openinference_kind(span.kind()));
        attributes.text(names::SESSION_ID, self.session.native_id.as_str());
        attributes.text(
            names::GEN_AI_CONVERSATION_ID,
            self.session.native_id.as_str(),
        );
        attributes.text(names::KIND, span.kind().as_str());
        attributes.text(names::TIMING, word(&span.timing));
        let sources: Vec<_> = span.sources.iter().map(|source| word(&source)).collect();
        attributes.texts(names::SOURCES, sources.iter().map(String::as_str));

        let (start, end) = write_times(span, &mut attributes);
        let status = write_status(span, &mut attributes);
        match &span.body {
            SpanBody::Turn => write_turn(turn, &mut attributes),
            SpanBody::ModelCall(call) => {
                body::write_model_call(call, &self.spans, &mut attributes);
                let unit = self.session.harness.credit_unit();
                attributes
                    .optional_text(names::CREDIT_UNIT, unit.filter(|_| call.credits.is_some()));
            }
            SpanBody::ToolCall(call) => body::write_tool_call(call, &mut attributes),
            SpanBody::AgentRun(run) => body::write_agent_run(run, &span.name, &mut attributes),
            SpanBody::Event(event) => body::write_event(event, &mut attributes),
        }
        let kind = match span.body {
            SpanBody::ModelCall(_) => OtlpKind::Client,
            _ => OtlpKind::Internal,
        };
        otlp::Span {
            trace_id: turn.id.as_bytes().to_vec(),
            span_id: span.id.as_bytes().to_vec(),
            parent_span_id: span
                .parent
                .map_or_else(Vec::new, |id| id.as_bytes().to_vec()),
            name: span.name.clone(),
            kind: kind.into(),
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            events: exception(span, end).into_iter().collect(),
            attributes: attributes.0,
            status: Some(status),
            ..otlp::Span::default()
        }
    }
}

const fn openinference_kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::ModelCall => "LLM",
        SpanKind::ToolCall => "TOOL",
        SpanKind::AgentRun => "AGENT",
        SpanKind::Turn | SpanKind::Event => "CHAIN",
    }
}

/// Start and end for OTLP, which has no times before 1970 and no open end.
fn write_times(span: &Span, attributes: &mut Writer) -> (u64, u64) {
    let start = nanoseconds(span.start).unwrap_or_else(|| {
        attributes.text(names::START, span.start.to_string());
        0
    });
    let Some(end) = span.end else {
        attributes.flag(names::NO_END, true);
        return (start, start);
    };
    let end = nanoseconds(end).unwrap_or_else(|| {
        attributes.text(names::END, end.to_string());
        start
    });
    (start, end)
}

fn nanoseconds(time: Timestamp) -> Option<u64> {
    u64::try_from(time.as_nanosecond()).ok()
}

fn write_status(span: &Span, attributes: &mut Writer) -> otlp::Status {
    let error = span.error.as_deref();
    let code = match span.status {
        Status::Ok => StatusCode::Ok,
        Status::Error => StatusCode::Error,
        Status::Interrupted | Status::Unfinished => StatusCode::Unset,
    };
    if code == StatusCode::Unset {
        attributes.text(names::STATUS, span.status.as_str());
    }
    if code == StatusCode::Error {
        attributes.text(names::ERROR_TYPE, error_type(span));
    }
    // The message of a status is for errors alone, and an empty one is none.
    let message = error.filter(|message| code == StatusCode::Error && !message.is_empty());
    if message.is_none() {
        attributes.optional_text(names::ERROR, error);
    }
    otlp::Status {
        message: message.unwrap_or_default().to_owned(),
        code: code.into(),
    }
}

/// The kind of failure; `_OTHER` is the word of the conventions for one that
/// has no name.
fn error_type(span: &Span) -> &'static str {
    match span.body {
        SpanBody::ToolCall(_) => "tool_error",
        _ => "_OTHER",
    }
}

/// The failure again as the event in which viewers look for it.
fn exception(span: &Span, time: u64) -> Option<otlp::span::Event> {
    let message = span
        .error
        .as_ref()
        .filter(|_| span.status == Status::Error)?;
    let mut attributes = Writer::default();
    attributes.text(names::EXCEPTION_TYPE, error_type(span));
    attributes.text(names::EXCEPTION_MESSAGE, message.as_str());
    Some(otlp::span::Event {
        time_unix_nano: time,
        name: names::EXCEPTION.to_owned(),
        attributes: attributes.0,
        ..otlp::span::Event::default()
    })
}

/// What belongs to the turn stands on its own span, so that a list of traces
/// shows what was asked and answered.
fn write_turn(turn: &Turn, attributes: &mut Writer) {
    if !turn.prompt.text.is_empty() {
        attributes.text(names::INPUT_VALUE, turn.prompt.text.as_str());
    }
    attributes.optional_text(names::OUTPUT_VALUE, answer(turn));
    attributes.count(names::TURN_INDEX, u64::from(turn.index));
    attributes.text(names::TURN_STATUS, turn.status.as_str());
    attributes.flag(names::TURN_ABANDONED, turn.abandoned);
    let copied_from = turn.copied_from.map(|session| session.to_string());
    attributes.optional_text(names::TURN_COPIED_FROM, copied_from.as_deref());
}

/// The last text that the agent itself wrote; those of its subagents are not
/// for the person.
fn answer(turn: &Turn) -> Option<&str> {
    let own = turn.spans.first()?.id;
    turn.spans
        .iter()
        .rev()
        .filter(|span| span.parent == Some(own))
        .find_map(|span| {
            let SpanBody::ModelCall(call) = &span.body else {
                return None;
            };
            call.output.iter().rev().find_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                _ => None,
            })
        })
}
