//! The text inside message contents, which all formats nest alike.

use serde_json::Value;

/// All text in a content: a string, a list of parts, or a part. Each part
/// begins on a line of its own.
pub(crate) fn text(content: &Value) -> String {
    let mut texts = Vec::new();
    collect(content, &mut texts);
    let mut joined = String::new();
    for text in texts {
        if !joined.is_empty() && !joined.ends_with('\n') {
            joined.push('\n');
        }
        joined.push_str(text);
    }
    joined
}

fn collect<'a>(content: &'a Value, texts: &mut Vec<&'a str>) {
    match content {
        Value::String(text) => texts.push(text),
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, texts)),
        Value::Object(part) => ["text", "content", "parts"]
            .iter()
            .filter_map(|key| part.get(*key))
            .for_each(|inner| collect(inner, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A list in a body; empty if it is absent or something else.
pub(crate) fn list<'a>(body: &'a Value, key: &str) -> &'a [Value] {
    body[key].as_array().map_or(&[], Vec::as_slice)
}

/// The text of the first message of a role.
pub(crate) fn first_of_role(messages: &[Value], role: &str) -> String {
    messages
        .iter()
        .find(|message| message["role"] == role)
        .map(text)
        .unwrap_or_default()
}

/// The texts of all messages that instruct the model.
pub(crate) fn instructions(messages: &[Value]) -> String {
    let texts: Vec<_> = messages
        .iter()
        .filter(|message| matches!(message["role"].as_str(), Some("system" | "developer")))
        .map(text)
        .collect();
    texts.join("\n")
}

/// A string in a value; empty if it is absent.
pub(crate) fn string(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
