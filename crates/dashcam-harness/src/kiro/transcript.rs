//! A conversation's file as turns.

use super::records::{Block, Document, Message, Ran, Record, ToolResult, ToolUse, TurnRecord};
use super::tools::Given;
use super::turns::{Asked, Builder, End, When};
use crate::image;
use crate::lenient::{Text, read_object};
use crate::lines::{Line, lines};
use dashcam_trace::{
    Credits, EventKind, Image, McpTool, ModelCall, Part, ProblemKind, Prompt, RawJson, SessionId,
    SpanBody, Status, Timestamp, Timing, TurnStatus,
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// Reads a conversation.
pub(super) struct Reader<'b, 'd, 'r> {
    builder: &'b mut Builder<'d>,
    document: &'r Document<'r>,
    file: &'r str,
    /// The turn that each message belongs to, as the document tells.
    records: FxHashMap<&'r str, &'r TurnRecord<'r>>,
    seen: FxHashSet<String>,
    /// The turn under way.
    current: Option<&'r TurnRecord<'r>>,
    /// Whether the last answer asked for no tool.
    is_answered: bool,
}

impl<'b, 'd, 'r> Reader<'b, 'd, 'r> {
    pub(super) fn new(
        builder: &'b mut Builder<'d>,
        document: &'r Document<'r>,
        file: &'r str,
    ) -> Self {
        let records = document.turns().iter().flat_map(|turn| {
            let ids = turn.message_ids.0.iter().filter_map(Text::get);
            ids.map(move |id| (id, turn))
        });
        Self {
            builder,
            document,
            file,
            records: records.collect(),
            seen: FxHashSet::default(),
            current: None,
            is_answered: false,
        }
    }

    /// Reads the file's lines.
    pub(super) fn read(mut self, text: &[u8]) {
        for line in lines(text) {
            self.builder.decoded.lines += 1;
            if line.is_blank() {
                continue;
            }
            let record = line
                .parse_or_note::<crate::lenient::Maybe<Record<'_>>>(self.file, self.builder.decoded)
                .map(|record| record.0.unwrap_or_default());
            if let Some(record) = record {
                self.record(&line, &record);
            }
        }
        self.close();
    }

    fn record(&mut self, line: &Line<'_>, record: &Record<'_>) {
        let empty = Message::default();
        let message = record.data.0.as_ref().unwrap_or(&empty);
        let own_key = || format!("line {}", line.number);
        let key = message.message_id.owned().unwrap_or_else(own_key);
        let kind = record.kind.as_str();
        let is_known = matches!(kind, "Prompt" | "AssistantMessage" | "ToolResults");
        if is_known && !self.seen.insert(key.clone()) {
            let problem = "a message that is there twice";
            let problem = line.problem(self.file, ProblemKind::Inconsistent, problem);
            self.builder.decoded.problem(problem);
            return;
        }
        match kind {
            "Prompt" => self.prompt(&key, message),
            "AssistantMessage" => self.answer(&key, message),
            "ToolResults" => self.results(line, message),
            "Clear" if self.builder.has_turn() => {
                let text = Some("/clear".to_owned());
                self.builder.event(&key, EventKind::Command, "clear", text);
            }
            "Clear" => {}
            other => {
                self.builder
                    .decoded
                    .unknown_record(if other.is_empty() { "?" } else { other });
            }
        }
    }

    fn prompt(&mut self, key: &str, message: &Message<'_>) {
        self.close();
        let texts: Vec<String> = message.content.0.iter().filter_map(Block::text).collect();
        let blocks = message.content.0.iter();
        let images = blocks
            .filter_map(|block| picture(block, self.builder))
            .collect();
        let prompt = Prompt {
            text: texts.join("\n\n"),
            images,
        };
        let sent = message.meta.0.and_then(|meta| meta.timestamp.0);
        let sent = sent.and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
        self.open(key, prompt, sent);
    }

