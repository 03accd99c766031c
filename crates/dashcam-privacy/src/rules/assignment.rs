//! Values under a name: `NAME=value`, `"name": "value"`, `--name value`,
//! `Name: value`, `<name>value</name>`, and a name and its value side by side.

use super::names::{NameKind, classify, is_password};
use super::values::{Written, is_secret, is_telling};
use super::{Finding, window};
use std::ops::Range;

/// How far a name reaches to either side of the word in it.
const NAME_BYTES: usize = 64;
/// How long a value is looked at.
const VALUE_BYTES: usize = 2048;
/// The longest bare value.
const BARE_BYTES: usize = 512;

/// What stands before a value.
const SCHEMES: &[&str] = &[
    "Bearer ",
    "bearer ",
    "Basic ",
    "basic ",
    "Token ",
    "token ",
    "ApiKey ",
    "Digest ",
    "SSWS ",
    "GenieKey ",
    "Apikey ",
    "DSN ",
];

/// The value of the name in which this word stands. `seen` is the end of the
/// last name that was looked at, since a name may hold several words.
pub(super) fn find(text: &str, word: Range<usize>, seen: &mut usize) -> Option<Finding> {
    if word.start < *seen {
        return None;
    }
    let bytes = text.as_bytes();
    // `sig=` has its sign in it.
    let word_end = word.end - usize::from(bytes[word.end - 1] == b'=');
    let end = word_end
        + bytes[word_end..]
            .iter()
            .take(NAME_BYTES)
            .take_while(|byte| is_name_byte(**byte))
            .count();
    // Most words stand in prose, or in code that assigns nothing: they are
    // done with here.
    let next = *bytes.get(end)?;
    if !matches!(
        next,
        b'=' | b':'
            | b'"'
            | b'\''
            | b' '
            | b'\t'
            | b'>'
            | b'\\'
            | b'`'
            | b'('
            | b'|'
            | b'%'
            | b'?'
            | b'!'
            | b'&'
            | b'\n'
            | b'\r'
            | b']'
            | b'<'
            | b','
    ) {
        *seen = end;
        return None;
    }
    let start = name_start(bytes, word.start);
    *seen = end;
    // The commonest word of all says nothing by itself.
    if start == word.start && bytes[start].eq_ignore_ascii_case(&b'k') && end - start == "key".len()
    {
        return None;
    }
    // Addresses have their own rule: `//x-access-token:…@host`.
    if bytes[..start].ends_with(b"//") {
        return None;
    }
    let name = text.get(start..end)?.trim_end_matches(['-', '.']);
    let kind = classify(name);
    if kind == NameKind::Plain {
        return None;
    }
    let place = Place {
        name,
        kind,
        is_flag: name.starts_with('-'),
        in_query: start > 0 && matches!(bytes[start - 1], b'?' | b'&' | b';'),
        in_tag: start > 0 && bytes[start - 1] == b'<',
        at_line_start: is_line_start(bytes, start),
        is_variable: name.bytes().all(|byte| !byte.is_ascii_lowercase()),
    };
    let Value {
        range,
        written,
        is_sure,
    } = value(text, end, &place)?;
    let found = &text[range.clone()];
    let is_likely = is_sure || (is_telling(found) && found.bytes().any(|b| b.is_ascii_digit()));
    if !is_likely {
        return None;
    }
    is_secret(found, kind, written, is_password(name)).then(|| Finding {
        range,
        kind: label(name),
        specific: false,
    })
}

/// A whole value that stands under a name in JSON.
pub(crate) fn value_under(name: &str, value: &str) -> Option<Finding> {
    // Most names are of something else, which this tells quickly.
    if value.len() < super::MIN_SECRET_BYTES || !super::has_anchor(name) {
        return None;
    }
    let kind = classify(name);
    if kind == NameKind::Plain {
        return None;
    }
    let inner = value.trim();
    let scheme = SCHEMES.iter().find(|scheme| inner.starts_with(**scheme));
    let inner = &inner[scheme.map_or(0, |scheme| scheme.len())..];
    let start = value.len() - value.trim_start().len() + scheme.map_or(0, |scheme| scheme.len());
    let password = is_password(name);
    let written = if password {
        Written::Setting
    } else {
        Written::Quoted
    };
    (inner.len() <= VALUE_BYTES && is_secret(inner, kind, written, password)).then(|| Finding {
        range: start..start + inner.len(),
        kind: label(name),
        specific: false,
    })
}

