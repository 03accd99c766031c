//! The law of the codec, and what one small session looks like.

use super::{Encoder, decode_span, encode_session};
use crate::{
    AgentRun, Change, Cost, CostSource, Credits, Event, EventKind, FileDiff, Git, Harness, Image,
    ImageId, InputPart, McpTool, ModelCall, Money, Part, Prompt, RawJson, Session, SessionId,
    Source, Span, SpanBody, SpanId, SpanKind, Status, Timestamp, Timing, Tokens, ToolCall,
    ToolKind, ToolOutput, Turn, TurnStatus,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// Boxed, as all below: their trees are large, and would lie on the stack.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z_]{0,8}",
        ".{0,12}",
        Just("anthropic".to_owned()),
        Just("bedrock".to_owned())
    ]
    .boxed()
}

fn id() -> BoxedStrategy<SpanId> {
    any::<[u8; 8]>().prop_map(SpanId::from_bytes).boxed()
}

fn time() -> BoxedStrategy<Timestamp> {
    let range = prop_oneof![
        8 => 1_700_000_000_000_000_000_i128..1_900_000_000_000_000_000,
        1 => Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond(),
    ];
    range
        .prop_map(|nanos| Timestamp::from_nanosecond(nanos).unwrap())
        .boxed()
}

fn json() -> BoxedStrategy<RawJson> {
    prop_oneof![
        Just(RawJson::null()),
        text().prop_map(|text| RawJson::from_value(&text)),
        text().prop_map(|text| {
            let member = RawJson::from_value(&text);
            RawJson::parse(format!(
                "{{\"b\" : [1.50, null],  \"a\":{} }}",
                member.as_str()
            ))
            .unwrap()
        }),
    ]
    .boxed()
}

fn tokens() -> BoxedStrategy<Tokens> {
    let count = || prop_oneof![Just(0), 0..10_000_000_u64, 0..=i64::MAX as u64];
    (count(), count(), count(), count(), count(), count())
        .prop_map(
            |(prompt, cache_read, cache_write_5m, cache_write_1h, completion, reasoning)| Tokens {
                prompt,
                cache_read,
                cache_write_5m,
                cache_write_1h,
                completion,
                reasoning,
            },
        )
        .boxed()
}

fn image() -> BoxedStrategy<Image> {
    (text(), any::<u64>(), of(text()))
        .prop_map(|(media_type, bytes, id)| Image {
            media_type,
            bytes,
            id: id.map(ImageId),
        })
        .boxed()
}

fn input_part() -> BoxedStrategy<InputPart> {
    prop_oneof![
        text().prop_map(|text| InputPart::Prompt { text }),
        id().prop_map(|span| InputPart::ToolResult { span }),
        id().prop_map(|span| InputPart::Context { span }),
    ]
    .boxed()
}

fn part() -> BoxedStrategy<Part> {
    prop_oneof![
        text().prop_map(|text| Part::Text { text }),
        text().prop_map(|text| Part::Thinking { text }),
        (id(), text()).prop_map(|(span, name)| Part::ToolUse { span, name }),
        image().prop_map(|image| Part::Image { image }),
        (text(), text()).prop_map(|(name, json)| Part::Other { name, json }),
    ]
    .boxed()
}

fn model_call() -> BoxedStrategy<SpanBody> {
    // In eighths: serde_json reads the last digit of some other fractions wrongly.
    let milliseconds = (0..1_000_000_000_u32).prop_map(|eighths| f64::from(eighths) / 8.0);
    let cost = (any::<i64>(), 0..3_usize).prop_map(|(nanos, source)| Cost {
        usd: Money::from_nanos(nanos),
        source: [
            CostSource::Harness,
            CostSource::PriceTable,
            CostSource::Override,
        ][source]
            .clone(),
    });
    let credits = any::<i64>().prop_map(Credits::from_nanos);
    (
        (
            text(),
            of(text()),
            of(text()),
            of(tokens()),
            of(cost),
            of(credits),
        ),
        (of(any::<u32>()), of(milliseconds), of(text())),
        vec((text(), text()), 0..4),
        vec(input_part(), 0..4),
        vec(part(), 0..5),
    )
        .prop_map(|(first, second, parameters, input, output)| {
            SpanBody::ModelCall(ModelCall {
                model: first.0,
                provider: first.1,
                response_id: first.2,
                tokens: first.3,
                cost: first.4,
                credits: first.5,
                retries: second.0,
                attempts: vec![Timestamp::UNIX_EPOCH; second.0.unwrap_or_default() as usize % 3],
                ttft_ms: second.1,
                stop_reason: second.2,
                parameters,
                input,
                output,
            })
        })
        .boxed()
}

