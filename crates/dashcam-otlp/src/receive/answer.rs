//! What a sender is told.

use super::{Encoding, Rejection, Signal};
use prost::Message;
use serde_json::{Value, json};

/// When a sender should try again, if nothing could be kept.
pub const RETRY_AFTER_SECONDS: u32 = 5;

/// An answer: status, and body in the encoding of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The encoding of the body.
    pub encoding: Encoding,
    /// The body.
    pub body: Vec<u8>,
    /// Seconds for `Retry-After`, if sending again makes sense.
    pub retry_after: Option<u32>,
}

impl Answer {
    /// Everything was taken, except so many, for a reason.
    pub fn taken(signal: Signal, encoding: Encoding, invalid: Option<(usize, &str)>) -> Self {
        let rejected = invalid.map(|(count, reason)| (count as i64, reason.to_owned()));
        let body = match encoding {
            Encoding::Protobuf => protobuf(signal, rejected),
            Encoding::Json => json_text(&partial_success(signal, rejected)),
        };
        Self {
            status: 200,
            encoding,
            body,
            retry_after: None,
        }
    }

    /// Nothing was taken, and never will be.
    pub fn rejected(encoding: Encoding, rejection: &Rejection) -> Self {
        Self::failed(rejection.status(), encoding, &rejection.to_string())
    }

    /// Nothing was taken, but may be later.
    pub fn unavailable(encoding: Encoding, message: &str) -> Self {
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::failed(503, encoding, message)
        }
    }

    /// A failure with any status.
    pub fn failed(status: u16, encoding: Encoding, message: &str) -> Self {
        let code = rpc_code(status);
        let body = match encoding {
            Encoding::Protobuf => RpcStatus {
                code,
                message: message.to_owned(),
            }
            .encode_to_vec(),
            Encoding::Json => json_text(&json!({ "code": code, "message": message })),
        };
        Self {
            status,
            encoding,
            body,
            retry_after: None,
        }
    }
}

/// `google.rpc.Status`, which OTLP demands as the body of a failure.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The code of `google.rpc.Code` for an HTTP status.
const fn rpc_code(status: u16) -> i32 {
    match status {
        403 => 7,
        413 => 8,
        503 => 14,
        500 => 13,
        _ => 3,
    }
}

fn protobuf(signal: Signal, rejected: Option<(i64, String)>) -> Vec<u8> {
    use opentelemetry_proto::tonic::collector::{logs, metrics, trace};
    match signal {
        Signal::Traces => trace::v1::ExportTraceServiceResponse {
            partial_success: rejected.map(|(rejected_spans, error_message)| {
                trace::v1::ExportTracePartialSuccess {
                    rejected_spans,
                    error_message,
                }
            }),
        }
        .encode_to_vec(),
        Signal::Logs => logs::v1::ExportLogsServiceResponse {
            partial_success: rejected.map(|(rejected_log_records, error_message)| {
                logs::v1::ExportLogsPartialSuccess {
                    rejected_log_records,
                    error_message,
                }
            }),
        }
        .encode_to_vec(),
        Signal::Metrics => metrics::v1::ExportMetricsServiceResponse {
            partial_success: rejected.map(|(rejected_data_points, error_message)| {
                metrics::v1::ExportMetricsPartialSuccess {
                    rejected_data_points,
                    error_message,
                }
            }),
        }
        .encode_to_vec(),
    }
}

fn partial_success(signal: Signal, rejected: Option<(i64, String)>) -> Value {
    let Some((count, message)) = rejected else {
        return json!({});
    };
    let name = match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Logs => "rejectedLogRecords",
        Signal::Metrics => "rejectedDataPoints",
    };
    json!({ "partialSuccess": { name: count.to_string(), "errorMessage": message } })
}

fn json_text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
