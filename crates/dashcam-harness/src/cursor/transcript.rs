//! Transcripts: `agent-transcripts/<id>/<id>.jsonl`, and `<id>.txt` before.
//!
//! Lines hold a message each, without times and ids; outputs of tools are left
//! out. The editor writes some conversations only as `turn_ended` marks. So a
//! transcript is read where no database has the conversation.

use super::conversation::{Conversation, Turn, What, only};
use super::tools::Tool;
use crate::lenient::{Maybe, Text};
use crate::lines::lines;
use crate::{Decoded, EvidenceFile};
use dashcam_trace::{RawJson, Source, Status, TurnStatus};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// A line. Seen in 3.7.27 and in the CLI of 2026.09.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Record<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    /// Of `turn_ended`: `success`, `aborted`, `error`.
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    error: Text<'a>,
    message: Maybe<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    content: Value,
}

/// Whether a transcript is of the older kind.
pub(super) fn is_marked(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "txt")
}

/// Reads a transcript of either kind.
pub(super) fn conversation(
    file: &EvidenceFile<'_>,
    text: &[u8],
    decoded: &mut Decoded,
) -> Conversation {
    let mut writer = Writer::default();
    if is_marked(file.path) {
        marked(&String::from_utf8_lossy(text), &mut writer);
    } else {
        for line in lines(text) {
            decoded.lines += 1;
            if line.is_blank() {
                continue;
            }
            let Some(Maybe(record)) = line.parse_or_note::<Maybe<Record<'_>>>(file.path, decoded)
            else {
                continue;
            };
            let mut record = record.unwrap_or_default();
            let content = record.message.0.take().unwrap_or_default().content;
            match (record.role.as_str(), record.kind.as_str()) {
                ("user", _) => writer.prompt(&plain(&content)),
                ("assistant", _) => writer.answer(&content),
                (_, "turn_ended") => writer.end(&record),
                (role, kind) => decoded.unknown_record(if kind.is_empty() { role } else { kind }),
            }
        }
    }
    let mut turns = writer.turns;
    if let Some(turn) = turns.last_mut()
        && matches!(
            turn.steps.last().map(|step| &step.what),
            Some(What::Text { .. })
        )
    {
        turn.status.get_or_insert(TurnStatus::Completed);
    }
    Conversation {
        turns: turns
            .into_iter()
            .filter(|turn| !turn.prompt.is_empty() || !turn.steps.is_empty())
            .collect(),
        ..Conversation::default()
    }
}

#[derive(Default)]
struct Writer {
    turns: Vec<Turn>,
    steps: u64,
}

impl Writer {
    fn prompt(&mut self, text: &str) {
        self.close();
        self.turns.push(Turn {
            key: format!("turn {}", self.turns.len()),
            prompt: query(text),
            sources: only(Source::Transcript),
            ..Turn::default()
        });
    }

    /// A turn that another one follows had ended.
    fn close(&mut self) {
        if let Some(turn) = self.turns.last_mut() {
            turn.status.get_or_insert(TurnStatus::Completed);
        }
    }

    fn push(&mut self, key: String, what: What) {
        if self.turns.is_empty() {
            self.prompt("");
        }
        if let Some(turn) = self.turns.last_mut() {
            turn.push(key, None, Source::Transcript, what);
        }
    }

    fn key(&mut self) -> String {
        self.steps += 1;
        format!("step {}", self.steps)
    }

    fn say(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let key = self.key();
        let what = What::Text {
            text: text.to_owned(),
            tokens: None,
            model: None,
        };
        self.push(key, what);
    }

    fn think(&mut self, text: &str) {
        let key = self.key();
        self.push(key, What::Thought(text.trim().to_owned()));
    }

    /// A call; the transcript is written once it is over.
    fn call(&mut self, name: &str, id: Option<&str>, input: RawJson) {
        let mut tool = Tool::new(name, input, None);
        tool.status = Status::Ok;
        tool.call_id = id.map(str::to_owned);
        let key = self.key();
        self.push(
            tool.call_id.clone().unwrap_or(key),
            What::Tool(Box::new(tool)),
        );
    }

    fn answer(&mut self, content: &Value) {
        let Some(parts) = content.as_array() else {
            self.say(content.as_str().unwrap_or_default());
            return;
        };
        for part in parts {
            let text = |name: &str| part.get(name).and_then(Value::as_str);
            match text("type") {
                Some("text") => self.say(text("text").unwrap_or_default()),
                Some("thinking") => {
                    self.think(
                        text("thinking")
                            .or_else(|| text("text"))
                            .unwrap_or_default(),
                    );
                }
                Some("tool_use") => {
                    let input = part
                        .get("input")
                        .map_or_else(RawJson::null, RawJson::from_value);
                    self.call(text("name").unwrap_or("tool"), text("id"), input);
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, record: &Record<'_>) {
        if let Some(turn) = self.turns.last_mut() {
            turn.status = Some(match record.status.as_str() {
                "aborted" => TurnStatus::Interrupted,
                "error" => TurnStatus::Failed,
                _ => TurnStatus::Completed,
            });
            turn.error = record.error.owned();
        }
    }
}

/// The text of a message.
pub(super) fn plain(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// What the person asked: Cursor puts it between marks, and its own words
/// around it.
pub(super) fn query(text: &str) -> String {
    let inner = text.split_once("<user_query>").map(|(_, rest)| {
        rest.split_once("</user_query>")
            .map_or(rest, |(query, _)| query)
    });
    inner.unwrap_or(text).trim().to_owned()
}

/// The older kind: `user:` and `assistant:` on lines of their own, and marks
/// for thoughts and tools, whose bodies are indented.
fn marked(text: &str, writer: &mut Writer) {
    let mut lines = text.lines().peekable();
    let mut is_user = false;
    let mut said = String::new();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        let mark = match trimmed {
            "user:" | "assistant:" => Some(""),
            _ if is_user => None,
            _ => ["[Thinking]", "[Tool call] ", "[Tool result]"]
                .into_iter()
                .find(|mark| trimmed.starts_with(mark.trim_end())),
        };
        let Some(mark) = mark else {
            said.push_str(line);
            said.push('\n');
            continue;
        };
        let before = std::mem::take(&mut said);
        if is_user {
            writer.prompt(&before);
        } else {
            writer.say(&before);
        }
        if mark.is_empty() {
            is_user = trimmed == "user:";
            continue;
        }
        let mut body = String::new();
        let is_body = |line: &&str| line.trim().is_empty() || line.starts_with([' ', '\t']);
        while let Some(line) = lines.next_if(is_body) {
            body.push_str(line.trim_start());
            body.push('\n');
        }
        let rest = trimmed
            .strip_prefix(mark.trim_end())
            .unwrap_or_default()
            .trim();
        match mark {
            "[Thinking]" => writer.think(&format!("{rest}\n{body}")),
            "[Tool call] " => writer.call(rest, None, arguments(body.trim())),
            _ => {}
        }
    }
    if is_user {
        writer.prompt(&said);
    } else {
        writer.say(&said);
    }
}

/// The arguments of a call: JSON, lines of `name=value`, or text.
fn arguments(body: &str) -> RawJson {
    if let Ok(json) = RawJson::parse(body.to_owned()) {
        return json;
    }
    let pairs: Option<Map<String, Value>> = body
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
            Some((name.trim().to_owned(), value.trim().into()))
        })
        .collect();
    match pairs.filter(|pairs| !pairs.is_empty()) {
        Some(pairs) if !body.contains("*** Begin Patch") => RawJson::from_value(&pairs),
        _ => RawJson::from_value(&body),
    }
}
