//! Spans gathered into one request.

use super::limits::Limits;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// The resources of a batch's spans, by the place that their spans name.
pub type Resources = Vec<Resource>;

/// What a span adds to a request besides itself: tags and lengths.
const FRAME_BYTES: usize = 16;

/// Spans that go together, each with what the sender wants to know it by.
#[derive(Clone, Debug)]
pub struct Batch<K> {
    resources: Resources,
    spans: Vec<(usize, Span, K)>,
    bytes: usize,
}

impl<K> Default for Batch<K> {
    fn default() -> Self {
        Self {
            resources: Resources::new(),
            spans: Vec::new(),
            bytes: 0,
        }
    }
}

impl<K> Batch<K> {
    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// How many spans are in it.
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether a span of so many bytes has room. An empty batch has room for
    /// any.
    pub const fn has_room(&self, bytes: usize, limits: &Limits) -> bool {
        self.spans.is_empty()
            || self.spans.len() < limits.request_spans
                && self.bytes + bytes + FRAME_BYTES <= limits.request_bytes
    }

    /// Adds a span.
    pub fn push(&mut self, resource: &Resource, span: Span, key: K) {
        if self.resources.last() != Some(resource) {
            self.bytes += resource.encoded_len() + FRAME_BYTES;
            self.resources.push(resource.clone());
        }
        self.bytes += span.encoded_len() + FRAME_BYTES;
        self.spans.push((self.resources.len() - 1, span, key));
    }

    /// What the spans are known by.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.spans.iter().map(|(_, _, key)| key)
    }

    /// The spans, to be made smaller.
    pub fn spans_mut(&mut self) -> impl Iterator<Item = &mut Span> {
        self.spans.iter_mut().map(|(_, span, _)| span)
    }

    /// The batch as two halves to be sent as they are; a single span comes back.
    pub fn split(mut self) -> Result<(Self, Self), Self> {
        if self.spans.len() < 2 {
            return Err(self);
        }
        let half = Self {
            spans: self.spans.split_off(self.spans.len() / 2),
            resources: self.resources.clone(),
            bytes: self.bytes,
        };
        Ok((self, half))
    }

    /// The request, in protobuf.
    pub fn encode(&self) -> Vec<u8> {
        let scope = InstrumentationScope {
            name: "dashcam".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let resource_spans = self
            .resources
            .iter()
            .enumerate()
            .filter_map(|(place, resource)| {
                let spans: Vec<Span> = self
                    .spans
                    .iter()
                    .filter(|(of, _, _)| *of == place)
                    .map(|(_, span, _)| span.clone())
                    .collect();
                (!spans.is_empty()).then(|| ResourceSpans {
                    resource: Some(resource.clone()),
                    scope_spans: vec![ScopeSpans {
                        scope: Some(scope.clone()),
                        spans,
                        schema_url: String::new(),
                    }],
                    schema_url: String::new(),
                })
            })
            .collect();
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }
}
