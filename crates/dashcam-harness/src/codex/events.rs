//! Events: everything that is neither a model call nor a tool call.

use super::content;
use super::records::{
    Compacted, Event, Item, ResponseItem, TurnContext, owned, shaped, string, text,
};
use super::thread::{ThreadReader, list};
use super::tools::command_line;
use super::turns::error_message;
use dashcam_trace::{EventKind, InputPart, RawJson, Span, SpanBody, SpanKind, Status, Timing};
use serde::Serialize;
use serde_json::value::RawValue;

/// What is noted of injected context.
#[derive(Serialize)]
struct ContextDetails<'a> {
    kind: &'a str,
    role: &'a str,
    bytes: usize,
}

impl ThreadReader<'_> {
    pub(super) fn event_span(
        &mut self,
        kind: EventKind,
        name: &str,
        text: Option<String>,
        details: Option<RawJson>,
    ) -> Span {
        let id = self.id_by_place(SpanKind::Event);
        self.new_span(
            id,
            name,
            SpanBody::Event(dashcam_trace::Event {
                kind,
                text,
                details,
            }),
        )
    }

    /// Puts an event into the turn that is under way, or keeps it for the next.
    pub(super) fn push_event(&mut self, span: Span) {
        match self.current {
            Some(turn) => self.thread.turns[turn].spans.push(span),
            None => self.between_turns.push(span),
        }
    }

    /// Notes context that the harness put in.
    pub(super) fn context(&mut self, kind: &str, role: &str, body: &str) {
        let details = ContextDetails {
            kind,
            role,
            bytes: body.len(),
        };
        let details = Some(RawJson::from_value(&details));
        let text = Some(content::kept_context(body)).filter(|text| !text.is_empty());
        let span = self.event_span(EventKind::Context, kind, text, details);
        self.input.push(InputPart::Context { span: span.id });
        self.push_event(span);
    }

    /// The tools that are offered to the model.
    pub(super) fn offered_tools(&mut self, item: &ResponseItem<'_>) {
        let bytes = item.tools.map_or(0, |tools| tools.get().len());
        let role = text(item.role.as_ref()).unwrap_or("developer");
        let details = ContextDetails {
            kind: "additional_tools",
            role,
            bytes,
        };
        let details = Some(RawJson::from_value(&details));
        let span = self.event_span(EventKind::Context, "additional_tools", None, details);
        self.input.push(InputPart::Context { span: span.id });
        self.push_event(span);
    }

    /// A message between agents. The one that sets a subagent its task is its
    /// prompt.
    pub(super) fn agent_message(&mut self, item: &ResponseItem<'_>) {
        let mut body = String::new();
        for part in content::parts(item.content) {
            body.push_str(text(part.text.as_ref()).unwrap_or_default());
            // Ciphertext is one long word.
            let secret = text(part.encrypted_content.as_ref()).unwrap_or_default();
            if secret.len() < 64 || secret.contains(' ') {
                body.push_str(secret);
            }
        }
        let task = body
            .starts_with("Message Type: NEW_TASK")
            .then(|| {
                body.split_once("Payload:\n")
                    .map(|(_, task)| task.to_owned())
            })
            .flatten();
        match (task, self.current) {
            (Some(task), Some(turn)) if self.thread.turns[turn].prompt.text.is_empty() => {
                self.thread.turns[turn].prompt.text.clone_from(&task);
                self.input.push(InputPart::Prompt { text: task });
                self.ready_at = Some(self.at);
            }
            _ => {
                self.context("agent_message", "agent", &body);
                self.ready_at = Some(self.at);
            }
        }
    }

    /// A shell line that the person ran.
    pub(super) fn shell_line(&mut self, command: String) {
        let span = self.event_span(EventKind::ShellLine, "shell line", Some(command), None);
        self.push_event(span);
    }

    pub(super) fn api_error(&mut self, message: String) {
        if let Some(turn) = self.current {
            let turn = &mut self.thread.turns[turn];
            if turn.error.as_deref() == Some(message.as_str()) {
                return; // Told twice: as an event, and at the end of the turn.
            }
            turn.error = Some(message.clone());
        }
        let mut span = self.event_span(EventKind::ApiError, "error", Some(message.clone()), None);
        span.status = Status::Error;
        span.error = Some(message);
        self.push_event(span);
    }

    /// What is in force from now on; changes are events.
    pub(super) fn settings(&mut self, context: &TurnContext<'_>) {
        let approval = context
            .approval_policy
            .map(|policy| match string(Some(policy)) {
                Some(policy) => policy.into_owned(),
                None => policy.get().to_owned(),
            });
        let change = |name: &str, before: &Option<String>, now: &Option<String>| match (before, now)
        {
            (Some(before), Some(now)) if before != now => Some(format!("{name}: {before} → {now}")),
            _ => None,
        };
        let model = owned(context.model.as_ref());
        let effort = owned(context.effort.as_ref());
        let changes: Vec<String> = [
            change("model", &self.model, &model),
            change("effort", &self.effort, &effort),
            change("approval", &self.approval, &approval),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.model = model.or_else(|| self.model.take());
        self.effort = effort;
        self.summary = owned(context.summary.as_ref()).filter(|mode| mode != "none");
        self.service_tier = owned(context.service_tier.as_ref());
        self.approval = approval.or_else(|| self.approval.take());
        if !changes.is_empty() {
            let text = Some(changes.join(", "));
            let span = self.event_span(EventKind::Settings, "settings", text, None);
            self.push_event(span);
        }
    }

    /// `compacted`: the conversation was replaced by a summary.
    pub(super) fn compacted(&mut self, compacted: &Compacted<'_>) {
        let summary = text(compacted.message.as_ref()).map(content::kept_context);
        let span = self.event_span(EventKind::Compaction, "compaction", summary, None);
        self.push_event(span);
        self.close_call();
        self.ready_at = Some(self.at);
    }

    /// Another record of a compaction, which may measure it.
    fn compaction_noted(&mut self, times: Option<(i64, i64)>) {
        let noted = self.current.and_then(|turn| {
            let spans = &self.thread.turns[turn].spans;
            let is_compaction = |span: &Span| {
                matches!(&span.body, SpanBody::Event(event) if event.kind == EventKind::Compaction)
            };
            spans.iter().rposition(is_compaction).map(|span| (turn, span))
        });
        let recent = noted.filter(|&(turn, span)| {
            let span = &self.thread.turns[turn].spans[span];
            // One that is measured already is another one, unless both tell
            // of one moment.
            let told = span.end.unwrap_or(span.start);
            let since = self.at.as_second() - told.as_second();
            since < 2 && !(span.timing == Timing::Measured && times.is_some())
        });
        let (turn, span) = recent.unwrap_or_else(|| {
            let span = self.event_span(EventKind::Compaction, "compaction", None, None);
            let turn = self.turn_in_progress();
            self.thread.turns[turn].spans.push(span);
            (turn, self.thread.turns[turn].spans.len() - 1)
        });
        if let Some((start, end)) = times {
            self.measured(turn, span, Some(start), end);
        }
    }

    /// Takes in an `event_msg`.
    pub(super) fn event(&mut self, kind: &str, event: &Event<'_>) {
        match kind {
            "task_started" | "turn_started" => self.task_started(event),
            "task_complete" | "turn_complete" => self.task_complete(event),
            "turn_aborted" => self.turn_aborted(event),
            "user_message" => self.user_message_event(event),
            "item_completed" => self.item_completed(event),
            "exec_command_begin"
            | "patch_apply_begin"
            | "mcp_tool_call_begin"
            | "web_search_begin"
            | "dynamic_tool_call_request" => self.tool_began(event),
            "exec_command_end"
            | "patch_apply_end"
            | "mcp_tool_call_end"
            | "web_search_end"
            | "view_image_tool_call"
            | "dynamic_tool_call_response"
            | "image_generation_end" => {
                self.tool_ended(kind, event);
            }
            "collab_agent_spawn_end" => self.collab_event(event, event.new_thread_id.as_ref()),
            "collab_agent_interaction_end" | "collab_resume_end" => {
                self.collab_event(event, event.receiver_thread_id.as_ref());
            }
            "context_compacted" => self.compaction_noted(None),
            "error" => {
                let message = event.message.map_or_else(String::new, error_message);
                self.api_error(message);
            }
            "stream_error" => {
                let message = event.message.map_or_else(String::new, error_message);
                self.retries += 1;
                let mut span = self.event_span(
                    EventKind::ApiError,
                    "stream error",
                    Some(message.clone()),
                    None,
                );
                span.status = Status::Error;
                span.error = Some(message);
                self.push_event(span);
            }
            "warning" | "background_event" | "deprecation_notice" | "guardian_warning"
            | "stream_info" | "model_verification" => {
                let message = string(event.message).map(std::borrow::Cow::into_owned);
                self.note(EventKind::Notification, kind, message);
            }
            "model_reroute" => {
                let model = owned(event.to_model.as_ref());
                let message = model.as_ref().map(|model| format!("model: {model}"));
                self.model = model.or_else(|| self.model.take());
                self.note(EventKind::Settings, kind, message);
            }
            "exec_approval_request"
            | "apply_patch_approval_request"
            | "request_permissions"
            | "elicitation_request"
            | "guardian_assessment" => {
                let message = string(event.reason).map(std::borrow::Cow::into_owned);
                let message = message.or_else(|| command_line(event.command));
                self.note(EventKind::Permission, kind, message);
            }
            "entered_review_mode" | "exited_review_mode" => {
                self.note(EventKind::Command, kind, Some("/review".to_owned()));
            }
            "hook_started" | "hook_completed" => self.note(EventKind::Hook, kind, None),
            "thread_name_updated" => {
                if let Some(name) = owned(event.thread_name.as_ref()) {
                    self.thread.title = Some(name);
                }
            }
            "thread_rolled_back" => self.rolled_back(event.num_turns.unwrap_or(0)),
            // Told by the items themselves, or only of the client's screen.
            "agent_message"
            | "agent_reasoning"
            | "agent_reasoning_raw_content"
            | "agent_reasoning_section_break"
            | "agent_message_delta"
            | "agent_reasoning_delta"
            | "agent_reasoning_raw_content_delta"
            | "agent_message_content_delta"
            | "reasoning_content_delta"
            | "reasoning_raw_content_delta"
            | "item_started"
            | "exec_command_output_delta"
            | "terminal_interaction"
            | "turn_diff"
            | "plan_update"
            | "plan_delta"
            | "session_configured"
            | "thread_settings_applied"
            | "thread_goal_updated"
            | "thread_goal_cleared"
            | "raw_response_item"
            | "mcp_startup_update"
            | "mcp_startup_complete"
            | "mcp_list_tools_response"
            | "list_custom_prompts_response"
            | "list_skills_response"
            | "skills_update_available"
            | "get_history_entry_response"
            | "shutdown_complete"
            | "undo_started"
            | "undo_completed"
            | "image_generation_begin"
            | "collab_agent_spawn_begin"
            | "collab_agent_interaction_begin"
            | "collab_waiting_begin"
            | "collab_waiting_end"
            | "collab_close_begin"
            | "collab_close_end"
            | "collab_resume_begin"
            | "sub_agent_activity"
            | "conversation_path" => {}
            "" => self.decoded.unknown_record("event_msg/(no type)"),
            kind => self.decoded.unknown_record(&format!("event_msg/{kind}")),
        }
    }

    fn note(&mut self, kind: EventKind, name: &str, text: Option<String>) {
        let name = name.replace('_', " ");
        let span = self.event_span(kind, &name, text, None);
        self.push_event(span);
    }

    fn item_completed(&mut self, event: &Event<'_>) {
        let Some(item) = self.item(event.item) else {
            return;
        };
        let times = event.started_at_ms.zip(event.completed_at_ms);
        match text(item.kind.as_ref()).unwrap_or_default() {
            "UserMessage" => self.user_message_item(item.content),
            "ContextCompaction" => self.compaction_noted(times),
            "CommandExecution" if is_users(item.source) => {
                self.users_command(&item, times);
            }
            "CommandExecution" | "FileChange" | "McpToolCall" | "DynamicToolCall" | "WebSearch"
            | "ImageView" | "ImageGeneration" => self.tool_item(&item, times),
            "CollabAgentToolCall" => {
                self.tool_item(&item, times);
                let call = owned(item.id.as_ref());
                for other in item.receiver_thread_ids.iter().flatten() {
                    self.link(call.as_deref(), other.as_str());
                }
            }
            "SubAgentActivity" => {
                let call = owned(item.id.as_ref());
                if let Some(other) = text(item.agent_thread_id.as_ref()) {
                    self.link(call.as_deref(), other);
                }
            }
            "HookPrompt" => {
                let fragments = list::<HookFragment>(item.fragments);
                let text = fragments.into_iter().map(|fragment| fragment.text);
                let text = text.collect::<Vec<_>>().join("\n");
                self.note(EventKind::Hook, "hook prompt", Some(text));
            }
            "EnteredReviewMode" | "ExitedReviewMode" => {
                self.note(EventKind::Command, "review", Some("/review".to_owned()));
            }
            // Told by the items that went to or came from the model.
            "Reasoning" | "AgentMessage" | "Plan" | "FunctionCallOutput" | "Extension"
            | "UserAgentControl" => {}
            kind => {
                let kind = format!("event_msg/item_completed/{kind}");
                self.decoded.unknown_record(&kind);
            }
        }
    }

    fn users_command(&mut self, item: &Item<'_>, times: Option<(i64, i64)>) {
        let command = command_line(item.command).unwrap_or_default();
        let details = item
            .exit_code
            .map(|code| RawJson::from_value(&serde_json::json!({ "exit_code": code })));
        let mut span = self.event_span(EventKind::ShellLine, "shell line", Some(command), details);
        if item.exit_code.is_some_and(|code| code != 0) {
            span.status = Status::Error;
        }
        let turn = self.turn_in_progress();
        self.thread.turns[turn].spans.push(span);
        if let Some((start, end)) = times {
            self.measured(
                turn,
                self.thread.turns[turn].spans.len() - 1,
                Some(start),
                end,
            );
        }
    }
}

#[derive(serde::Deserialize)]
struct HookFragment {
    #[serde(default)]
    text: String,
}

/// Whether a command was run by the person, not by the model.
pub(super) fn is_users(source: Option<&RawValue>) -> bool {
    shaped::<String>(source)
        .is_some_and(|source| matches!(source.as_str(), "user_shell" | "userShell"))
}
