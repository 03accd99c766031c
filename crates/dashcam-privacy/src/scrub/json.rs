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
struct Level {
    is_object: bool,
    /// The key whose value is next.
    key: Option<String>,
    /// What the object says that it is about: `{"name": "DB_PASSWORD", "value": …}`.
    subject: Option<String>,
    /// The option that the list's previous entry was: `["--password", …]`.
    option: Option<String>,
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
fn string(
    search: &mut Search<'_>,
    token: &str,
    is_key: bool,
    levels: &mut [Level],
) -> Option<String> {
    let level = levels.last_mut()?;
    let Some(text) = unescaped(token) else {
        // Lone surrogates are the one thing that JSON allows and a string
        // cannot hold. Such text is looked through as it is written.
        return search.text(token).map(|_| quoted(UNREADABLE));
    };
    if is_key {
        level.key = (text.len() <= MAX_NAME_BYTES).then(|| text.clone().into_owned());
        return search.text(&text).map(|scrubbed| quoted(&scrubbed));
    }
    let name = name_of(level);
    let scrubbed = search.text_named(&text, name.as_deref());
    remember(level, &text);
    scrubbed.map(|scrubbed| quoted(&scrubbed))
}

/// The name that the next value stands under.
fn name_of(level: &Level) -> Option<String> {
    let key = level.key.as_deref();
    let is_value = key.is_some_and(|key| key.eq_ignore_ascii_case("value"));
    let name = match (&level.subject, &level.option) {
        (Some(subject), _) if is_value => Some(subject.as_str()),
        (_, Some(option)) => Some(option.as_str()),
        _ => key,
    };
    name.map(str::to_owned)
}

fn remember(level: &mut Level, text: &str) {
    if level.is_object {
        let key = level.key.take().unwrap_or_default();
        if ["name", "key", "variable"]
            .iter()
            .any(|word| key.eq_ignore_ascii_case(word))
            && text.len() <= MAX_NAME_BYTES
        {
            level.subject = Some(text.to_owned());
        }
    } else {
        level.option =
            (text.starts_with('-') && text.len() <= MAX_NAME_BYTES && rules::is_option(text))
                .then(|| text.to_owned());
    }
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
