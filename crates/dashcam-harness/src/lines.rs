//! The lines of a JSONL file: where each stands, and what is wrong with it.
//!
//! Lines end at `\n` and nowhere else: JSON strings may hold U+2028 and other
//! characters that some readers take for line ends. A line that cannot be read
//! costs only itself.

use crate::Decoded;
use dashcam_trace::{Problem, ProblemKind};
use memchr::{memchr, memmem};
use serde::Deserialize;
use std::borrow::Cow;

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Where it begins in the file, in bytes.
    pub(crate) offset: u64,
    /// Its content without line end.
    pub(crate) bytes: &'a [u8],
    /// Whether it had a line end. Only a file's last line may have none: its
    /// writer may still be writing it.
    pub(crate) terminated: bool,
}

impl<'a> Line<'a> {
    /// Whether there is nothing in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    /// Parses the line, or says why it could not.
    pub(crate) fn parse<T: Deserialize<'a>>(&self) -> Result<T, LineError> {
        let text = std::str::from_utf8(self.bytes).map_err(|error| LineError {
            kind: self.unreadable_kind(),
            message: format!("not UTF-8 from byte {} of the line on", error.valid_up_to()),
        })?;
        serde_json::from_str(text).map_err(|error| LineError {
            kind: if error.is_data() {
                ProblemKind::UnexpectedShape
            } else {
                self.unreadable_kind()
            },
            message: error.to_string(),
        })
    }

    /// Parses the line; if that fails, notes the problem.
    pub(crate) fn parse_or_note<T: Deserialize<'a>>(
        &self,
        file: &str,
        decoded: &mut Decoded,
    ) -> Option<T> {
        match self.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                decoded.problem(self.problem(file, error.kind, error.message));
                None
            }
        }
    }

    /// A problem with this line.
    pub(crate) fn problem(
        &self,
        file: &str,
        kind: ProblemKind,
        message: impl Into<String>,
    ) -> Problem {
        Problem {
            kind,
            file: file.to_owned(),
            line: Some(self.number),
            message: message.into(),
        }
    }

    fn unreadable_kind(&self) -> ProblemKind {
        if self.terminated {
            ProblemKind::MalformedLine
        } else {
            ProblemKind::PartialLine
        }
    }
}

/// Why a line could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineError {
    /// Not JSON, not complete, or JSON of another shape.
    pub(crate) kind: ProblemKind,
    /// What the parser says.
    pub(crate) message: String,
}

/// The lines of a file, blank ones included.
pub(crate) fn lines(bytes: &[u8]) -> Lines<'_> {
    let offset = if bytes.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    Lines {
        bytes,
        offset,
        number: 0,
    }
}

/// Iterates over the lines of a file.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
    number: u64,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = &self.bytes[self.offset..];
        if rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', rest);
        let content = &rest[..end.unwrap_or(rest.len())];
        self.number += 1;
        let line = Line {
            number: self.number,
            offset: self.offset as u64,
            bytes: content.strip_suffix(b"\r").unwrap_or(content),
            terminated: end.is_some(),
        };
        self.offset += content.len() + usize::from(end.is_some());
        Some(line)
    }
}

/// Replaces escapes of half a surrogate pair by the replacement character.
///
/// JavaScript cuts strings between the halves of a pair and writes what is
/// left as `\ud83d`; no Rust string can hold that, so the parser would refuse
/// the whole line. The repaired text is as long as the original: line offsets
/// stay true.
pub(crate) fn repair_surrogates(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut lone = Vec::new();
    let mut skip_until = 0;
    for at in memmem::find_iter(bytes, br"\u") {
        if at < skip_until || preceded_by_backslash(bytes, at) {
            continue;
        }
        match escape_at(bytes, at) {
            Some(0xD800..=0xDBFF) if matches!(escape_at(bytes, at + 6), Some(0xDC00..=0xDFFF)) => {
                skip_until = at + 12;
            }
            Some(0xD800..=0xDFFF) => lone.push(at),
            _ => {}
        }
    }
    if lone.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut repaired = bytes.to_vec();
    for at in lone {
        repaired[at..at + 6].copy_from_slice(br"\ufffd");
    }
    Cow::Owned(repaired)
}

/// Whether the backslash at `at` is itself escaped.
fn preceded_by_backslash(bytes: &[u8], at: usize) -> bool {
    bytes[..at]
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
        % 2
        == 1
}

/// The code unit that the escape at `at` stands for.
fn escape_at(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(br"\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Vec<Result<serde_json::Value, ProblemKind>> {
        lines(bytes)
            .map(|line| line.parse().map_err(|error| error.kind))
            .collect()
    }

    #[test]
    fn lines_know_their_place() {
        let found: Vec<_> = lines(b"\xEF\xBB\xBF{}\r\n\n[1]").collect();
        assert_eq!(found.len(), 3);
        assert_eq!(
            (found[0].number, found[0].offset, found[0].bytes),
            (1, 3, &b"{}"[..])
        );
        assert!(found[1].is_blank());
        assert_eq!(
            (found[2].number, found[2].offset, found[2].bytes),
            (3, 8, &b"[1]"[..])
        );
        assert!(found[1].terminated && !found[2].terminated);
    }

    #[test]
    fn only_a_newline_ends_a_line() {
        assert_eq!(lines("\"a\u{2028}b\u{85}c\"\n".as_bytes()).count(), 1);
        assert_eq!(lines(b"").count(), 0);
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        let parsed = parse(b"{}\n\0\0\0\n\"\xFF\"\nnope\n{}\n{\"a\":");
        assert_eq!(parsed[0], Ok(serde_json::json!({})));
        assert_eq!(parsed[1..4], [const { Err(ProblemKind::MalformedLine) }; 3]);
        assert_eq!(parsed[4], Ok(serde_json::json!({})));
        assert_eq!(parsed[5], Err(ProblemKind::PartialLine));
    }

    #[test]
    fn a_whole_last_line_without_end_is_read() {
        assert_eq!(parse(b"{}"), [Ok(serde_json::json!({}))]);
    }

    #[test]
    fn json_of_another_shape_is_not_called_malformed() {
        let line = lines(b"[1]\n").next().unwrap();
        let error = line
            .parse::<std::collections::BTreeMap<String, u64>>()
            .unwrap_err();
        assert_eq!(error.kind, ProblemKind::UnexpectedShape);
    }

    #[test]
    fn half_a_surrogate_pair_is_repaired_in_place() {
        let text = br#"{"a":"\ud83d","b":"\ud83d\ude00","c":"\\ud83d","d":"\udE00!","e":"\u00e9"}"#;
        let repaired = repair_surrogates(text);
        assert_eq!(repaired.len(), text.len());
        let value: serde_json::Value = serde_json::from_slice(&repaired).unwrap();
        let expected = serde_json::json!({
            "a": "\u{fffd}", "b": "😀", "c": "\\ud83d", "d": "\u{fffd}!", "e": "é"
        });
        assert_eq!(value, expected);
        assert!(matches!(
            repair_surrogates(br#""\ud83d\ude00""#),
            Cow::Borrowed(_)
        ));
    }
}
