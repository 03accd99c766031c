//! Which conventions a backend reads.

use dashcam_trace::openinference::names;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Which attributes a span is sent with.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// OpenInference with its messages, and the scalars of `gen_ai.*` beside it.
    #[default]
    Openinference,
    /// OpenTelemetry's `gen_ai.*` with its messages, and nothing of
    /// OpenInference.
    Genai,
    /// OpenInference with few attributes: messages as one text of input and
    /// one of output, nothing of our own.
    Compact,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Openinference, Self::Genai, Self::Compact];

    /// The name used on the command line and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openinference => "openinference",
            Self::Genai => "genai",
            Self::Compact => "compact",
        }
    }

    /// Rewrites a span that was encoded with every attribute.
    pub fn apply(self, span: &mut Span) {
        match self {
            Self::Openinference => {}
            Self::Genai => genai(span),
            Self::Compact => compact(span),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no profile's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile `{0}`; known are openinference, genai, compact")]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == name)
            .ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

// Names that only the `genai` profile writes.
const INPUT_MESSAGES: &str = "gen_ai.input.messages";
const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
const TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
const TOOL_RESULT: &str = "gen_ai.tool.call.result";

/// What belongs to OpenInference, by the first part of the name.
const OPENINFERENCE: [&str; 6] = [
    "openinference.",
    "llm.",
    "input.",
    "output.",
    "tool.",
    "agent.",
];
/// Our own outlines of OpenInference's messages.
const OUTLINES: [&str; 2] = [names::INPUT, names::OUTPUT];

fn genai(span: &mut Span) {
    let messages = Messages::take(span);
    let text = |name: &str| text_of(span, name).map(str::to_owned);
    let (input, output) = (text(names::INPUT_VALUE), text(names::OUTPUT_VALUE));
    let is_tool = text(names::SPAN_KIND).as_deref() == Some("TOOL");
    let finish_reason = text(names::LLM_FINISH_REASON);
    span.attributes.retain(|attribute| {
        let name = attribute.key.as_str();
        !OPENINFERENCE.iter().any(|first| name.starts_with(first)) && !OUTLINES.contains(&name)
    });
    let mut write = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            span.attributes.push(text_attribute(name, value));
        }
    };
    if is_tool {
        write(TOOL_ARGUMENTS, input);
        write(TOOL_RESULT, output);
        return;
    }
    let said = |role: &str, text: Option<String>| {
        text.map(|text| json!([{ "role": role, "parts": [text_part(&text)] }]).to_string())
    };
    if messages.is_empty() {
        write(INPUT_MESSAGES, said("user", input));
        write(OUTPUT_MESSAGES, said("assistant", output));
    } else {
        write(INPUT_MESSAGES, messages.input_json());
        write(
            OUTPUT_MESSAGES,
            messages.output_json(finish_reason.as_deref()),
        );
    }
}

fn compact(span: &mut Span) {
    let messages = Messages::take(span);
    span.attributes
        .retain(|attribute| !attribute.key.starts_with("dashcam."));
    for (name, text) in [
        (names::INPUT_VALUE, messages.last_input()),
        (names::OUTPUT_VALUE, messages.answer()),
    ] {
        if let Some(text) = text {
            span.attributes.push(text_attribute(name, text));
        }
    }
}

fn text_attribute(name: &str, text: String) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }),
        ..KeyValue::default()
    }
}

fn text_of<'a>(span: &'a Span, name: &str) -> Option<&'a str> {
    let attribute = span.attributes.iter().find(|found| found.key == name)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn text_part(text: &str) -> Json {
    json!({ "type": "text", "content": text })
}

/// Flattened messages, put together again: by index, the fields by name.
type Fields = BTreeMap<String, String>;

#[derive(Default)]
struct Messages {
    input: BTreeMap<usize, Fields>,
    output: BTreeMap<usize, Fields>,
}

impl Messages {
    /// Takes the messages out of a span's attributes.
    fn take(span: &mut Span) -> Self {
        let mut messages = Self::default();
        span.attributes.retain_mut(|attribute| {
            let place = [
                (names::LLM_INPUT_MESSAGES, &mut messages.input),
                (names::LLM_OUTPUT_MESSAGES, &mut messages.output),
            ]
            .into_iter()
            .find_map(|(first, side)| {
                let rest = attribute.key.strip_prefix(first)?.strip_prefix('.')?;
                let (index, field) = rest.split_once('.')?;
                Some((side, index.parse().ok()?, field.to_owned()))
            });
            let Some((side, index, field)) = place else {
                return true;
            };
            let value = attribute.value.take().and_then(|value| value.value);
            if let Some(Value::StringValue(text)) = value {
                let message: &mut Fields = side.entry(index).or_default();
                message.insert(field, text);
            }
            false
        });
        messages
    }

