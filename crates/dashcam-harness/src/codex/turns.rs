//! Turns: where they begin and end, and what the person asked.
//!
//! Newer versions mark both ends (`task_started`, `task_complete`,
//! `turn_aborted`). In older ones a turn reaches from one message of the
//! person to the next.

use super::content::{self, images, joined_text, parts};
use super::records::{Event, ResponseItem, Text, owned, present, shaped, string, text};
use super::thread::{PendingMessage, ThreadReader, ThreadTurn, list};
use crate::image;
use dashcam_trace::{
    EventKind, Image, InputPart, Part, Prompt, SpanBody, Status, Timing, TurnStatus,
};
use serde::Deserialize;
use serde_json::value::RawValue;

impl ThreadReader<'_> {
    /// Begins a turn; `native_id` is absent where the rollout marks none.
    pub(super) fn begin_turn(&mut self, native_id: Option<String>, marked: bool) {
        self.leave_turn(true);
        self.flush_early_usage_before_turn();
        let native_id =
            native_id.unwrap_or_else(|| format!("{}:{}", self.thread.id, self.thread.turns.len()));
        self.thread.turns.push(ThreadTurn {
            native_id,
            marked,
            start: self.at,
            end: None,
            status: TurnStatus::Unfinished,
            error: None,
            prompt: Prompt::default(),
            answer: None,
            abandoned: false,
            spans: std::mem::take(&mut self.between_turns),
        });
        self.current = Some(self.thread.turns.len() - 1);
        self.ready_at = Some(self.at);
    }

    /// The turn that is under way; one begins where none is.
    pub(super) fn turn_in_progress(&mut self) -> usize {
        if let Some(current) = self.current {
            return current;
        }
        self.begin_turn(None, false);
        self.thread.turns.len() - 1
    }

    /// Ends the turn that the rollout says has ended.
    fn end_turn(&mut self, status: TurnStatus, event: &Event<'_>) {
        self.flush_messages();
        let Some(current) = self.current else { return };
        let left = match status {
            TurnStatus::Interrupted => Status::Interrupted,
            _ => Status::Unfinished,
        };
        self.flush_early_usage();
        self.leave_call(left);
        self.settle_tool_calls(current, left);
        let at = self.at;
        let turn = &mut self.thread.turns[current];
        turn.status = status;
        turn.end = Some(at.max(turn.start));
        turn.answer = owned(event.last_agent_message.as_ref());
        if let Some(first) = event.time_to_first_token_ms {
            let call = turn.spans.iter_mut().find_map(|span| match &mut span.body {
                SpanBody::ModelCall(call) => Some(call),
                _ => None,
            });
            if let Some(call) = call {
                call.ttft_ms = Some(first);
            }
        }
        self.current = None;
    }

    /// Leaves a turn whose end the rollout does not mark.
    fn leave_turn(&mut self, another_follows: bool) {
        self.flush_messages();
        let Some(current) = self.current.take() else {
            return;
        };
        self.flush_early_usage_into(current);
        let answered = self.ends_with_answer(current);
        let turn = &self.thread.turns[current];
        let is_complete = !turn.marked && answered;
        self.leave_call(Status::Unfinished);
        self.settle_tool_calls(current, Status::Unfinished);
        let turn = &mut self.thread.turns[current];
        if is_complete {
            turn.status = TurnStatus::Completed;
        }
        if is_complete || another_follows {
            turn.end = Some(turn.last_seen());
        }
    }

    fn flush_early_usage_into(&mut self, turn: usize) {
        self.current = Some(turn);
        self.flush_early_usage();
        self.current = None;
    }

    /// Usage that came between turns belongs to the one before.
    fn flush_early_usage_before_turn(&mut self) {
        if self.early_usage.is_some() && !self.thread.turns.is_empty() {
            self.flush_early_usage_into(self.thread.turns.len() - 1);
        }
    }

    /// Whether the last thing the model wrote was text for the person.
    fn ends_with_answer(&self, turn: usize) -> bool {
        let calls = self.thread.turns[turn]
            .spans
            .iter()
            .rev()
            .find_map(|span| match &span.body {
                SpanBody::ModelCall(call) if !call.output.is_empty() => Some(call),
                _ => None,
            });
        let last = calls.and_then(|call| call.output.last());
        matches!(last, Some(Part::Text { .. }))
    }

    /// Takes in a message that the person sent.
    fn prompt(&mut self, message: &str, images: Vec<Image>) {
        let is_new = match self.current {
            None => true,
            Some(current) => {
                let turn = &self.thread.turns[current];
                !turn.marked && !turn.prompt.text.is_empty()
            }
        };
        if is_new {
            self.begin_turn(None, false);
        }
        let current = self.turn_in_progress();
        let turn = &mut self.thread.turns[current];
        let worked = turn
            .spans
            .iter()
            .any(|span| matches!(span.body, SpanBody::ModelCall(_)));
        if turn.prompt.text.is_empty() && !worked {
            turn.prompt = Prompt {
                text: message.to_owned(),
                images,
            };
        } else {
            // Sent while the agent worked.
            let span = self.event_span(EventKind::Other, "message", Some(message.to_owned()), None);
            self.push_event(span);
        }
        self.input.push(InputPart::Prompt {
            text: message.to_owned(),
        });
        self.ready_at = Some(self.at);
        self.close_call();
    }

    /// Takes in the mark of a message of the person's: an event of its own,
    /// beside the message that went to the model.
    pub(super) fn marked_prompt(&mut self, message: &str, pictures: Vec<String>) {
        let same = self.messages.iter().position(|pending| {
            let sent = pending.text.trim();
            sent == message.trim() || (!message.trim().is_empty() && sent.ends_with(message.trim()))
        });
        // A message of images alone stands last.
        let same = same.or_else(|| {
            message
                .is_empty()
                .then(|| self.messages.len().checked_sub(1))?
        });
        let mut pictures = pictures;
        if let Some(same) = same {
            let sent = self.messages.remove(same);
            if !sent.images.is_empty() {
                pictures = sent.images;
            }
        }
        // What else was sent before it was put in by the harness.
        if self.current.is_some() {
            self.flush_messages();
        }
        let images = self.keep_images(&pictures);
        self.prompt(message, images);
        self.flush_messages();
    }

    /// The person's message in a `UserMessage` item.
    pub(super) fn user_message_item(&mut self, content: Option<&RawValue>) {
        let parts = parts(content);
        let pictures = images(&parts);
        self.marked_prompt(&joined_text(&parts), pictures);
    }

    /// The person's message in a `user_message` event.
    pub(super) fn user_message_event(&mut self, event: &Event<'_>) {
        // In 2025 injected context was marked in the same way.
        if string(event.message_kind).is_some_and(|kind| kind != "plain") {
            return;
        }
        let message = string(event.message).unwrap_or_default();
        self.marked_prompt(&message, list(event.images));
    }

    pub(super) fn keep_images(&mut self, addresses: &[String]) -> Vec<Image> {
        addresses
            .iter()
            .map(|address| image::keep_url(self.decoded, address))
            .collect()
    }

    /// Takes in a message to the model that is not the model's own.
    pub(super) fn message(&mut self, item: &ResponseItem<'_>) {
        let parts = parts(item.content);
        let role = text(item.role.as_ref()).unwrap_or("user");
        let kinds = item.internal_chat_message_metadata_passthrough.as_ref();
        let kinds = kinds.map(|passthrough| passthrough.content_item_kinds.as_slice());
        let mut from_person = role == "user";
        // Each piece of injected context is an event of its own.
        for (index, part) in parts.iter().enumerate() {
            let body = text(part.text.as_ref()).unwrap_or_default();
            let noted = kinds.and_then(|kinds| kinds.get(index)).map(Text::as_str);
            let kind = match noted {
                Some(kind) if kind.starts_with("user.") || kind == "unknown" => None,
                Some(kind) => Some(kind),
                None => content::injected_kind(body),
            };
            if role == "user"
                && let Some(command) = content::shell_line(body)
            {
                self.shell_line(command.to_owned());
                from_person = false;
            } else if role != "user" || kind.is_some() {
                let kind = kind.unwrap_or(role).to_owned();
                self.context(&kind, role, body);
                from_person = false;
            }
        }
        if !from_person {
            return;
        }
        let message = joined_text(&parts);
        if let Some(current) = self.current
            && self.thread.turns[current].prompt.text == message
            && !message.is_empty()
        {
            // The mark came first.
            return;
        }
        let images = images(&parts);
        self.messages.push(PendingMessage {
            text: message,
            images,
            kind: "user",
            at: self.at,
        });
    }

    /// Decides on messages that no mark followed: where the person's are
    /// marked they were put in by the harness, else they are the person's.
    pub(super) fn flush_messages(&mut self) {
        for message in std::mem::take(&mut self.messages) {
            let now = std::mem::replace(&mut self.at, message.at);
            if self.marks_prompts {
                self.context(message.kind, "user", &message.text);
            } else {
                let images = self.keep_images(&message.images);
                self.prompt(&message.text, images);
            }
            self.at = now;
        }
    }

    /// `task_started`.
    pub(super) fn task_started(&mut self, event: &Event<'_>) {
        self.begin_turn(owned(event.turn_id.as_ref()), true);
    }

    /// `task_complete`.
    pub(super) fn task_complete(&mut self, event: &Event<'_>) {
        let error = present(event.error).map(error_message);
        if let Some(error) = error {
            self.api_error(error);
        }
        let failed = self
            .current
            .is_some_and(|turn| self.thread.turns[turn].error.is_some());
        let status = if failed && text(event.last_agent_message.as_ref()).is_none() {
            TurnStatus::Failed
        } else {
            TurnStatus::Completed
        };
        self.end_turn(status, event);
    }

    /// `turn_aborted`.
    pub(super) fn turn_aborted(&mut self, event: &Event<'_>) {
        let reason = string(event.reason)
            .unwrap_or_else(|| "interrupted".into())
            .into_owned();
        self.flush_messages();
        let mut span = self.event_span(EventKind::Interruption, "interruption", Some(reason), None);
        span.status = Status::Interrupted;
        self.push_event(span);
        self.end_turn(TurnStatus::Interrupted, event);
    }

    /// `thread_rolled_back`: the person took the last turns back.
    pub(super) fn rolled_back(&mut self, turns: u64) {
        self.leave_turn(true);
        let live = self
            .thread
            .turns
            .iter_mut()
            .rev()
            .filter(|turn| !turn.abandoned);
        for turn in live.take(usize::try_from(turns).unwrap_or(usize::MAX)) {
            turn.abandoned = true;
        }
    }

    /// Ends the reading.
    pub(super) fn finish(&mut self) {
        if self.current.is_none() && (!self.messages.is_empty() || self.early_usage.is_some()) {
            self.flush_messages();
            self.flush_early_usage_before_turn();
            if self.early_usage.is_some() {
                self.flush_early_usage();
            }
        }
        self.leave_turn(false);
        self.facts_without_calls();
        if let Some(last) = self.thread.turns.last_mut() {
            last.spans.append(&mut self.between_turns);
        }
        for turn in &mut self.thread.turns {
            if turn.status == TurnStatus::Completed {
                turn.error = None; // It was overcome.
            }
            if turn.answer.is_none() {
                turn.answer = last_text(turn);
            }
            turn.spans.sort_by_key(|span| span.start);
        }
    }

    /// Measured times of a span, from what Codex notes in milliseconds.
    pub(super) fn measured(&mut self, turn: usize, span: usize, start: Option<i64>, end: i64) {
        let at = |millis| dashcam_trace::Timestamp::from_millisecond(millis).ok();
        let (Some(end), start) = (at(end), start.and_then(at)) else {
            return;
        };
        let span = &mut self.thread.turns[turn].spans[span];
        span.start = start.unwrap_or(end).min(end);
        span.end = Some(end);
        span.timing = Timing::Measured;
    }
}

fn last_text(turn: &ThreadTurn) -> Option<String> {
    turn.spans.iter().rev().find_map(|span| match &span.body {
        SpanBody::ModelCall(call) => call.output.iter().rev().find_map(|part| match part {
            Part::Text { text } if !text.is_empty() => Some(text.clone()),
            _ => None,
        }),
        _ => None,
    })
}

/// The message inside an error, however deep Codex wrapped it.
pub(super) fn error_message(raw: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        message: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    if let Some(message) = string(Some(raw)) {
        // The provider's answer, as JSON within the text.
        return match serde_json::from_str::<&RawValue>(&message) {
            Ok(inner) if inner.get().starts_with('{') => error_message(inner),
            _ => message.into_owned(),
        };
    }
    let wrapped = shaped::<Wrapped<'_>>(Some(raw));
    match wrapped.and_then(|wrapped| present(wrapped.message).or(present(wrapped.error))) {
        Some(inner) => error_message(inner),
        None => raw.get().to_owned(),
    }
}
