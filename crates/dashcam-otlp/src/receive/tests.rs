//! Requests of both encodings, well formed and not.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;
use std::io::Write;

const PROTOBUF: Headers = Headers {
    encoding: Encoding::Protobuf,
    gzip: false,
};

fn one_span() -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![Span {
                    trace_id: vec![0xab; 16],
                    span_id: vec![0xcd; 8],
                    name: "a step".to_owned(),
                    start_time_unix_nano: 1_795_429_912_840_541_000,
                    ..Span::default()
                }],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn spans(telemetry: Telemetry) -> Vec<Span> {
    let Telemetry::Traces(request) = telemetry else {
        panic!("no spans: {telemetry:?}")
    };
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn json_spans(text: &str) -> Vec<Span> {
    spans(decode(Signal::Traces, Encoding::Json, text.as_bytes()).unwrap())
}

#[test]
fn headers_tell_how_a_body_is_written() {
    let read = |kind, packing| Headers::read(Some(kind), packing).unwrap();
    assert_eq!(read("application/x-protobuf", None), PROTOBUF);
    assert_eq!(
        read("Application/JSON; charset=utf-8", Some("gzip")),
        Headers {
            encoding: Encoding::Json,
            gzip: true
        }
    );
    for (kind, packing) in [
        (None, None),
        (Some("text/plain"), None),
        (Some("application/json"), Some("br")),
    ] {
        assert_eq!(Headers::read(kind, packing).unwrap_err().status(), 415);
    }
}

#[test]
fn a_tag_says_how_a_request_is_to_be_read() {
    for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            for gzip in [false, true] {
                let headers = Headers { encoding, gzip };
                assert_eq!(
                    Headers::from_tag(headers.tag(signal)),
                    Some((signal, headers))
                );
            }
        }
    }
    assert_eq!(Headers::from_tag(0), None);
    assert_eq!(Headers::from_tag(0x41), None);
}

#[test]
fn a_packed_body_is_unpacked_and_a_false_one_refused() {
    let headers = Headers {
        gzip: true,
        ..PROTOBUF
    };
    let body = one_span().encode_to_vec();
    assert_eq!(*unpack(headers, &packed(&body)).unwrap(), body);
    assert_eq!(unpack(headers, &body).unwrap_err().status(), 400);
    assert_eq!(
        unpack(headers, &packed(&body)[..20]).unwrap_err().status(),
        400
    );
}

#[test]
fn a_bomb_is_refused_before_it_fills_memory() {
    let headers = Headers {
        gzip: true,
        ..PROTOBUF
    };
    let bomb = packed(&vec![0; LIMIT + 1]);
    assert!(bomb.len() < LIMIT / 100);
    let rejection = unpack(headers, &bomb).unwrap_err();
    assert_eq!(rejection.status(), 413);
    assert!(rejection.to_string().contains("64 MiB"), "{rejection}");
}

#[test]
fn what_is_no_otlp_is_malformed() {
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let rejection = decode(Signal::Logs, encoding, b"\xff\xff nonsense").unwrap_err();
        assert_eq!(rejection.status(), 400);
    }
}

#[test]
fn both_spellings_of_json_mean_the_same() {
    let as_specified = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{
        "traceId":"ABABABABABABABABABABABABABABABAB","spanId":"cdcdcdcdcdcdcdcd","name":"a",
        "kind":3,"startTimeUnixNano":"1795429912840541000","status":{"code":2,"message":"m"},
        "attributes":[{"key":"a_key","value":{"intValue":"7"}},{"key":"e","value":{}}],
        "parentSpanId":"","newer":{"x":[1]}}]}]}]}"#;
    let as_some_send = r#"{"resource_spans":[{"scope_spans":[{"spans":[{
        "trace_id":"q6urq6urq6urq6urq6urqw==","span_id":"zc3Nzc3Nzc0=","name":"a",
        "kind":"SPAN_KIND_CLIENT","start_time_unix_nano":1795429912840541000,
        "status":{"code":"STATUS_CODE_ERROR","message":"m"},"links":null,
        "attributes":[{"key":"a_key","value":{"int_value":7}},{"key":"e","value":null}]}]}]}]}"#;
    let mut expected = json_spans(as_specified);
    let mut found = json_spans(as_some_send);
    assert_eq!(expected[0].trace_id, vec![0xab; 16]);
    assert_eq!(expected[0].start_time_unix_nano, 1_795_429_912_840_541_000);
    assert_eq!(expected[0].attributes[0].key, "a_key");
    let value = expected[0].attributes[0].value.clone().unwrap().value;
    assert_eq!(value, Some(Value::IntValue(7)));
    // An empty value and none are told apart by protobuf, not by meaning.
    expected[0].attributes[1].value = None;
    found[0].attributes[1].value = None;
    assert_eq!(expected, found);
}

#[test]
fn texts_of_the_sender_stay_as_they_are() {
    let found = json_spans(
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"SPAN_KIND_CLIENT",
        "traceId":"abababababababababababababababab","spanId":"cdcdcdcdcdcdcdcd","attributes":[
        {"key":"kind","value":{"stringValue":"{\"snake_case\": null}"}}]}]}]}]}"#,
    );
    assert_eq!(found[0].name, "SPAN_KIND_CLIENT");
    let value = found[0].attributes[0].value.clone().unwrap().value;
    assert_eq!(
        value,
        Some(Value::StringValue(r#"{"snake_case": null}"#.to_owned()))
    );
}

#[test]
fn spans_without_a_place_are_counted_as_rejected() {
    let mut request = one_span();
    let mut other = request.resource_spans[0].scope_spans[0].spans[0].clone();
    other.span_id = vec![0; 8];
    request.resource_spans[0].scope_spans[0].spans.push(other);
    let telemetry = Telemetry::Traces(request);
    assert_eq!(telemetry.count(), 2);
    let (count, _) = telemetry.invalid().unwrap();
    assert_eq!(count, 1);
    let answer = Answer::taken(Signal::Traces, Encoding::Json, telemetry.invalid());
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains(r#""rejectedSpans":"1""#), "{text}");
}

#[test]
fn answers_have_the_encoding_of_the_request() {
    for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
        assert_eq!(Answer::taken(signal, Encoding::Json, None).body, b"{}");
        assert_eq!(Answer::taken(signal, Encoding::Protobuf, None).body, b"");
    }
    let rejection = Rejection::TooLarge;
    let json = Answer::rejected(Encoding::Json, &rejection);
    assert_eq!(json.status, 413);
    let value: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(value["code"], 8);
    let binary = Answer::rejected(Encoding::Protobuf, &rejection);
    // Field 1, a number, then field 2, a text: google.rpc.Status.
    assert_eq!(&binary.body[..3], [0x08, 8, 0x12]);
    let full = Answer::unavailable(Encoding::Json, "the disk is full");
    assert_eq!(
        (full.status, full.retry_after),
        (503, Some(RETRY_AFTER_SECONDS))
    );
}

proptest! {
    #[test]
    fn no_body_makes_the_reader_panic(body: Vec<u8>, text: String) {
        for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
            let _ = decode(signal, Encoding::Protobuf, &body);
            let _ = decode(signal, Encoding::Json, text.as_bytes());
        }
    }
}
