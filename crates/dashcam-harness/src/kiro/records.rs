//! The files of a session, as Kiro writes them (2.5.1 to 2.6.0).
//!
//! Every field may be missing or of another shape: that costs the field, not
//! the record.

use crate::lenient::{List, Maybe, Number, Text};
use dashcam_trace::{Credits, Timestamp, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// One line of a conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    /// `Prompt`, `AssistantMessage`, `ToolResults`, `Clear`.
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Maybe<Message<'a>>,
}

/// What a line holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    #[serde(borrow)]
    pub(super) content: List<Block<'a>>,
    /// Of prompts.
    pub(super) meta: Maybe<Meta>,
    /// Of tool results: what ran and what came of it, by the id of the call.
    #[serde(borrow)]
    pub(super) results: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    /// Whole seconds since 1970.
    pub(super) timestamp: Number,
}

/// A piece of a message, or of a tool's result.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    /// `text`, `image`, `json`, `toolUse`, `toolResult`.
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

impl Block<'_> {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<String> {
        if self.kind.as_str() != "text" {
            return None;
        }
        serde_json::from_str(self.data?.get()).ok()
    }
}

/// A call that the model asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    #[serde(borrow)]
    pub(super) tool_use_id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
}

/// What the model was given back.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ToolResult<'a> {
    #[serde(borrow)]
    pub(super) tool_use_id: Text<'a>,
    #[serde(borrow)]
    pub(super) content: List<Block<'a>>,
    /// `success` or `error`: whether the tool did its work. A command that
    /// fails has done so.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
}

/// What ran for a call, and what came of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ran<'a> {
    #[serde(borrow)]
    tool: Maybe<RanTool<'a>>,
    /// `{"Success": …}`, `{"Error": …}` or `"Cancelled"`.
    #[serde(borrow)]
    result: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RanTool<'a> {
    #[serde(borrow)]
    kind: Maybe<RanKind<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RanKind<'a> {
    #[serde(borrow, rename = "Mcp")]
    mcp: Maybe<RanMcp<'a>>,
}

/// The tool of a server that ran.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RanMcp<'a> {
    #[serde(borrow)]
    pub(super) server_name: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_name: Text<'a>,
}

impl<'a> Ran<'a> {
    /// What ran, by the id of the call.
    pub(super) fn by_call(results: &'a RawValue) -> HashMap<String, Self> {
        let ran: HashMap<String, Maybe<Self>> =
            serde_json::from_str(results.get()).unwrap_or_default();
        ran.into_iter()
            .filter_map(|(id, ran)| Some((id, ran.0?)))
            .collect()
    }

    /// Whether the person stopped it.
    pub(super) fn is_cancelled(&self) -> bool {
        self.result.as_str() == "Cancelled"
    }

    /// The MCP tool, if it was one.
    pub(super) fn mcp(&self) -> Option<&RanMcp<'a>> {
        self.tool.0.as_ref()?.kind.0.as_ref()?.mcp.0.as_ref()
    }
}

/// What Kiro knows of a session: `<id>.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document<'a> {
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) created_at: Text<'a>,
    #[serde(borrow)]
    pub(super) updated_at: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    /// `rewind` where the person went back in another session. `subagent` is
    /// also written for sessions that nobody started (2.6.0).
    #[serde(borrow)]
    pub(super) session_created_reason: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_session_id: Text<'a>,
    #[serde(borrow)]
    session_state: Maybe<State<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State<'a> {
    #[serde(borrow)]
    conversation_metadata: Maybe<ConversationMetadata<'a>>,
    #[serde(borrow)]
    rts_model_state: Maybe<ModelState<'a>>,
    #[serde(borrow)]
    agent_name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConversationMetadata<'a> {
    #[serde(borrow)]
    user_turn_metadatas: List<TurnRecord<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ModelState<'a> {
    #[serde(borrow)]
    model_info: Maybe<ModelInfo<'a>>,
}

/// The model that was chosen last.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelInfo<'a> {
    #[serde(borrow)]
    pub(super) model_id: Text<'a>,
}

