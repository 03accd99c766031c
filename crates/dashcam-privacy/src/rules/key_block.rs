//! Private keys in text form, over many lines.
//!
//! The block may be part of a diff, of a listing with line numbers, or of a
//! JSON string with `\n` for line breaks; its beginning or its end may be
//! missing because a tool showed only a part of the file.

use super::{Finding, window};
use std::ops::Range;

/// The longest block: an RSA key of 16384 bits has 13 kB.
const BLOCK_BYTES: usize = 32 << 10;
/// The fewest characters of a line of a key.
const LINE_BYTES: usize = 16;
const KIND: &str = "private-key";

/// What earlier anchors of the text have shown.
#[derive(Default)]
pub(super) struct Seen {
    /// Up to here, everything that is part of a key has been found.
    until: usize,
    /// Up to here, there is no end of a block.
    no_end_until: usize,
}

/// The block that this anchor is part of.
pub(super) fn find(text: &str, anchor: Range<usize>, seen: &mut Seen) -> Option<Finding> {
    if anchor.start < seen.until {
        return None;
    }
    let before = &text[text.floor_char_boundary(anchor.start.saturating_sub(40))..anchor.start];
    let range = if let Some(begin) = before.rfind("-----BEGIN ") {
        let start = anchor.start - (before.len() - begin);
        start..block_end(text, anchor.end, seen)
    } else if let Some(end) = before.rfind("-----END ") {
        let end = anchor.start - (before.len() - end);
        block_start(text, end, seen.until)?..past_dashes(text, anchor.end)
    } else if text[anchor.clone()].starts_with("PRIVATE") {
        return None;
    } else {
        // The body of a key without its first line.
        anchor.start..block_end(text, anchor.end, seen)
    };
    seen.until = range.end;
    // Code that only names the mark of a block is none.
    if !has_key(&text[range.clone()]) {
        return None;
    }
    Some(Finding {
        range,
        kind: KIND,
        specific: true,
    })
}

/// Whether anything in a block may be a key.
fn has_key(block: &str) -> bool {
    block
        .split(|byte: char| !(byte.is_ascii_alphanumeric() || matches!(byte, '+' | '/')))
        .any(|run| run.len() >= LINE_BYTES)
}

/// Where the block ends: past its last line, or past what looks like its lines.
fn block_end(text: &str, from: usize, seen: &mut Seen) -> usize {
    let rest = window(text, from, BLOCK_BYTES);
    if from >= seen.no_end_until {
        let end = memchr::memmem::find_iter(rest.as_bytes(), "-----END ").next();
        if let Some(end) = end {
            let label = window(text, from + end + "-----END ".len(), 48);
            let label_end = label.find("KEY").map_or(0, |at| at + "KEY".len());
            return past_dashes(text, from + end + "-----END ".len() + label_end);
        }
        seen.no_end_until = from + rest.len();
    }
    let mut end = from;
    for line in lines(rest) {
        let body = body(&rest[line.clone()]);
        let is_header = body.contains(": ") && body.len() < 80;
        let is_first = line.start == 0;
        if !(is_first || body.is_empty() || is_header || is_key_line(body)) {
            break;
        }
        if is_first || !body.is_empty() {
            end = from + line.end;
        }
    }
    end
}

/// Where the lines begin that look like a key and stand before its end.
fn block_start(text: &str, end: usize, least: usize) -> Option<usize> {
    let least = least.max(end.saturating_sub(BLOCK_BYTES));
    // The end's own line, up to its mark, is the first to be passed over.
    let mut line = line_before(text, end, least)?;
    let mut start = None;
    while let Some(before) = line.start.checked_sub(1).filter(|before| *before > least) {
        let Some(previous) = line_before(text, separator(text, before), least) else {
            break;
        };
        let body = body(text.get(previous.clone())?);
        let is_last = start.is_none() && body.len() >= 2 && is_base64(body);
        if !(is_key_line(body) || is_last) {
            break;
        }
        start = Some(previous.start);
        line = previous;
    }
    start
}

/// Where the line break begins whose last byte stands here.
fn separator(text: &str, last: usize) -> usize {
    ["\\r\\n", "\\\\n", "\\n", "\n"]
        .iter()
        .find(|mark| text.get(..=last).is_some_and(|text| text.ends_with(**mark)))
        .map_or(last, |mark| last + 1 - mark.len())
}

/// The line that ends here; `None` if it is longer than any line of a key.
fn line_before(text: &str, end: usize, least: usize) -> Option<Range<usize>> {
    const MOST: usize = 400;
    let from = text.floor_char_boundary(end.saturating_sub(MOST).max(least));
    let window = text.get(from..end)?;
    let plain = memchr::memrchr(b'\n', window.as_bytes()).map(|at| at + 1);
    let escaped = memchr::memmem::rfind(window.as_bytes(), b"\\n").map(|at| at + 2);
    match plain.max(escaped) {
        Some(start) => Some(from + start..end),
        None if from == least || from == 0 => Some(from..end),
        None => None,
    }
}

fn past_dashes(text: &str, at: usize) -> usize {
    let rest = window(text, at, 32);
    let label = if rest.starts_with(" BLOCK") { 6 } else { 0 };
    at + label
        + rest[label..]
            .bytes()
            .take(5)
            .take_while(|byte| *byte == b'-')
            .count()
}

/// Lines, parted by a line break or by an escaped one.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let mut at = from;
        while let Some(found) = memchr::memchr2(b'\n', b'\\', &bytes[at..]) {
            at += found;
            let length = match &bytes[at..] {
                [b'\n', ..] => 1,
                [b'\\', b'r', b'\\', b'n', ..] => 4,
                [b'\\', b'\\', b'n', ..] => 3,
                [b'\\', b'n', ..] => 2,
                _ => {
                    at += 1;
                    continue;
                }
            };
            let line = from..at;
            from = at + length;
            return Some(line);
        }
        done = true;
        Some(from..bytes.len())
    })
}

/// A line without the marks of diffs, listings and quotes around it.
fn body(line: &str) -> &str {
    let line = line.trim_start_matches(|mark: char| {
        mark.is_whitespace() || matches!(mark, '+' | '-' | '>' | '|' | '"' | '\'')
    });
    // Listings put the line's number before it, then a tab, an arrow or a colon.
    let digits = line.len()
        - line
            .trim_start_matches(|mark: char| mark.is_ascii_digit())
            .len();
    let numbered = line[digits..]
        .strip_prefix(['\t', '→', ':', '|'])
        .filter(|_| digits > 0)
        .map_or(line, str::trim_start);
    numbered.trim_end_matches(|mark: char| {
        mark.is_whitespace() || matches!(mark, '"' | '\'' | '+' | ',' | '\\')
    })
}

fn is_key_line(line: &str) -> bool {
    line.len() >= LINE_BYTES && is_base64(line)
}

fn is_base64(line: &str) -> bool {
    line.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}
