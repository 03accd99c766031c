//! `OpenCode`'s records, as they stand in `data` columns and in older JSON
//! files.
//!
//! Seen in 1.18.33; fields that only older versions have say so. Every field
//! may be missing or of another shape: that costs the field, not the record.

use crate::lenient::{Flag, List, Maybe, Number, Text};
use dashcam_trace::{Cost, CostSource, Money, Timestamp, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A row of evidence.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub(super) table: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    pub(super) time_created: Number,
    /// Whether the database no longer has it.
    pub(super) gone: Flag,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

/// A session: a row of `session`, or a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionRecord<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) root_id: Text<'a>,
    #[serde(borrow, alias = "parentID")]
    pub(super) parent_id: Text<'a>,
    #[serde(borrow)]
    pub(super) directory: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    pub(super) time_created: Number,
    /// In files.
    pub(super) time: Maybe<Times>,
    #[serde(borrow)]
    pub(super) revert: Maybe<Revert<'a>>,
}

/// The message from which on the conversation was taken back. Until the next
/// prompt the messages are still there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Revert<'a> {
    #[serde(borrow, rename = "messageID")]
    pub(super) message: Text<'a>,
}

/// Times in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Times {
    pub(super) created: Number,
    pub(super) completed: Number,
    pub(super) start: Number,
    pub(super) end: Number,
}

/// A message: a prompt, or a step of the agent's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MessageRecord<'a> {
    /// In files.
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// In files.
    #[serde(borrow, rename = "sessionID")]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    pub(super) time: Maybe<Times>,
    /// The prompt that a step answers.
    #[serde(borrow, rename = "parentID")]
    pub(super) parent_id: Text<'a>,
    #[serde(borrow, rename = "modelID")]
    pub(super) model_id: Text<'a>,
    #[serde(borrow, rename = "providerID")]
    pub(super) provider_id: Text<'a>,
    #[serde(borrow)]
    pub(super) agent: Text<'a>,
    #[serde(borrow)]
    pub(super) variant: Text<'a>,
    pub(super) cost: Number,
    pub(super) tokens: Maybe<TokensRecord>,
    #[serde(borrow)]
    pub(super) finish: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Maybe<PathRecord<'a>>,
    #[serde(borrow)]
    pub(super) error: Maybe<ErrorRecord<'a>>,
}

/// Where a step was taken.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PathRecord<'a> {
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
}

/// What a step used.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokensRecord {
    /// Newer versions. Tells whether `output` has the reasoning in it.
    pub(super) total: Number,
    /// Without what was read from or written to a cache.
    pub(super) input: Number,
    pub(super) output: Number,
    pub(super) reasoning: Number,
    pub(super) cache: Maybe<CacheRecord>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CacheRecord {
    pub(super) read: Number,
    pub(super) write: Number,
}

impl TokensRecord {
    /// The tokens in dashcam's words; `None` where nothing was counted.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let count = |number: Number| number.count().unwrap_or_default();
        let cache = self.cache.0.unwrap_or_default();
        let (input, output) = (count(self.input), count(self.output));
        let (read, write) = (count(cache.read), count(cache.write));
        let reasoning = count(self.reasoning);
        let prompt = input.saturating_add(read).saturating_add(write);
        // 1.18.33 takes the reasoning out of `output`, 1.1.65 leaves it in; the
        // total, which still older versions lack, tells.
        let is_apart = self.total.count()
            == Some(prompt.saturating_add(output).saturating_add(reasoning))
            || reasoning > output;
        let completion = if is_apart {
            output.saturating_add(reasoning)
        } else {
            output
        };
        let tokens = Tokens {
            prompt,
            cache_read: read,
            cache_write_5m: write,
            cache_write_1h: 0,
            completion,
            reasoning,
        };
        (tokens != Tokens::default()).then_some(tokens)
    }
}

/// The cost that `OpenCode` reckoned. It writes 0 for a model whose price it
/// does not know: that says nothing.
pub(super) fn cost(number: Number) -> Option<Cost> {
    number.0.filter(|usd| *usd > 0.0).map(|usd| Cost {
        usd: Money::from_usd(usd),
        source: CostSource::Harness,
    })
}

