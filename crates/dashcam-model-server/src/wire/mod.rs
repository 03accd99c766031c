//! The wire formats: requests to [`Question`]s, [`Answer`]s to bytes.
//!
//! Nothing here knows of scripts or sockets.

pub mod anthropic;
pub mod gemini;
pub mod openai_chat;
pub mod openai_responses;
mod request_text;

use crate::exchange::{Answer, Question, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The wire formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Anthropic messages.
    Anthropic,
    /// OpenAI chat completions.
    Chat,
    /// OpenAI responses.
    Responses,
    /// Gemini generateContent.
    Gemini,
}

impl Api {
    /// What ids of tool calls begin with.
    pub const fn call_prefix(self) -> &'static str {
        match self {
            Self::Anthropic => "toolu_",
            Self::Chat | Self::Responses => "call_",
            Self::Gemini => "fc_",
        }
    }

    /// The header in which the provider names a request.
    pub const fn request_id_header(self) -> &'static str {
        match self {
            Self::Anthropic => "request-id",
            _ => "x-request-id",
        }
    }

    /// An answer as this format writes it.
    pub fn encode(self, answer: &Answer) -> Encoded {
        match self {
            Self::Anthropic => anthropic::encode(answer),
            Self::Chat => openai_chat::encode(answer),
            Self::Responses => openai_responses::encode(answer),
            Self::Gemini => gemini::encode(answer),
        }
    }

    /// An error's body as this format writes it.
    pub fn encode_error(self, error: &WireError<'_>) -> Value {
        match self {
            Self::Anthropic => anthropic::encode_error(error),
            Self::Chat | Self::Responses => openai_chat::encode_error(error),
            Self::Gemini => gemini::encode_error(error),
        }
    }

    /// Reads a request's body. `model` is the one in the path, where the
    /// format has it there.
    fn question(self, model: Option<&str>, stream: Option<bool>, body: &str) -> Question {
        let json: Value = serde_json::from_str(body).unwrap_or_default();
        let model = model
            .or_else(|| json["model"].as_str())
            .unwrap_or_default()
            .to_owned();
        let stream = stream.unwrap_or_else(|| json["stream"].as_bool().unwrap_or_default());
        let parts = match self {
            Self::Anthropic => anthropic::read(&json),
            Self::Chat => openai_chat::read(&json),
            Self::Responses => openai_responses::read(&json),
            Self::Gemini => gemini::read(&json),
        };
        Question {
            api: self,
            model,
            stream,
            system: parts.system,
            first_user: parts.first_user,
            tools: parts.tools,
            tool_results: parts.tool_results,
            raw: body.to_owned(),
        }
    }
}

/// The parts of a request that each format keeps in its own places.
#[derive(Debug, Default)]
pub(crate) struct RequestParts {
    pub(crate) system: String,
    pub(crate) first_user: String,
    pub(crate) tools: Vec<String>,
    pub(crate) tool_results: Vec<crate::exchange::ToolResult>,
}

/// An error to be answered.
#[derive(Clone, Copy, Debug)]
pub struct WireError<'a> {
    /// The HTTP status.
    pub status: u16,
    /// What happened.
    pub message: &'a str,
    /// The error's type, if not the format's usual one for the status.
    pub kind: Option<&'a str>,
    /// When to try again (Gemini).
    pub retry_delay: Option<&'a str>,
}

/// An answer in a wire format, streamed and whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The response's id.
    pub response_id: String,
    /// The events of a stream.
    pub frames: Vec<Frame>,
    /// What ends a stream besides its events.
    pub trailer: Option<&'static str>,
    /// The answer to a request that wants no stream.
    pub whole: Value,
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The event's name, where the format has one.
    pub event: Option<String>,
    /// The data.
    pub data: Value,
}

impl Frame {
    /// An event with a name.
    pub(crate) fn named(event: &str, data: Value) -> Self {
        Self {
            event: Some(event.to_owned()),
            data,
        }
    }

    /// An event without a name.
    pub(crate) const fn unnamed(data: Value) -> Self {
        Self { event: None, data }
    }

