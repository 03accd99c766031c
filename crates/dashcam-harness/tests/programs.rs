//! Sessions of programs that dashcam knows nothing of but their spans.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

mod invariants;

use dashcam_harness::telemetry::{Routed, Router, evidence_path};
use dashcam_harness::{Decoded, Evidence, EvidenceFile, reader};
use dashcam_otlp::receive::{Encoding, Signal, Telemetry, decode};
use dashcam_trace::{
    Harness, InputPart, ModelCall, Part, Session, Source, Span, SpanBody, SpanKind, Status,
    ToolCall,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::borrow::Cow;

fn attributes(values: &Value) -> Value {
    let value = |value: &Value| match value {
        Value::String(text) => json!({ "stringValue": text }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        other => panic!("{other}"),
    };
    let members = values.as_object().unwrap().iter();
    members
        .map(|(key, of)| json!({ "key": key, "value": value(of) }))
        .collect()
}

/// A span of trace `trace`, from `start` to `end` in milliseconds.
fn span(trace: u8, id: u8, parent: u8, name: &str, at: (u64, u64), values: &Value) -> Value {
    let hex = |byte: u8, length: usize| format!("{byte:02x}").repeat(length);
    let parent = if parent == 0 {
        String::new()
    } else {
        hex(parent, 8)
    };
    json!({
        "traceId": hex(trace, 16),
        "spanId": hex(id, 8),
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": (at.0 * 1_000_000).to_string(),
        "endTimeUnixNano": (at.1 * 1_000_000).to_string(),
        "attributes": attributes(values),
    })
}

fn request(resource: &Value, spans: &[Value]) -> Telemetry {
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(resource) },
        "scopeSpans": [{ "scope": { "name": "s" }, "spans": spans }],
    }]});
    decode(Signal::Traces, Encoding::Json, body.to_string().as_bytes()).unwrap()
}

fn route(requests: Vec<Telemetry>) -> Routed {
    let mut router = Router::default();
    for request in requests {
        if let Telemetry::Traces(request) = request {
            router.traces(request);
        }
    }
    router.finish()
}

/// The session that all evidence belongs to.
fn session(routed: &Routed, native_id: &str) -> Session {
    let paths: Vec<String> = routed
        .sessions
        .iter()
        .map(|evidence| evidence_path(evidence.harness, &evidence.native_id))
        .collect();
    let files = routed
        .sessions
        .iter()
        .zip(&paths)
        .map(|(evidence, path)| EvidenceFile {
            path,
            native_id: &evidence.native_id,
            parent: evidence.parent.as_deref(),
            bytes: Cow::Borrowed(&evidence.bytes),
        })
        .collect();
    let Decoded {
        session, problems, ..
    } = reader(Harness::Program).decode(&Evidence { native_id, files });
    assert_eq!(problems, []);
    let session = session.unwrap();
    invariants::check(&session);
    session
}

fn model_calls(session: &Session) -> Vec<(&Span, &ModelCall)> {
    let calls = session.spans().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some((span, call)),
        _ => None,
    });
    calls.collect()
}

fn tool_calls(session: &Session) -> Vec<(&Span, &ToolCall)> {
    let calls = session.spans().filter_map(|span| match &span.body {
        SpanBody::ToolCall(call) => Some((span, call)),
        _ => None,
    });
    calls.collect()
}

const SESSION: &str = "0b3c2a2e-5a57-4a3b-9a3e-000000000001";

