//! A conversation from the terminal's database, `store.db`.
//!
//! Messages are JSON, each under its hash. The root, which `meta` names, is a
//! protobuf message: field 1 lists the hashes of the messages in order, field
//! 9 is the address of the folder. No times are kept but the first.

use super::conversation::{Conversation, Turn, What, only};
use super::editor_records::{Row, millisecond};
use super::outcome::{Outcome, content_output, limited};
use super::tools::{Tool, changed};
use super::transcript::{plain, query};
use super::uri;
use crate::lenient::{Maybe, Number};
use crate::lines::lines;
use crate::patch::Patch;
use crate::{Decoded, EvidenceFile};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dashcam_trace::{Change, EventKind, RawJson, Source, Status, ToolKind, TurnStatus};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::fmt::Write as _;

/// Reads the rows of a conversation.
pub(super) fn conversation(
    file: &EvidenceFile<'_>,
    text: &[u8],
    decoded: &mut Decoded,
) -> Conversation {
    let mut messages: FxHashMap<String, Value> = FxHashMap::default();
    let mut listed: Vec<String> = Vec::new();
    let (mut meta, mut root) = (Value::Null, Root::default());
    for line in lines(text) {
        decoded.lines += 1;
        if line.is_blank() {
            continue;
        }
        let Some(Maybe(row)) = line.parse_or_note::<Maybe<Row<'_>>>(file.path, decoded) else {
            continue;
        };
        let row = row.unwrap_or_default();
        let data: Value = row
            .data
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default();
        match row.table.as_str() {
            "begin" => {}
            "meta" => meta = data,
            "blob" => {
                if data.get("role").is_some() {
                    listed.push(row.id.as_str().to_owned());
                    messages.insert(row.id.as_str().to_owned(), data);
                } else if let Some(bytes) = bytes_of(&data) {
                    root = Root::read(&bytes);
                }
            }
            table => decoded.unknown_record(if table.is_empty() { "?" } else { table }),
        }
    }
    let known: Vec<String> = root
        .messages
        .into_iter()
        .filter(|id| messages.contains_key(id))
        .collect();
    let order = if known.is_empty() { listed } else { known };
    let text = |name: &str| meta.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut writer = Writer {
        turns: Vec::new(),
        model: text("lastUsedModel"),
        decoded,
    };
    for (number, id) in order.iter().enumerate() {
        if let Some(message) = messages.get(id) {
            writer.message(message, number);
        }
    }
    let last = writer.turns.len().saturating_sub(1);
    for (place, turn) in writer.turns.iter_mut().enumerate() {
        let has_answered = matches!(
            turn.steps.last().map(|step| &step.what),
            Some(What::Text { .. })
        );
        if has_answered || place < last {
            turn.status.get_or_insert(TurnStatus::Completed);
        }
    }
    Conversation {
        title: text("name"),
        cwd: root.folder,
        model: writer.model,
        entrypoint: Some("cli".to_owned()),
        created: millisecond(Number(meta.get("createdAt").and_then(Value::as_f64))),
        turns: writer.turns,
        ..Conversation::default()
    }
}

/// Bytes that are no text stand as base64; text that is no JSON as itself.
fn bytes_of(data: &Value) -> Option<Vec<u8>> {
    match data {
        Value::String(text) => Some(text.clone().into_bytes()),
        other => STANDARD.decode(other.get("base64")?.as_str()?).ok(),
    }
}

/// What the root says, as far as it is read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Root {
    messages: Vec<String>,
    folder: Option<String>,
}

