//! Events: everything that is neither a model call nor a tool call.

use super::records::{Compaction, Context, Hook, HookError, Line, Notice, Permission};
use super::session::Reader;
use crate::limit::limit;
use dashcam_trace::{Event, EventKind, InputPart, RawJson, Span, SpanBody, SpanId, Status, Timing};
use serde_json::value::RawValue;

/// How much is kept of a text that the program put into the conversation:
/// instructions repeat in every session.
const KEPT_CONTEXT: usize = 4_000;

impl Reader<'_> {
    /// An event of none of the kinds that make up the conversation.
    pub(super) fn other(&mut self, kind: &str, agent: &str, line: &Line<'_>) {
        let data = line.data;
        match kind {
            "system.message" => self.with(line, |reader, notice: &Notice<'_>| {
                let words = notice.content.get().unwrap_or_default();
                if reader.prompts_seen.insert(words.to_owned()) {
                    reader.put_in(agent, EventKind::Context, "system prompt", words);
                }
            }),
            "system.notification" => self.with(line, |reader, notice: &Notice<'_>| {
                let words = notice.content.get().unwrap_or_default();
                reader.put_in(agent, EventKind::Notification, "notification", words);
            }),
            "skill.invoked" => self.with(line, |reader, notice: &Notice<'_>| {
                let name = notice.name.or("skill").to_owned();
                let words = notice.content.get().unwrap_or_default();
                reader.put_in(agent, EventKind::Context, &format!("skill {name}"), words);
            }),
            "session.error" => self.with(line, |reader, notice: &Notice<'_>| {
                let words = notice.message.or("error").to_owned();
                reader.turn_failed(&words);
                reader.failure(agent, &words, data);
            }),
            "session.warning" | "session.info" => {
                self.with(line, |reader, notice: &Notice<'_>| {
                    let words = notice.message.get().map(str::to_owned);
                    let name = kind.trim_start_matches("session.");
                    reader.note(agent, EventKind::Notification, name, words, data);
                });
            }
            "abort" => self.with(line, |reader, notice: &Notice<'_>| {
                let words = notice.reason.get().map(str::to_owned);
                reader.aborted(agent);
                let id = reader.note(agent, EventKind::Interruption, "interruption", words, None);
                reader.mark(agent, id, Status::Interrupted);
            }),
            // Of an agent's own model its run tells.
            "session.model_change" if agent.is_empty() => self.settings(agent, line),
            "session.mode_changed" | "session.permissions_changed" => self.settings(agent, line),
            "session.compaction_complete" => {
                self.with(line, |reader, done| reader.compacted(agent, done, line));
            }
            "session.truncation" => {
                self.note(agent, EventKind::Compaction, "truncation", None, data);
            }
            "session.context_changed" => {
                self.with(line, |reader, context: &Context<'_>| {
                    reader.context(context);
                });
            }
            "permission.requested" => {
                self.with(line, |reader, asked| {
                    reader.permission_asked(agent, asked, data);
                });
            }
            "permission.completed" => {
                self.with(line, |reader, answered| reader.permission_given(answered));
            }
            "hook.start" => self.with(line, |reader, hook| reader.hook_began(agent, hook)),
            "hook.end" => self.with(line, |reader, hook| reader.hook_ended(agent, hook)),
            "" => self.decoded.unknown_record("(no type)"),
            kind if is_passed_over(kind) => {}
            kind => self.decoded.unknown_record(kind),
        }
    }

    /// Notes something that happened to an agent.
    pub(super) fn note(
        &mut self,
        agent: &str,
        kind: EventKind,
        name: &str,
        text: Option<String>,
        details: Option<&RawValue>,
    ) -> SpanId {
        let body = SpanBody::Event(Event {
            kind,
            text,
            details: details.map(RawJson::from_raw),
        });
        let event = self.event.clone();
        let mut span = self.new_span(&event, name, body);
        let id = span.id;
        if agent.is_empty() && self.turns.is_empty() {
            self.before.push(span);
            return id;
        }
        let (turn, above) = self.stand(agent);
        span.parent = above;
        self.push(turn, span);
        id
    }

    /// Notes text that the program put into an agent's conversation.
    pub(super) fn put_in(&mut self, agent: &str, kind: EventKind, name: &str, words: &str) {
        let kept = limit(words, KEPT_CONTEXT).text;
        let span = self.note(agent, kind, name, Some(kept), None);
        self.worker(agent).input.push(InputPart::Context { span });
    }

    /// Says how a thing that was just noted went.
    fn mark(&mut self, agent: &str, id: SpanId, status: Status) {
        let turn = self.stand(agent).0;
        let noted = self.turns[turn].spans.iter_mut().rev();
        let mut noted = noted.chain(self.before.iter_mut());
        if let Some(span) = noted.find(|span: &&mut Span| span.id == id) {
            span.status = status;
        }
    }

    fn failure(&mut self, agent: &str, words: &str, details: Option<&RawValue>) {
        let id = self.note(
            agent,
            EventKind::ApiError,
            "error",
            Some(words.to_owned()),
            details,
        );
        self.mark(agent, id, Status::Error);
    }

    fn settings(&mut self, agent: &str, line: &Line<'_>) {
        self.with(line, |reader, notice: &Notice<'_>| {
            let model = notice.new_model.get();
            if let Some(model) = model {
                reader.model = Some(model.to_owned());
            }
            if model.is_some() && notice.previous_model.get() == model {
                return; // Said at the start of a process: nothing changed.
            }
            let told = [
                ("model", model),
                ("effort", model.and_then(|_| notice.reasoning_effort.get())),
                ("mode", notice.new_mode.get()),
                ("permissions", notice.mode.get()),
            ];
            let told: Vec<String> = told
                .into_iter()
                .filter_map(|(name, value)| Some(format!("{name}: {}", value?)))
                .collect();
            let words = Some(told.join(", ")).filter(|words| !words.is_empty());
            reader.note(agent, EventKind::Settings, "settings", words, line.data);
        });
    }

    /// `session.compaction_complete`, with the model call that wrote the
    /// summary.
    fn compacted(&mut self, agent: &str, done: &Compaction<'_>, line: &Line<'_>) {
        if let Some(usage) = &done.compaction_tokens_used
            && let Some(id) = done.response_id(&line.id)
        {
            self.summed_up(agent, &id, usage);
        }
        let summary = done
            .summary_content
            .get()
            .or_else(|| done.error.get())
            .map(str::to_owned);
        let id = self.note(
            agent,
            EventKind::Compaction,
            "compaction",
            summary,
            line.data,
        );
        if done.success == Some(false) {
            self.mark(agent, id, Status::Error);
        }
    }

    /// `permission.requested`.
    fn permission_asked(
        &mut self,
        agent: &str,
        asked: &Permission<'_>,
        details: Option<&RawValue>,
    ) {
        let Some(request) = asked.request_id.get() else {
            return;
        };
        let call = asked
            .permission_request
            .as_ref()
            .and_then(|request| request.tool_call_id.get())
            .and_then(|id| self.calls.get(id))
            .copied();
        let body = SpanBody::Event(Event {
            kind: EventKind::Permission,
            text: None,
            details: details.map(RawJson::from_raw),
        });
        let mut span = self.new_span(request, "permission", body);
        span.status = Status::Unfinished;
        span.end = None;
        let (turn, above) = match call {
            Some(call) => (call.turn, Some(self.span(call).id)),
            None => self.stand(agent),
        };
        span.parent = above;
        let place = self.push(turn, span);
        self.permissions.insert(request.to_owned(), place);
    }

    /// `permission.completed`.
    fn permission_given(&mut self, answered: &Permission<'_>) {
        let place = answered
            .request_id
            .get()
            .and_then(|id| self.permissions.get(id));
        let Some(place) = place.copied() else { return };
        let answer = answered
            .result
            .as_ref()
            .and_then(|result| result.kind.get());
        let at = self.at;
        let span = self.span(place);
        span.end = Some(at.max(span.start));
        span.timing = Timing::Measured;
        span.status = match answer {
            Some(answer) if !answer.starts_with("approved") => Status::Interrupted,
            _ => Status::Ok,
        };
        if let SpanBody::Event(event) = &mut span.body {
            event.text = answer.map(str::to_owned);
        }
    }

    /// `hook.start`. Copilot writes no failed attempt of a model call down,
    /// but what it tells a hook about it.
    fn hook_began(&mut self, agent: &str, hook: &Hook<'_>) {
        if hook.hook_type.get() != Some("errorOccurred") {
            return;
        }
        let told = hook
            .input
            .and_then(|input| serde_json::from_str::<HookError<'_>>(input.get()).ok())
            .unwrap_or_default();
        let error = told.error.unwrap_or_default();
        let words = error.message.or("error").to_owned();
        if told.error_context.get() == Some("model_call") {
            self.worker(agent).failures += 1;
        }
        self.failure(agent, &words, None);
    }

    /// `hook.end`: only one that failed is worth telling.
    fn hook_ended(&mut self, agent: &str, hook: &Hook<'_>) {
        if hook.success != Some(false) {
            return;
        }
        let name = hook.hook_type.or("hook").to_owned();
        let id = self.note(agent, EventKind::Hook, &name, None, hook.error);
        self.mark(agent, id, Status::Error);
    }
}

