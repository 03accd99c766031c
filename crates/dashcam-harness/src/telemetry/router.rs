//! Sorts what came in by the session that it tells of.
//!
//! What a program calls itself (`service.name`) says which harness it is; the
//! harness's own attribute names the session. Any other program's spans are
//! kept if they tell of model calls, tools or agents, by trace: a trace's
//! session is named by any of its spans, or by none.

use super::attributes::Attributes;
use super::evidence::Packet;
use super::native::{self, Native};
use crate::program;
use dashcam_trace::Harness;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Sorts requests, one after the other.
#[derive(Debug, Default)]
pub struct Router {
    evidence: FxHashMap<(Harness, String), Vec<u8>>,
    parents: FxHashMap<(Harness, String), String>,
    programs: BTreeMap<String, ProgramCount>,
}

/// How much of what a program sent is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgramCount {
    /// Items that sessions are made from.
    pub kept: u64,
    /// The program's internals.
    pub dropped: u64,
}

/// What came in, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routed {
    /// The evidence of each session, agent or trace.
    pub sessions: Vec<SessionEvidence>,
    /// What each program sent.
    pub programs: BTreeMap<String, ProgramCount>,
}

/// What is to be appended to the evidence of a session, agent or trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEvidence {
    /// The harness.
    pub harness: Harness,
    /// Whose evidence it is.
    pub native_id: String,
    /// The session that it belongs to, where it is not that itself.
    pub parent: Option<String>,
    /// The evidence; empty for a session that only names its traces.
    pub bytes: Vec<u8>,
}

/// Whom a resource's telemetry is from.
enum Sender {
    Known(&'static Native),
    /// The project or service, for one that gives its name.
    Program(Option<String>),
    /// Our own export, come back.
    Dashcam,
}

impl Sender {
    fn of(resource: Attributes<'_>) -> Self {
        if resource.has("dashcam.session.id") {
            return Self::Dashcam;
        }
        let name = resource.text("service.name").unwrap_or_default();
        native::of_service(name).map_or_else(|| Self::Program(program::name(resource)), Self::Known)
    }

    /// Takes attributes away that are not worth archiving.
    fn lighten(&self, attributes: &mut Vec<KeyValue>) {
        if let Self::Known(native) = self {
            (native.lighten)(attributes);
        }
    }
}

fn resource_attributes(resource: Option<&Resource>) -> Attributes<'_> {
    Attributes(resource.map_or(&[], |resource| &resource.attributes))
}

impl Router {
    /// Sorts spans.
    pub fn traces(&mut self, request: ExportTraceServiceRequest) {
        for group in request.resource_spans {
            let resource = resource_attributes(group.resource.as_ref());
            let sender = Sender::of(resource);
            let mut count = ProgramCount::default();
            let mut kept: FxHashMap<(Harness, String), Vec<ScopeSpans>> = FxHashMap::default();
            for mut scope in group.scope_spans {
                let spans = std::mem::take(&mut scope.spans);
                let mut by_session: FxHashMap<(Harness, String), Vec<Span>> = FxHashMap::default();
                for mut span in spans {
                    match self.session_of_span(&sender, &span) {
                        Some(session) => {
                            count.kept += 1;
                            sender.lighten(&mut span.attributes);
                            by_session.entry(session).or_default().push(span);
                        }
                        None => count.dropped += 1,
                    }
                }
                for (session, spans) in by_session {
                    kept.entry(session).or_default().push(ScopeSpans {
                        spans,
                        ..scope.clone()
                    });
                }
            }
            self.count(resource, count);
            for (session, scope_spans) in kept {
                let packet = ResourceSpans {
                    resource: group.resource.clone(),
                    scope_spans,
                    schema_url: String::new(),
                };
                packet.append(self.evidence.entry(session).or_default());
            }
        }
    }

    fn session_of_span(&mut self, sender: &Sender, span: &Span) -> Option<(Harness, String)> {
        let attributes = Attributes(&span.attributes);
        match sender {
            Sender::Known(native) => {
                (native.session_of_span)(span).map(|id| (native.harness, id.to_owned()))
            }
            Sender::Dashcam => None,
            Sender::Program(name) => {
                if span.trace_id.len() != 16 || span.span_id.len() != 8 {
                    return None;
                }
                if !program::is_worth_keeping(span) {
                    return None;
                }
                let trace = (Harness::Program, program::trace_id(span));
                if let Some(session) = program::session_of(name.as_deref(), attributes) {
                    // The root of the traces, which has no evidence of its own.
                    self.evidence
                        .entry((Harness::Program, session.clone()))
                        .or_default();
                    let parent = self.parents.entry(trace.clone()).or_insert(session.clone());
                    if session < *parent {
                        *parent = session;
                    }
                }
                Some(trace)
            }
        }
    }

