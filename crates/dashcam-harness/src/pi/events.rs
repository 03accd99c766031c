//! What happened besides answers and tools: settings, compactions, what the
//! person ran, what was put into the conversation.

use super::records::{Message, Record, ToolStart, text_of};
use super::tree::Entry;
use super::walk::Walk;
use crate::lenient::read_object;
use dashcam_trace::{
    Event, EventKind, InputPart, ModelCall, RawJson, Sources, Span, SpanBody, SpanId, SpanKind,
    Status, Timing,
};

impl Walk<'_, '_, '_> {
    /// Takes in a record that is no message.
    pub(super) fn other(&mut self, place: usize, entry: &Entry<'_>) -> Option<InputPart> {
        let record = &entry.record;
        match record.kind.as_str() {
            "compaction" => {
                self.aside(place, entry);
                let details = record.tokens_before.count().map(|tokens| {
                    RawJson::from_value(&serde_json::json!({ "tokensBefore": tokens }))
                });
                let kind = EventKind::Compaction;
                let text = record.summary.owned();
                let span = self.event(place, entry, kind, kind.as_str(), text, details)?;
                Some(InputPart::Context { span })
            }
            "branch_summary" => {
                self.aside(place, entry);
                self.context(
                    place,
                    entry,
                    "branch_summary",
                    record.summary.as_str().to_owned(),
                )
            }
            "usage" => {
                self.aside(place, entry);
                None
            }
            "model_change" => {
                let model = record.model.owned().or_else(|| record.model_id.owned());
                let model = model.unwrap_or_default();
                // Oh My Pi writes `provider/model`.
                let (provider, model) = match record.provider.get() {
                    Some(provider) => (provider, model.as_str()),
                    None => model.split_once('/').unwrap_or(("", &model)),
                };
                provider.clone_into(&mut self.provider);
                model.clone_into(&mut self.model);
                self.setting(place, entry, format!("{provider}/{model}"));
                None
            }
            "thinking_level_change" => {
                self.thinking = record.thinking_level.owned();
                let level = record.thinking_level.as_str().to_owned();
                self.setting(place, entry, level);
                None
            }
            "mode_change" => {
                self.setting(place, entry, record.mode.as_str().to_owned());
                None
            }
            "service_tier_change" => {
                let tier = record.service_tier.map(|tier| tier.get().to_owned());
                self.setting(place, entry, tier.unwrap_or_default());
                None
            }
            "custom" => {
                self.custom(place, entry);
                None
            }
            "custom_message" => {
                let text = text_of(record.content);
                self.context(place, entry, name_of(record), text)
            }
            "ttsr_injection" => {
                let rules = record.injected_rules.map(|rules| rules.get().to_owned());
                self.context(place, entry, "ttsr_injection", rules.unwrap_or_default())
            }
            kind @ ("reset_boundary" | "context_edit") => {
                self.event(place, entry, EventKind::Other, kind, None, None);
                None
            }
            _ => None,
        }
    }

    /// What the program, or an extension of it, noted for itself.
    fn custom(&mut self, place: usize, entry: &Entry<'_>) {
        match entry.record.custom_type.as_str() {
            "tool_execution_start" => {
                let Some(data) = entry.record.data else {
                    return;
                };
                let start: ToolStart<'_> = read_object(data.get());
                if let Ok(started) = start.started_at.as_str().parse() {
                    self.tool_starts
                        .insert(start.tool_call_id.as_str().to_owned(), started);
                }
            }
            // That the program ended.
            "session_exit" => {}
            _ => {
                let details = entry.record.data.map(RawJson::from_raw);
                let name = name_of(&entry.record);
                self.event(place, entry, EventKind::Other, name, None, details);
            }
        }
    }

    /// A model call beside the conversation: a summary, a warming of the cache.
    /// Of these only the usage is on record (pi 0.87.1).
    fn aside(&mut self, place: usize, entry: &Entry<'_>) {
        let record = &entry.record;
        let (Some(turn), Some(usage)) = (self.turn(place), record.usage.0) else {
            return;
        };
        let Some(tokens) = usage.tokens() else { return };
        let model = record.model.get().unwrap_or(&self.model).to_owned();
        let provider = record.provider.get().unwrap_or(&self.provider);
        let provider = Some(provider.to_owned()).filter(|provider| !provider.is_empty());
        let key = self.span_key(entry);
        let purpose = record.purpose.get().unwrap_or(record.kind.as_str());
        let span = Span {
            id: self.builder.span_id(SpanKind::ModelCall, &key),
            parent: Some(self.parent(turn)),
            name: model.clone(),
            start: entry.at,
            end: Some(entry.at),
            status: Status::Ok,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::ModelCall(ModelCall {
                model,
                provider,
                response_id: Some(aside_id(record)),
                tokens: Some(tokens),
                cost: usage.cost(),
                parameters: vec![("purpose".to_owned(), purpose.to_owned())],
                ..ModelCall::default()
            }),
        };
        self.builder.add(turn, span);
    }

    /// What the person ran themselves, with `!`, or with `!!` without the
    /// model being told.
    pub(super) fn shell_line(
        &mut self,
        place: usize,
        entry: &Entry<'_>,
        message: &Message<'_>,
    ) -> Option<InputPart> {
        let line = message.command.get().or(message.code.get());
        let details = serde_json::json!({
            "output": message.output.as_str(),
            "exitCode": message.exit_code.0,
            "cancelled": message.cancelled.0,
        });
        let span = self.event(
            place,
            entry,
            EventKind::ShellLine,
            message.role.as_str(),
            line.map(str::to_owned),
            Some(RawJson::from_value(&details)),
        )?;
        (!message.exclude_from_context.0).then_some(InputPart::Context { span })
    }

    /// Text that came into the conversation from somebody else than the person.
    pub(super) fn context(
        &mut self,
        place: usize,
        entry: &Entry<'_>,
        name: &str,
        text: String,
    ) -> Option<InputPart> {
        let span = self.event(place, entry, EventKind::Context, name, Some(text), None)?;
        Some(InputPart::Context { span })
    }

    /// A setting that changed. What was set before the first prompt changed
    /// nothing.
    fn setting(&mut self, place: usize, entry: &Entry<'_>, value: String) {
        let mut before = self.tree.upward(entry.parent);
        if before.any(|place| self.tree.entries[place].message().is_some()) {
            let kind = entry.record.kind.as_str();
            self.event(place, entry, EventKind::Settings, kind, Some(value), None);
        }
    }

    /// Adds an event and returns its span's id; none outside of turns.
    pub(super) fn event(
        &mut self,
        place: usize,
        entry: &Entry<'_>,
        kind: EventKind,
        name: &str,
        text: Option<String>,
        details: Option<RawJson>,
    ) -> Option<SpanId> {
        let turn = self.turn(place)?;
        let key = self.span_key(entry);
        let id = self.builder.span_id(SpanKind::Event, &key);
        let failed = kind == EventKind::ApiError;
        let span = Span {
            id,
            parent: Some(self.parent(turn)),
            name: name.to_owned(),
            start: entry.at,
            end: Some(entry.at),
            status: if failed { Status::Error } else { Status::Ok },
            error: text.clone().filter(|_| failed),
            timing: Timing::Measured,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::Event(Event {
                kind,
                text,
                details,
            }),
        };
        self.builder.add(turn, span);
        Some(id)
    }
}

/// What an extension calls its record.
fn name_of<'r>(record: &'r Record<'_>) -> &'r str {
    record.custom_type.get().unwrap_or("custom")
}

/// Names a model call beside the conversation among all sessions. Forks copy
/// records as they are.
pub(super) fn aside_id(record: &Record<'_>) -> String {
    format!("{}@{}", record.id.as_str(), record.timestamp.as_str())
}