impl Root {
    fn read(mut bytes: &[u8]) -> Self {
        let mut root = Self::default();
        while let Some(tag) = varint(&mut bytes) {
            let length = match tag & 7 {
                0 => {
                    if varint(&mut bytes).is_none() {
                        break;
                    }
                    continue;
                }
                1 => Some(8),
                5 => Some(4),
                2 => varint(&mut bytes).and_then(|length| usize::try_from(length).ok()),
                _ => None,
            };
            let Some((value, rest)) = length.and_then(|length| bytes.split_at_checked(length))
            else {
                break;
            };
            bytes = rest;
            match (tag, std::str::from_utf8(value)) {
                (0x0a, _) if value.len() == 32 => root.messages.push(hexadecimal(value)),
                (0x4a, Ok(folder)) if !folder.is_empty() => root.folder = Some(uri::path(folder)),
                _ => {}
            }
        }
        root
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct Writer<'d> {
    turns: Vec<Turn>,
    model: Option<String>,
    decoded: &'d mut Decoded,
}

impl Writer<'_> {
    fn message(&mut self, message: &Value, number: usize) {
        let content = message.get("content").unwrap_or(&Value::Null);
        let cursor = message.pointer("/providerOptions/cursor");
        match message.get("role").and_then(Value::as_str) {
            Some("system") | None => {}
            Some("user") => self.user(content, cursor, number),
            Some("assistant") => self.assistant(content, number),
            Some("tool") => self.results(content, cursor),
            Some(role) => self.decoded.unknown_record(role),
        }
    }

    fn user(&mut self, content: &Value, cursor: Option<&Value>, number: usize) {
        let text = plain(content);
        let is_set =
            |name: &str| cursor.and_then(|cursor| cursor.get(name)?.as_bool()) == Some(true);
        let kind = if is_set("isSummary") {
            Some(EventKind::Compaction)
        } else if text.contains("<user_query>") {
            None
        } else {
            let own_words = [
                "<user_info>",
                "<system_reminder>",
                "<image_files>",
                "<timestamp>",
            ];
            let is_own = own_words
                .iter()
                .any(|mark| text.trim_start().starts_with(mark));
            is_own.then_some(EventKind::Context)
        };
        if let Some(kind) = kind {
            // Before the first prompt, it is the setting of the whole.
            if let Some(turn) = self.turns.last_mut() {
                let what = What::Event {
                    kind,
                    text: Some(text),
                    details: None,
                };
                turn.push(format!("message/{number}"), None, Source::Transcript, what);
            }
            return;
        }
        let generation = cursor.and_then(|cursor| cursor.get("requestId")?.as_str());
        self.turns.push(Turn {
            key: generation.map_or_else(|| format!("turn {}", self.turns.len()), str::to_owned),
            generation: generation.map(str::to_owned),
            prompt: query(&text),
            sources: only(Source::Transcript),
            ..Turn::default()
        });
    }

    fn assistant(&mut self, content: &Value, number: usize) {
        if self.turns.is_empty() {
            self.turns.push(Turn {
                key: "turn 0".to_owned(),
                sources: only(Source::Transcript),
                ..Turn::default()
            });
        }
        let whole = [serde_json::json!({ "type": "text", "text": content })];
        let parts = content.as_array().map_or(&whole[..], Vec::as_slice);
        for (place, part) in parts.iter().enumerate() {
            let text = |name: &str| part.get(name).and_then(Value::as_str);
            let model = part.pointer("/providerOptions/cursor/modelName");
            let model = model.and_then(Value::as_str).map(str::to_owned);
            let key = format!("message/{number}/{place}");
            let what = match text("type") {
                Some("text") => What::Text {
                    text: text("text").unwrap_or_default().to_owned(),
                    tokens: None,
                    model: model.clone(),
                },
                Some("reasoning") => What::Thought(text("text").unwrap_or_default().to_owned()),
                Some("redacted-reasoning") => What::Thought(String::new()),
                Some("tool-call") => {
                    let mut tool = call(part);
                    tool.model_call = Some(number.to_string());
                    What::Tool(Box::new(tool))
                }
                _ => continue,
            };
            let Some(turn) = self.turns.last_mut() else {
                return;
            };
            if model.is_some() {
                turn.model = model;
            }
            let key = match &what {
                What::Tool(tool) => tool.call_id.clone().unwrap_or(key),
                _ => key,
            };
            turn.push(key, None, Source::Transcript, what);
        }
    }

    fn results(&mut self, content: &Value, cursor: Option<&Value>) {
        let high = cursor.and_then(|cursor| cursor.get("highLevelToolCallResult"));
        for part in content.as_array().into_iter().flatten() {
            let Some(id) = part.get("toolCallId").and_then(Value::as_str) else {
                continue;
            };
            let step = self
                .turns
                .iter_mut()
                .rev()
                .flat_map(|turn| turn.steps.iter_mut().rev())
                .find(|step| matches!(&step.what, What::Tool(tool) if tool.call_id.as_deref() == Some(id)));
            if let Some(step) = step
                && let What::Tool(tool) = &mut step.what
            {
                answered(tool, part, high, self.decoded);
            }
        }
    }
}

