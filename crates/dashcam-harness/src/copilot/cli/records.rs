//! The events of `events.jsonl`, as Copilot writes them.
//!
//! Every field is optional: versions differ, and an event with a field too few
//! is still worth its other fields. Names and meanings are those of the schema
//! that ships with 1.0.102.

use super::super::text::Text;
use dashcam_trace::Tokens;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One line.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// The subagent whose event it is; absent for the session's own.
    #[serde(borrow, rename = "agentId")]
    pub(super) agent_id: Text<'a>,
}

/// `session.start`, `session.resume` and `session.context_changed` (whose
/// fields are those of `context`).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SessionStart<'a> {
    #[serde(borrow)]
    pub(super) copilot_version: Text<'a>,
    #[serde(borrow)]
    pub(super) start_time: Text<'a>,
    #[serde(borrow)]
    pub(super) selected_model: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_effort: Text<'a>,
    #[serde(borrow)]
    pub(super) context: Option<Context<'a>>,
}

/// Where a session works.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Context<'a> {
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    /// `owner/name`.
    #[serde(borrow)]
    pub(super) repository: Text<'a>,
    #[serde(borrow)]
    pub(super) repository_host: Text<'a>,
    #[serde(borrow)]
    pub(super) host_type: Text<'a>,
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
    #[serde(borrow)]
    pub(super) head_commit: Text<'a>,
}

impl Context<'_> {
    /// The address of the remote. Copilot tells host and repository apart;
    /// only of GitHub is it sure how they make an address.
    pub(super) fn remote(&self) -> Option<String> {
        let repository = self.repository.get()?;
        let host = self.repository_host.get()?;
        (self.host_type.get() == Some("github")).then(|| format!("https://{host}/{repository}"))
    }
}

/// `user.message`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UserMessage<'a> {
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    /// Who wrote it, where it was not the person: `agent-<id>`, `skill-<name>`.
    #[serde(borrow)]
    pub(super) source: Text<'a>,
    /// `steering`: while the agent worked.
    #[serde(borrow)]
    pub(super) delivery: Text<'a>,
    pub(super) is_autopilot_continuation: Option<bool>,
    #[serde(borrow)]
    pub(super) interaction_id: Text<'a>,
    #[serde(borrow)]
    pub(super) attachments: Option<Vec<Attachment<'a>>>,
}

/// What was sent with a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Text<'a>,
    #[serde(borrow)]
    pub(super) mime_type: Text<'a>,
    #[serde(borrow)]
    pub(super) asset_id: Text<'a>,
    pub(super) byte_length: Option<u64>,
}

/// `session.binary_asset`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BinaryAsset<'a> {
    #[serde(borrow)]
    pub(super) asset_id: Text<'a>,
    #[serde(borrow)]
    pub(super) mime_type: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Text<'a>,
}

/// `session.usage_record`: one per model call that was answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageRecord<'a> {
    #[serde(borrow)]
    pub(super) usage: Option<Usage<'a>>,
}

/// `session.usage_record.usage`. Its `cost` is a multiplier of premium
/// requests, not money.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage<'a> {
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    /// The whole prompt, cached parts included.
    pub(super) input_tokens: Option<u64>,
    /// Reasoning included.
    pub(super) output_tokens: Option<u64>,
    pub(super) cache_read_tokens: Option<u64>,
    pub(super) cache_write_tokens: Option<u64>,
    pub(super) cache_ttl_seconds: Option<u64>,
    pub(super) reasoning_tokens: Option<u64>,
    /// Milliseconds of the attempt that succeeded.
    pub(super) duration: Option<f64>,
    pub(super) time_to_first_token_ms: Option<f64>,
    #[serde(borrow)]
    pub(super) api_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) model_provider: Text<'a>,
    #[serde(borrow)]
    pub(super) provider_type: Text<'a>,
    #[serde(borrow)]
    pub(super) finish_reason: Text<'a>,
    /// `conversation-agent`, `conversation-subagent`, `conversation-compaction`, …
    #[serde(borrow)]
    pub(super) interaction_type: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_effort: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_tool_call_id: Text<'a>,
}

/// The time for which a cache write of one hour lives.
const HOUR: u64 = 3_600;

impl Usage<'_> {
    /// The tokens; `None` unless prompt and completion are both told.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let written = self.cache_write_tokens.unwrap_or(0);
        let is_hour = self.cache_ttl_seconds.is_some_and(|ttl| ttl >= HOUR);
        Some(Tokens {
            prompt: self.input_tokens?,
            cache_read: self.cache_read_tokens.unwrap_or(0),
            cache_write_5m: if is_hour { 0 } else { written },
            cache_write_1h: if is_hour { written } else { 0 },
            completion: self.output_tokens?,
            reasoning: self.reasoning_tokens.unwrap_or(0),
        })
    }

    /// Whether it tells who answered.
    pub(super) fn tells_provider(&self) -> bool {
        self.model_provider
            .get()
            .or(self.provider_type.get())
            .is_some()
    }

    /// Who answered: the family of a provider of the person's own, which is
    /// only told then (`other` where its address is not well known); everything
    /// else is served by GitHub.
    pub(super) fn provider(&self) -> &str {
        let family = self.model_provider.get();
        family
            .filter(|family| *family != "other")
            .or_else(|| self.provider_type.get())
            .or(family)
            .unwrap_or("github")
    }

    /// Whether the call was a step of an agent's own conversation.
    pub(super) fn is_step(&self) -> bool {
        matches!(
            self.interaction_type.get(),
            None | Some("conversation-agent" | "conversation-subagent" | "conversation-user")
        )
    }
}

