//! Lines of type `user`, `system` and `attachment`: results of tools, the
//! person's doings besides prompts, and what the harness itself did.

use super::prompt::{UserLine, read_user_line};
use super::records::{Attachment, Block, Record};
use super::results::{ResultFacts, read_result};
use super::spans::{Builder, LastStep, NewEvent, Scope, SpanPlace};
use super::transcript::Entry;
use crate::lenient::{Maybe, read_object};
use dashcam_trace::{
    EventKind, InputPart, ProblemKind, RawJson, Sources, Span, SpanBody, SpanKind, Status,
    Timestamp, Timing, ToolCall, ToolKind,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What is kept of a text that the harness put into the context.
#[derive(Serialize)]
struct ContextDetails<'d> {
    #[serde(rename = "type")]
    kind: &'d str,
    bytes: usize,
}

impl Builder<'_, '_> {
    pub(crate) fn user_line(&mut self, entry: &Entry<'_>, scope: &mut Scope) {
        match read_user_line(&entry.record) {
            UserLine::Prompt(prompt) => {
                scope.pending.push(InputPart::Prompt { text: prompt.text });
                for (tag, bytes) in prompt.added {
                    self.context(&tag, bytes, None, entry, scope);
                }
            }
            UserLine::ToolResults => self.tool_results(entry, scope),
            UserLine::Command(text) => {
                scope.pending.push(InputPart::Prompt { text: text.clone() });
                self.event(NewEvent::of(EventKind::Command, text), entry, scope);
            }
            UserLine::CommandOutput(text) => {
                let event = NewEvent::of(EventKind::Command, text);
                self.event(
                    NewEvent {
                        name: "command output",
                        ..event
                    },
                    entry,
                    scope,
                );
            }
            UserLine::ShellLine(text) => {
                self.event(NewEvent::of(EventKind::ShellLine, text), entry, scope);
            }
            UserLine::ShellOutput(text) => {
                let event = NewEvent::of(EventKind::ShellLine, text);
                self.event(
                    NewEvent {
                        name: "shell output",
                        ..event
                    },
                    entry,
                    scope,
                );
            }
            UserLine::Interruption(text) => self.interruption(text, entry, scope),
            UserLine::Notification(text) => {
                let span = self.event(NewEvent::of(EventKind::Notification, text), entry, scope);
                scope.pending.push(InputPart::Context { span });
            }
            UserLine::CompactSummary => {
                let text = message_text(&entry.record);
                self.context("compact_summary", text.len(), Some(text), entry, scope);
            }
            UserLine::Meta => {
                let bytes = message_text(&entry.record).len();
                self.context("meta", bytes, None, entry, scope);
            }
        }
        scope.trigger = entry.at;
    }

    fn context(
        &mut self,
        kind: &str,
        bytes: usize,
        text: Option<String>,
        entry: &Entry<'_>,
        scope: &mut Scope,
    ) {
        let details = Some(RawJson::from_value(&ContextDetails { kind, bytes }));
        let event = NewEvent {
            kind: EventKind::Context,
            name: kind,
            text,
            details,
        };
        let span = self.event(event, entry, scope);
        scope.pending.push(InputPart::Context { span });
    }

    fn interruption(&mut self, text: &str, entry: &Entry<'_>, scope: &mut Scope) {
        self.event(NewEvent::of(EventKind::Interruption, text), entry, scope);
        scope.last = LastStep::Interruption;
        scope.reach(entry.at);
    }

    fn tool_results(&mut self, entry: &Entry<'_>, scope: &mut Scope) {
        let Some(message) = &entry.record.message.0 else {
            return;
        };
        let blocks = message.content.blocks();
        let results = blocks
            .iter()
            .filter(|block| block.tool_use_id.get().is_some())
            .count();
        // What is noted beside several results belongs to nobody knows which.
        let extra = entry.record.tool_use_result.filter(|_| results == 1);
        for block in blocks {
            if block.tool_use_id.get().is_some() {
                self.tool_result(entry, block, extra, scope);
                continue;
            }
            let text = block.text.as_str();
            if text.starts_with("[Request interrupted by user") {
                self.interruption(text, entry, scope);
            } else if !text.is_empty() {
                self.context("beside_tool_result", text.len(), None, entry, scope);
            }
        }
    }