fn diff() -> BoxedStrategy<FileDiff> {
    (
        text(),
        0..3_usize,
        of(text()),
        text(),
        any::<u32>(),
        any::<u32>(),
    )
        .prop_map(|(path, change, old_path, patch, added, removed)| FileDiff {
            path,
            change: [Change::Add, Change::Update, Change::Delete][change],
            old_path,
            patch,
            added,
            removed,
        })
        .boxed()
}

fn tool_call() -> BoxedStrategy<SpanBody> {
    let output = (text(), of(text()), vec(image(), 0..3), 0..=i64::MAX as u64).prop_map(
        |(text, stderr, images, omitted_bytes)| ToolOutput {
            text,
            stderr,
            images,
            omitted_bytes,
        },
    );
    let mcp = (text(), text()).prop_map(|(server, tool)| McpTool { server, tool });
    (
        (
            text(),
            0..ToolKind::ALL.len(),
            of(text()),
            of(text()),
            json(),
        ),
        (of(output), of(any::<i32>()), of(mcp), vec(diff(), 0..3)),
    )
        .prop_map(|(first, second)| {
            SpanBody::ToolCall(ToolCall {
                tool: first.0,
                tool_kind: ToolKind::ALL[first.1],
                target: first.2,
                call_id: first.3,
                input: first.4,
                output: second.0,
                exit_code: second.1,
                mcp: second.2,
                diff: second.3,
            })
        })
        .boxed()
}

fn agent_run() -> BoxedStrategy<SpanBody> {
    (
        (text(), of(text()), of(text()), of(text())),
        (of(text()), of(text()), any::<bool>(), of(tokens())),
    )
        .prop_map(|(first, second)| {
            SpanBody::AgentRun(AgentRun {
                id: first.0,
                agent_type: first.1,
                description: first.2,
                prompt: first.3,
                answer: second.0,
                model: second.1,
                background: second.2,
                reported_tokens: second.3,
            })
        })
        .boxed()
}

fn event() -> BoxedStrategy<SpanBody> {
    const KINDS: [EventKind; 11] = [
        EventKind::Permission,
        EventKind::Compaction,
        EventKind::Interruption,
        EventKind::Notification,
        EventKind::ApiError,
        EventKind::Command,
        EventKind::ShellLine,
        EventKind::Context,
        EventKind::Hook,
        EventKind::Settings,
        EventKind::Other,
    ];
    (0..KINDS.len(), of(text()), of(json()))
        .prop_map(|(kind, text, details)| {
            SpanBody::Event(Event {
                kind: KINDS[kind],
                text,
                details,
            })
        })
        .boxed()
}

