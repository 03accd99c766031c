//! A session's spans as one target wants them.

use crate::environment::Environment;
use crate::target::Target;
use dashcam_otlp::send::{Preset, fit};
use dashcam_store::project_name;
use dashcam_trace::openinference::{Encoder, resource};
use dashcam_trace::{Session, Span, Turn};
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use serde_json::Value as Json;
use std::sync::Arc;

/// Where the user of a trace stands.
const USER_ID: &str = "user.id";

/// Encodes the spans of one session for one target.
pub(crate) struct Wording<'a> {
    target: &'a Target,
    encoder: Encoder<'a>,
    /// What every span of the session says besides.
    extra: Vec<KeyValue>,
    pub(crate) resource: Resource,
    pub(crate) project: Arc<str>,
}

impl<'a> Wording<'a> {
    /// Prepares for a session, which must hold only what may leave.
    /// `project` is its project's name as it may be told.
    pub(crate) fn new(target: &'a Target, session: &'a Session, environment: &Environment) -> Self {
        let folder = project_name(session.cwd.as_deref(), session.git.remote.as_deref());
        let project = target.project_of(session.harness, &folder);
        let mut resource = resource(session, &project);
        if target.backend == Preset::Arize {
            // Shows the traces among the sessions of coding agents (SDK 0.14.1).
            for (name, value) in [
                ("arize.project.name", project.as_str()),
                ("arize.project.type", "harness"),
            ] {
                resource.attributes.push(attribute(name, &value.into()));
            }
        }
        let mut extra = Vec::new();
        if let Some(user) = environment.user(target.user.as_deref()) {
            extra.push(attribute(USER_ID, &user.into()));
        }
        let configured = target.attributes.clone();
        for (name, value) in environment
            .resource_attributes()
            .into_iter()
            .chain(configured)
        {
            extra.retain(|known: &KeyValue| known.key != name);
            extra.push(attribute(&name, &value));
        }
        Self {
            target,
            encoder: Encoder::new(session),
            extra,
            resource,
            project: project.into(),
        }
    }

    /// One span, made to fit.
    pub(crate) fn span(&self, turn: &Turn, span: &Span) -> otlp::Span {
        let mut span = self.encoder.span(turn, span);
        self.target.profile.apply(&mut span);
        for extra in &self.extra {
            // What the span says of itself wins.
            if span.attributes.iter().all(|known| known.key != extra.key) {
                span.attributes.push(extra.clone());
            }
        }
        fit(&mut span, &self.target.backend.limits());
        span
    }
}

fn attribute(name: &str, value: &Json) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(any_value(value)),
        ..KeyValue::default()
    }
}

/// A configured value with its type.
fn any_value(value: &Json) -> AnyValue {
    let value = match value {
        Json::Bool(flag) => Value::BoolValue(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::IntValue(int),
            None => Value::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::StringValue(text.clone()),
        Json::Array(values) => Value::ArrayValue(ArrayValue {
            values: values.iter().map(any_value).collect(),
        }),
        other => Value::StringValue(other.to_string()),
    };
    AnyValue { value: Some(value) }
}
