//! Tries a target out: one span there, and what it says.

use crate::drain::endpoint;
use crate::environment::Environment;
use crate::target::{Target, TargetError};
use dashcam_otlp::send::{Answer, Batch, Client};
use dashcam_trace::openinference::names;
use dashcam_trace::{SpanId, Timestamp, TurnId};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};
use std::time::{Duration, Instant, SystemTime};

/// What came of trying a target out.
#[derive(Debug)]
pub struct Trial {
    /// What it answered.
    pub answer: Answer,
    /// How long that took.
    pub took: Duration,
    /// The project that the span went to.
    pub project: String,
    /// The span's id, to look for it there.
    pub span: SpanId,
}

/// Sends one span, named `dashcam test`, and reads the answer.
pub fn try_out(target: &Target, environment: &Environment) -> Result<Trial, TargetError> {
    let client = Client::new(endpoint(target, environment)?);
    let now = Timestamp::now();
    let nanos = now.as_nanosecond();
    let (trace, span) = (
        TurnId::from_bytes(nanos.to_be_bytes()),
        SpanId::from_bytes((nanos as i64).to_be_bytes()),
    );
    let project = target
        .project
        .replace("{harness}", "dashcam-test")
        .replace("{project}", "dashcam-test");
    let text = |name: &str, text: &str| KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(text.to_owned())),
        }),
        ..KeyValue::default()
    };
    let resource = Resource {
        attributes: vec![
            text(names::SERVICE_NAME, "dashcam"),
            text(names::PROJECT_NAME, &project),
            text("arize.project.name", &project),
        ],
        ..Resource::default()
    };
    let time = u64::try_from(nanos).unwrap_or_default();
    let test = Span {
        trace_id: trace.as_bytes().to_vec(),
        span_id: span.as_bytes().to_vec(),
        name: "dashcam test".to_owned(),
        start_time_unix_nano: time,
        end_time_unix_nano: time,
        attributes: vec![
            text(names::SPAN_KIND, "CHAIN"),
            text(names::SESSION_ID, "dashcam-test"),
            text(names::INPUT_VALUE, "Can you hear me?"),
        ],
        status: Some(Status {
            code: StatusCode::Ok.into(),
            ..Status::default()
        }),
        ..Span::default()
    };
    let mut batch = Batch::default();
    batch.push(&resource, test, ());
    let header = target.backend.project_header();
    let header = header.map(|(name, prefix)| (name, format!("{prefix}{project}")));
    let headers: Vec<(&str, &str)> = header
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let began = Instant::now();
    let response = client.send(&batch.encode(), &headers)?;
    Ok(Trial {
        answer: Answer::of(&response, SystemTime::now()),
        took: began.elapsed(),
        project,
        span,
    })
}