/// What ended a step: `{"name":"MessageAbortedError","data":{"message":…}}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorRecord<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Maybe<ErrorData<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorData<'a> {
    #[serde(borrow)]
    pub(super) message: Text<'a>,
}

impl ErrorRecord<'_> {
    /// Whether the person stopped it.
    pub(super) fn is_abort(&self) -> bool {
        self.name.as_str() == "MessageAbortedError"
    }

    /// The message, or at least its name.
    pub(super) fn text(&self) -> String {
        let message = self.data.0.as_ref().and_then(|data| data.message.get());
        message
            .or(self.name.get())
            .unwrap_or("an error without a name")
            .to_owned()
    }
}

/// One part of a message. Which fields it has depends on its type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PartRecord<'a> {
    /// In files.
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// In files.
    #[serde(borrow, rename = "messageID")]
    pub(super) message_id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    /// Put in by the program, not by the person.
    pub(super) synthetic: Flag,
    pub(super) time: Maybe<Times>,
    /// `tool`.
    #[serde(borrow)]
    pub(super) tool: Text<'a>,
    #[serde(borrow, rename = "callID")]
    pub(super) call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) state: Maybe<ToolState<'a>>,
    /// `file`.
    #[serde(borrow)]
    pub(super) mime: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
    /// `step-finish`.
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
    pub(super) cost: Number,
    pub(super) tokens: Maybe<TokensRecord>,
    /// `subtask`.
    #[serde(borrow)]
    pub(super) prompt: Text<'a>,
    #[serde(borrow)]
    pub(super) command: Text<'a>,
    /// `retry`.
    #[serde(borrow)]
    pub(super) error: Maybe<ErrorRecord<'a>>,
}

/// How far a tool call has come.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolState<'a> {
    /// `pending`, `running`, `completed`, `error`.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    /// The arguments as far as they have come, while the call is pending.
    #[serde(borrow)]
    pub(super) raw: Text<'a>,
    #[serde(borrow)]
    pub(super) output: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Text<'a>,
    #[serde(borrow)]
    pub(super) metadata: Maybe<ToolMetadata<'a>>,
    pub(super) time: Maybe<Times>,
    #[serde(borrow)]
    pub(super) attachments: List<Attachment<'a>>,
}

/// What tools tell beside their output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolMetadata<'a> {
    /// `bash`: the exit code; null when it was killed.
    pub(super) exit: Number,
    /// `bash`: what it had printed when it was stopped.
    #[serde(borrow)]
    pub(super) output: Text<'a>,
    /// `edit`: the unified diff.
    #[serde(borrow)]
    pub(super) diff: Text<'a>,
    #[serde(borrow)]
    pub(super) filediff: Maybe<FileDiffRecord<'a>>,
    /// `write`: `false` if the file was not there before.
    #[serde(borrow)]
    pub(super) exists: Option<&'a RawValue>,
    /// `apply_patch`: the files.
    #[serde(borrow)]
    pub(super) files: List<FileDiffRecord<'a>>,
    /// `task`: the session that does the work.
    #[serde(borrow, rename = "sessionId")]
    pub(super) session_id: Text<'a>,
    /// A call that was going on when the session was stopped.
    pub(super) interrupted: Flag,
}

/// A change in a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FileDiffRecord<'a> {
    #[serde(borrow, alias = "filePath")]
    pub(super) file: Text<'a>,
    #[serde(borrow, rename = "movePath")]
    pub(super) move_path: Text<'a>,
    /// `add`, `update`, `delete`, `move`.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, alias = "diff")]
    pub(super) patch: Text<'a>,
    /// Older versions: the file before and after.
    #[serde(borrow)]
    pub(super) before: Text<'a>,
    #[serde(borrow)]
    pub(super) after: Text<'a>,
}

/// A file that came with an output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment<'a> {
    #[serde(borrow)]
    pub(super) mime: Text<'a>,
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

/// A time of `OpenCode`'s; `None` for what is none.
pub(super) fn time(milliseconds: Number) -> Option<Timestamp> {
    let milliseconds = milliseconds.0.filter(|number| *number > 0.0)?;
    Timestamp::from_millisecond(milliseconds as i64).ok()
}