    fn tool_result(
        &mut self,
        entry: &Entry<'_>,
        block: &Block<'_>,
        extra: Option<&RawValue>,
        scope: &mut Scope,
    ) {
        let call_id = block.tool_use_id.as_str();
        let place = match self.calls.get(call_id) {
            Some(place) => *place,
            None => self.call_of_lost_line(entry, call_id, scope),
        };
        let SpanBody::ToolCall(call) = &self.turns[place.turn][place.span].body else {
            return;
        };
        if call.output.is_some() {
            let message = format!("a second result of the tool call {call_id}");
            self.problem(entry, ProblemKind::Inconsistent, message);
            return;
        }
        let mut facts = read_result(call, block, extra, self.decoded);
        scope.last = if facts.status == Status::Interrupted {
            LastStep::Rejection
        } else {
            LastStep::ToolResult
        };
        if let Some(agent) = facts.agent.take()
            && let Some(index) = self
                .agent_calls
                .iter()
                .rposition(|call| call.place == place)
        {
            self.agent_facts.insert(index, agent);
            // What was measured is the subagent's run, not the call.
            facts.duration_ms = None;
        }
        let span = self.span_at(place);
        settle(span, facts, entry.at);
        let id = span.id;
        scope.pending.push(InputPart::ToolResult { span: id });
        scope.reach(entry.at);
    }

    /// The call that a result belongs to whose response was lost.
    fn call_of_lost_line(&mut self, entry: &Entry<'_>, call_id: &str, scope: &Scope) -> SpanPlace {
        let message = format!("the result of a call that is not there: {call_id}");
        self.problem(entry, ProblemKind::Inconsistent, message);
        let id = self.span_id(SpanKind::ToolCall, call_id, entry);
        let span = Span {
            id,
            parent: Some(scope.parent),
            name: "unknown".to_owned(),
            start: scope.trigger.min(entry.at),
            end: None,
            status: Status::Unfinished,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::ToolCall(ToolCall {
                tool: "unknown".to_owned(),
                tool_kind: ToolKind::Other,
                target: None,
                call_id: Some(call_id.to_owned()),
                input: RawJson::null(),
                output: None,
                exit_code: None,
                mcp: None,
                diff: Vec::new(),
            }),
        };
        let place = self.add(scope.turn, span);
        self.calls.insert(call_id.to_owned(), place);
        place
    }

    pub(crate) fn system_line(&mut self, entry: &Entry<'_>, scope: &mut Scope) {
        let record = &entry.record;
        let text = record.content.owned();
        let event = |kind: EventKind, details: Option<&RawValue>| NewEvent {
            kind,
            name: record.subtype.get().unwrap_or("system"),
            text: text.clone(),
            details: details.map(RawJson::from_raw),
        };
        match record.subtype.as_str() {
            "compact_boundary" | "microcompact_boundary" => {
                let event = event(EventKind::Compaction, record.compact_metadata);
                self.event(event, entry, scope);
                scope.trigger = entry.at;
            }
            "api_error" => {
                let mut event = event(EventKind::ApiError, record.error);
                event.text = event.text.or_else(|| record.error.map(api_error_text));
                self.event(event, entry, scope);
                let attempt = record.retry_attempt.count().unwrap_or(1).min(1_000) as u32;
                scope.retries = scope.retries.max(Some(attempt));
                scope.last = LastStep::ApiError;
                scope.reach(entry.at);
            }
            "turn_duration" => {
                scope.duration_ms = record.duration_ms.count().map(|millis| millis as i64);
            }
            "local_command" => {
                self.event(event(EventKind::Command, None), entry, scope);
            }
            "stop_hook_summary" => {
                self.event(event(EventKind::Hook, None), entry, scope);
            }
            "informational"
            | "away_summary"
            | "bridge_status"
            | "agents_killed"
            | "memory_saved"
            | "permission_retry"
            | "scheduled_task_fire"
            | "thinking"
            | "model_refusal_fallback" => {
                self.event(event(EventKind::Notification, None), entry, scope);
            }
            "api_metrics" | "session_title" => {}
            unknown => {
                self.decoded.unknown_record(&format!("system/{unknown}"));
                self.event(event(EventKind::Other, None), entry, scope);
            }
        }
    }