/// What a value under this name is called.
fn label(name: &str) -> &'static str {
    let lower = name.to_ascii_lowercase();
    if is_password(name) {
        "password"
    } else if lower.ends_with("token") || lower.ends_with("auth") || lower.ends_with("pat") {
        "token"
    } else if lower.contains("key") {
        "key"
    } else {
        "secret"
    }
}

/// A name and where it stands.
struct Place<'a> {
    name: &'a str,
    kind: NameKind,
    is_flag: bool,
    in_query: bool,
    in_tag: bool,
    at_line_start: bool,
    is_variable: bool,
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn name_start(bytes: &[u8], word: usize) -> usize {
    let mut start = word;
    let least = word.saturating_sub(NAME_BYTES);
    while start > least && is_name_byte(bytes[start - 1]) {
        // The letter of `\n` is no letter of the name.
        let is_escape = start >= 2
            && bytes[start - 2] == b'\\'
            && matches!(bytes[start - 1], b'n' | b't' | b'r');
        if is_escape {
            break;
        }
        start -= 1;
    }
    start
}

/// Whether a line begins here, but for what marks lines of diffs, lists,
/// listings with numbers, and shells.
fn is_line_start(bytes: &[u8], start: usize) -> bool {
    let mut at = start;
    let least = start.saturating_sub(24);
    while at > least {
        let byte = bytes[at - 1];
        if byte == b'\n' || (byte == b'n' && at >= 2 && bytes[at - 2] == b'\\') {
            return true;
        }
        let is_mark = byte.is_ascii_digit()
            || !byte.is_ascii()
            || matches!(
                byte,
                b' ' | b'\t' | b'+' | b'-' | b'|' | b'>' | b'$' | b':' | b'"' | b'\''
            );
        let is_export = bytes[..at].ends_with(b"export") || bytes[..at].ends_with(b"ENV");
        if is_export {
            at = at.saturating_sub(3);
            continue;
        }
        let in_export = bytes[..at].ends_with(b"exp") || bytes[..at].ends_with(b"set");
        if !is_mark && !in_export {
            return false;
        }
        at -= if in_export { 3 } else { 1 };
    }
    at == 0
}

/// What stands after a name.
struct Value {
    range: Range<usize>,
    written: Written,
    /// Whether a sign assigns it to the name. In lists and tables, names
    /// stand side by side as well.
    is_sure: bool,
}

