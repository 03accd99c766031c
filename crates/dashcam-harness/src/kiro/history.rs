//! A conversation of the database as turns.

use super::conversation::{
    Answer, Conversation, Entry, RequestMetadata, Row, Said, ToolUseResult, UserMessage, time,
};
use super::tools::Given;
use super::turns::{Asked, Builder, End, When};
use dashcam_trace::{
    EventKind, ModelCall, Part, Prompt, RawJson, Status, Timestamp, Timing, TurnStatus,
};

/// Reads a row's conversation.
pub(super) fn read(row: &Row<'_>, builder: &mut Builder<'_>) {
    let Some(conversation) = &row.value.0 else {
        return;
    };
    let mut reading = Reading {
        builder,
        chosen: chosen_model(conversation),
        created: time(row.created_at).unwrap_or_default(),
        is_answered: false,
    };
    for (number, entry) in conversation.history.0.iter().enumerate() {
        reading.entry(number, entry);
    }
    if let Some(next) = &conversation.next_message.0 {
        reading.said("next", next);
    }
    reading.close();
    reading.summary(conversation);
}

fn chosen_model<'c>(conversation: &'c Conversation<'_>) -> &'c str {
    let chosen = conversation.model_info.0.as_ref();
    chosen.map_or("", |chosen| chosen.model_id.as_str())
}

struct Reading<'b, 'd, 'c> {
    builder: &'b mut Builder<'d>,
    chosen: &'c str,
    created: Timestamp,
    is_answered: bool,
}

impl Reading<'_, '_, '_> {
    fn entry(&mut self, number: usize, entry: &Entry<'_>) {
        if let Some(user) = &entry.user.0 {
            self.said(&number.to_string(), user);
        }
        let (Some(assistant), metadata) = (&entry.assistant.0, &entry.request_metadata.0) else {
            return;
        };
        let answer = assistant.tool_use.0.as_ref();
        if let Some(answer) = answer.or(assistant.response.0.as_ref()) {
            self.answer(number, answer, metadata.as_ref());
        }
    }

    /// What a request adds: a prompt, or what tools gave back.
    fn said(&mut self, key: &str, message: &UserMessage<'_>) {
        let Some(content) = &message.content.0 else {
            return;
        };
        let at: Option<Timestamp> = message.timestamp.as_str().parse().ok();
        if let Some(cancelled) = &content.cancelled.0 {
            self.results(cancelled, at, true);
            let end = End {
                status: TurnStatus::Interrupted,
                at,
                error: None,
            };
            if cancelled.prompt.get().is_some() {
                self.builder.close(end);
                self.open(key, cancelled.prompt.as_str(), at);
            }
        }
        if let Some(results) = &content.results.0 {
            self.results(results, at, false);
        }
        if let Some(prompt) = &content.prompt.0 {
            self.close();
            self.open(key, prompt.prompt.as_str(), at);
        }
    }

    fn open(&mut self, key: &str, text: &str, at: Option<Timestamp>) {
        let prompt = Prompt {
            text: text.to_owned(),
            images: Vec::new(),
        };
        let known = self.builder.has_turn().then(|| self.builder.now());
        let start = at.or(known).unwrap_or(self.created);
        self.builder.open(key, prompt, start);
        self.is_answered = false;
    }

    fn results(&mut self, said: &Said<'_>, at: Option<Timestamp>, is_cancelled: bool) {
        for result in &said.tool_use_results.0 {
            let given = given(result, is_cancelled);
            // A result of what came before the history begins.
            let _ = self.builder.result(result.tool_use_id.as_str(), given, at);
        }
    }

    fn answer(
        &mut self,
        number: usize,
        answer: &Answer<'_>,
        metadata: Option<&RequestMetadata<'_>>,
    ) {
        if !self.builder.has_turn() {
            self.open(&number.to_string(), "", None);
        }
        let asked: Vec<Asked> = answer
            .tool_uses
            .0
            .iter()
            .map(|tool| Asked {
                call_id: tool.id.owned(),
                tool: tool.name.as_str().to_owned(),
                input: tool.args.map(RawJson::from_raw).unwrap_or_default(),
            })
            .collect();
        self.is_answered = asked.is_empty();
        let text = answer
            .content
            .owned()
            .filter(|text| !text.trim().is_empty());
        let none = RequestMetadata::default();
        let metadata = metadata.unwrap_or(&none);
        let now = self.builder.now();
        let when = match (metadata.began(), metadata.ended()) {
            (Some(start), Some(end)) => When {
                start,
                end,
                timing: Timing::Measured,
            },
            (_, end) => When::about(end.unwrap_or(now)),
        };
        let first = metadata.time_to_first_chunk.0;
        let call = ModelCall {
            model: metadata.model_id.get().unwrap_or(self.chosen).to_owned(),
            response_id: metadata.response_id().or_else(|| answer.message_id.owned()),
            ttft_ms: first.and_then(super::records::Span::milliseconds),
            output: text.map(|text| Part::Text { text }).into_iter().collect(),
            ..ModelCall::default()
        };
        self.builder.answer(&number.to_string(), when, call, asked);
    }

    fn close(&mut self) {
        let status = if self.is_answered {
            TurnStatus::Completed
        } else {
            TurnStatus::Unfinished
        };
        self.builder.close(End {
            status,
            at: None,
            error: None,
        });
    }

    /// The summary that the model goes on with.
    fn summary(&mut self, conversation: &Conversation<'_>) {
        let summary = conversation
            .latest_summary
            .map(serde_json::value::RawValue::get);
        let read: Option<(String, serde::de::IgnoredAny)> =
            summary.and_then(|json| serde_json::from_str(json).ok());
        if let (Some((text, _)), true) = (read, self.builder.has_turn()) {
            self.builder
                .event("summary", EventKind::Compaction, "compaction", Some(text));
        }
    }
}

fn given(result: &ToolUseResult<'_>, is_cancelled: bool) -> Given {
    let blocks = &result.content.0;
    Given {
        status: match result.status.as_str() {
            _ if is_cancelled => Status::Interrupted,
            "Error" | "error" => Status::Error,
            _ => Status::Ok,
        },
        texts: blocks
            .iter()
            .filter_map(|block| block.text.owned())
            .collect(),
        values: blocks
            .iter()
            .filter_map(|block| Some(block.json?.get().to_owned()))
            .collect(),
        images: Vec::new(),
        mcp: None,
    }
}
