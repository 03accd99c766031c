//! Entity tags: what a browser already has is not sent again.

use http::{HeaderMap, HeaderValue, header};
use std::fmt::Write;

/// Names one version of an answer.
///
/// Weak, since an answer may leave packed or as it is under the same tag.
#[derive(Clone, Debug)]
pub(crate) struct EntityTag(HeaderValue);

impl EntityTag {
    /// The tag of content with this hash.
    pub(crate) fn new(hash: &[u8]) -> Self {
        let mut tag = String::from("W/\"");
        for byte in hash {
            // Writing to a string cannot fail.
            let _ = write!(tag, "{byte:02x}");
        }
        tag.push('"');
        Self(HeaderValue::from_str(&tag).expect("hexadecimal digits may stand in a header"))
    }

    /// Whether the browser says that it has this version.
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        let ours = opaque(self.0.as_bytes());
        headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .flat_map(|known| known.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .any(|known| known == b"*" || opaque(known) == ours)
    }

    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// The part of a tag that counts when it is compared weakly.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_alone_in_a_list_and_as_a_star() {
        let tag = EntityTag::new(&[0x0a, 0xff]);
        assert_eq!(tag.value(), "W/\"0aff\"");
        let known = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]);
            tag.is_known(&headers)
        };
        for value in ["W/\"0aff\"", "\"0aff\"", "\"00\", W/\"0aff\"", "*"] {
            assert!(known(value), "{value}");
        }
        for value in ["", "\"00\"", "0aff", "W/\"0af\""] {
            assert!(!known(value), "{value}");
        }
        assert!(!tag.is_known(&HeaderMap::new()));
    }
}