/// What tells nothing of the session's course that is not told elsewhere, and
/// what only the program itself needs. Names of the schema of 1.0.102.
fn is_passed_over(kind: &str) -> bool {
    matches!(
        kind,
        "session.shutdown"
            | "session.model_change"
            | "session.usage_checkpoint"
            | "session.compaction_start"
            | "session.completion_receipt"
            | "session.plan_changed"
            | "session.workspace_file_changed"
            | "session.remote_steerable_changed"
            | "session.mode_notice_delivered"
            | "session.model_deselected"
            | "session.session_limits_changed"
            | "session.request_body_compression_disabled"
            | "session.task_complete"
            | "session.auto_mode_resolved"
            | "session.autopilot_objective_changed"
            | "session.permission_recovery"
            | "session.schedule_created"
            | "session.schedule_cancelled"
            | "session.schedule_rearmed"
            | "session.context_cleared"
            | "session.handoff"
            | "session.canvas.recorded"
            | "session.canvas.removed"
            | "assistant.reasoning"
            | "external_tool.requested"
            | "human_response.recorded"
            | "mcp.oauth_recovery_completed"
            | "skill.context_delivered"
            | "skill.context_delivered_ref"
            | "skill.invoked_ref"
            | "subagent.configured"
            | "subagent.selected"
            | "subagent.deselected"
            | "tool_search.activated"
    ) || kind.starts_with("model.")
        || kind.starts_with("session.fusion_")
        || kind.starts_with("assistant.fusion_")
        || (kind.starts_with("permission.") && kind != "permission.requested")
}
