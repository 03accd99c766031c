//! The records of a session file, as pi and Oh My Pi write them.
//!
//! Every field may be missing or of another shape: that costs the field, not
//! the record. Fields that one of the two programs alone writes say so.

use crate::lenient::{Flag, List, Maybe, Number, Text};
use dashcam_trace::{Cost, CostSource, Money, Timestamp, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One line of a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// Absent in version 1 of the format, in which records follow one another.
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Maybe<Message<'a>>,
    /// Of `session`: the working directory.
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    /// Of `session`: the file of the session that this one was forked from.
    #[serde(borrow)]
    pub(super) parent_session: Text<'a>,
    /// Of `session`, `title`, `title_change` (Oh My Pi).
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    /// Of `session_info` (pi): the session's title.
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    /// Of `compaction`, `branch_summary`.
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    pub(super) tokens_before: Number,
    /// Of `model_change`: `provider/model` (Oh My Pi).
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    /// Of `model_change` (pi), and of `usage`.
    #[serde(borrow)]
    pub(super) provider: Text<'a>,
    #[serde(borrow)]
    pub(super) model_id: Text<'a>,
    #[serde(borrow)]
    pub(super) thinking_level: Text<'a>,
    /// Of `mode_change` (Oh My Pi).
    #[serde(borrow)]
    pub(super) mode: Text<'a>,
    /// Of `service_tier_change` (Oh My Pi).
    #[serde(borrow)]
    pub(super) service_tier: Option<&'a RawValue>,
    /// Of `custom` and `custom_message`.
    #[serde(borrow)]
    pub(super) custom_type: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
    /// Of `usage`, `compaction` and `branch_summary` (pi 0.87.1).
    pub(super) usage: Maybe<Usage>,
    /// Of `usage`: what was called for, such as `cache_warm`.
    #[serde(borrow, rename = "kind")]
    pub(super) purpose: Text<'a>,
    /// Of `session_init` (Oh My Pi): the subagent's definition.
    #[serde(borrow)]
    pub(super) agent: Text<'a>,
    /// Of `ttsr_injection` (Oh My Pi).
    #[serde(borrow)]
    pub(super) injected_rules: Option<&'a RawValue>,
}

impl<'a> Record<'a> {
    /// Reads a line; anything but an object is nothing.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        serde_json::from_slice::<Maybe<Self>>(line).ok()?.0
    }

    /// When the record was written.
    pub(super) fn written(&self) -> Option<Timestamp> {
        let message = || time(self.message.0.as_ref()?.timestamp);
        self.timestamp
            .get()
            .and_then(|stamp| stamp.parse().ok())
            .or_else(message)
    }
}

/// A message of the conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    /// Milliseconds since 1970. Of a prompt: when it was sent; of an answer:
    /// when it was asked for; of a tool's result: when the tool had ended.
    pub(super) timestamp: Number,
    // Of answers.
    #[serde(borrow)]
    pub(super) provider: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) response_id: Text<'a>,
    pub(super) usage: Maybe<Usage>,
    /// `stop`, `length`, `toolUse`, `error`, `aborted`.
    #[serde(borrow)]
    pub(super) stop_reason: Text<'a>,
    #[serde(borrow)]
    pub(super) error_message: Text<'a>,
    /// How long the answer took, in milliseconds (Oh My Pi).
    pub(super) duration: Number,
    /// Milliseconds to the first token (Oh My Pi).
    pub(super) ttft: Number,
    // Of tool results.
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    pub(super) is_error: Flag,
    #[serde(borrow)]
    pub(super) details: Option<&'a RawValue>,
    // Of prompts (Oh My Pi): sent while the agent worked; made by the program;
    // `agent` where an agent sent it.
    pub(super) steering: Flag,
    pub(super) synthetic: Flag,
    #[serde(borrow)]
    pub(super) attribution: Text<'a>,
    // Of `bashExecution`, and of `pythonExecution` (Oh My Pi): what the person
    // ran.
    #[serde(borrow)]
    pub(super) command: Text<'a>,
    #[serde(borrow)]
    pub(super) code: Text<'a>,
    #[serde(borrow)]
    pub(super) output: Text<'a>,
    pub(super) exit_code: Number,
    pub(super) cancelled: Flag,
    pub(super) exclude_from_context: Flag,
    /// Of `custom`.
    #[serde(borrow)]
    pub(super) custom_type: Text<'a>,
    /// Of `branchSummary` and `compactionSummary`.
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
}

/// A piece of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) thinking: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: Text<'a>,
    #[serde(borrow)]
    pub(super) mime_type: Text<'a>,
}

/// The pieces of a content, each with its text; a content that is one text is
/// one piece.
pub(super) fn blocks(content: Option<&RawValue>) -> Vec<(Block<'_>, &RawValue)> {
    let Some(content) = content else {
        return Vec::new();
    };
    if content.get().starts_with('"') {
        let block = Block {
            kind: Text(Some("text".into())),
            text: serde_json::from_str(content.get()).unwrap_or_default(),
            ..Block::default()
        };
        return vec![(block, content)];
    }
    let pieces: Vec<&RawValue> = serde_json::from_str(content.get()).unwrap_or_default();
    pieces
        .into_iter()
        .filter_map(|piece| {
            let block = serde_json::from_str::<Maybe<Block<'_>>>(piece.get())
                .ok()?
                .0?;
            Some((block, piece))
        })
        .collect()
}

