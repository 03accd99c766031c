//! The lines of a transcript as they are written.
//!
//! Seen in versions 1.0 to 2.1.197. One struct holds the fields of every type
//! of line: lines are told apart by `type`, and a tagged enum would read each
//! line twice. Every field may be missing or of another shape; see
//! [`crate::lenient`].

use super::usage::Usage;
use crate::lenient::{Flag, List, Maybe, Number, Text, objects};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// One line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Record<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) uuid: Text<'a>,
    #[serde(borrow)]
    pub(crate) parent_uuid: Text<'a>,
    /// On the boundary of a compaction: the last line before it.
    #[serde(borrow)]
    pub(crate) logical_parent_uuid: Text<'a>,
    #[serde(borrow)]
    pub(crate) session_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(crate) cwd: Text<'a>,
    #[serde(borrow)]
    pub(crate) git_branch: Text<'a>,
    #[serde(borrow)]
    pub(crate) version: Text<'a>,
    #[serde(borrow)]
    pub(crate) entrypoint: Text<'a>,
    pub(crate) is_sidechain: Flag,
    /// Since 2.0.
    #[serde(borrow)]
    pub(crate) agent_id: Text<'a>,
    /// Since 2.1.
    #[serde(borrow)]
    pub(crate) prompt_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) request_id: Text<'a>,
    pub(crate) is_meta: Flag,
    pub(crate) is_compact_summary: Flag,
    pub(crate) is_visible_in_transcript_only: Flag,
    pub(crate) is_api_error_message: Flag,
    /// Before 1.0.
    #[serde(rename = "costUSD")]
    pub(crate) cost_usd: Number,
    #[serde(borrow)]
    pub(crate) message: Maybe<Message<'a>>,
    #[serde(borrow)]
    pub(crate) tool_use_result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) attachment: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) forked_from: Maybe<ForkedFrom<'a>>,
    // Lines of type `system`.
    #[serde(borrow)]
    pub(crate) subtype: Text<'a>,
    #[serde(borrow)]
    pub(crate) content: Text<'a>,
    #[serde(borrow)]
    pub(crate) compact_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
    pub(crate) retry_attempt: Number,
    pub(crate) duration_ms: Number,
    // Bookkeeping lines.
    #[serde(borrow)]
    pub(crate) leaf_uuid: Text<'a>,
    #[serde(borrow)]
    pub(crate) summary: Text<'a>,
    #[serde(borrow)]
    pub(crate) custom_title: Text<'a>,
    #[serde(borrow)]
    pub(crate) ai_title: Text<'a>,
}

/// Where a forked session's line was copied from.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ForkedFrom<'a> {
    #[serde(borrow)]
    pub(crate) session_id: Text<'a>,
}

/// A message of the Messages API: a prompt, tool results, or a response.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) model: Text<'a>,
    #[serde(borrow)]
    pub(crate) content: Content<'a>,
    #[serde(borrow)]
    pub(crate) stop_reason: Text<'a>,
    #[serde(borrow)]
    pub(crate) usage: Maybe<Usage<'a>>,
}

/// A text, or blocks. A single object is one block.
#[derive(Debug, Default)]
pub(crate) enum Content<'a> {
    /// Neither.
    #[default]
    Nothing,
    /// A text.
    Text(Cow<'a, str>),
    /// Blocks.
    Blocks(Vec<Block<'a>>),
}

/// One block of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) text: Text<'a>,
    #[serde(borrow)]
    pub(crate) thinking: Text<'a>,
    // Tool uses.
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) server_name: Text<'a>,
    // Tool results.
    #[serde(borrow)]
    pub(crate) tool_use_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) content: Content<'a>,
    pub(crate) is_error: Flag,
    #[serde(borrow)]
    pub(crate) error_code: Text<'a>,
    // Results of the provider's own web search.
    #[serde(borrow)]
    pub(crate) title: Text<'a>,
    #[serde(borrow)]
    pub(crate) url: Text<'a>,
    // Images and documents.
    #[serde(borrow)]
    pub(crate) source: Maybe<Source<'a>>,
}

/// Where an image's bytes are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Source<'a> {
    #[serde(borrow)]
    pub(crate) media_type: Text<'a>,
    #[serde(borrow)]
    pub(crate) data: Text<'a>,
}