/// The value after a name that ends here.
fn value(text: &str, name_end: usize, place: &Place<'_>) -> Option<Value> {
    let bytes = text.as_bytes();
    let (mut at, closed) = skip_closing(text, name_end);
    if place.in_tag && bytes.get(at) == Some(&b'>') {
        let (range, written) = bare(text, at + 1, place, Written::Quoted)?;
        return Some(Value {
            range,
            written,
            is_sure: true,
        });
    }
    let spaced = skip_blanks(bytes, at);
    let rest = window(text, spaced, 32);
    let sign = [
        "===", "!==", "=>", ":=", "==", "!=", "->", "?:", "?=", "=", ":", "%3D", "%3d", "%3A",
        "%3a",
    ]
    .into_iter()
    .find(|sign| rest.starts_with(sign));
    let mut wants_quote = false;
    let mut immediate = false;
    let mut is_sure = true;
    if let Some(sign) = sign {
        at = spaced + sign.len();
        immediate = matches!(sign, "=" | "%3D" | "%3d") && spaced == name_end;
    } else if let Some(length) = value_word(window(text, at, 48)) {
        // `name: DB_PASSWORD` and, on the next line or after a comma, `value: …`
        at += length;
    } else if rest.starts_with('(') || (closed && rest.starts_with(',')) {
        wants_quote = true;
        is_sure = rest.starts_with('(');
        at = spaced + 1;
    } else if rest.starts_with('|') {
        is_sure = false;
        at = spaced + 1;
    } else if place.is_flag && spaced > at {
        at = spaced;
    } else if let Some(word) = ["is ", "was ", "to "]
        .into_iter()
        .find(|word| spaced > at && rest.starts_with(word))
    {
        at = spaced + word.len();
    } else if spaced > at && follows_login(bytes, name_end, place) {
        at = spaced;
    } else if spaced > at
        && !closed
        && rest.starts_with(['\'', '"'])
        && (is_password(place.name) || place.is_variable)
    {
        // `ALTER USER app WITH PASSWORD '…'`, `setx API_KEY "…"`
        wants_quote = true;
        at = spaced;
    } else {
        return None;
    }
    at = skip_blanks(bytes, at);
    // A line break only before a quote, as in printed JSON.
    let broken = at
        + bytes[at..]
            .iter()
            .take(32)
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
    if matches!(bytes.get(broken), Some(b'"' | b'\'')) {
        at = broken;
    }
    at = skip_type(text, at);
    at = skip_scheme(text, at);
    if let Some(found) = quoted(text, at) {
        let written = if (immediate && (place.is_variable || place.at_line_start)) || place.is_flag
        {
            Written::Setting
        } else {
            Written::Quoted
        };
        return Some(Value {
            range: found,
            written,
            is_sure,
        });
    }
    if wants_quote {
        return None;
    }
    let is_setting = immediate && (place.is_variable || place.at_line_start) || place.is_flag;
    let written = if is_setting {
        Written::Setting
    } else if place.in_query || follows_login(bytes, name_end, place) {
        Written::Quoted
    } else {
        Written::Bare
    };
    let (range, written) = bare(text, at, place, written)?;
    Some(Value {
        range,
        written,
        is_sure,
    })
}

fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    at + bytes[at.min(bytes.len())..]
        .iter()
        .take(40)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

/// The quote that ends a quoted name, and the bracket of `config["name"]`.
fn skip_closing(text: &str, at: usize) -> (usize, bool) {
    let rest = window(text, at, 12);
    let quote = ["\\\\\\\"", "\\\"", "&quot;", "%22", "\"", "'", "`"]
        .into_iter()
        .find(|quote| rest.starts_with(quote))
        .map_or(0, str::len);
    let bracket = usize::from(rest[quote..].starts_with(']'));
    (at + quote + bracket, quote > 0)
}

/// The length of what leads from a name to `value`.
fn value_word(rest: &str) -> Option<usize> {
    let start =
        rest.find(|byte: char| !matches!(byte, ',' | '\n' | '\r' | ' ' | '\t' | '"' | '\\'))?;
    if start == 0 {
        return None;
    }
    let word = rest[start..].get(..5)?;
    if !word.eq_ignore_ascii_case("value") {
        return None;
    }
    let after = &rest[start + 5..];
    let sign = after.find(|byte: char| !matches!(byte, '"' | '\\' | ' '))?;
    after[sign..]
        .starts_with([':', '='])
        .then_some(start + 5 + sign + 1)
}

/// Whether the name stands in a line of a `.netrc`: `login ann password …`.
fn follows_login(bytes: &[u8], name_end: usize, place: &Place<'_>) -> bool {
    // Settings of Redis have no sign either.
    if matches!(place.name, "requirepass" | "masterauth") {
        return true;
    }
    if place.name != "password" {
        return false;
    }
    let start = name_end - place.name.len();
    let before = &bytes[start.saturating_sub(160)..start];
    memchr::memmem::rfind(before, b"login ").is_some()
        || memchr::memmem::rfind(before, b"machine ").is_some()
}

