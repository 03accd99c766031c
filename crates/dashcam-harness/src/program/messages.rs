//! What was said, out of the forms in which conventions carry it.

use crate::telemetry::Attributes;
use dashcam_trace::Part;
use serde_json::Value;

/// The last thing that a person said before a model answered.
pub(super) fn prompt(attributes: Attributes<'_>) -> Option<String> {
    flattened_prompt(attributes)
        .or_else(|| {
            ["gen_ai.input.messages", "ai.prompt.messages"]
                .into_iter()
                .find_map(|name| json_messages(attributes, name))
                .and_then(|messages| last_of(&messages, "user"))
        })
        .or_else(|| indexed(attributes, "gen_ai.prompt", "user"))
        .or_else(|| attributes.owned("input.value"))
}

/// What the model answered, where it stands in no form that is read already.
pub(super) fn answer(attributes: Attributes<'_>) -> Vec<Part> {
    let text = flattened_answer(attributes)
        .or_else(|| {
            json_messages(attributes, "gen_ai.output.messages")
                .and_then(|messages| last_of(&messages, "assistant"))
        })
        .or_else(|| attributes.owned("ai.response.text"))
        .or_else(|| indexed(attributes, "gen_ai.completion", "assistant"))
        .or_else(|| attributes.owned("output.value"));
    text.map(|text| Part::Text { text }).into_iter().collect()
}

/// `llm.input_messages.N.message.…`, the last whose role is `user`.
fn flattened_prompt(attributes: Attributes<'_>) -> Option<String> {
    let count = count_of(attributes, "llm.input_messages.");
    (0..count).rev().find_map(|index| {
        let prefix = format!("llm.input_messages.{index}.message");
        let role = attributes.text(&format!("{prefix}.role"))?;
        (role == "user").then(|| flattened_text(attributes, &prefix))?
    })
}

fn flattened_answer(attributes: Attributes<'_>) -> Option<String> {
    flattened_text(attributes, "llm.output_messages.0.message")
}

fn flattened_text(attributes: Attributes<'_>, prefix: &str) -> Option<String> {
    attributes.owned(&format!("{prefix}.content")).or_else(|| {
        let texts: Vec<&str> = (0..)
            .map_while(|index| {
                let prefix = format!("{prefix}.contents.{index}.message_content");
                let is_there = attributes.has(&format!("{prefix}.type"));
                is_there.then(|| attributes.text(&format!("{prefix}.text")))
            })
            .flatten()
            .collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    })
}

/// One more than the greatest index behind a prefix.
fn count_of(attributes: Attributes<'_>, prefix: &str) -> usize {
    let index = |name: &str| name.strip_prefix(prefix)?.split('.').next()?.parse().ok();
    let greatest: Option<usize> = attributes
        .0
        .iter()
        .filter_map(|attribute| index(&attribute.key))
        .max();
    greatest.map_or(0, |greatest| greatest.saturating_add(1))
}

/// `gen_ai.prompt.N.content`, the older form with one attribute a field.
fn indexed(attributes: Attributes<'_>, prefix: &str, role: &str) -> Option<String> {
    let count = count_of(attributes, &format!("{prefix}."));
    (0..count).rev().find_map(|index| {
        let found = attributes.text(&format!("{prefix}.{index}.role"));
        let content = || attributes.owned(&format!("{prefix}.{index}.content"));
        found.is_none_or(|found| found == role).then(content)?
    })
}

fn json_messages(attributes: Attributes<'_>, name: &str) -> Option<Vec<Value>> {
    serde_json::from_str(attributes.text(name)?).ok()
}

/// The text of the last message of a role: `parts` or `content`, which may be
/// a text or a list of pieces.
fn last_of(messages: &[Value], role: &str) -> Option<String> {
    let message = messages
        .iter()
        .rev()
        .find(|message| message["role"] == role)?;
    let content = message.get("parts").or_else(|| message.get("content"))?;
    if let Some(text) = content.as_str() {
        return Some(text.to_owned());
    }
    let texts: Vec<&str> = content
        .as_array()?
        .iter()
        .filter_map(|piece| piece.get("content").or_else(|| piece.get("text"))?.as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