    fn is_empty(&self) -> bool {
        self.input.is_empty() && self.output.is_empty()
    }

    fn input_json(&self) -> Option<String> {
        json_of(&self.input, None)
    }

    fn output_json(&self, finish_reason: Option<&str>) -> Option<String> {
        json_of(&self.output, finish_reason)
    }

    fn last_input(&self) -> Option<String> {
        let last = self.input.values().next_back()?;
        last.get(names::MESSAGE_CONTENT).cloned()
    }

    /// What was written for the person; tool calls have spans of their own.
    fn answer(&self) -> Option<String> {
        let message = self.output.values().next()?;
        let plain = message.get(names::MESSAGE_CONTENT).cloned();
        plain.or_else(|| {
            let contents = contents(message);
            let texts: Vec<&str> = contents
                .values()
                .filter(|content| kind(content) == "text")
                .filter_map(|content| content.get(names::CONTENT_TEXT).map(String::as_str))
                .collect();
            (!texts.is_empty()).then(|| texts.join("\n"))
        })
    }
}

fn json_of(messages: &BTreeMap<usize, Fields>, finish_reason: Option<&str>) -> Option<String> {
    let messages: Vec<Json> = messages
        .values()
        .map(|fields| {
            let mut message = Map::new();
            let role = fields
                .get(names::MESSAGE_ROLE)
                .map_or("user", String::as_str);
            message.insert("role".to_owned(), role.into());
            message.insert("parts".to_owned(), parts(role, fields).into());
            if let Some(reason) = finish_reason {
                message.insert("finish_reason".to_owned(), reason.into());
            }
            message.into()
        })
        .collect();
    (!messages.is_empty()).then(|| Json::from(messages).to_string())
}

fn parts(role: &str, message: &Fields) -> Vec<Json> {
    if role == "tool" {
        let mut part = Map::new();
        part.insert("type".to_owned(), "tool_call_response".into());
        if let Some(id) = message.get(names::MESSAGE_TOOL_CALL_ID) {
            part.insert("id".to_owned(), id.as_str().into());
        }
        let response = message.get(names::MESSAGE_CONTENT).cloned();
        part.insert("response".to_owned(), response.unwrap_or_default().into());
        return vec![part.into()];
    }
    if let Some(text) = message.get(names::MESSAGE_CONTENT) {
        return vec![text_part(text)];
    }
    let mut calls = numbered(message, names::MESSAGE_TOOL_CALLS).into_values();
    contents(message)
        .values()
        .filter_map(|content| {
            let text = || {
                content
                    .get(names::CONTENT_TEXT)
                    .cloned()
                    .unwrap_or_default()
            };
            match kind(content) {
                "text" => Some(text_part(&text())),
                "reasoning" => Some(json!({ "type": "reasoning", "content": text() })),
                "tool_use" => calls.next().as_ref().map(tool_call),
                _ => None,
            }
        })
        .collect()
}

fn tool_call(call: &Fields) -> Json {
    let mut part = Map::new();
    part.insert("type".to_owned(), "tool_call".into());
    if let Some(id) = call.get(names::TOOL_CALL_ID) {
        part.insert("id".to_owned(), id.as_str().into());
    }
    let name = call.get(names::TOOL_CALL_NAME).cloned();
    part.insert("name".to_owned(), name.unwrap_or_default().into());
    if let Some(arguments) = call.get(names::TOOL_CALL_ARGUMENTS) {
        let parsed = serde_json::from_str(arguments);
        part.insert(
            "arguments".to_owned(),
            parsed.unwrap_or_else(|_| arguments.as_str().into()),
        );
    }
    part.into()
}

fn contents(message: &Fields) -> BTreeMap<usize, Fields> {
    numbered(message, names::MESSAGE_CONTENTS)
}

fn kind(content: &Fields) -> &str {
    content.get(names::CONTENT_TYPE).map_or("", String::as_str)
}