    /// Begins a turn. The document has its beginning more exactly than the
    /// prompt, whose time is in whole seconds.
    fn open(&mut self, key: &str, prompt: Prompt, sent: Option<Timestamp>) {
        self.current = self.records.get(key).copied();
        let measured = self.current.and_then(TurnRecord::began);
        let start = measured
            .filter(|began| sent.is_none_or(|sent| *began >= sent))
            .or(sent)
            .or_else(|| self.builder.has_turn().then(|| self.builder.now()))
            .or_else(|| self.document.created())
            .unwrap_or_default();
        self.builder.open(key, prompt, start);
        self.is_answered = false;
        let is_copy = self.document.created().is_some_and(|made| {
            // The prompt's time has lost its fraction of a second.
            start.as_second() < made.as_second()
        });
        let from = self.document.rewound_from().filter(|_| is_copy);
        if let (Some(from), Some(turn)) = (from, self.builder.last()) {
            let harness = dashcam_trace::Harness::Kiro;
            turn.copied_from = Some(SessionId::derive(harness, from));
        }
        if let (Some(_), Some(turn)) = (measured, self.builder.last()) {
            turn.spans[0].timing = Timing::Measured;
        }
    }

    fn answer(&mut self, key: &str, message: &Message<'_>) {
        if !self.builder.has_turn() {
            self.open(key, Prompt::default(), None);
        }
        let mut output = Vec::new();
        let mut asked = Vec::new();
        for block in &message.content.0 {
            match block.kind.as_str() {
                "text" => {
                    let text = block.text().filter(|text| !text.trim().is_empty());
                    output.extend(text.map(|text| Part::Text { text }));
                }
                "toolUse" => asked.extend(block.data.map(|data| {
                    let read: ToolUse<'_> = read_object(data.get());
                    Asked {
                        call_id: read.tool_use_id.owned(),
                        tool: read.name.as_str().to_owned(),
                        input: read.input.map(RawJson::from_raw).unwrap_or_default(),
                    }
                })),
                kind => {
                    let image = picture(block, self.builder);
                    output.push(match (image, block.data) {
                        (Some(image), _) => Part::Image { image },
                        (None, data) => Part::Other {
                            name: kind.to_owned(),
                            json: data
                                .map_or("null", serde_json::value::RawValue::get)
                                .to_owned(),
                        },
                    });
                }
            }
        }
        self.is_answered = asked.is_empty();
        let agent = self.document.agent();
        let agent = agent.map(|agent| ("agent".to_owned(), agent.to_owned()));
        let turn_model = self.current.and_then(|turn| turn.model.get());
        let call = ModelCall {
            model: turn_model.unwrap_or(self.document.model()).to_owned(),
            provider: None,
            response_id: message.message_id.owned(),
            parameters: agent.into_iter().collect(),
            output,
            ..ModelCall::default()
        };
        let when = When::about(self.builder.now());
        self.builder.answer(key, when, call, asked);
    }

    fn results(&mut self, line: &Line<'_>, message: &Message<'_>) {
        let ran = message.results.map(Ran::by_call).unwrap_or_default();
        for block in &message.content.0 {
            let Some(data) = block.data.filter(|_| block.kind.as_str() == "toolResult") else {
                continue;
            };
            let result: ToolResult<'_> = read_object(data.get());
            let id = result.tool_use_id.as_str();
            let given = self.given(&result, ran.get(id));
            if !self.builder.result(id, given, None) {
                let problem = format!("a result of a call that is not there: {id}");
                let problem = line.problem(self.file, ProblemKind::Inconsistent, problem);
                self.builder.decoded.problem(problem);
            }
        }
    }