#[test]
fn an_openinference_chain_is_a_turn_with_its_steps() {
    let resource = json!({ "service.name": "shop-bot", "openinference.project.name": "shop" });
    let spans = vec![
        span(
            1,
            1,
            0,
            "AgentExecutor",
            (1000, 2000),
            &json!({
                "openinference.span.kind": "CHAIN", "input.value": "What is in stock?",
                "output.value": "Quinces.", "session.id": SESSION,
            }),
        ),
        span(
            1,
            2,
            1,
            "ChatOpenAI",
            (1010, 1500),
            &json!({
                "openinference.span.kind": "LLM", "llm.model_name": "gpt-5", "llm.provider": "openai",
                "llm.token_count.prompt": 100, "llm.token_count.completion": 20,
                "llm.token_count.prompt_details.cache_read": 60,
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.0.message.content": "Be brief.",
                "llm.input_messages.1.message.role": "user",
                "llm.input_messages.1.message.content": "What is in stock?",
                "llm.output_messages.0.message.role": "assistant",
                "llm.output_messages.0.message.content": "Let me look.",
            }),
        ),
        span(
            1,
            3,
            1,
            "stock",
            (1510, 1600),
            &json!({
                "openinference.span.kind": "TOOL", "tool.name": "stock",
                "tool.parameters": "{\"shop\":1}", "output.value": "quinces",
            }),
        ),
        span(
            1,
            4,
            1,
            "Retriever",
            (1610, 1700),
            &json!({
                "openinference.span.kind": "RETRIEVER", "input.value": "quinces",
            }),
        ),
    ];
    let routed = route(vec![request(&resource, &spans)]);
    let session = session(&routed, SESSION);
    assert_eq!(session.cwd.as_deref(), Some("shop"));
    assert_eq!(session.entrypoint.as_deref(), Some("shop-bot"));
    assert_eq!(session.turns.len(), 1);
    let turn = &session.turns[0];
    assert_eq!(turn.prompt.text, "What is in stock?");
    assert_eq!(turn.spans.len(), 4);
    assert_eq!(turn.id.to_string(), "01".repeat(16), "the trace's own id");
    let calls = model_calls(&session);
    let (span, call) = calls[0];
    assert_eq!(span.parent, Some(turn.spans[0].id));
    assert!(span.sources.contains(Source::Otel) && !span.sources.contains(Source::Transcript));
    assert_eq!(call.model, "gpt-5");
    let tokens = call.tokens.unwrap();
    assert_eq!(
        (tokens.prompt, tokens.cache_read, tokens.completion),
        (100, 60, 20)
    );
    let asked = InputPart::Prompt {
        text: "What is in stock?".to_owned(),
    };
    assert_eq!(call.input, [asked]);
    assert_eq!(
        call.output,
        [Part::Text {
            text: "Let me look.".to_owned()
        }]
    );
    let tools: Vec<_> = tool_calls(&session)
        .iter()
        .map(|(_, call)| call.tool.clone())
        .collect();
    assert_eq!(tools, ["stock", "Retriever"]);
}

#[test]
fn genai_spans_without_a_session_are_one_by_trace() {
    let resource = json!({ "service.name": "unknown_service:node" });
    let spans = vec![
        span(
            7,
            1,
            0,
            "chat claude",
            (1000, 2000),
            &json!({
                "gen_ai.operation.name": "chat", "gen_ai.system": "anthropic",
                "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.output_tokens": 5.0, "gen_ai.usage.cache_write.input_tokens": 3,
                "gen_ai.input.messages":
                    "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Hello\"}]}]",
                "gen_ai.output.messages":
                    "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Hi\"}]}]",
            }),
        ),
        span(
            7,
            2,
            1,
            "execute_tool ls",
            (1500, 1600),
            &json!({
                "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "ls",
                "gen_ai.tool.call.id": "c1", "gen_ai.tool.call.arguments": "{}",
                "gen_ai.tool.call.result": "a b",
            }),
        ),
    ];
    let routed = route(vec![request(&resource, &spans)]);
    assert_eq!(routed.sessions.len(), 1);
    assert_eq!(routed.sessions[0].parent, None);
    let session = session(&routed, &"07".repeat(16));
    assert_eq!(session.cwd, None, "a name that names nobody");
    let (_, call) = model_calls(&session)[0];
    assert_eq!(call.provider.as_deref(), Some("anthropic"));
    let tokens = call.tokens.unwrap();
    assert_eq!(
        (tokens.prompt, tokens.completion, tokens.cache_write_5m),
        (10, 5, 3)
    );
    assert_eq!(
        call.output,
        [Part::Text {
            text: "Hi".to_owned()
        }]
    );
    assert_eq!(session.turns[0].prompt.text, "Hello");
    let (_, tool) = tool_calls(&session)[0];
    assert_eq!(
        (tool.tool.as_str(), tool.call_id.as_deref()),
        ("ls", Some("c1"))
    );
    assert_eq!(tool.output.as_ref().unwrap().text, "a b");
}

