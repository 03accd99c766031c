//! How telemetry stands in the archive, and in which order it is read.
//!
//! A packet is one resource's spans, log records or metrics, of one session:
//! a byte that says which, the length in four bytes, little-endian, and the
//! protobuf of OTLP.

use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;
use rustc_hash::FxHashMap;

const SPANS: u8 = 1;
const LOGS: u8 = 2;
const METRICS: u8 = 3;

/// Appends packets to a session's evidence.
pub(super) trait Packet: Message + Sized {
    const KIND: u8;

    fn append(&self, evidence: &mut Vec<u8>) {
        let length = self.encoded_len();
        evidence.reserve(length + 5);
        evidence.push(Self::KIND);
        evidence.extend_from_slice(&(length as u32).to_le_bytes());
        // A vector has room for whatever is written to it.
        let _ = self.encode(evidence);
    }
}

impl Packet for ResourceSpans {
    const KIND: u8 = SPANS;
}

impl Packet for ResourceLogs {
    const KIND: u8 = LOGS;
}

impl Packet for ResourceMetrics {
    const KIND: u8 = METRICS;
}

/// Everything that telemetry told of one session: each item once, in an order
/// that does not depend on how it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items {
    /// What the programs say of themselves.
    pub resources: Vec<Resource>,
    /// Spans by start.
    pub spans: Vec<(usize, Span)>,
    /// Log records by time.
    pub logs: Vec<LogRecord>,
    /// Metrics.
    pub metrics: Vec<Metric>,
}

impl Items {
    /// Reads the evidence of a session, from any number of archived files.
    /// What cannot be read ends the file that it stands in.
    pub fn read<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut reading = Reading::default();
        for file in files {
            reading.file(file);
        }
        reading.items()
    }

    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty() && self.metrics.is_empty()
    }
}

#[derive(Default)]
struct Reading {
    spans: Vec<(Resource, Span)>,
    logs: Vec<(Vec<u8>, LogRecord)>,
    metrics: Vec<(Vec<u8>, Metric)>,
    resources: Vec<Resource>,
}

impl Reading {
    fn file(&mut self, mut rest: &[u8]) {
        while let Some((kind, packet, behind)) = next_packet(rest) {
            rest = behind;
            match kind {
                SPANS => self.packet_of_spans(packet),
                LOGS => self.packet_of_logs(packet),
                METRICS => self.packet_of_metrics(packet),
                // From a later version.
                _ => {}
            }
        }
    }

    fn packet_of_spans(&mut self, packet: &[u8]) {
        let Ok(packet) = ResourceSpans::decode(packet) else {
            return;
        };
        let resource = packet.resource.unwrap_or_default();
        for span in packet.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            self.spans.push((resource.clone(), span));
        }
    }

    fn packet_of_logs(&mut self, packet: &[u8]) {
        let Ok(packet) = ResourceLogs::decode(packet) else {
            return;
        };
        self.resources.push(packet.resource.unwrap_or_default());
        let logs = packet
            .scope_logs
            .into_iter()
            .flat_map(|scope| scope.log_records);
        self.logs
            .extend(logs.map(|record| (record.encode_to_vec(), record)));
    }

    fn packet_of_metrics(&mut self, packet: &[u8]) {
        let Ok(packet) = ResourceMetrics::decode(packet) else {
            return;
        };
        let metrics = packet
            .scope_metrics
            .into_iter()
            .flat_map(|scope| scope.metrics);
        self.metrics
            .extend(metrics.map(|metric| (metric.encode_to_vec(), metric)));
    }

    fn items(mut self) -> Items {
        let mut items = Items::default();
        // A span is sent again after a lost answer, the same to the byte; a
        // sender that changes it ends it later.
        let mut best: FxHashMap<(Vec<u8>, Vec<u8>), (Resource, Span)> = FxHashMap::default();
        for (resource, span) in self.spans {
            let key = (span.trace_id.clone(), span.span_id.clone());
            match best.get(&key) {
                Some((_, known)) if !is_fuller(&span, known) => {}
                _ => drop(best.insert(key, (resource, span))),
            }
        }
        let mut spans: Vec<_> = best.into_values().collect();
        spans.sort_by(|(_, a), (_, b)| {
            let key = |span: &Span| span.start_time_unix_nano;
            (key(a), &a.trace_id, &a.span_id).cmp(&(key(b), &b.trace_id, &b.span_id))
        });
        let encoded = |resource: &Resource| resource.encode_to_vec();
        self.resources
            .extend(spans.iter().map(|(resource, _)| resource.clone()));
        self.resources.sort_by_cached_key(encoded);
        self.resources.dedup();
        let place: FxHashMap<Vec<u8>, usize> = self
            .resources
            .iter()
            .enumerate()
            .map(|(index, resource)| (encoded(resource), index))
            .collect();
        items.spans = spans
            .into_iter()
            .map(|(resource, span)| (place[&encoded(&resource)], span))
            .collect();
        let time = |record: &LogRecord| match record.time_unix_nano {
            0 => record.observed_time_unix_nano,
            time => time,
        };
        self.logs
            .sort_by(|(a_bytes, a), (b_bytes, b)| (time(a), a_bytes).cmp(&(time(b), b_bytes)));
        self.logs.dedup_by(|(a, _), (b, _)| a == b);
        items.logs = self.logs.into_iter().map(|(_, record)| record).collect();
        self.metrics.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.metrics.dedup_by(|(a, _), (b, _)| a == b);
        items.metrics = self.metrics.into_iter().map(|(_, metric)| metric).collect();
        items.resources = self.resources;
        items
    }
}

/// Which of two forms of a span counts.
fn is_fuller(span: &Span, known: &Span) -> bool {
    let key = |span: &Span| (span.end_time_unix_nano, span.encoded_len());
    key(span) > key(known)
        || key(span) == key(known) && span.encode_to_vec() > known.encode_to_vec()
}

fn next_packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let packet = rest.get(..length)?;
    Some((kind, packet, &rest[length..]))
}