/// A call. `CallDynamicTool` stands for the tool that it names.
fn call(part: &Value) -> Tool {
    let name = part.get("toolName").and_then(Value::as_str);
    let arguments = part
        .get("args")
        .map_or_else(RawJson::null, RawJson::from_value);
    let mut tool = Tool::new(name.unwrap_or("tool"), arguments, None);
    tool.call_id = part
        .get("toolCallId")
        .and_then(Value::as_str)
        .map(str::to_owned);
    tool
}

/// What came of a call: what the model was told, and beside it what Cursor
/// knows: exit code, difference, refusal.
fn answered(tool: &mut Tool, part: &Value, high: Option<&Value>, decoded: &mut Decoded) {
    let is_error = high.and_then(|high| high.get("isError")?.as_bool()) == Some(true);
    let output = high.and_then(|high| high.get("output"));
    let success = output.and_then(|output| output.get("success"));
    let case = |name: &str| output.and_then(|output| output.get(name));
    let known = success
        .or_else(|| case("failure"))
        .or_else(|| case("error"));
    let said = part.get("result").unwrap_or(&Value::Null);
    let failed = is_error || case("failure").is_some() || case("error").is_some();
    let mut outcome = match (tool.kind, known) {
        (ToolKind::Shell, Some(known)) => {
            let mut read = Outcome::read(tool.kind, known, failed, decoded);
            let interleaved = known.get("interleavedOutput").and_then(Value::as_str);
            if let Some(text) = interleaved.filter(|text| !text.is_empty()) {
                read.output = Some(limited(text));
            }
            read
        }
        _ => Outcome::read(tool.kind, said, failed, decoded),
    };
    if outcome.output.is_none() {
        outcome.output = said.as_str().map(limited);
    }
    let content = part.get("experimental_content").and_then(Value::as_array);
    if outcome.output.is_none() {
        outcome.output = content.map(|content| content_output(content, decoded));
    }
    if let Some(rejected) = case("rejected") {
        outcome.status = Status::Interrupted;
        outcome.error = rejected
            .get("reason")
            .and_then(Value::as_str)
            .map(str::to_owned);
    } else if output.is_some_and(Value::is_array) {
        // A command that was stopped: nothing but messages.
        outcome.status = Status::Interrupted;
    }
    if outcome.status == Status::Error && outcome.error.is_none() {
        outcome.error = outcome.output.as_ref().map(|output| output.text.clone());
    }
    tool.ended(outcome);
    let Some(success) = success.filter(|_| tool.status == Status::Ok) else {
        return;
    };
    let text = |name: &str| success.get(name).and_then(Value::as_str);
    if let (Some(diff), Some(path)) = (text("diffString"), tool.target.as_deref()) {
        let is_new = diff.starts_with("--- /dev/null");
        let start = diff.find("@@ ").unwrap_or(diff.len());
        let patch = Patch::of_hunks(&diff[start..]);
        let change = if is_new { Change::Add } else { Change::Update };
        tool.diff = vec![changed(path, change, patch)];
    } else if let (Some(before), Some(path)) = (text("prevContent"), tool.target.as_deref()) {
        tool.diff = vec![changed(path, Change::Delete, Patch::between(before, ""))];
    }
    if let Some(agent) = &mut tool.agent {
        agent.id = text("agentId").map(str::to_owned).or(agent.id.take());
        agent.duration_ms = success.get("durationMs").and_then(Value::as_f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_lists_its_messages_and_its_folder() {
        let mut bytes = vec![0x10, 0x96, 0x01, 0x0a, 32];
        bytes.extend([7; 32]);
        bytes.extend([0x4a, 9]);
        bytes.extend(b"file:///a");
        let root = Root::read(&bytes);
        assert_eq!(root.messages, ["07".repeat(32)]);
        assert_eq!(root.folder.as_deref(), Some("/a"));
        for length in 0..bytes.len() {
            // Cut anywhere, it says less and nothing else.
            let cut = Root::read(&bytes[..length]);
            assert!(cut.messages.len() <= 1);
        }
    }
}
