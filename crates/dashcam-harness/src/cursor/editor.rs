//! A conversation from the editor's database.

use super::conversation::{Conversation, StartedBy, Step, Turn, What, only};
use super::editor_records::{Bubble, Composer, Row, ToolRecord, millisecond, time};
use super::outcome::{Outcome, error_text, inner_json};
use super::tools::{Tool, changed};
use crate::lenient::{Maybe, read_object};
use crate::lines::lines;
use crate::patch::Patch;
use crate::{Decoded, EvidenceFile};
use dashcam_trace::{
    Change, EventKind, FileDiff, ProblemKind, RawJson, Source, Status, Timestamp, ToolKind,
    TurnStatus,
};
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What the rows of one conversation hold.
#[derive(Default)]
struct Rows<'a> {
    composer: Composer<'a>,
    header: Composer<'a>,
    bubbles: FxHashMap<String, Bubble<'a>>,
    /// Their ids, in the order of the rows.
    listed: Vec<String>,
    contents: FxHashMap<String, Cow<'a, str>>,
}

/// Reads the rows of one conversation.
pub(super) fn conversation<'a>(
    file: &EvidenceFile<'_>,
    text: &'a [u8],
    decoded: &mut Decoded,
) -> Conversation {
    let rows = rows(file, text, decoded);
    let known = |get: fn(&Composer<'a>) -> Option<String>| {
        get(&rows.composer).or_else(|| get(&rows.header))
    };
    let mut conversation = Conversation {
        title: known(|composer| composer.name.owned()),
        branch: known(|composer| composer.created_on_branch.owned()),
        entrypoint: known(|composer| composer.unified_mode.owned()),
        cwd: known(|composer| composer.workspace_identifier.0.as_ref()?.path()),
        model: known(|composer| composer.model_config.0.as_ref()?.model_name.owned()),
        created: millisecond(rows.composer.created_at).or(millisecond(rows.header.created_at)),
        started_by: started_by(&rows.composer).or_else(|| started_by(&rows.header)),
        ..Conversation::default()
    };
    let inline = inline(&rows.composer);
    let (live, taken_back) = order(&rows, &inline);
    let mut reader = Reader {
        contents: &rows.contents,
        turns: Vec::new(),
        cwd: None,
        decoded,
    };
    for (bubble, created) in live {
        reader.bubble(bubble, created);
    }
    close(&mut reader.turns, &rows.composer);
    let mut turns = std::mem::take(&mut reader.turns);
    for (bubble, created) in taken_back {
        reader.bubble(bubble, created);
    }
    for mut turn in std::mem::take(&mut reader.turns) {
        turn.abandoned = true;
        turn.status = Some(TurnStatus::Completed);
        turns.push(turn);
    }
    conversation.cwd = conversation.cwd.or(reader.cwd);
    turns.retain(|turn| !turn.prompt.is_empty() || !turn.steps.is_empty());
    conversation.turns = turns;
    conversation
}

fn rows<'a>(file: &EvidenceFile<'_>, text: &'a [u8], decoded: &mut Decoded) -> Rows<'a> {
    let mut rows = Rows::default();
    for line in lines(text) {
        decoded.lines += 1;
        if line.is_blank() {
            continue;
        }
        let Some(Maybe(row)) = line.parse_or_note::<Maybe<Row<'a>>>(file.path, decoded) else {
            continue;
        };
        let row = row.unwrap_or_default();
        let json = row
            .data
            .map(RawValue::get)
            .filter(|json| json.starts_with('{'));
        match (row.table.as_str(), json) {
            ("begin", _) => {}
            ("bubble", Some(json)) => {
                let key = row.id.as_str();
                let id = key.rsplit(':').next().unwrap_or(key).to_owned();
                let bubble = read_object(json);
                if rows.bubbles.insert(id.clone(), bubble).is_none() {
                    rows.listed.push(id);
                } else {
                    let kind = ProblemKind::Inconsistent;
                    decoded.problem(line.problem(file.path, kind, "a message that is there twice"));
                }
            }
            ("composer", Some(json)) => rows.composer = read_object(json),
            ("header", Some(json)) => rows.header = read_object(json),
            ("content", _) => {
                if let Some(text) = row.text.0 {
                    rows.contents.insert(row.id.as_str().to_owned(), text);
                }
            }
            ("bubble" | "composer" | "header", None) => {
                let kind = ProblemKind::UnexpectedShape;
                decoded.problem(line.problem(file.path, kind, "a row without data"));
            }
            (table, _) => decoded.unknown_record(if table.is_empty() { "?" } else { table }),
        }
    }
    rows
}

