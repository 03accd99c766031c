//! Secrets inside JSON that has to stay JSON.
//!
//! Walks the text token by token without building a tree: what holds no
//! secret keeps its bytes, its spaces and its order of keys. Nesting costs a
//! list, not the stack.

use super::Search;
use crate::rules;
use std::borrow::Cow;

/// What stands for a string that cannot be read.
const UNREADABLE: &str = "[redacted:unreadable]";
/// Strings longer than this are no name of anything.
const MAX_NAME_BYTES: usize = 64;

/// Where in a document a string stands.
#[derive(Default)]
struct Level<'a> {
    is_object: bool,
    /// The key whose value is next.
    key: Option<Cow<'a, str>>,
    /// What the object says that it is about: `{"name": "DB_PASSWORD", "value": …}`.
    subject: Option<Cow<'a, str>>,
    /// The option that the list's previous entry was: `["--password", …]`.
    option: Option<Cow<'a, str>>,
}

pub(super) fn scrub(search: &mut Search<'_>, json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut levels = vec![Level::default()];
    let mut out = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at);
                let is_key = levels.last().is_some_and(|level| level.is_object)
                    && next_token(bytes, end) == Some(b':');
                if let Some(replacement) = string(search, &json[at..end], is_key, &mut levels) {
                    out.push_str(&json[copied..at]);
                    out.push_str(&replacement);
                    copied = end;
                }
                at = end;
            }
            b'{' | b'[' => {
                let outer = levels.last_mut().and_then(|level| level.key.take());
                levels.push(Level {
                    is_object: bytes[at] == b'{',
                    // The values of a list are named as the list is.
                    key: outer.filter(|_| bytes[at] == b'['),
                    ..Level::default()
                });
                at += 1;
            }
            b'}' | b']' => {
                if levels.len() > 1 {
                    levels.pop();
                }
                at += 1;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'-' => {
                let length = bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
                    .count();
                if let Some(replacement) = search.scalar(&json[at..at + length]) {
                    out.push_str(&json[copied..at]);
                    out.push_str(&quoted(&replacement));
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&json[copied..]);
    Some(out)
}

/// A string with its quotes; returns what to write instead.
fn string<'a>(
    search: &mut Search<'_>,
    token: &'a str,
    is_key: bool,
    levels: &mut [Level<'a>],
) -> Option<String> {
    let level = levels.last_mut()?;
    let Some(text) = unescaped(token) else {
        // Lone surrogates are the one thing that JSON allows and a string
        // cannot hold. Such text is looked through as it is written.
        return search.text(token).map(|_| quoted(UNREADABLE));
    };
    let scrubbed = if is_key {
        search.text(&text)
    } else {
        search.text_named(&text, name_of(level))
    };
    remember(level, text, is_key);
    scrubbed.map(|scrubbed| quoted(&scrubbed))
}

/// The name that the next value stands under.
fn name_of<'a>(level: &'a Level<'_>) -> Option<&'a str> {
    let key = level.key.as_deref();
    let is_value = key.is_some_and(|key| key.eq_ignore_ascii_case("value"));
    match (&level.subject, &level.option) {
        (Some(subject), _) if is_value => Some(subject),
        (_, Some(option)) => Some(option),
        _ => key,
    }
}

fn remember<'a>(level: &mut Level<'a>, text: Cow<'a, str>, is_key: bool) {
    let is_name = text.len() <= MAX_NAME_BYTES;
    if is_key {
        level.key = is_name.then_some(text);
    } else if level.is_object {
        let key = level.key.take().unwrap_or_default();
        let names = ["name", "key", "variable"];
        if is_name && names.iter().any(|word| key.eq_ignore_ascii_case(word)) {
            level.subject = Some(text);
        }
    } else {
        level.option = (is_name && rules::is_option(&text)).then_some(text);
    }
}

/// Whether there are escapes of characters that are as well written plainly.
pub(super) fn hides_text(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found + 1;
        match bytes.get(at) {
            Some(b'u' | b'/') => return true,
            Some(_) => at += 1,
            None => return false,
        }
    }
    false
}

/// Past the closing quote of the string that begins here.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

fn next_token(bytes: &[u8], at: usize) -> Option<u8> {
    bytes[at..]
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace())
}

fn unescaped(token: &str) -> Option<Cow<'_, str>> {
    let inner = token.get(1..token.len().checked_sub(1)?)?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(token).ok().map(Cow::Owned)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