#[test]
fn the_ai_sdks_outer_spans_do_not_count_usage_twice() {
    let usage = json!({
        "ai.operationId": "ai.streamText", "ai.usage.inputTokens": 10, "ai.usage.outputTokens": 4,
    });
    let inner = json!({
        "ai.operationId": "ai.streamText.doStream", "ai.usage.inputTokens": 10,
        "ai.usage.outputTokens": 4, "ai.model.id": "m", "ai.response.text": "yes",
        "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 4,
    });
    let tool = json!({
        "ai.operationId": "ai.toolCall", "ai.toolCall.name": "read", "ai.toolCall.id": "t1",
        "ai.toolCall.args": "{\"path\":\"a\"}", "ai.toolCall.result": "\"b\"",
    });
    let internals = json!({ "session.id": SESSION, "message.id": "m1" });
    let spans = vec![
        span(2, 1, 0, "ai.streamText", (1, 100), &usage),
        span(2, 2, 1, "ai.streamText.doStream", (2, 90), &inner),
        span(2, 3, 1, "ai.toolCall", (91, 95), &tool),
        span(2, 4, 3, "Storage.write", (92, 93), &internals),
    ];
    let routed = route(vec![request(
        &json!({ "service.name": "assistant" }),
        &spans,
    )]);
    assert_eq!(routed.programs["assistant"].dropped, 1);
    let session = session(&routed, &"02".repeat(16));
    assert_eq!(session.tokens().total(), 14);
    assert_eq!(model_calls(&session).len(), 1);
    assert_eq!(tool_calls(&session)[0].1.tool, "read");
}

#[test]
fn traces_of_one_session_are_its_turns_and_short_names_stay_within_their_program() {
    let one = |trace: u8, start: u64, session: &str| {
        span(
            trace,
            trace,
            0,
            "chat",
            (start, start + 5),
            &json!({
                "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "session.id": session,
            }),
        )
    };
    let named = |name: &str| json!({ "service.name": name });
    let routed = route(vec![
        request(&named("a"), &[one(2, 200, SESSION), one(1, 100, SESSION)]),
        request(&named("a"), &[one(3, 300, "user-1")]),
        request(&named("b"), &[one(4, 400, "user-1")]),
    ]);
    let parents: Vec<_> = routed
        .sessions
        .iter()
        .filter_map(|of| of.parent.as_deref())
        .collect();
    assert_eq!(parents, [SESSION, SESSION, "a/user-1", "b/user-1"]);
    let own = Routed {
        sessions: routed
            .sessions
            .iter()
            .filter(|of| of.parent.as_deref() == Some(SESSION))
            .cloned()
            .collect(),
        ..Routed::default()
    };
    let session = session(&own, SESSION);
    let starts: Vec<_> = session
        .turns
        .iter()
        .map(|turn| turn.start.as_millisecond())
        .collect();
    assert_eq!(starts, [100, 200]);
}

#[test]
fn traces_of_programs_without_models_are_not_kept() {
    let http = json!({ "http.request.method": "GET", "url.path": "/" });
    let routed = route(vec![request(
        &json!({ "service.name": "web" }),
        &[span(1, 1, 0, "GET /", (1, 2), &http)],
    )]);
    assert_eq!(routed.sessions, []);
    assert_eq!(routed.programs["web"].dropped, 1);
}

#[test]
fn a_failed_step_tells_why() {
    let mut failed = span(
        1,
        1,
        0,
        "chat",
        (1, 2),
        &json!({ "gen_ai.request.model": "m" }),
    );
    failed["status"] = json!({ "code": 2, "message": "no key" });
    let routed = route(vec![request(&json!({}), &[failed])]);
    let session = session(&routed, &"01".repeat(16));
    let (span, _) = model_calls(&session)[0];
    assert_eq!(
        (span.status, span.error.as_deref()),
        (Status::Error, Some("no key"))
    );
    assert_eq!(session.turns[0].spans[0].kind(), SpanKind::Turn);
}

proptest! {
    #[test]
    fn whatever_a_program_sends_is_a_well_formed_session(
        spans in proptest::collection::vec(
            (1..3_u8, 1..6_u8, 0..8_u8, 0..1000_u64, 0..1000_u64, 0..7_usize), 1..12),
        turned in any::<bool>(),
    ) {
        let kinds = ["LLM", "TOOL", "AGENT", "CHAIN", "GUARDRAIL", "EMBEDDING", "?"];
        let mut sent: Vec<Value> = spans
            .into_iter()
            .map(|(trace, id, parent, start, end, kind)| {
                span(trace, id, parent, "s", (start, end), &json!({
                    "openinference.span.kind": kinds[kind], "session.id": SESSION,
                    "tool.parameters": "not json", "llm.invocation_parameters": "{}",
                }))
            })
            .collect();
        let one = session(&route(vec![request(&json!({}), &sent)]), SESSION);
        if turned {
            sent.reverse();
        }
        let requests = sent.into_iter().map(|span| request(&json!({}), &[span])).collect();
        let other = session(&route(requests), SESSION);
        prop_assert_eq!(one, other);
    }
}