fn span() -> BoxedStrategy<Span> {
    const STATUSES: [Status; 4] = [
        Status::Ok,
        Status::Error,
        Status::Interrupted,
        Status::Unfinished,
    ];
    let sources = vec(0..3_usize, 0..4).prop_map(|sources| {
        let source = |index: usize| [Source::Transcript, Source::Hook, Source::Otel][index];
        sources.into_iter().map(source).collect()
    });
    let body = prop_oneof![
        1 => Just(SpanBody::Turn),
        4 => model_call(),
        4 => tool_call(),
        2 => agent_run(),
        2 => event(),
    ];
    (
        (id(), of(id()), text(), time(), of(time())),
        (0..4_usize, of(text()), any::<bool>(), sources, body),
    )
        .prop_map(|(first, second)| Span {
            id: first.0,
            parent: first.1,
            name: first.2,
            start: first.3,
            end: first.4,
            status: STATUSES[second.0],
            error: second.1,
            timing: if second.2 {
                Timing::Measured
            } else {
                Timing::Derived
            },
            sources: second.3,
            body: second.4,
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn decoding_an_encoded_span_gives_the_same_span(spans in vec(span(), 1..4)) {
        let session = session_of(spans);
        let encoder = Encoder::new(&session);
        for span in session.spans() {
            let otlp = encoder.span(&session.turns[0], span);
            prop_assert_eq!(&decode_span(&otlp).unwrap(), span);
        }
    }

    #[test]
    fn a_session_survives_otlp_json(spans in vec(span(), 1..4)) {
        let session = session_of(spans);
        let json = serde_json::to_string(&encode_session(&session, "shop")).unwrap();
        let request: ExportTraceServiceRequest = serde_json::from_str(&json).unwrap();
        let spans: Vec<_> = request.resource_spans[0].scope_spans[0]
            .spans
            .iter()
            .map(|span| decode_span(span).unwrap())
            .collect();
        prop_assert_eq!(spans, session.turns[0].spans.clone());
    }
}

fn session_of(spans: Vec<Span>) -> Session {
    let id = SessionId::derive(Harness::ClaudeCode, "s-1");
    let start = "2026-08-20T10:00:00Z".parse().unwrap();
    Session {
        harness: Harness::ClaudeCode,
        id,
        native_id: "s-1".to_owned(),
        title: None,
        cwd: Some("/home/me/shop".to_owned()),
        git: Git::default(),
        version: Some("2.1.0".to_owned()),
        entrypoint: None,
        started_at: start,
        ended_at: start,
        parent: None,
        outcome: None,
        turns: vec![Turn {
            id: id.turn("t-1"),
            index: 0,
            prompt: Prompt {
                text: "List the files".to_owned(),
                images: Vec::new(),
            },
            start,
            end: Some(start),
            status: TurnStatus::Completed,
            abandoned: false,
            copied_from: None,
            spans,
        }],
    }
}

fn span_at(native: &str, parent: Option<SpanId>, second: i64, body: SpanBody) -> Span {
    let id = SessionId::derive(Harness::ClaudeCode, "s-1");
    let start = Timestamp::from_second(1_787_220_000 + second).unwrap();
    let mut span = Span {
        id: id.span(SpanKind::Turn, native),
        parent,
        name: native.to_owned(),
        start,
        end: Timestamp::from_second(start.as_second() + 1).ok(),
        status: Status::Ok,
        error: None,
        timing: Timing::Derived,
        sources: crate::Sources::TRANSCRIPT,
        body,
    };
    span.id = id.span(span.kind(), native);
    span
}

fn small_session() -> Session {
    let turn = span_at("turn", None, 0, SpanBody::Turn);
    let mut call = span_at(
        "claude-opus-4-5",
        Some(turn.id),
        1,
        SpanBody::ModelCall(ModelCall {
            model: "claude-opus-4-5".to_owned(),
            provider: Some("anthropic".to_owned()),
            response_id: Some("msg_1".to_owned()),
            tokens: Some(Tokens {
                prompt: 1_000,
                cache_read: 600,
                cache_write_5m: 100,
                cache_write_1h: 200,
                completion: 50,
                reasoning: 0,
            }),
            cost: Some(Cost {
                usd: Money::from_nanos(4_425_000),
                source: CostSource::PriceTable,
            }),
            stop_reason: Some("tool_use".to_owned()),
            parameters: vec![("speed".to_owned(), "standard".to_owned())],
            input: vec![InputPart::Prompt {
                text: "List the files".to_owned(),
            }],
            ..ModelCall::default()
        }),
    );
    let mut tool = span_at(
        "Bash",
        Some(call.id),
        2,
        SpanBody::ToolCall(ToolCall {
            tool: "Bash".to_owned(),
            tool_kind: ToolKind::Shell,
            target: Some("ls".to_owned()),
            call_id: Some("toolu_1".to_owned()),
            input: RawJson::parse(r#"{"command": "ls"}"#.to_owned()).unwrap(),
            output: Some(ToolOutput::text("ls: permission denied")),
            exit_code: Some(2),
            mcp: None,
            diff: Vec::new(),
        }),
    );
    tool.status = Status::Error;
    tool.error = Some("exit code 2".to_owned());
    if let SpanBody::ModelCall(call) = &mut call.body {
        call.output = vec![
            Part::Thinking {
                text: "I look.".to_owned(),
            },
            Part::ToolUse {
                span: tool.id,
                name: "Bash".to_owned(),
            },
        ];
    }
    let answer = span_at(
        "claude-opus-4-5 again",
        Some(turn.id),
        4,
        SpanBody::ModelCall(ModelCall {
            model: "claude-opus-4-5".to_owned(),
            input: vec![InputPart::ToolResult { span: tool.id }],
            output: vec![Part::Text {
                text: "I may not.".to_owned(),
            }],
            ..ModelCall::default()
        }),
    );
    session_of(vec![turn, call, tool, answer])
}

/// One attribute a line, as people read them.
fn outline(request: &ExportTraceServiceRequest) -> String {
    use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
    use std::fmt::Write;
    fn show(value: &Value) -> String {
        match value {
            Value::StringValue(text) => text.clone(),
            Value::BoolValue(flag) => flag.to_string(),
            Value::IntValue(int) => int.to_string(),
            Value::DoubleValue(float) => format!("{float:?}"),
            Value::ArrayValue(array) => {
                let values = array.values.iter().filter_map(|value| value.value.as_ref());
                format!("[{}]", values.map(show).collect::<Vec<_>>().join(", "))
            }
            other => format!("{other:?}"),
        }
    }
    let write = |out: &mut String, attributes: &[KeyValue]| {
        for attribute in attributes {
            let value = attribute
                .value
                .as_ref()
                .and_then(|value| value.value.as_ref())
                .unwrap();
            writeln!(out, "  {} = {}", attribute.key, show(value)).unwrap();
        }
    };
    let mut out = String::from("resource\n");
    let resource = &request.resource_spans[0];
    write(&mut out, &resource.resource.as_ref().unwrap().attributes);
    for span in &resource.scope_spans[0].spans {
        let status = span.status.as_ref().unwrap();
        writeln!(
            out,
            "{} kind={} status={} {:?}",
            span.name, span.kind, status.code, status.message
        )
        .unwrap();
        write(&mut out, &span.attributes);
        for event in &span.events {
            writeln!(out, "  event {}", event.name).unwrap();
        }
    }
    out
}

#[test]
fn a_small_session_carries_the_names_that_viewers_read() {
    let session = small_session();
    insta::assert_snapshot!(outline(&encode_session(&session, "shop")));
}

#[test]
fn text_is_written_once() {
    let session = small_session();
    let json = serde_json::to_string(&encode_session(&session, "shop")).unwrap();
    assert_eq!(json.matches("I look.").count(), 1);
    // Once as the model call's answer, once as the turn's.
    assert_eq!(json.matches("I may not.").count(), 2);
}

#[test]
fn spans_of_other_programs_are_read_as_far_as_they_go() {
    let json = r#"{"traceId":"00000000000000000000000000000001","spanId":"0000000000000002",
        "parentSpanId":"","name":"chat","kind":3,"startTimeUnixNano":"1","endTimeUnixNano":"2",
        "attributes":[
            {"key":"openinference.span.kind","value":{"stringValue":"LLM"}},
            {"key":"gen_ai.response.model","value":{"stringValue":"gpt-5"}},
            {"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}},
            {"key":"llm.invocation_parameters","value":{"stringValue":"{\"temperature\":0.5}"}},
            {"key":"llm.output_messages.0.message.content","value":{"stringValue":"Hello"}}]}"#;
    let span = decode_span(&serde_json::from_str(json).unwrap()).unwrap();
    let SpanBody::ModelCall(call) = span.body else {
        panic!("not a model call")
    };
    assert_eq!(call.model, "gpt-5");
    assert_eq!(call.tokens.unwrap().prompt, 7);
    assert_eq!(
        call.parameters,
        [("temperature".to_owned(), "0.5".to_owned())]
    );
    assert_eq!(
        call.output,
        [Part::Text {
            text: "Hello".to_owned()
        }]
    );
}

#[test]
fn what_is_no_span_is_named() {
    let error = decode_span(&opentelemetry_proto::tonic::trace::v1::Span::default()).unwrap_err();
    insta::assert_snapshot!(error, @"no `dashcam.kind` and no known `openinference.span.kind`");
}
