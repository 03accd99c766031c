//! A conversation in the database, as Kiro before version 2 wrote it.
//!
//! It is the state of Amazon Q Developer CLI's chat, whose source is public
//! (`chat-cli`, `ConversationState`, as of 1.19); the row around it
//! (`conversations_v2`) is Kiro's.

use crate::lenient::{List, Maybe, Number, Text};
use dashcam_trace::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One row of evidence.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row<'a> {
    /// `conversation`, or `request` where usage is counted.
    #[serde(borrow)]
    pub(super) table: Text<'a>,
    /// The working directory.
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    /// Milliseconds since 1970.
    pub(super) created_at: Number,
    #[serde(borrow)]
    pub(super) value: Maybe<Conversation<'a>>,
    // Of `request`.
    #[serde(borrow)]
    pub(super) conversation_id: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) request_metadata: Maybe<RequestMetadata<'a>>,
}

/// A conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Conversation<'a> {
    #[serde(borrow)]
    pub(super) history: List<Entry<'a>>,
    /// What has not been answered yet.
    #[serde(borrow)]
    pub(super) next_message: Maybe<UserMessage<'a>>,
    /// The model that was chosen last.
    #[serde(borrow)]
    pub(super) model_info: Maybe<super::records::ModelInfo<'a>>,
    /// The summary that replaced what came before, and the request that made it.
    #[serde(borrow)]
    pub(super) latest_summary: Option<&'a RawValue>,
}

/// One request and its answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) user: Maybe<UserMessage<'a>>,
    #[serde(borrow)]
    pub(super) assistant: Maybe<Assistant<'a>>,
    #[serde(borrow)]
    pub(super) request_metadata: Maybe<RequestMetadata<'a>>,
}

/// What a request adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserMessage<'a> {
    #[serde(borrow)]
    pub(super) content: Maybe<UserContent<'a>>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
}

/// One of the three is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserContent<'a> {
    #[serde(borrow, rename = "Prompt")]
    pub(super) prompt: Maybe<Said<'a>>,
    #[serde(borrow, rename = "ToolUseResults")]
    pub(super) results: Maybe<Said<'a>>,
    #[serde(borrow, rename = "CancelledToolUses")]
    pub(super) cancelled: Maybe<Said<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said<'a> {
    #[serde(borrow)]
    pub(super) prompt: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_use_results: List<ToolUseResult<'a>>,
}

/// What a tool gave back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolUseResult<'a> {
    #[serde(borrow)]
    pub(super) tool_use_id: Text<'a>,
    #[serde(borrow)]
    pub(super) content: List<ResultBlock<'a>>,
    /// `Success` or `Error`.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
}

/// One of the two is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ResultBlock<'a> {
    #[serde(borrow, rename = "Text")]
    pub(super) text: Text<'a>,
    #[serde(borrow, rename = "Json")]
    pub(super) json: Option<&'a RawValue>,
}

/// An answer: one of the two is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Assistant<'a> {
    #[serde(borrow, rename = "Response")]
    pub(super) response: Maybe<Answer<'a>>,
    #[serde(borrow, rename = "ToolUse")]
    pub(super) tool_use: Maybe<Answer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_uses: List<AskedTool<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AskedTool<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) args: Option<&'a RawValue>,
}

/// What was measured of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RequestMetadata<'a> {
    #[serde(borrow)]
    pub(super) request_id: Text<'a>,
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    request_start_timestamp_ms: Number,
    stream_end_timestamp_ms: Number,
    pub(super) time_to_first_chunk: Maybe<super::records::Span>,
    #[serde(borrow)]
    pub(super) model_id: Text<'a>,
}

impl RequestMetadata<'_> {
    pub(super) fn began(&self) -> Option<Timestamp> {
        time(self.request_start_timestamp_ms)
    }

    pub(super) fn ended(&self) -> Option<Timestamp> {
        time(self.stream_end_timestamp_ms)
    }

    /// Names the response among all sessions.
    pub(super) fn response_id(&self) -> Option<String> {
        self.request_id.owned().or_else(|| self.message_id.owned())
    }
}

/// A moment in milliseconds since 1970.
pub(super) fn time(milliseconds: Number) -> Option<Timestamp> {
    let milliseconds = milliseconds.0.filter(|number| *number > 0.0)?;
    Timestamp::from_millisecond(milliseconds as i64).ok()
}