    pub(crate) fn attachment_line(&mut self, entry: &Entry<'_>, scope: &mut Scope) {
        let Some(raw) = entry.record.attachment else {
            return;
        };
        let attachment: Attachment<'_> = read_object(raw.get());
        let kind = attachment.kind.get().unwrap_or("attachment");
        let words = attachment.prompt.text();
        if kind == "queued_command" && !words.is_empty() {
            let is_prompt = matches!(attachment.command_mode.get(), None | Some("prompt"));
            let text = words.into_owned();
            let (kind, name) = if is_prompt {
                (EventKind::Context, "queued prompt")
            } else {
                (EventKind::Notification, "notification")
            };
            let event = NewEvent {
                name,
                ..NewEvent::of(kind, &*text)
            };
            let span = self.event(event, entry, scope);
            scope.pending.push(if is_prompt {
                InputPart::Prompt { text }
            } else {
                InputPart::Context { span }
            });
            return;
        }
        if kind.starts_with("hook_") || attachment.hook_name.get().is_some() {
            let event = NewEvent {
                kind: EventKind::Hook,
                name: kind,
                text: attachment.hook_name.owned(),
                details: Some(RawJson::from_value(&ContextDetails {
                    kind,
                    bytes: raw.get().len(),
                })),
            };
            self.event(event, entry, scope);
            return;
        }
        self.context(
            kind,
            raw.get().len(),
            attachment.filename.owned(),
            entry,
            scope,
        );
    }
}

/// Writes what came of a call into its span.
fn settle(span: &mut Span, facts: ResultFacts, at: Timestamp) {
    let end = at.max(span.start);
    span.end = Some(end);
    if let Some(millis) = facts.duration_ms {
        // A call of several at once waits its turn, so it may have begun later
        // than the model asked for it, but not earlier.
        let began = Timestamp::from_millisecond(end.as_millisecond().saturating_sub(millis)).ok();
        if let Some(began) = began.filter(|began| *began >= span.start) {
            span.start = began;
            span.timing = Timing::Measured;
        }
    }
    span.status = facts.status;
    span.error = facts.error;
    if let SpanBody::ToolCall(call) = &mut span.body {
        call.output = Some(facts.output);
        call.exit_code = facts.exit_code;
        call.diff = facts.diff;
    }
}

fn message_text(record: &Record<'_>) -> String {
    record
        .message
        .0
        .as_ref()
        .map(|message| message.content.text().into_owned())
        .unwrap_or_default()
}

/// The words in an error of the API, however deep they stand.
fn api_error_text(raw: &RawValue) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct ApiError<'e> {
        #[serde(borrow)]
        message: crate::lenient::Text<'e>,
        status: crate::lenient::Number,
        #[serde(borrow)]
        error: Option<&'e RawValue>,
    }
    let mut raw = Some(raw);
    let mut status = None;
    for _ in 0..4 {
        let Some(error) = raw.and_then(|raw| {
            serde_json::from_str::<Maybe<ApiError<'_>>>(raw.get())
                .ok()?
                .0
        }) else {
            break;
        };
        status = status.or(error.status.count());
        if let Some(message) = error.message.get() {
            return status.map_or(message.to_owned(), |status| format!("{status} {message}"));
        }
        raw = error.error;
    }
    status.map_or_else(
        || "API error".to_owned(),
        |status| format!("API error {status}"),
    )
}
