//! Ids that are derived, never drawn.
//!
//! Each id is a BLAKE3 hash of the harness and the ids that the harness itself
//! gave. The same step therefore has the same id however often it is decoded,
//! and whichever source it is decoded from. A turn's id serves as its OTLP
//! trace id (16 bytes), a span's as its OTLP span id (8 bytes).

use crate::Harness;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A text that is not an id: not hexadecimal, or of another length.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not an id: expected {digits} hexadecimal digits")]
pub struct InvalidId {
    text: String,
    digits: usize,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The id of these bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The bytes, as OTLP carries them.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let mut text = [0_u8; $bytes * 2];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = DIGITS[usize::from(byte >> 4)];
                    pair[1] = DIGITS[usize::from(byte & 15)];
                }
                f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let invalid = || InvalidId { text: text.to_owned(), digits: $bytes * 2 };
                if text.len() != $bytes * 2 || !text.is_ascii() {
                    return Err(invalid());
                }
                let mut bytes = [0_u8; $bytes];
                for (index, byte) in bytes.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16)
                        .map_err(|_| invalid())?;
                }
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

hex_id!(
    /// One session, across every process that continued it.
    SessionId, 16
);
hex_id!(
    /// One turn; also its OTLP trace id.
    TurnId, 16
);
hex_id!(
    /// One span within its session; also its OTLP span id.
    SpanId, 8
);

impl SessionId {
    /// The id of the session that `harness` calls `native_id`.
    pub fn derive(harness: Harness, native_id: &str) -> Self {
        Self(derive(&["session", harness.as_str(), native_id]))
    }

    /// The id of one of this session's turns. `native_id` must be unique
    /// among the session's turns.
    pub fn turn(&self, native_id: &str) -> TurnId {
        TurnId(derive_in(&self.0, "turn", native_id))
    }

    /// The id of one of this session's spans. `native_id` must be unique
    /// among the session's spans of one `kind`.
    pub fn span(&self, kind: crate::SpanKind, native_id: &str) -> SpanId {
        SpanId(derive_in(&self.0, kind.as_str(), native_id))
    }
}

fn derive<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    truncate(&hasher.finalize())
}

fn derive_in<const N: usize>(session: &[u8; 16], kind: &str, native_id: &str) -> [u8; N] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(session);
    hasher.update(&(kind.len() as u64).to_le_bytes());
    hasher.update(kind.as_bytes());
    hasher.update(native_id.as_bytes());
    truncate(&hasher.finalize())
}

/// The first bytes of a hash. OTLP forbids an id of zeros; a hash that begins
/// with sixteen or even eight zero bytes does not occur.
fn truncate<const N: usize>(hash: &blake3::Hash) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&hash.as_bytes()[..N]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpanKind;

    #[test]
    fn ids_are_stable_across_releases() {
        let session = SessionId::derive(Harness::ClaudeCode, "5398f012");
        insta::assert_snapshot!(session, @"5ffb4b631ad29408af513fdd64b08af9");
        insta::assert_snapshot!(session.turn("p1"), @"480430a8b6ea95f9365851256e8e5c9f");
        insta::assert_snapshot!(session.span(SpanKind::ToolCall, "toolu_1"), @"172faf7fdf751d9b");
    }

    #[test]
    fn an_id_survives_its_text() {
        let id = SessionId::derive(Harness::Codex, "x");
        assert_eq!(id.to_string().parse::<SessionId>().unwrap(), id);
        assert!("zz".parse::<SpanId>().is_err());
    }

    #[test]
    fn kinds_of_one_native_id_have_different_ids() {
        let session = SessionId::derive(Harness::Codex, "x");
        assert_ne!(
            session.span(SpanKind::ToolCall, "a"),
            session.span(SpanKind::ModelCall, "a")
        );
    }
}
