//! Rollout records, as Codex writes them.
//!
//! One struct per kind of payload with every field optional, borrowed from
//! the line: fields differ between versions, and a record with a field too
//! few is still worth its other fields. What is rarely needed, or of more
//! than one shape, stays raw JSON until somebody asks for it.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A string that borrows from its line where it has no escapes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

/// The text of an optional string; empty counts as absent.
pub(super) fn text<'t>(value: Option<&'t Text<'_>>) -> Option<&'t str> {
    value.map(Text::as_str).filter(|text| !text.is_empty())
}

/// An owned copy of an optional string; empty counts as absent.
pub(super) fn owned(value: Option<&Text<'_>>) -> Option<String> {
    text(value).map(str::to_owned)
}

/// One line. Versions before 0.32 or so wrote the payload itself as the line.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Option<Text<'a>>,
    pub(super) ordinal: Option<u64>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) payload: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) record_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
}

/// The name of a payload's kind, for records that fit no other struct.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
}

/// `session_meta`; also the first line of old rollouts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionMeta<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) session_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) parent_thread_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) forked_from_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cwd: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) originator: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cli_version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) source: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model_provider: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_nickname: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_role: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_path: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) git: Option<GitInfo<'a>>,
    /// Records with a smaller ordinal are the parent's, copied.
    pub(super) subagent_history_start_ordinal: Option<u64>,
}

/// `session_meta.git`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GitInfo<'a> {
    #[serde(borrow)]
    pub(super) commit_hash: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) branch: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) repository_url: Option<Text<'a>>,
}

/// `session_meta.source`, where it is not a plain word.
#[derive(Debug, Deserialize)]
pub(super) struct SourceObject<'a> {
    #[serde(borrow)]
    pub(super) subagent: Option<&'a RawValue>,
}

/// `session_meta.source.subagent`, where it is not a plain word.
#[derive(Debug, Deserialize)]
pub(super) struct SubagentSource<'a> {
    #[serde(borrow)]
    pub(super) thread_spawn: Option<ThreadSpawn<'a>>,
}

/// How an agent was started by another.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ThreadSpawn<'a> {
    #[serde(borrow)]
    pub(super) parent_thread_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_path: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_nickname: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_role: Option<Text<'a>>,
}

/// `turn_context`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TurnContext<'a> {
    #[serde(borrow)]
    pub(super) turn_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cwd: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) effort: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) summary: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) service_tier: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) approval_policy: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) sandbox_policy: Option<&'a RawValue>,
}

/// Token counts, as every usage record gives them.
#[expect(clippy::struct_field_names, reason = "Codex's own names")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) input_tokens: u64,
    pub(super) cached_input_tokens: u64,
    pub(super) cache_write_input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) reasoning_output_tokens: u64,
    pub(super) total_tokens: u64,
}

/// `token_usage_record`: one per model response.
#[derive(Debug, Deserialize)]
pub(super) struct TokenUsageRecord<'a> {
    #[serde(borrow)]
    pub(super) turn_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) response_id: Option<Text<'a>>,
    #[serde(default)]
    pub(super) usage: Usage,
    pub(super) thread_token_usage: Option<Usage>,
}

/// `token_count.info`: running totals.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenInfo {
    pub(super) total_token_usage: Option<Usage>,
    pub(super) last_token_usage: Option<Usage>,
}

/// The part of an `event_msg` that counting tokens needs.
#[derive(Debug, Deserialize)]
pub(super) struct CountingEvent<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) turn_id: Option<Text<'a>>,
    pub(super) started_at: Option<f64>,
    pub(super) info: Option<TokenInfo>,
    #[serde(borrow)]
    pub(super) to_model: Option<Text<'a>>,
}

/// `event_msg`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) turn_id: Option<Text<'a>>,
    pub(super) started_at: Option<f64>,
    pub(super) duration_ms: Option<f64>,
    pub(super) time_to_first_token_ms: Option<f64>,
    #[serde(borrow)]
    pub(super) last_agent_message: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) images: Option<&'a RawValue>,
    #[serde(borrow, rename = "kind")]
    pub(super) message_kind: Option<&'a RawValue>,
    pub(super) info: Option<TokenInfo>,
    #[serde(borrow)]
    pub(super) item: Option<&'a RawValue>,
    pub(super) started_at_ms: Option<i64>,
    pub(super) completed_at_ms: Option<i64>,
    #[serde(borrow)]
    pub(super) call_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) command: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) source: Option<&'a RawValue>,
    pub(super) exit_code: Option<i64>,
    #[serde(borrow)]
    pub(super) stdout: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) stderr: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) aggregated_output: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) duration: Option<&'a RawValue>,
    pub(super) success: Option<bool>,
    #[serde(borrow)]
    pub(super) changes: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) invocation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) new_thread_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) receiver_thread_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) thread_name: Option<Text<'a>>,
    pub(super) num_turns: Option<u64>,
    #[serde(borrow)]
    pub(super) to_model: Option<Text<'a>>,
}

/// `event_msg/item_completed.item`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) command: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) source: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) stdout: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) stderr: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) aggregated_output: Option<Text<'a>>,
    pub(super) exit_code: Option<i64>,
    #[serde(borrow)]
    pub(super) duration: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) changes: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) server: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tool: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) namespace: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) path: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) query: Option<Text<'a>>,
    #[serde(borrow, rename = "kind")]
    pub(super) activity: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_thread_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) receiver_thread_ids: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) fragments: Option<&'a RawValue>,
}

/// `response_item`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ResponseItem<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) role: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) summary: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) namespace: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) action: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) output: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tools: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) author: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) internal_chat_message_metadata_passthrough: Option<Passthrough<'a>>,
}

/// What Codex notes about a message beside what the model is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Passthrough<'a> {
    /// Where each piece of content came from: `user.text`,
    /// `environments.environment_context`, … (seen in 0.169).
    #[serde(borrow)]
    pub(super) content_item_kinds: Vec<Text<'a>>,
}

/// One piece of a message's or an output's content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContentPart<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) image_url: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) encrypted_content: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) data: Option<Text<'a>>,
    #[serde(borrow, rename = "mimeType")]
    pub(super) mime_type: Option<Text<'a>>,
}

/// `compacted`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Compacted<'a> {
    #[serde(borrow)]
    pub(super) message: Option<Text<'a>>,
}

/// The arguments of the tools whose target is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Arguments<'a> {
    #[serde(borrow)]
    pub(super) cmd: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) command: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) path: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) file_path: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) dir_path: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) pattern: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) query: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) url: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) uri: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) server: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) session_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) task_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) agent_type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) target: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) prompt: Option<&'a RawValue>,
}

/// A raw value as a string, if it is one.
pub(super) fn string(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let raw = raw?.get();
    raw.starts_with('"')
        .then(|| serde_json::from_str::<Text<'_>>(raw).ok())
        .flatten()
        .map(|t| t.0)
}

/// A raw value as a struct, if it has the shape; `null` is absent.
pub(super) fn shaped<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str::<Option<T>>(raw?.get()).ok().flatten()
}

/// A raw value, unless it is absent or `null`.
pub(super) fn present(raw: Option<&RawValue>) -> Option<&RawValue> {
    raw.filter(|raw| raw.get() != "null")
}
