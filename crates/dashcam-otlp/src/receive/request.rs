//! From the bytes of a request to telemetry.

use super::json;
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;
use std::borrow::Cow;
use std::io::Read;

/// The most bytes of a request, before and after unpacking: what the
/// specification (OTLP 1.9, "maximum message size") asks servers to take.
pub const LIMIT: usize = 64 << 20;

/// What a request carries, by the path it is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// `/v1/traces`.
    Traces,
    /// `/v1/logs`.
    Logs,
    /// `/v1/metrics`.
    Metrics,
}

/// How a request is written; its answer is written the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

impl Encoding {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// What a request's headers say of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    /// How it is written.
    pub encoding: Encoding,
    /// Whether it is packed with gzip.
    pub gzip: bool,
}

impl Headers {
    /// Reads `content-type` and `content-encoding`.
    pub fn read(
        content_type: Option<&str>,
        content_encoding: Option<&str>,
    ) -> Result<Self, Rejection> {
        let media_type = content_type
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let encoding = match media_type.as_str() {
            "application/x-protobuf" | "application/protobuf" => Encoding::Protobuf,
            "application/json" => Encoding::Json,
            _ => return Err(Rejection::MediaType(media_type)),
        };
        let packed = content_encoding
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let gzip = match packed.as_str() {
            "" | "identity" => false,
            "gzip" | "x-gzip" => true,
            _ => return Err(Rejection::ContentEncoding(packed)),
        };
        Ok(Self { encoding, gzip })
    }
}

impl Headers {
    /// One byte that says how a request is to be read, to be kept beside it.
    pub const fn tag(self, signal: Signal) -> u8 {
        let signal = match signal {
            Signal::Traces => 1,
            Signal::Logs => 2,
            Signal::Metrics => 3,
        };
        let json = matches!(self.encoding, Encoding::Json) as u8;
        signal | json << 4 | (self.gzip as u8) << 5
    }

    /// What a tag says; `None` for one of a later version.
    pub const fn from_tag(tag: u8) -> Option<(Signal, Self)> {
        let signal = match tag & 0xf {
            1 => Signal::Traces,
            2 => Signal::Logs,
            3 => Signal::Metrics,
            _ => return None,
        };
        if tag >> 6 != 0 {
            return None;
        }
        let encoding = if tag & 0x10 == 0 {
            Encoding::Protobuf
        } else {
            Encoding::Json
        };
        Some((
            signal,
            Self {
                encoding,
                gzip: tag & 0x20 != 0,
            },
        ))
    }
}

/// Why a request is not taken. Sending it again would not help.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// A media type that OTLP does not have.
    #[error("content type `{0}` is not OTLP: send application/x-protobuf or application/json")]
    MediaType(String),
    /// Packed in a way that is not known.
    #[error("content encoding `{0}` is not known: send gzip or none")]
    ContentEncoding(String),
    /// More bytes than [`LIMIT`].
    #[error("the request is larger than {} MiB: send smaller batches", LIMIT >> 20)]
    TooLarge,
    /// Not what the headers say.
    #[error("the body cannot be unpacked: {0}")]
    Packing(std::io::Error),
    /// Not protobuf of this signal.
    #[error("the body is no OTLP protobuf: {0}")]
    Protobuf(prost::DecodeError),
    /// Not JSON of this signal.
    #[error("the body is no OTLP JSON: {0}")]
    Json(serde_json::Error),
}

impl Rejection {
    /// The HTTP status that says so.
    pub const fn status(&self) -> u16 {
        match self {
            Self::MediaType(_) | Self::ContentEncoding(_) => 415,
            Self::TooLarge => 413,
            Self::Packing(_) | Self::Protobuf(_) | Self::Json(_) => 400,
        }
    }
}

/// What a request carried.
#[derive(Clone, Debug, PartialEq)]
pub enum Telemetry {
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Log records.
    Logs(ExportLogsServiceRequest),
    /// Metrics.
    Metrics(ExportMetricsServiceRequest),
}

impl Telemetry {
    /// How many spans, log records or data points there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Traces(request) => request
                .resource_spans
                .iter()
                .flat_map(|resource| &resource.scope_spans)
                .map(|scope| scope.spans.len())
                .sum(),
            Self::Logs(request) => request
                .resource_logs
                .iter()
                .flat_map(|resource| &resource.scope_logs)
                .map(|scope| scope.log_records.len())
                .sum(),
            Self::Metrics(request) => request
                .resource_metrics
                .iter()
                .flat_map(|resource| &resource.scope_metrics)
                .flat_map(|scope| &scope.metrics)
                .map(|metric| match &metric.data {
                    Some(Data::Gauge(gauge)) => gauge.data_points.len(),
                    Some(Data::Sum(sum)) => sum.data_points.len(),
                    Some(Data::Histogram(histogram)) => histogram.data_points.len(),
                    Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
                    Some(Data::Summary(summary)) => summary.data_points.len(),
                    None => 0,
                })
                .sum(),
        }
    }

    /// How many of them no reader could place: spans and log records without
    /// what the specification demands of them, with the reason.
    pub fn invalid(&self) -> Option<(usize, &'static str)> {
        let Self::Traces(request) = self else {
            return None;
        };
        let count = request
            .resource_spans
            .iter()
            .flat_map(|resource| &resource.scope_spans)
            .flat_map(|scope| &scope.spans)
            .filter(|span| !is_placed(&span.trace_id, 16) || !is_placed(&span.span_id, 8))
            .count();
        (count > 0).then_some((
            count,
            "a trace id has 16 bytes and a span id 8, not all of them zero",
        ))
    }
}

fn is_placed(id: &[u8], length: usize) -> bool {
    id.len() == length && id.iter().any(|byte| *byte != 0)
}

/// The body as it was before it was packed.
pub fn unpack(headers: Headers, body: &[u8]) -> Result<Cow<'_, [u8]>, Rejection> {
    if body.len() > LIMIT {
        return Err(Rejection::TooLarge);
    }
    if !headers.gzip {
        return Ok(Cow::Borrowed(body));
    }
    let mut unpacked = Vec::with_capacity((body.len() * 4).min(LIMIT));
    MultiGzDecoder::new(body)
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut unpacked)
        .map_err(Rejection::Packing)?;
    if unpacked.len() > LIMIT {
        return Err(Rejection::TooLarge);
    }
    Ok(Cow::Owned(unpacked))
}

/// What an unpacked body carries.
pub fn decode(signal: Signal, encoding: Encoding, body: &[u8]) -> Result<Telemetry, Rejection> {
    match encoding {
        Encoding::Protobuf => match signal {
            Signal::Traces => Message::decode(body).map(Telemetry::Traces),
            Signal::Logs => Message::decode(body).map(Telemetry::Logs),
            Signal::Metrics => Message::decode(body).map(Telemetry::Metrics),
        }
        .map_err(Rejection::Protobuf),
        Encoding::Json => match signal {
            Signal::Traces => json::read(body).map(Telemetry::Traces),
            Signal::Logs => json::read(body).map(Telemetry::Logs),
            Signal::Metrics => json::read(body).map(Telemetry::Metrics),
        }
        .map_err(Rejection::Json),
    }
}