    fn given(&mut self, result: &ToolResult<'_>, ran: Option<&Ran<'_>>) -> Given {
        let blocks = &result.content.0;
        let values = blocks.iter().filter(|block| block.kind.as_str() == "json");
        let values = values.filter_map(|block| Some(block.data?.get().to_owned()));
        let is_cancelled = ran.is_some_and(Ran::is_cancelled);
        Given {
            status: match result.status.as_str() {
                _ if is_cancelled => Status::Interrupted,
                "error" => Status::Error,
                _ => Status::Ok,
            },
            texts: blocks.iter().filter_map(Block::text).collect(),
            values: values.collect(),
            images: blocks
                .iter()
                .filter_map(|block| picture(block, self.builder))
                .collect(),
            mcp: ran.and_then(Ran::mcp).map(|mcp| McpTool {
                server: mcp.server_name.as_str().to_owned(),
                tool: mcp.tool_name.as_str().to_owned(),
            }),
        }
    }

    /// Ends the turn under way with what the document tells of it.
    fn close(&mut self) {
        let Some(turn) = self.builder.last() else {
            return;
        };
        if let Some(record) = self.current {
            let calls = turn
                .spans
                .iter_mut()
                .filter_map(|span| match &mut span.body {
                    SpanBody::ModelCall(call) => Some(call),
                    _ => None,
                });
            share_out(record, calls.collect());
            let ended = record.ended();
            let last = turn.spans.iter_mut().rev();
            let mut last = last.filter(|span| matches!(span.body, SpanBody::ModelCall(_)));
            if let (Some(span), true) = (last.next(), self.is_answered) {
                span.end = span.end.max(ended);
            }
        }
        let is_answered = self.is_answered;
        let answered = if is_answered {
            TurnStatus::Completed
        } else {
            TurnStatus::Unfinished
        };
        let end = match self.current {
            None => End {
                status: answered,
                at: None,
                error: None,
            },
            Some(record) => End {
                status: match record.end_reason.as_str() {
                    "UserTurnEnd" => TurnStatus::Completed,
                    "Cancelled" | "ToolUseRejected" => TurnStatus::Interrupted,
                    "Error" => TurnStatus::Failed,
                    _ => answered,
                },
                at: record.ended(),
                error: record.error(),
            },
        };
        self.builder.close(end);
        self.current = None;
    }
}

/// Gives the turn's credits and tokens to its model calls. Where not every
/// request is charged by itself, and of tokens always, only the turn's sum is
/// known: it stands with the last call.
fn share_out(record: &TurnRecord<'_>, mut calls: Vec<&mut ModelCall>) {
    let credits = record.credits();
    if credits.len() == calls.len() {
        for (call, credits) in calls.iter_mut().zip(&credits) {
            call.credits = Some(*credits);
        }
    } else if let Some(call) = calls.last_mut().filter(|_| !credits.is_empty()) {
        call.credits = Some(credits.into_iter().sum::<Credits>());
    }
    if let Some(call) = calls.last_mut() {
        call.tokens = record.tokens();
    }
}

/// An image, as a block holds it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Picture<'a> {
    #[serde(borrow)]
    format: Text<'a>,
    #[serde(borrow)]
    source: crate::lenient::Maybe<PictureSource<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PictureSource<'a> {
    /// Base64, or the bytes as a list of numbers.
    #[serde(borrow)]
    data: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow)]
    bytes: Option<&'a serde_json::value::RawValue>,
}

fn picture(block: &Block<'_>, builder: &mut Builder<'_>) -> Option<Image> {
    let data = block.data.filter(|_| block.kind.as_str() == "image")?;
    let picture: Picture<'_> = read_object(data.get());
    let media_type = format!("image/{}", picture.format.get().unwrap_or("*"));
    let source = picture.source.0.unwrap_or_default();
    let Some(bytes) = source.bytes.or(source.data) else {
        return Some(image::note(&media_type, 0));
    };
    if let Ok(bytes) = serde_json::from_str::<Vec<u8>>(bytes.get()) {
        return Some(builder.decoded.keep_image(&media_type, bytes));
    }
    let base64: Text<'_> = serde_json::from_str(bytes.get()).unwrap_or_default();
    Some(image::keep_base64(
        builder.decoded,
        &media_type,
        base64.as_str(),
    ))
}