    /// Sorts log records.
    pub fn logs(&mut self, request: ExportLogsServiceRequest) {
        for group in request.resource_logs {
            let resource = resource_attributes(group.resource.as_ref());
            let sender = Sender::of(resource);
            let mut count = ProgramCount::default();
            let mut kept: FxHashMap<(Harness, String), Vec<ScopeLogs>> = FxHashMap::default();
            for mut scope in group.scope_logs {
                let mut by_session: FxHashMap<(Harness, String), Vec<_>> = FxHashMap::default();
                for mut record in std::mem::take(&mut scope.log_records) {
                    let session = match sender {
                        Sender::Known(native) => (native.session_of_log)(&record)
                            .map(|id| (native.harness, id.to_owned())),
                        Sender::Program(_) | Sender::Dashcam => None,
                    };
                    match session {
                        Some(session) => {
                            count.kept += 1;
                            sender.lighten(&mut record.attributes);
                            by_session.entry(session).or_default().push(record);
                        }
                        None => count.dropped += 1,
                    }
                }
                for (session, log_records) in by_session {
                    kept.entry(session).or_default().push(ScopeLogs {
                        log_records,
                        ..scope.clone()
                    });
                }
            }
            self.count(resource, count);
            for (session, scope_logs) in kept {
                let packet = ResourceLogs {
                    resource: group.resource.clone(),
                    scope_logs,
                    schema_url: String::new(),
                };
                packet.append(self.evidence.entry(session).or_default());
            }
        }
    }

    /// Sorts metrics: those of Claude Code name the session on each point.
    /// Nobody else's can be told apart by session.
    pub fn metrics(&mut self, request: ExportMetricsServiceRequest) {
        for group in request.resource_metrics {
            let resource = resource_attributes(group.resource.as_ref());
            let is_known = matches!(
                Sender::of(resource),
                Sender::Known(native) if native.harness == Harness::ClaudeCode
            );
            let mut count = ProgramCount::default();
            let mut kept: FxHashMap<String, Vec<ScopeMetrics>> = FxHashMap::default();
            for mut scope in group.scope_metrics {
                for metric in std::mem::take(&mut scope.metrics) {
                    let (sorted, dropped) = super::metrics::by_session(metric, is_known);
                    count.dropped += dropped;
                    for (session, metric, points) in sorted {
                        count.kept += points;
                        kept.entry(session).or_default().push(ScopeMetrics {
                            metrics: vec![metric],
                            ..scope.clone()
                        });
                    }
                }
            }
            self.count(resource, count);
            for (session, scope_metrics) in kept {
                let packet = ResourceMetrics {
                    resource: group.resource.clone(),
                    scope_metrics,
                    schema_url: String::new(),
                };
                let session = (Harness::ClaudeCode, session);
                packet.append(self.evidence.entry(session).or_default());
            }
        }
    }

    fn count(&mut self, resource: Attributes<'_>, count: ProgramCount) {
        let name = resource.text("service.name").unwrap_or("unknown");
        let known = match self.programs.get_mut(name) {
            Some(known) => known,
            None => self.programs.entry(name.to_owned()).or_default(),
        };
        known.kept += count.kept;
        known.dropped += count.dropped;
    }

    /// What was sorted.
    pub fn finish(mut self) -> Routed {
        let mut sessions: Vec<SessionEvidence> = self
            .evidence
            .into_iter()
            .map(|((harness, native_id), bytes)| {
                let key = (harness, native_id);
                let parent = self.parents.remove(&key);
                SessionEvidence {
                    harness,
                    native_id: key.1,
                    parent,
                    bytes,
                }
            })
            .collect();
        sessions.sort_by(|a, b| {
            (a.harness.as_str(), &a.native_id).cmp(&(b.harness.as_str(), &b.native_id))
        });
        Routed {
            sessions,
            programs: self.programs,
        }
    }
}