/// Past a type between name and value: `password: str = "…"`.
fn skip_type(text: &str, at: usize) -> usize {
    let rest = window(text, at, 48);
    let name = rest
        .find(|byte: char| !(byte.is_ascii_alphanumeric() || "_&<>[]| .'?".contains(byte)))
        .unwrap_or(rest.len());
    let is_type = name > 1
        && rest[name..].starts_with('=')
        && !rest[name..].starts_with("==")
        && rest[..name].ends_with(' ')
        && !rest[..name].trim().contains(' ');
    if is_type {
        skip_blanks(text.as_bytes(), at + name + 1)
    } else {
        at
    }
}

/// Past `Bearer `, and past the letters before a quote: `b"…"`, `f'…'`, `@"…"`.
fn skip_scheme(text: &str, at: usize) -> usize {
    let rest = window(text, at, 16);
    if let Some(scheme) = SCHEMES.iter().find(|scheme| rest.starts_with(**scheme)) {
        return at + scheme.len();
    }
    let letters = rest
        .bytes()
        .take(2)
        .take_while(|byte| b"bBrRfFuU@$".contains(byte))
        .count();
    let is_prefix = letters > 0 && rest[letters..].starts_with(['"', '\'']);
    at + if is_prefix { letters } else { 0 }
}

/// What stands between the quotes that begin here.
fn quoted(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = window(text, at, VALUE_BYTES);
    let quote = [
        "\\\\\\\"", "\\\"", "\\'", "&quot;", "&#34;", "%22", "\"\"\"", "\"", "'", "`", "“",
    ]
    .into_iter()
    .find(|quote| rest.starts_with(quote))?;
    let start = quote.len();
    let closing = if quote == "“" { "”" } else { quote };
    let inner = &rest[start..];
    let first = closing.as_bytes()[0];
    let mut from = 0;
    while let Some(found) = memchr::memchr3(first, b'\n', b'\\', &inner.as_bytes()[from..]) {
        let place = from + found;
        if inner[place..].starts_with(closing) {
            let scheme = SCHEMES
                .iter()
                .find(|scheme| inner[..place].starts_with(**scheme))
                .map_or(0, |scheme| scheme.len());
            let range = at + start + scheme..at + start + place;
            return (!range.is_empty()).then_some(range);
        }
        match inner.as_bytes()[place] {
            b'\n' => return None,
            // An escaped character, unless escapes are what the quotes are made of.
            b'\\' if first != b'\\' => {
                from = place + 1;
                from += inner[from..].chars().next().map_or(0, char::len_utf8);
            }
            _ => from = place + inner[place..].chars().next().map_or(1, char::len_utf8),
        }
        if from >= inner.len() {
            break;
        }
    }
    // The end was cut off: what is there is the value, unless the text goes on.
    (at + start + inner.len() == text.len() && !inner.is_empty())
        .then(|| at + start..at + start + inner.len())
}

/// A value without quotes.
fn bare(
    text: &str,
    at: usize,
    place: &Place<'_>,
    written: Written,
) -> Option<(Range<usize>, Written)> {
    let rest = window(text, at, BARE_BYTES);
    let bytes = rest.as_bytes();
    let is_line = written == Written::Setting && place.at_line_start && !place.is_flag;
    let mut end = 0;
    while end < bytes.len() {
        let byte = bytes[end];
        let ends = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | 0 => true,
            b'<' | b'>' | b',' | b';' | b')' | b']' | b'}' | b'|' => !is_line,
            b'&' | b'#' => place.in_query,
            b'%' => place.in_query && rest[end..].starts_with("%26"),
            b'\\' => bytes
                .get(end + 1)
                .is_none_or(|next| b"nrt\"'\\".contains(next)),
            _ => false,
        };
        if ends {
            break;
        }
        end += 1;
    }
    while end > 0 && matches!(bytes[end - 1], b'.' | b':' | b'!' | b'?' | b',') && !is_line {
        end -= 1;
    }
    // A call, an index, a template: not a value.
    if written == Written::Bare && matches!(bytes.get(end), Some(b'(' | b'[' | b'`')) {
        return None;
    }
    let is_weak_prose = place.kind == NameKind::Weak && bytes.get(end) == Some(&b'(');
    (end > 0 && !is_weak_prose).then_some((at..at + end, written))
}