impl<'a> Document<'a> {
    /// Reads a document; anything but an object is nothing.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice::<Maybe<Self>>(json).ok()?.0
    }

    /// The model that was chosen last; `auto` where Kiro chooses.
    pub(super) fn model(&self) -> &str {
        let state = self.session_state.0.as_ref();
        let state = state.and_then(|state| state.rts_model_state.0.as_ref());
        let model = state.and_then(|state| state.model_info.0.as_ref());
        model.map_or("", |model| model.model_id.as_str())
    }

    /// The agent that the session ran with.
    pub(super) fn agent(&self) -> Option<&str> {
        self.session_state.0.as_ref()?.agent_name.get()
    }

    /// What is known of each turn.
    pub(super) fn turns(&self) -> &[TurnRecord<'a>] {
        let state = self.session_state.0.as_ref();
        let turns = state.and_then(|state| state.conversation_metadata.0.as_ref());
        turns.map_or(&[], |turns| &turns.user_turn_metadatas.0)
    }

    /// When the session was made.
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.created_at.as_str().parse().ok()
    }

    /// The session that this one continues a copy of.
    pub(super) fn rewound_from(&self) -> Option<&str> {
        let is_rewound = self.session_created_reason.as_str() == "rewind";
        self.parent_session_id.get().filter(|_| is_rewound)
    }

    /// The session that started this one for a part of its work.
    pub(super) fn started_by(&self) -> Option<&str> {
        let is_started = self.session_created_reason.as_str() == "subagent";
        self.parent_session_id.get().filter(|_| is_started)
    }
}

/// What Kiro knows of one turn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TurnRecord<'a> {
    /// The messages of the turn, in order.
    #[serde(borrow)]
    pub(super) message_ids: Texts<'a>,
    pub(super) turn_duration: Maybe<Span>,
    /// `UserTurnEnd`, `ToolUseRejected`, `Cancelled`, `Error`, `Rewind`,
    /// `DidNotRun`.
    #[serde(borrow)]
    pub(super) end_reason: Text<'a>,
    #[serde(borrow)]
    pub(super) end_timestamp: Text<'a>,
    /// `{"Ok": …}` or `{"Err": …}`.
    #[serde(borrow)]
    result: Maybe<Outcome<'a>>,
    /// The turn's model, in versions after 2.6.0.
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    input_token_count: Number,
    output_token_count: Number,
    cache_read_input_token_count: Number,
    cache_write_input_token_count: Number,
    /// One entry for each request.
    metering_usage: List<Metered>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outcome<'a> {
    #[serde(borrow, rename = "Err")]
    error: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Metered {
    value: Number,
}

/// A length of time.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Span {
    secs: Number,
    nanos: Number,
}

impl Span {
    /// It in milliseconds.
    pub(super) fn milliseconds(self) -> Option<f64> {
        Some(self.secs.0? * 1e3 + self.nanos.0.unwrap_or_default() / 1e6)
    }
}

/// The texts of a list; what is no text stands as nothing.
#[derive(Debug, Default)]
pub(super) struct Texts<'a>(pub(super) Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        let texts = json
            .get()
            .starts_with('[')
            .then(|| serde_json::from_str(json.get()));
        Ok(Self(texts.and_then(Result::ok).unwrap_or_default()))
    }
}

impl TurnRecord<'_> {
    /// When the turn ended.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        self.end_timestamp.as_str().parse().ok()
    }

    /// When the turn began.
    pub(super) fn began(&self) -> Option<Timestamp> {
        let took = self.turn_duration.0?.milliseconds()?;
        let end = self.ended()?.as_microsecond();
        Timestamp::from_microsecond(end.saturating_sub((took * 1e3) as i64)).ok()
    }

    /// What each request was charged.
    pub(super) fn credits(&self) -> Vec<Credits> {
        let charged = self.metering_usage.0.iter();
        charged
            .filter_map(|metered| metered.value.0)
            .map(Credits::from_amount)
            .collect()
    }

    /// The turn's tokens, where they were counted.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let count = |number: Number| number.count().unwrap_or_default();
        let cache_read = count(self.cache_read_input_token_count);
        let cache_write = count(self.cache_write_input_token_count);
        let tokens = Tokens {
            prompt: count(self.input_token_count)
                .saturating_add(cache_read)
                .saturating_add(cache_write),
            cache_read,
            cache_write_5m: cache_write,
            completion: count(self.output_token_count),
            ..Tokens::default()
        };
        (tokens != Tokens::default()).then_some(tokens)
    }

    /// What ended the turn, where an error did: its message, or all of it.
    pub(super) fn error(&self) -> Option<String> {
        let error = self.result.0.as_ref()?.error?.get();
        let error: serde_json::Value = serde_json::from_str(error).ok()?;
        let text = error.as_str().map(str::to_owned);
        Some(text.unwrap_or_else(|| error.to_string()))
    }

    /// The answers among the turn's messages: every second one, after the
    /// prompt.
    pub(super) fn answers(&self) -> impl Iterator<Item = &str> {
        let ids = self.message_ids.0.iter().skip(1).step_by(2);
        ids.filter_map(Text::get)
    }
}