/// The fields below a name, by their number.
fn numbered(message: &Fields, first: &str) -> BTreeMap<usize, Fields> {
    let mut numbered: BTreeMap<usize, Fields> = BTreeMap::new();
    for (name, value) in message {
        let place = || {
            let rest = name.strip_prefix(first)?.strip_prefix('.')?;
            let (index, field) = rest.split_once('.')?;
            Some((index.parse().ok()?, field))
        };
        if let Some((index, field)) = place() {
            numbered
                .entry(index)
                .or_default()
                .insert(field.to_owned(), value.clone());
        }
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(attributes: &[(&str, &str)]) -> Span {
        Span {
            attributes: attributes
                .iter()
                .map(|(name, text)| text_attribute(name, (*text).to_owned()))
                .collect(),
            ..Span::default()
        }
    }

    fn model_call() -> Span {
        span(&[
            ("openinference.span.kind", "LLM"),
            ("session.id", "s"),
            ("gen_ai.request.model", "m"),
            ("llm.model_name", "m"),
            ("llm.finish_reason", "tool_use"),
            ("llm.input_messages.0.message.role", "user"),
            ("llm.input_messages.0.message.content", "Count"),
            ("llm.input_messages.1.message.role", "tool"),
            ("llm.input_messages.1.message.content", "42"),
            ("llm.input_messages.1.message.tool_call_id", "t0"),
            ("dashcam.input", "[]"),
            ("llm.output_messages.0.message.role", "assistant"),
            (
                "llm.output_messages.0.message.contents.0.message_content.type",
                "reasoning",
            ),
            (
                "llm.output_messages.0.message.contents.0.message_content.text",
                "Hm",
            ),
            (
                "llm.output_messages.0.message.contents.1.message_content.type",
                "text",
            ),
            (
                "llm.output_messages.0.message.contents.1.message_content.text",
                "Let me see",
            ),
            (
                "llm.output_messages.0.message.contents.2.message_content.type",
                "tool_use",
            ),
            (
                "llm.output_messages.0.message.tool_calls.0.tool_call.id",
                "t1",
            ),
            (
                "llm.output_messages.0.message.tool_calls.0.tool_call.function.name",
                "Bash",
            ),
            (
                "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                "{\"command\":\"ls\"}",
            ),
            ("dashcam.kind", "model_call"),
        ])
    }

    fn attributes(span: &Span) -> Vec<(&str, &str)> {
        span.attributes
            .iter()
            .map(|attribute| {
                let name = attribute.key.as_str();
                (name, text_of(span, name).unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn openinference_stays_as_it_is() {
        let mut span = model_call();
        Profile::Openinference.apply(&mut span);
        assert_eq!(span, model_call());
    }

    #[test]
    fn genai_has_its_own_messages_and_nothing_of_the_other() {
        let mut span = model_call();
        Profile::Genai.apply(&mut span);
        assert_eq!(
            attributes(&span),
            [
                ("session.id", "s"),
                ("gen_ai.request.model", "m"),
                ("dashcam.kind", "model_call"),
                (
                    "gen_ai.input.messages",
                    r#"[{"parts":[{"content":"Count","type":"text"}],"role":"user"},{"parts":[{"id":"t0","response":"42","type":"tool_call_response"}],"role":"tool"}]"#
                ),
                (
                    "gen_ai.output.messages",
                    r#"[{"finish_reason":"tool_use","parts":[{"content":"Hm","type":"reasoning"},{"content":"Let me see","type":"text"},{"arguments":{"command":"ls"},"id":"t1","name":"Bash","type":"tool_call"}],"role":"assistant"}]"#
                ),
            ]
        );
    }

    #[test]
    fn genai_tells_what_a_tool_was_called_with_and_gave_back() {
        let mut span = span(&[
            ("openinference.span.kind", "TOOL"),
            ("input.value", "{}"),
            ("output.value", "done"),
            ("output.mime_type", "text/plain"),
        ]);
        Profile::Genai.apply(&mut span);
        assert_eq!(
            attributes(&span),
            [
                ("gen_ai.tool.call.arguments", "{}"),
                ("gen_ai.tool.call.result", "done"),
            ]
        );
    }

    #[test]
    fn compact_has_one_text_of_each_side() {
        let mut span = model_call();
        Profile::Compact.apply(&mut span);
        assert_eq!(
            attributes(&span),
            [
                ("openinference.span.kind", "LLM"),
                ("session.id", "s"),
                ("gen_ai.request.model", "m"),
                ("llm.model_name", "m"),
                ("llm.finish_reason", "tool_use"),
                ("input.value", "42"),
                ("output.value", "Let me see"),
            ]
        );
    }
}