/// The texts of a content, one below the other.
pub(super) fn text_of(content: Option<&RawValue>) -> String {
    let blocks = blocks(content);
    let texts: Vec<&str> = blocks
        .iter()
        .filter(|(block, _)| block.kind.as_str() == "text")
        .map(|(block, _)| block.text.as_str())
        .collect();
    texts.join("\n")
}

/// What a call used. `input` holds nothing of what the cache served or took.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage {
    input: Number,
    output: Number,
    cache_read: Number,
    cache_write: Number,
    /// The part of `cacheWrite` kept for an hour (pi 0.87.1).
    #[serde(rename = "cacheWrite1h")]
    cache_write_1h: Number,
    /// The part of `output` that was reasoning (pi 0.87.1).
    reasoning: Number,
    /// The same (Oh My Pi).
    reasoning_tokens: Number,
    /// The durations of `cacheWrite` (Oh My Pi).
    cttl: Maybe<CacheDurations>,
    /// What the provider's own tools used: billed, but no part of the
    /// conversation (Oh My Pi).
    orchestration: Maybe<Orchestration>,
    cost: Maybe<UsageCost>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct CacheDurations {
    #[serde(rename = "ephemeral1h")]
    one_hour: Number,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Orchestration {
    input: Number,
    cache_read: Number,
    output: Number,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct UsageCost {
    total: Number,
}

impl Usage {
    /// The tokens. Both programs begin with zeros and fill in what they are
    /// told: where all is zero, nothing was measured.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let count = |number: Number| number.count().unwrap_or_default();
        let aside = self.orchestration.0.unwrap_or_default();
        let cache_read = count(self.cache_read).saturating_add(count(aside.cache_read));
        let cache_write = count(self.cache_write);
        let one_hour = self
            .cache_write_1h
            .count()
            .or_else(|| self.cttl.0?.one_hour.count())
            .unwrap_or_default()
            .min(cache_write);
        let completion = count(self.output).saturating_add(count(aside.output));
        let reasoning = self.reasoning.count().or(self.reasoning_tokens.count());
        let tokens = Tokens {
            prompt: count(self.input)
                .saturating_add(count(aside.input))
                .saturating_add(cache_read)
                .saturating_add(cache_write),
            cache_read,
            cache_write_5m: cache_write - one_hour,
            cache_write_1h: one_hour,
            completion,
            reasoning: reasoning.unwrap_or_default().min(completion),
        };
        (tokens != Tokens::default()).then_some(tokens)
    }

    /// The cost that the program computed. A model without a price costs zero
    /// there: that is no cost.
    pub(super) fn cost(&self) -> Option<Cost> {
        let total = self.cost.0?.total.0.filter(|usd| *usd > 0.0)?;
        Some(Cost {
            usd: Money::from_usd(total),
            source: CostSource::Harness,
        })
    }
}

/// Names a response among all sessions. Forks copy messages as they are; some
/// providers give every response the same id.
pub(super) fn response_id(message: &Message<'_>) -> String {
    let at = message.timestamp.0.unwrap_or_default() as i64;
    format!("{}:{at}", message.response_id.as_str())
}

/// A moment in milliseconds since 1970.
pub(super) fn time(milliseconds: Number) -> Option<Timestamp> {
    let milliseconds = milliseconds.0.filter(|number| *number > 0.0)?;
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

/// Of `tool_execution_start` (Oh My Pi): when a tool began.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolStart<'a> {
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) started_at: Text<'a>,
}

/// What a result tells besides its text, of all tools.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Details<'a> {
    /// Of `edit` (Oh My Pi): each of several files.
    #[serde(borrow)]
    pub(super) per_file_results: List<EditedFile<'a>>,
    /// Of a command (Oh My Pi).
    pub(super) exit_code: Number,
    /// Of an MCP tool (Oh My Pi).
    #[serde(borrow)]
    pub(super) server_name: Text<'a>,
    #[serde(borrow)]
    pub(super) mcp_tool_name: Text<'a>,
    /// Of `task` (Oh My Pi): the subagents, while they run and at their end.
    #[serde(borrow)]
    pub(super) progress: List<StartedAgent<'a>>,
    #[serde(borrow)]
    pub(super) results: List<StartedAgent<'a>>,
    /// Of `task`: there if the agent goes on without waiting.
    #[serde(borrow, rename = "async")]
    pub(super) job: Maybe<AsyncJob<'a>>,
}

/// What an edit did to one file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EditedFile<'a> {
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    /// A unified diff (pi 0.87.1).
    #[serde(borrow)]
    pub(super) patch: Text<'a>,
    /// Lines with their numbers; of Oh My Pi, a diff for people.
    #[serde(borrow)]
    pub(super) diff: Text<'a>,
    /// The file before and after (Oh My Pi); one is absent where the file was
    /// made or deleted.
    #[serde(borrow)]
    pub(super) old_text: Text<'a>,
    #[serde(borrow)]
    pub(super) new_text: Text<'a>,
    /// Where the file lay before (Oh My Pi).
    #[serde(borrow)]
    pub(super) source_path: Text<'a>,
    pub(super) is_error: Flag,
}

/// A subagent that a call started.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StartedAgent<'a> {
    /// Its name, which is its file's too.
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// Its definition: `scout`, `task`, …
    #[serde(borrow)]
    pub(super) agent: Text<'a>,
    #[serde(borrow)]
    pub(super) description: Text<'a>,
}

/// Work that goes on behind a call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AsyncJob<'a> {
    #[serde(borrow)]
    pub(super) state: Text<'a>,
}