/// What the harness notes of a tool's result besides what the model is given:
/// the union over all tools, less what nobody needs (the original file).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ToolUseResult<'a> {
    // Shell.
    #[serde(borrow)]
    pub(crate) stderr: Text<'a>,
    pub(crate) interrupted: Flag,
    #[serde(borrow)]
    pub(crate) return_code_interpretation: Text<'a>,
    #[serde(borrow)]
    pub(crate) background_task_id: Text<'a>,
    pub(crate) exit_code: Number,
    // Edits.
    #[serde(borrow)]
    pub(crate) file_path: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) structured_patch: List<PatchHunk<'a>>,
    // Subagents, and the content of written files.
    #[serde(borrow)]
    pub(crate) content: Content<'a>,
    #[serde(borrow)]
    pub(crate) agent_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) agent_type: Text<'a>,
    #[serde(borrow)]
    pub(crate) resolved_model: Text<'a>,
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
    pub(crate) is_async: Flag,
    pub(crate) total_tokens: Number,
    #[serde(borrow)]
    pub(crate) usage: Maybe<Usage<'a>>,
    // Times.
    pub(crate) total_duration_ms: Number,
    pub(crate) duration_ms: Number,
    pub(crate) duration_seconds: Number,
}

/// One hunk of an edit.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PatchHunk<'a> {
    pub(crate) old_start: Number,
    pub(crate) old_lines: Number,
    pub(crate) new_start: Number,
    pub(crate) new_lines: Number,
    #[serde(borrow)]
    pub(crate) lines: Vec<Text<'a>>,
}

/// The file beside a subagent's transcript.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AgentMeta<'a> {
    #[serde(borrow)]
    pub(crate) agent_type: Text<'a>,
    #[serde(borrow)]
    pub(crate) description: Text<'a>,
    #[serde(borrow)]
    pub(crate) tool_use_id: Text<'a>,
}

/// What the harness added to the context.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    /// What the person said while the agent worked.
    #[serde(borrow)]
    pub(crate) prompt: Content<'a>,
    #[serde(borrow)]
    pub(crate) command_mode: Text<'a>,
    #[serde(borrow)]
    pub(crate) hook_name: Text<'a>,
    #[serde(borrow)]
    pub(crate) filename: Text<'a>,
}

/// The session that a line names.
pub(crate) fn session_of(line: &[u8]) -> Option<String> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Named<'a> {
        #[serde(borrow)]
        session_id: Text<'a>,
    }
    serde_json::from_slice::<Maybe<Named<'_>>>(line)
        .ok()?
        .0?
        .session_id
        .owned()
}

impl Content<'_> {
    /// The blocks, if it has any.
    pub(crate) fn blocks(&self) -> &[Block<'_>] {
        match self {
            Self::Blocks(blocks) => blocks,
            _ => &[],
        }
    }

    /// Its text: that of all text blocks, joined by line ends.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Nothing => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Blocks(blocks) => {
                let mut texts = blocks.iter().filter_map(|block| block.text.get());
                match (texts.next(), texts.next()) {
                    (None, _) => Cow::Borrowed(""),
                    (Some(only), None) => Cow::Borrowed(only),
                    (Some(first), Some(second)) => {
                        let all: Vec<_> = [first, second].into_iter().chain(texts).collect();
                        Cow::Owned(all.join("\n"))
                    }
                }
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for ContentVisitor<'a> {
            type Value = Content<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or blocks")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Content<'a>, E> {
                Ok(Content::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Content<'a>, E> {
                Ok(Content::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Content<'a>, A::Error> {
                objects(list).map(Content::Blocks)
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Content<'a>, A::Error> {
                let block = Block::deserialize(MapAccessDeserializer::new(object))?;
                Ok(Content::Blocks(vec![block]))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Content<'a>, E> {
                Ok(Content::Nothing)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Content<'a>, E> {
                Ok(Content::Nothing)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Content<'a>, E> {
                Ok(Content::Nothing)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Content<'a>, E> {
                Ok(Content::Nothing)
            }

            fn visit_unit<E>(self) -> Result<Content<'a>, E> {
                Ok(Content::Nothing)
            }
        }

        deserializer.deserialize_any(ContentVisitor(PhantomData))
    }
}