/// What names a response: the provider's id of it, or else the event's own.
pub(super) fn response_id(usage: &Usage<'_>, event: &Text<'_>) -> Option<String> {
    usage
        .api_call_id
        .get()
        .or_else(|| event.get())
        .map(str::to_owned)
}

/// `assistant.turn_start` and `assistant.turn_end`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Step<'a> {
    #[serde(borrow)]
    pub(super) parent_tool_call_id: Text<'a>,
}

/// `assistant.message`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AssistantMessage<'a> {
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_text: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_requests: Option<Vec<ToolRequest<'a>>>,
    #[serde(borrow)]
    pub(super) interaction_id: Text<'a>,
    #[serde(borrow)]
    pub(super) turn_id: Text<'a>,
    #[serde(borrow)]
    pub(super) api_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_tool_call_id: Text<'a>,
}

impl AssistantMessage<'_> {
    /// Whether the program may have written it by itself, to put what ended in
    /// the background into the conversation: no model, no step (seen in
    /// 1.0.102).
    pub(super) fn is_made_up(&self) -> bool {
        [
            &self.model,
            &self.interaction_id,
            &self.turn_id,
            &self.api_call_id,
        ]
        .into_iter()
        .all(|field| field.get().is_none())
    }
}

/// A call that the model asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolRequest<'a> {
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) mcp_server_name: Text<'a>,
    #[serde(borrow)]
    pub(super) mcp_tool_name: Text<'a>,
}

/// `tool.execution_start` and `tool.user_requested`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolStart<'a> {
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_name: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) mcp_server_name: Text<'a>,
    #[serde(borrow)]
    pub(super) mcp_tool_name: Text<'a>,
}

/// `tool.execution_complete`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolComplete<'a> {
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    pub(super) success: Option<bool>,
    #[serde(borrow)]
    pub(super) result: Option<ToolResult<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<ToolError<'a>>,
    pub(super) shell_execution: Option<ShellExecution>,
    #[serde(borrow)]
    pub(super) file_edits: Option<Vec<FileEdit<'a>>>,
}

/// What a tool gave back.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolResult<'a> {
    /// What the model was given.
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    /// What people are shown: a diff, for tools that read or change files.
    #[serde(borrow)]
    pub(super) detailed_content: Text<'a>,
    #[serde(borrow)]
    pub(super) binary_results_for_llm: Option<Vec<Attachment<'a>>>,
}

/// Why a tool failed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolError<'a> {
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    /// `failure`, `denied`, `rejected` (seen in 1.0.102).
    #[serde(borrow)]
    pub(super) code: Text<'a>,
}

/// How a shell command ended.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ShellExecution {
    pub(super) exit_code: Option<i32>,
}

/// A file that a tool changed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FileEdit<'a> {
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    /// `create`, `edit`, `delete`.
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
}

/// `subagent.started`, `subagent.completed`, `subagent.failed`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Subagent<'a> {
    /// The call of the parent's that started it.
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) agent_name: Text<'a>,
    #[serde(borrow)]
    pub(super) agent_display_name: Text<'a>,
    #[serde(borrow)]
    pub(super) agent_description: Text<'a>,
    #[serde(borrow)]
    pub(super) agent_type: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    /// `sync` or `background`.
    #[serde(borrow)]
    pub(super) execution_mode: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Text<'a>,
    pub(super) cancelled: Option<bool>,
}

/// The fields of events that people are told of: errors, warnings, notices,
/// changes of settings, compactions, aborts, skills.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Notice<'a> {
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
    #[serde(borrow)]
    pub(super) previous_model: Text<'a>,
    #[serde(borrow)]
    pub(super) new_model: Text<'a>,
    #[serde(borrow)]
    pub(super) reasoning_effort: Text<'a>,
    #[serde(borrow)]
    pub(super) new_mode: Text<'a>,
    #[serde(borrow)]
    pub(super) mode: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

/// `session.compaction_complete`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Compaction<'a> {
    pub(super) success: Option<bool>,
    #[serde(borrow)]
    pub(super) error: Text<'a>,
    #[serde(borrow)]
    pub(super) summary_content: Text<'a>,
    #[serde(borrow)]
    pub(super) request_id: Text<'a>,
    #[serde(borrow)]
    pub(super) compaction_attempt_id: Text<'a>,
    /// What the summary took. No usage record tells of it (seen in 1.0.102).
    #[serde(borrow)]
    pub(super) compaction_tokens_used: Option<Usage<'a>>,
}

impl Compaction<'_> {
    /// What names the response that the summary came in.
    pub(super) fn response_id(&self, event: &Text<'_>) -> Option<String> {
        self.request_id
            .get()
            .or_else(|| self.compaction_attempt_id.get())
            .or_else(|| event.get())
            .map(str::to_owned)
    }
}

/// `permission.requested` and `permission.completed`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Permission<'a> {
    #[serde(borrow)]
    pub(super) request_id: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) permission_request: Option<PermissionRequest<'a>>,
    #[serde(borrow)]
    pub(super) result: Option<PermissionResult<'a>>,
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PermissionRequest<'a> {
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
}

/// What was answered: `approved`, `denied-interactively-by-user`, …
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PermissionResult<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
}

/// `hook.start` and `hook.end`: only there where hooks are installed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Hook<'a> {
    #[serde(borrow)]
    pub(super) hook_type: Text<'a>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    pub(super) success: Option<bool>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

/// What an `errorOccurred` hook is told.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HookError<'a> {
    #[serde(borrow)]
    pub(super) error_context: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Option<ToolError<'a>>,
}