    /// As it is sent.
    pub fn to_sse(&self) -> String {
        match &self.event {
            Some(event) => format!("event: {event}\ndata: {}\n\n", self.data),
            None => format!("data: {}\n\n", self.data),
        }
    }
}

/// What a request wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Endpoint {
    /// An answer. Gemini can stream as one JSON array instead of events.
    Answer {
        /// What was asked.
        question: Box<Question>,
        /// Whether a stream is a JSON array.
        as_array: bool,
    },
    /// Something with a fixed answer that no script decides.
    Fixed(Value),
    /// The models, in Gemini's form or OpenAI's.
    Models {
        /// Gemini's form.
        gemini: bool,
    },
    /// Nothing that is known.
    Unknown,
}

/// Finds out what a request wants. `body` is empty for a GET.
pub fn endpoint(is_get: bool, path: &str, query: Option<&str>, body: &str) -> Endpoint {
    if is_get {
        return if path.ends_with("/models") {
            Endpoint::Models {
                gemini: path.contains("v1beta"),
            }
        } else {
            Endpoint::Unknown
        };
    }
    // Providers count tokens with their tokenizers; four bytes a token is near enough here.
    let counted = (body.len() / 4).max(1);
    if let Some((_, call)) = path.rsplit_once("/models/")
        && let Some((model, verb)) = call.split_once(':')
    {
        let stream = match verb {
            "countTokens" => return Endpoint::Fixed(json!({ "totalTokens": counted })),
            "embedContent" => {
                return Endpoint::Fixed(json!({ "embedding": { "values": [0.0, 0.1] } }));
            }
            "batchEmbedContents" => {
                return Endpoint::Fixed(json!({ "embeddings": [{ "values": [0.0, 0.1] }] }));
            }
            "generateContent" => false,
            "streamGenerateContent" => true,
            _ => return Endpoint::Unknown,
        };
        let sse = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
        let question = Api::Gemini.question(Some(model), Some(stream), body);
        return Endpoint::Answer {
            question: Box::new(question),
            as_array: stream && !sse,
        };
    }
    let api = if path.ends_with("/messages/count_tokens") {
        return Endpoint::Fixed(json!({ "input_tokens": counted }));
    } else if path.ends_with("/messages") {
        Api::Anthropic
    } else if path.ends_with("/chat/completions") {
        Api::Chat
    } else if path.ends_with("/responses") {
        Api::Responses
    } else {
        return Endpoint::Unknown;
    };
    Endpoint::Answer {
        question: Box::new(api.question(None, None, body)),
        as_array: false,
    }
}

/// The list of models in Gemini's form or OpenAI's.
pub fn models(gemini: bool, models: &[String]) -> Value {
    if gemini {
        let models: Vec<_> = models
            .iter()
            .map(|model| json!({ "name": format!("models/{model}") }))
            .collect();
        return json!({ "models": models });
    }
    let data: Vec<_> = models
        .iter()
        .map(
            |model| json!({ "id": model, "object": "model", "created": 1, "owned_by": "scripted" }),
        )
        .collect();
    json!({ "object": "list", "data": data })
}

/// The part of the prompt in no cache, as Anthropic counts it.
pub(crate) const fn uncached(usage: &Usage) -> u64 {
    usage
        .input
        .saturating_sub(usage.cached)
        .saturating_sub(usage.cache_write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_formats() {
        let api = |path: &str| match endpoint(false, path, None, "{}") {
            Endpoint::Answer { question, .. } => Some(question.api),
            _ => None,
        };
        assert_eq!(api("/v1/messages"), Some(Api::Anthropic));
        assert_eq!(api("/v1/chat/completions"), Some(Api::Chat));
        assert_eq!(api("/responses"), Some(Api::Responses));
        assert_eq!(api("/v1beta/models/g-2:generateContent"), Some(Api::Gemini));
        assert_eq!(api("/v1/analytics"), None);
        assert_eq!(api("/v1beta/models/g-2:tune"), None);
    }

    #[test]
    fn a_body_that_is_no_json_is_still_a_question() {
        let Endpoint::Answer { question, .. } = endpoint(false, "/v1/messages", None, "{oops")
        else {
            panic!("a post to /messages is a question")
        };
        assert_eq!(question.raw, "{oops");
        assert_eq!(question.model, "");
    }
}
