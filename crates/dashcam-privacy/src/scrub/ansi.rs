//! Terminal control sequences, which may stand in the middle of a secret.
//!
//! `grep --color` paints what it found, so a token comes out as
//! `gh<ESC>[01;31mp_…`. Sequences are also met in escaped form, where a tool
//! printed JSON or a shell script: `\u001b[31m`, `\x1b[31m`, `\033[31m`, `\e[31m`.

use super::Clean;
use memchr::{memchr, memmem};

const ESCAPED: [&[u8]; 6] = [
    b"\\u001b[",
    b"\\u001B[",
    b"\\x1b[",
    b"\\x1B[",
    b"\\033[",
    b"\\e[",
];

/// The text without control sequences; `None` if it has none.
pub(super) fn strip(text: &str) -> Option<Clean> {
    let bytes = text.as_bytes();
    let has_real = memchr(0x1b, bytes).is_some();
    let has_escaped = !has_real
        && memchr(b'\\', bytes).is_some()
        && ESCAPED
            .iter()
            .any(|escaped| memmem::find(bytes, escaped).is_some());
    if !has_real && !has_escaped {
        return None;
    }
    let mut clean = Clean {
        text: String::with_capacity(text.len()),
        pieces: Vec::new(),
    };
    let (mut at, mut piece) = (0, 0);
    while at < bytes.len() {
        let length = match bytes[at] {
            0x1b => sequence(&bytes[at..]),
            b'\\' => escaped_sequence(&bytes[at..]),
            _ => 0,
        };
        if length == 0 {
            at += 1;
            continue;
        }
        if piece < at {
            clean.pieces.push((clean.text.len(), piece));
            clean.text.push_str(&text[piece..at]);
        }
        at += length;
        piece = at;
    }
    if piece < bytes.len() || clean.pieces.is_empty() {
        clean.pieces.push((clean.text.len(), piece));
        clean.text.push_str(&text[piece..]);
    }
    Some(clean)
}

/// The length of the control sequence that begins with this escape.
fn sequence(bytes: &[u8]) -> usize {
    match bytes.get(1) {
        Some(b'[') => 2 + parameters(&bytes[2..]),
        // A title or a link: until BEL or ESC \. What has no end is the
        // escape alone.
        Some(b']') => {
            let end = bytes
                .iter()
                .take(4096)
                .skip(2)
                .position(|byte| matches!(byte, 0x07 | 0x1b))
                .map(|position| position + 2);
            match end {
                Some(end) if bytes[end] == 0x07 => end + 1,
                Some(end) if bytes.get(end + 1) == Some(&b'\\') => end + 2,
                _ => 1,
            }
        }
        Some(b'(' | b')') if bytes.get(2).is_some_and(u8::is_ascii) => 3,
        Some(byte) if byte.is_ascii_graphic() => 2,
        _ => 1,
    }
}

fn escaped_sequence(bytes: &[u8]) -> usize {
    ESCAPED
        .iter()
        .find(|escaped| bytes.starts_with(escaped))
        .map_or(0, |escaped| {
            escaped.len() + parameters(&bytes[escaped.len()..])
        })
}

/// The length of a control sequence's parameters and its final letter.
fn parameters(bytes: &[u8]) -> usize {
    let length = bytes
        .iter()
        .take(64)
        .take_while(|byte| matches!(byte, 0x20..=0x3f))
        .count();
    length
        + usize::from(
            bytes
                .get(length)
                .is_some_and(|byte| matches!(byte, 0x40..=0x7e)),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_taken_out_and_ranges_lead_back() {
        let text = "a\x1b[01;31mgh\x1b[0mp_x\x1b]0;title\x07 \\u001b[1mz";
        let clean = strip(text).unwrap();
        assert_eq!(clean.text, "aghp_x z");
        let range = clean.original(&(1..6));
        assert_eq!(&text[range], "gh\x1b[0mp_x");
        assert_eq!(clean.original(&(0..1)), 0..1);
        assert_eq!(clean.original(&(7..8)), text.len() - 1..text.len());
    }

    #[test]
    fn text_without_sequences_is_not_copied() {
        assert!(strip("plain \\n text [31m").is_none());
    }

    #[test]
    fn broken_sequences_do_no_harm() {
        for text in [
            "\x1b",
            "\x1b[",
            "a\x1b]never ends",
            "\x1bé",
            "\x1b(é",
            "\x1b[31",
        ] {
            let clean = strip(text).unwrap();
            assert!(clean.text.len() <= text.len());
        }
    }
}
