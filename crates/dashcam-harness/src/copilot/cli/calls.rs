//! Model calls: the usage of a response, and what it said.
//!
//! Usage comes first, then the message (seen in 1.0.102); the provider's id
//! joins them. Versions that record no usage leave calls without tokens.

use super::super::text::Text;
use super::records::{AssistantMessage, Usage, UsageRecord, response_id};
use super::session::{Place, Reader};
use dashcam_trace::{ModelCall, Part, ProblemKind, SpanBody, Timestamp, Timing};

impl Reader<'_> {
    /// `session.usage_record`.
    pub(super) fn usage(&mut self, agent: &str, record: &UsageRecord<'_>, event: &Text<'_>) {
        let Some(usage) = &record.usage else {
            return self.problem(
                ProblemKind::UnexpectedShape,
                "`session.usage_record` without usage".to_owned(),
            );
        };
        self.agent_under(agent, usage.parent_tool_call_id.get());
        let id = response_id(usage, event).unwrap_or_else(|| self.event.clone());
        let asked_by = usage.interaction_type.get().filter(|_| !usage.is_step());
        self.answered(agent, &id, usage, asked_by);
    }

    /// Takes in the call that summed the conversation up.
    pub(super) fn summed_up(&mut self, agent: &str, id: &str, usage: &Usage<'_>) {
        self.answered(agent, id, usage, Some("compaction"));
        self.turn_goes_on(agent);
    }

    /// Takes in what is known of a response beside its words. `asked_by` says
    /// who wanted it, where it was no step of the conversation.
    fn answered(&mut self, agent: &str, id: &str, usage: &Usage<'_>, asked_by: Option<&str>) {
        let model = usage.model.owned();
        let place = self.call_of(agent, Some(id), model.as_deref(), asked_by.is_none());
        let at = self.at;
        let retries = if asked_by.is_none() {
            std::mem::take(&mut self.worker(agent).failures)
        } else {
            0
        };
        if usage.tells_provider() || asked_by.is_none() {
            self.provider = Some(usage.provider().to_owned());
        }
        let provider = self.provider.clone();
        let turn_start = self.turns[place.turn].start;
        let span = self.span(place);
        let SpanBody::ModelCall(call) = &mut span.body else {
            return;
        };
        let tokens = usage.tokens();
        if let (Some(known), Some(told)) = (call.tokens, tokens) {
            // The same response once more; the fullest record is the whole.
            if told.completion >= known.completion {
                call.tokens = Some(told);
            }
            return self.problem(
                ProblemKind::Inconsistent,
                format!("response `{id}` is recorded twice"),
            );
        }
        call.tokens = tokens;
        call.provider = provider;
        call.ttft_ms = usage.time_to_first_token_ms;
        call.stop_reason = usage.finish_reason.owned();
        call.retries = (retries > 0).then_some(retries);
        if let Some(effort) = usage.reasoning_effort.owned() {
            call.parameters.push(("effort".to_owned(), effort));
        }
        if let Some(asked_by) = asked_by {
            call.parameters
                .push(("asked_by".to_owned(), asked_by.to_owned()));
        }
        span.end = Some(at.max(span.start));
        if let Some(start) = usage.duration.and_then(|ms| before(at, ms)) {
            span.start = start.max(turn_start).min(at);
            span.end = Some(at.max(span.start));
            span.timing = Timing::Measured;
        }
    }

    /// `assistant.message`.
    pub(super) fn message(&mut self, agent: &str, message: &AssistantMessage<'_>) {
        let requests = message.tool_requests.as_deref().unwrap_or_default();
        // The extension of VS Code names no model either, but writes within steps.
        let is_within_step = self.worker(agent).step_began.is_some();
        if message.is_made_up() && !is_within_step {
            let (turn, above) = self.stand(agent);
            for request in requests {
                self.tool_request(agent, turn, above, request);
            }
            return;
        }
        self.agent_under(agent, message.parent_tool_call_id.get());
        let place = self.call_of(agent, message.api_call_id.get(), message.model.get(), true);
        let id = self.span(place).id;
        let mut parts = Vec::new();
        if let Some(thought) = message.reasoning_text.owned() {
            parts.push(Part::Thinking { text: thought });
        }
        if let Some(said) = message.content.owned() {
            parts.push(Part::Text { text: said });
        }
        for request in requests {
            let Some(span) = self.tool_request(agent, place.turn, Some(id), request) else {
                continue;
            };
            parts.push(Part::ToolUse {
                span,
                name: request.name.owned().unwrap_or_default(),
            });
        }
        let at = self.at;
        let worker = self.worker(agent);
        worker.answered_at = Some(at);
        worker.asked_for_tools = !requests.is_empty();
        let span = self.span(place);
        if span.timing == Timing::Derived {
            span.end = Some(at.max(span.start));
        }
        if let SpanBody::ModelCall(call) = &mut span.body {
            call.output.append(&mut parts);
        }
    }

    /// The model call of a response. One without an id of its own is the
    /// latest of its agent's, as long as that has said nothing.
    fn call_of(
        &mut self,
        agent: &str,
        id: Option<&str>,
        model: Option<&str>,
        is_step: bool,
    ) -> Place {
        let known = id.and_then(|id| self.responses.get(id)).copied();
        let known = known.or_else(|| {
            let last = self
                .workers
                .get(agent)?
                .last_call
                .filter(|_| id.is_none())?;
            match &self.span(last).body {
                SpanBody::ModelCall(call) if call.output.is_empty() => Some(last),
                _ => None,
            }
        });
        if let Some(place) = known {
            return place;
        }
        let (turn, above) = self.stand(agent);
        let native_id = id.map_or_else(|| self.event.clone(), str::to_owned);
        let model = model
            .map(str::to_owned)
            .or_else(|| self.model.clone())
            .unwrap_or_else(|| "unknown".to_owned());
        let worker = self.worker(agent);
        let began = worker.step_began.filter(|_| is_step);
        let input = if is_step {
            std::mem::take(&mut worker.input)
        } else {
            Vec::new()
        };
        let call = ModelCall {
            model: model.clone(),
            response_id: Some(native_id.clone()),
            input,
            ..ModelCall::default()
        };
        let mut span = self.new_span(&native_id, &model, SpanBody::ModelCall(call));
        span.parent = above;
        span.start = began.unwrap_or(self.at).min(self.at);
        let place = self.push(turn, span);
        self.responses.insert(native_id, place);
        if is_step {
            self.worker(agent).last_call = Some(place);
        }
        place
    }
}

/// The moment so many milliseconds before.
fn before(at: Timestamp, ms: f64) -> Option<Timestamp> {
    let span = std::time::Duration::try_from_secs_f64(ms / 1_000.0).ok()?;
    at.checked_sub(span).ok()
}
