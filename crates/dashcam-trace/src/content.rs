//! What a model wrote, and the images that passed by.

use crate::{RawJson, SpanId};
use serde::{Deserialize, Serialize};

/// The hash of an image's bytes: the first 16 bytes of BLAKE3, in hexadecimal.
/// The bytes themselves are kept beside the session, not in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ImageId(pub String);

impl ImageId {
    /// The id of an image with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        Self(hash[..32].to_owned())
    }
}

/// An image in a prompt or a tool's output, noted by type and size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Image {
    /// The media type, for example `image/png`.
    pub media_type: String,
    /// The decoded size in bytes.
    pub bytes: u64,
    /// Names the kept bytes; absent when the evidence does not hold them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ImageId>,
}

/// One piece of a model's answer, in the order the model wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text for the person, in Markdown.
    Text {
        /// The text.
        text: String,
    },
    /// Reasoning, or the summary of it that the provider gives out.
    Thinking {
        /// The text; empty when the provider encrypts or withholds it.
        text: String,
    },
    /// A tool call, whose span holds input and output.
    ToolUse {
        /// The span of the call.
        span: SpanId,
        /// The tool's name.
        name: String,
    },
    /// An image.
    Image {
        /// The image.
        image: Image,
    },
    /// Anything newer than this version of dashcam.
    Other {
        /// The format's own name for it.
        name: String,
        /// Its JSON text.
        json: String,
    },
}

impl Part {
    /// A `Part::Other` that keeps a value of a kind unknown to dashcam.
    pub fn other(name: &str, json: &RawJson) -> Self {
        Self::Other {
            name: name.to_owned(),
            json: json.as_str().to_owned(),
        }
    }
}
