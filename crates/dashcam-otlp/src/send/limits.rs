//! What a backend takes.

use std::time::Duration;

/// What a backend takes. What it would refuse or drop in silence is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest request, in bytes before packing.
    pub request_bytes: usize,
    /// The most spans of one request.
    pub request_spans: usize,
    /// The most attributes of one span.
    pub attributes: Option<usize>,
    /// The longest text of one attribute, in bytes.
    pub value_bytes: usize,
    /// How long ago a span may have ended.
    pub age: Option<Duration>,
}

impl Limits {
    /// What every backend is known to take: well under the 64 MiB of the OTLP
    /// specification and the 4 MiB of a collector's gRPC receiver.
    pub const USUAL: Self = Self {
        request_bytes: 4 << 20,
        request_spans: 512,
        attributes: None,
        value_bytes: 1 << 20,
        age: None,
    };
}