fn started_by(composer: &Composer<'_>) -> Option<StartedBy> {
    let subagent = composer.subagent_info.0.as_ref()?;
    subagent.parent_composer_id.get()?;
    Some(StartedBy {
        call_id: subagent.tool_call_id.owned(),
        agent_type: subagent.subagent_type_name.owned(),
    })
}

/// The messages that older versions wrote into the conversation itself.
fn inline<'a>(composer: &Composer<'a>) -> Vec<Bubble<'a>> {
    let Some(raw) = composer.conversation else {
        return Vec::new();
    };
    serde_json::from_str::<crate::lenient::List<Bubble<'a>>>(raw.get())
        .unwrap_or_default()
        .0
}

/// Messages, each with the time that the list of messages gives it.
type Listed<'r, 'a> = Vec<(&'r Bubble<'a>, Option<Timestamp>)>;

/// The messages in the order of the conversation, and those that it no longer
/// has: what was taken back.
fn order<'r, 'a>(rows: &'r Rows<'a>, inline: &'r [Bubble<'a>]) -> (Listed<'r, 'a>, Listed<'r, 'a>) {
    let headers = &rows.composer.full_conversation_headers_only.0;
    let mut rest: FxHashMap<&str, &Bubble<'a>> = rows
        .bubbles
        .iter()
        .map(|(id, bubble)| (id.as_str(), bubble))
        .collect();
    let mut live: Listed<'r, 'a> = headers
        .iter()
        .filter_map(|header| {
            let bubble = rest.remove(header.bubble_id.as_str())?;
            Some((bubble, time(header.created_at)))
        })
        .collect();
    let mut others: Listed<'r, 'a> = rows
        .listed
        .iter()
        .filter_map(|id| Some((rest.remove(id.as_str())?, None)))
        .collect();
    others.sort_by_key(|(bubble, _)| bubble.created());
    if !inline.is_empty() {
        live = inline.iter().map(|bubble| (bubble, None)).collect();
        return (live, others);
    }
    if headers.is_empty() {
        return (others, Vec::new());
    }
    (live, others)
}

/// How the turns ended: the conversation tells it of the last one, of the
/// others only that the agent had the last word.
fn close(turns: &mut [Turn], composer: &Composer<'_>) {
    let is_generating = composer
        .generating_bubble_ids
        .is_some_and(|ids| ids.get().len() > 2);
    let last = turns.len().saturating_sub(1);
    for (place, turn) in turns.iter_mut().enumerate() {
        let has_answered = matches!(
            turn.steps.last().map(|step| &step.what),
            Some(What::Text { .. })
        );
        let answered = has_answered.then_some(TurnStatus::Completed);
        let told = match composer.status.as_str() {
            "completed" => Some(TurnStatus::Completed),
            "aborted" => Some(TurnStatus::Interrupted),
            "generating" => Some(TurnStatus::Unfinished),
            _ if is_generating => Some(TurnStatus::Unfinished),
            _ => None,
        };
        turn.status = turn.status.or(told.filter(|_| place == last)).or(answered);
    }
}

struct Reader<'r, 'a, 'd> {
    contents: &'r FxHashMap<String, Cow<'a, str>>,
    turns: Vec<Turn>,
    cwd: Option<String>,
    decoded: &'d mut Decoded,
}

