//! What a model was given and what it wrote, as flattened messages.
//!
//! Each input part is one message and each output part one content of the one
//! answer, in order. The text stands only there; `dashcam.input` and
//! `dashcam.output` keep the parts without it.

use super::attributes::{Reader, Writer};
use super::decode::DecodeError;
use super::names;
use crate::{InputPart, Part, Span, SpanBody, SpanId};
use std::collections::HashMap;

type Spans<'a> = HashMap<SpanId, &'a Span>;

pub(super) fn write_input(input: &[InputPart], spans: &Spans<'_>, attributes: &mut Writer) {
    if input.is_empty() {
        return;
    }
    let mut outline = Vec::with_capacity(input.len());
    for (index, part) in input.iter().enumerate() {
        let name = |field: &str| format!("{}.{index}.{field}", names::LLM_INPUT_MESSAGES);
        let mut message = |role: &str, content: Option<&str>| {
            attributes.text(name(names::MESSAGE_ROLE), role);
            if let Some(content) = content {
                attributes.text(name(names::MESSAGE_CONTENT), content);
            }
        };
        match part {
            InputPart::Prompt { text } => {
                message("user", Some(text));
                outline.push(InputPart::Prompt {
                    text: String::new(),
                });
                continue;
            }
            InputPart::Context { span } => {
                let text = match spans.get(span).map(|span| &span.body) {
                    Some(SpanBody::Event(event)) => event.text.as_deref(),
                    _ => None,
                };
                message("user", text);
            }
            InputPart::ToolResult { span } => {
                let call = match spans.get(span).map(|span| &span.body) {
                    Some(SpanBody::ToolCall(call)) => Some(call),
                    _ => None,
                };
                let output = call.and_then(|call| call.output.as_ref());
                message("tool", output.map(|output| output.text.as_str()));
                if let Some(call) = call {
                    attributes.text(name(names::MESSAGE_NAME), call.tool.as_str());
                    if let Some(id) = &call.call_id {
                        attributes.text(name(names::MESSAGE_TOOL_CALL_ID), id.as_str());
                    }
                }
            }
        }
        outline.push(part.clone());
    }
    attributes.json(names::INPUT, &outline);
}

pub(super) fn write_output(output: &[Part], spans: &Spans<'_>, attributes: &mut Writer) {
    if output.is_empty() {
        return;
    }
    let mut outline = Vec::with_capacity(output.len());
    let mut tool_calls = 0;
    attributes.text(answer(names::MESSAGE_ROLE), "assistant");
    // One plain text is the form that every reader knows.
    if let [Part::Text { text }] = output {
        attributes.text(answer(names::MESSAGE_CONTENT), text.as_str());
        outline.push(Part::Text {
            text: String::new(),
        });
        return attributes.json(names::OUTPUT, &outline);
    }
    for (index, part) in output.iter().enumerate() {
        let name = |field: &str| content(index, field);
        match part {
            Part::Text { text } => {
                attributes.text(name(names::CONTENT_TYPE), "text");
                attributes.text(name(names::CONTENT_TEXT), text.as_str());
                outline.push(Part::Text {
                    text: String::new(),
                });
            }
            Part::Thinking { text } => {
                attributes.text(name(names::CONTENT_TYPE), "reasoning");
                attributes.text(name(names::CONTENT_TEXT), text.as_str());
                outline.push(Part::Thinking {
                    text: String::new(),
                });
            }
            Part::ToolUse { span, name: tool } => {
                attributes.text(name(names::CONTENT_TYPE), "tool_use");
                let call = match spans.get(span).map(|span| &span.body) {
                    Some(SpanBody::ToolCall(call)) => Some(call),
                    _ => None,
                };
                let id = call.and_then(|call| call.call_id.as_deref());
                let call_name = |field: &str| {
                    answer(&format!(
                        "{}.{tool_calls}.{field}",
                        names::MESSAGE_TOOL_CALLS
                    ))
                };
                for (id_name, tool_name) in [
                    (name(names::TOOL_CALL_ID), name(names::TOOL_CALL_NAME)),
                    (
                        call_name(names::TOOL_CALL_ID),
                        call_name(names::TOOL_CALL_NAME),
                    ),
                ] {
                    if let Some(id) = id {
                        attributes.text(id_name, id);
                    }
                    attributes.text(tool_name, tool.as_str());
                }
                if let Some(call) = call {
                    attributes.text(call_name(names::TOOL_CALL_ARGUMENTS), call.input.as_str());
                }
                tool_calls += 1;
                outline.push(part.clone());
            }
            Part::Image { .. } => {
                attributes.text(name(names::CONTENT_TYPE), "image");
                outline.push(part.clone());
            }
            Part::Other { .. } => outline.push(part.clone()),
        }
    }
    attributes.json(names::OUTPUT, &outline);
}

pub(super) fn read_input(attributes: &Reader<'_>) -> Result<Vec<InputPart>, DecodeError> {
    let content = |index: usize| {
        let prefix = names::LLM_INPUT_MESSAGES;
        attributes.owned(&format!("{prefix}.{index}.{}", names::MESSAGE_CONTENT))
    };
    let Some(mut parts) = attributes.json::<Vec<InputPart>>(names::INPUT)? else {
        return Ok(Vec::new());
    };
    for (index, part) in parts.iter_mut().enumerate() {
        if let InputPart::Prompt { text } = part {
            *text = content(index).unwrap_or_default();
        }
    }
    Ok(parts)
}

pub(super) fn read_output(attributes: &Reader<'_>) -> Result<Vec<Part>, DecodeError> {
    let plain = || attributes.owned(&answer(names::MESSAGE_CONTENT));
    let Some(mut parts) = attributes.json::<Vec<Part>>(names::OUTPUT)? else {
        return Ok(plain()
            .map(|text| Part::Text { text })
            .into_iter()
            .collect());
    };
    for (index, part) in parts.iter_mut().enumerate() {
        if let Part::Text { text } | Part::Thinking { text } = part {
            *text = attributes
                .owned(&content(index, names::CONTENT_TEXT))
                .or_else(plain)
                .unwrap_or_default();
        }
    }
    Ok(parts)
}

/// The name of a field of the one answer.
fn answer(field: &str) -> String {
    format!("{}.0.{field}", names::LLM_OUTPUT_MESSAGES)
}

/// The name of a field of one of its contents.
fn content(index: usize, field: &str) -> String {
    answer(&format!("{}.{index}.{field}", names::MESSAGE_CONTENTS))
}
