//! Spans as an instrumented agent sends them: sessions of some turns, a turn a
//! trace of model and tool calls, 6.5 kB a span, batches of 256.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// Spans of a request, as the exporters of OpenTelemetry send by default at most.
const BATCH: usize = 256;
/// Spans of a trace.
const TRACE: usize = 16;
/// Traces of a session.
const SESSION: usize = 5;
/// Bytes of text of a span.
const TEXT: usize = 5_800;

/// One request.
pub(super) struct Request {
    pub(super) spans: usize,
    pub(super) body: Vec<u8>,
}

/// How many spans requests hold.
pub(super) fn count(requests: &[Request]) -> usize {
    requests.iter().map(|request| request.spans).sum()
}

/// How many bytes requests have.
pub(super) fn bytes(requests: &[Request]) -> usize {
    requests.iter().map(|request| request.body.len()).sum()
}

/// Requests with so many spans.
pub(super) fn requests(spans: usize) -> Vec<Request> {
    let mut words = Words(0x9e37_79b9_7f4a_7c15);
    let all: Vec<usize> = (0..spans).collect();
    all.chunks(BATCH)
        .map(|numbers| {
            let spans: Vec<Span> = numbers
                .iter()
                .map(|number| span(*number, &mut words))
                .collect();
            Request {
                spans: spans.len(),
                body: request(spans).encode_to_vec(),
            }
        })
        .collect()
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![
                    text("service.name", "bench-agent"),
                    text("openinference.project.name", "bench"),
                ],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn span(number: usize, words: &mut Words) -> Span {
    let (trace, place) = (number / TRACE, number % TRACE);
    let session = format!("00000000-0000-4000-8000-{:012}", trace / SESSION);
    let start = 1_795_000_000_000_000_000 + number as u64 * 10_000_000;
    let long = |words: &mut Words| words.text(TEXT / 2);
    let mut attributes = vec![text("session.id", &session)];
    let (name, kind) = match place {
        0 => ("turn", "CHAIN"),
        _ if place % 2 == 1 => ("ChatAnthropic", "LLM"),
        _ => ("Bash", "TOOL"),
    };
    attributes.push(text("openinference.span.kind", kind));
    match kind {
        "LLM" => attributes.extend([
            text("llm.model_name", "claude-sonnet-4-5"),
            text("llm.provider", "anthropic"),
            text("llm.input_messages.0.message.role", "user"),
            text("llm.input_messages.0.message.content", &long(words)),
            text("llm.output_messages.0.message.role", "assistant"),
            text("llm.output_messages.0.message.content", &long(words)),
            int("llm.token_count.prompt", 12_000 + number as i64 % 900),
            int("llm.token_count.completion", 300),
            int("llm.token_count.total", 12_300 + number as i64 % 900),
            int("llm.token_count.prompt_details.cache_read", 11_000),
        ]),
        "TOOL" => attributes.extend([
            text("tool.name", "Bash"),
            text("tool.id", &format!("toolu_{number:012}")),
            text("tool.parameters", "{\"command\":\"cargo test\"}"),
            text("input.value", &long(words)),
            text("output.value", &long(words)),
        ]),
        _ => attributes.extend([
            text("input.value", &long(words)),
            text("output.value", &long(words)),
        ]),
    }
    let id = |number: usize| (number as u64 + 1).to_be_bytes().to_vec();
    Span {
        trace_id: (trace as u128 + 1).to_be_bytes().to_vec(),
        span_id: id(number),
        parent_span_id: if place == 0 {
            Vec::new()
        } else {
            id(trace * TRACE)
        },
        name: name.to_owned(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + 9_000_000,
        attributes,
        ..Span::default()
    }
}

fn text(name: &str, text: &str) -> KeyValue {
    pair(name, Value::StringValue(text.to_owned()))
}

fn int(name: &str, number: i64) -> KeyValue {
    pair(name, Value::IntValue(number))
}

fn pair(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// Text that packs about as well as source code and talk do.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn text(&mut self, bytes: usize) -> String {
        const SYLLABLES: [&str; 32] = [
            "re", "turn", "fn", "let", "mut", "self", "state", "in", "put", "out", "er", "ror",
            "test", "case", "file", "path", "read", "write", "line", "num", "ber", "vec", "str",
            "ing", "map", "key", "value", "next", "iter", "some", "none", "ok",
        ];
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            let mut random = self.next();
            for _ in 0..=random % 3 {
                random >>= 5;
                text.push_str(SYLLABLES[(random % 32) as usize]);
            }
            text.push(if random.is_multiple_of(11) { '\n' } else { ' ' });
        }
        text
    }
}