impl Reader<'_, '_, '_> {
    fn bubble(&mut self, bubble: &Bubble<'_>, listed: Option<Timestamp>) {
        if bubble.is_display_only.0 || bubble.is_ephemeral.0 {
            return;
        }
        if self.cwd.is_none() {
            self.cwd = bubble.folder();
        }
        let at = bubble.created().or(listed);
        match bubble.kind.count() {
            Some(1) => self.prompt(bubble, at),
            Some(2) => self.work(bubble, at),
            other => {
                let kind =
                    other.map_or_else(|| "bubble".to_owned(), |kind| format!("bubble {kind}"));
                self.decoded.unknown_record(&kind);
            }
        }
    }

    fn prompt(&mut self, bubble: &Bubble<'_>, at: Option<Timestamp>) {
        let generation = bubble.request_id.owned();
        self.end_open_steps(at);
        self.turns.push(Turn {
            key: generation
                .clone()
                .or_else(|| bubble.bubble_id.owned())
                .unwrap_or_else(|| format!("turn {}", self.turns.len())),
            generation,
            prompt: bubble.text.as_str().to_owned(),
            start: at,
            model: model(bubble),
            sources: only(Source::Transcript),
            ..Turn::default()
        });
    }

    fn work(&mut self, bubble: &Bubble<'_>, at: Option<Timestamp>) {
        self.end_open_steps(at);
        if self.turns.is_empty() {
            self.turns.push(Turn {
                key: bubble.bubble_id.as_str().to_owned(),
                start: at,
                sources: only(Source::Transcript),
                ..Turn::default()
            });
        }
        let id = bubble.bubble_id.as_str().to_owned();
        let tool = bubble.tool_former_data.0.as_ref();
        let tool = tool.and_then(|record| Some((record.name()?, record)));
        let step = tool.map(|(name, record)| {
            let tool = self.tool(name, record);
            let started = record
                .additional_data
                .0
                .as_ref()
                .and_then(|data| millisecond(data.started_at_ms));
            (tool, started)
        });
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        if let Some(model) = model(bubble) {
            turn.model = Some(model);
        }
        if let Some(text) = bubble.thought() {
            let took = bubble.thinking_duration_ms.0.filter(|took| *took >= 0.0);
            let end = at.zip(took).and_then(|(at, took)| {
                Timestamp::from_microsecond(at.as_microsecond() + (took * 1e3) as i64).ok()
            });
            turn.steps.push(Step {
                key: id.clone(),
                start: at,
                end: end.or(at),
                is_measured: end.is_some(),
                sources: only(Source::Transcript),
                what: What::Thought(text),
            });
        }
        if let Some(text) = bubble.text.owned() {
            let what = What::Text {
                text,
                tokens: bubble.tokens(),
                model: model(bubble),
            };
            turn.push(id.clone(), at, Source::Transcript, what);
        }
        if let Some((tool, started)) = step {
            turn.steps.push(Step {
                key: tool.call_id.clone().unwrap_or(id),
                start: started.or(at),
                end: None,
                is_measured: false,
                sources: only(Source::Transcript),
                what: What::Tool(Box::new(tool)),
            });
        }
        if let Some(error) = bubble.error_details.and_then(error_in) {
            turn.status = Some(TurnStatus::Failed);
            turn.error = Some(error.clone());
            let what = What::Event {
                kind: EventKind::ApiError,
                text: Some(error),
                details: bubble.error_details.map(RawJson::from_raw),
            };
            turn.push(
                format!("error/{}", bubble.bubble_id.as_str()),
                at,
                Source::Transcript,
                what,
            );
        }
    }

    /// What has no end of its own had ended when the next message came.
    fn end_open_steps(&mut self, at: Option<Timestamp>) {
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        for step in turn.steps.iter_mut().rev() {
            let is_over =
                matches!(&step.what, What::Tool(tool) if tool.status != Status::Unfinished);
            if !is_over || step.end.is_some() {
                break;
            }
            step.end = at.max(step.start);
        }
    }

    fn tool(&mut self, name: &str, record: &ToolRecord<'_>) -> Tool {
        let value = |raw: Option<&RawValue>| -> Value {
            let value: Value = raw
                .and_then(|raw| serde_json::from_str(raw.get()).ok())
                .unwrap_or_default();
            inner_json(&value).unwrap_or(value)
        };
        let params = value(record.params);
        let mut tool = Tool::new(name, input(record, &params), params.as_object());
        tool.call_id = record.tool_call_id.owned();
        tool.model_call = record.model_call_id.owned();
        let result = value(record.result);
        let error = error_of(&value(record.error));
        let also = record.additional_data.0.as_ref();
        let also = also.map(|data| data.status.as_str()).unwrap_or_default();
        let is_refused =
            record.user_decision.as_str() == "rejected" || matches!(also, "rejected" | "cancelled");
        let outcome = match record.status.as_str() {
            "error" => {
                let mut failed = Outcome::read(tool.kind, &result, true, self.decoded);
                failed.error = error.or(failed.error);
                failed
            }
            "cancelled" | "canceled" | "rejected" | "aborted" => Outcome::failed(error, true),
            "completed" | "success" => {
                let failed = also == "error" || error.is_some();
                let mut read = Outcome::read(tool.kind, &result, failed, self.decoded);
                read.error = error.or(read.error);
                if is_refused {
                    read.status = Status::Interrupted;
                }
                read
            }
            _ => return tool,
        };
        tool.ended(outcome);
        if tool.status == Status::Ok {
            let diff = self.diff(&tool, result.as_object());
            tool.diff = diff.map_or(tool.diff, |diff| vec![diff]);
        }
        tool
    }

    /// What an edit changed: from the hunks that Cursor noted, or from the
    /// file before and after.
    fn diff(&self, tool: &Tool, result: Option<&Map<String, Value>>) -> Option<FileDiff> {
        if !matches!(tool.kind, ToolKind::Edit | ToolKind::Write) {
            return None;
        }
        let (path, result) = (tool.target.as_deref()?, result?);
        let chunks = result
            .get("diff")
            .and_then(|diff| diff.get("chunks")?.as_array());
        if let Some(chunks) = chunks {
            let text: String = chunks.iter().filter_map(hunk).collect();
            let patch = Patch::of_hunks(&text);
            return (!text.is_empty()).then(|| changed(path, Change::Update, patch));
        }
        let content = |name: &str| {
            let id = result.get(name)?.as_str()?;
            self.contents.get(id).map(|text| &**text)
        };
        let after = content("afterContentId")?;
        if result.contains_key("beforeContentId") {
            let patch = Patch::between(content("beforeContentId")?, after);
            return (!patch.text.is_empty()).then(|| changed(path, Change::Update, patch));
        }
        Some(changed(path, Change::Add, Patch::between("", after)))
    }
}

