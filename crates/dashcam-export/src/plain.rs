//! Transcript text without anything that a terminal would obey.

use std::borrow::Cow;

/// The text without escape sequences, control characters (but newline and
/// tab) and the marks that turn the direction of writing.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_removed) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find(is_removed) {
        kept.push_str(&rest[..position]);
        rest = &rest[position..];
        rest = &rest[removed_length(rest)..];
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// [`plain`], on one line.
pub(crate) fn plain_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in plain(text).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

fn is_removed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        _ => character.is_control() || is_deceptive(character),
    }
}

/// Marks that turn the direction of writing, which can make text read as
/// something that it is not, and separators at which some programs break lines.
pub(crate) const fn is_deceptive(character: char) -> bool {
    matches!(
        character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// How many bytes to drop at the beginning of `text`, which starts with a
/// removed character.
fn removed_length(text: &str) -> usize {
    let mut characters = text.chars();
    let first = characters.next();
    let rest = characters.as_str();
    let first_length = text.len() - rest.len();
    match first {
        Some('\u{1b}') => first_length + escape_length(rest),
        Some('\u{9b}') => first_length + control_sequence_length(rest),
        Some('\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}') => {
            first_length + string_length(rest)
        }
        _ => first_length,
    }
}

/// The length of what follows an escape character.
fn escape_length(rest: &str) -> usize {
    match rest.as_bytes().first() {
        Some(b'[') => 1 + control_sequence_length(&rest[1..]),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => 1 + string_length(&rest[1..]),
        // Character sets and the like: intermediates, then one final byte.
        Some(0x20..=0x2f) => {
            let intermediates = rest
                .bytes()
                .take_while(|byte| (0x20..=0x2f).contains(byte))
                .count();
            let has_final = rest
                .as_bytes()
                .get(intermediates)
                .is_some_and(u8::is_ascii_graphic);
            intermediates + usize::from(has_final)
        }
        Some(0x30..=0x7e) => 1,
        _ => 0,
    }
}

/// Parameters and intermediates up to the final byte of a control sequence.
fn control_sequence_length(rest: &str) -> usize {
    let parameters = rest
        .bytes()
        .take_while(|byte| (0x20..=0x3f).contains(byte))
        .count();
    let has_final = rest
        .as_bytes()
        .get(parameters)
        .is_some_and(|byte| (0x40..=0x7e).contains(byte));
    parameters + usize::from(has_final)
}

/// A string (window title, link, …) up to its terminator. One without an end
/// on its line loses only its introducer, so that it cannot swallow the text.
fn string_length(rest: &str) -> usize {
    let line = rest.split('\n').next().unwrap_or(rest);
    let ends = ["\u{7}", "\u{1b}\\", "\u{9c}"];
    ends.iter()
        .filter_map(|end| line.find(end).map(|position| position + end.len()))
        .min()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_leave_no_trace() {
        let cases = [
            ("plain\n\ttext é 漢", "plain\n\ttext é 漢"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{9b}31mred", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;never ended\nnext", "0;never ended\nnext"),
            ("\u{1b}(Bascii", "ascii"),
            ("\u{1b}7saved", "saved"),
            ("a\r\nb\u{8}\u{7f}", "a\nb"),
            ("end\u{1b}", "end"),
            ("\u{1b}é", "é"),
            ("\u{1b}[é", "é"),
            ("abc\u{202e}txt.exe", "abctxt.exe"),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_has_no_breaks() {
        assert_eq!(plain_line(" a\n\tb\u{1b}[2J  c "), "a b c");
    }
}