fn model(bubble: &Bubble<'_>) -> Option<String> {
    bubble.model_info.0.as_ref()?.model_name.owned()
}

/// The arguments: as the model wrote them, or else in Cursor's own words.
fn input(record: &ToolRecord<'_>, params: &Value) -> RawJson {
    let written = record
        .raw_args
        .map(|raw| match serde_json::from_str::<String>(raw.get()) {
            Ok(text) => RawJson::parse(text.clone()).unwrap_or_else(|_| RawJson::from_value(&text)),
            Err(_) => RawJson::from_raw(raw),
        });
    let says_nothing = |json: &RawJson| matches!(json.as_str().trim(), "" | "\"\"" | "{}" | "null");
    written
        .filter(|json| !says_nothing(json))
        .unwrap_or_else(|| RawJson::from_value(params))
}

fn error_of(error: &Value) -> Option<String> {
    match error {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Object(fields) => error_text(fields),
        _ => None,
    }
}

fn error_in(raw: &RawValue) -> Option<String> {
    let value: Value = serde_json::from_str(raw.get()).ok()?;
    let fields = value.as_object()?;
    let message = fields.get("message").and_then(Value::as_str);
    message
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .or_else(|| error_text(fields))
}

/// A hunk of an edit: `{"diffString":"- old\n+ new","oldStart":…}`, each line
/// with its sign and a blank.
fn hunk(chunk: &Value) -> Option<String> {
    let number = |name: &str| chunk.get(name).and_then(Value::as_u64).unwrap_or_default();
    let text = chunk.get("diffString")?.as_str()?;
    let mut hunk = format!(
        "@@ -{},{} +{},{} @@\n",
        number("oldStart"),
        number("oldLines"),
        number("newStart"),
        number("newLines")
    );
    for line in text.lines() {
        let (sign, rest) = match line.split_at_checked(1) {
            Some((sign @ ("+" | "-" | " "), rest)) => {
                (sign, rest.strip_prefix(' ').unwrap_or(rest))
            }
            _ => (" ", line),
        };
        hunk.push_str(sign);
        hunk.push_str(rest);
        hunk.push('\n');
    }
    Some(hunk)
}
