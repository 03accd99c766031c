//! What a word is: for the index and for queries alike.
//!
//! A word is a run of letters, digits and `_`, lower-cased. An identifier of
//! several parts (`snake_case`, `camelCase`) is also found by each part.

use rustc_hash::{FxHashSet, FxHasher};
use std::borrow::Cow;
use std::hash::Hasher;

/// Longer words are no words: hashes, encoded bytes.
pub(super) const LONGEST: usize = 64;
/// The most distinct words that are kept of one field of a turn.
const MOST_WORDS: usize = 30_000;

/// Whether an ASCII byte belongs to a word.
const WORD_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let ascii = byte as u8;
        // Bytes of other scripts are looked at as characters.
        table[byte] = ascii.is_ascii_alphanumeric() || ascii == b'_' || byte >= 128;
        byte += 1;
    }
    table
};

/// Calls `visit` with each word of a text as it stands there, and where it
/// begins.
pub(super) fn for_each_word<'t>(text: &'t str, mut visit: impl FnMut(usize, &'t str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        while at < bytes.len() && !WORD_BYTES[usize::from(bytes[at])] {
            at += 1;
        }
        let start = at;
        let mut ascii = true;
        while at < bytes.len() && WORD_BYTES[usize::from(bytes[at])] {
            ascii &= bytes[at] < 128;
            at += 1;
        }
        if ascii {
            if start < at {
                visit(start, &text[start..at]);
            }
        } else {
            // Runs end at ASCII bytes only, so both ends lie between characters.
            for_each_wide_word(&text[start..at], |offset, word| visit(start + offset, word));
        }
    }
}

fn for_each_wide_word<'t>(run: &'t str, mut visit: impl FnMut(usize, &'t str)) {
    let mut start = None;
    for (at, character) in run.char_indices() {
        match (character.is_alphanumeric() || character == '_', start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                visit(from, &run[from..at]);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        visit(from, &run[from..]);
    }
}

/// Calls `visit` with each part of an identifier of several parts, and where
/// it begins in the word. A word of one part has none.
pub(super) fn for_each_part<'t>(word: &'t str, mut visit: impl FnMut(usize, &'t str)) {
    let bytes = word.as_bytes();
    let mut start = 0;
    let mut tell = |from: usize, to: usize| {
        // What is left of `_` alone, or one letter, finds too much.
        if to - from > 1 && to - from < word.len() {
            visit(from, &word[from..to]);
        }
    };
    for at in 0..bytes.len() {
        let byte = bytes[at];
        if byte == b'_' {
            tell(start, at);
            start = at + 1;
        } else if byte.is_ascii_uppercase() && at > start {
            let before = bytes[at - 1];
            let after = bytes.get(at + 1).copied().unwrap_or_default();
            // `fooBar`, and the last capital of `HTTPServer`.
            if before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && after.is_ascii_lowercase())
            {
                tell(start, at);
                start = at;
            }
        }
    }
    tell(start, bytes.len());
}

/// A word as the index has it.
pub(super) fn folded(word: &str) -> Cow<'_, str> {
    if !word.is_ascii() {
        Cow::Owned(word.to_lowercase())
    } else if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(word.to_ascii_lowercase())
    } else {
        Cow::Borrowed(word)
    }
}

/// Gathers the distinct words of a text, with spaces between them.
#[derive(Default)]
pub(super) struct DistinctWords {
    /// Hashes of words as they stand in the text: most come again and again.
    seen: FxHashSet<u64>,
    words: FxHashSet<u64>,
    text: String,
}

impl DistinctWords {
    /// Adds the words of a text.
    pub(super) fn add(&mut self, text: &str) {
        for_each_word(text, |_, word| {
            if word.len() <= LONGEST
                && self.seen.insert(hash(word))
                && self.words.len() < MOST_WORDS
            {
                self.keep(word);
                for_each_part(word, |_, part| self.keep(part));
            }
        });
    }

    fn keep(&mut self, word: &str) {
        let start = self.text.len();
        if word.is_ascii() {
            self.text.push_str(word);
            self.text[start..].make_ascii_lowercase();
        } else {
            self.text.push_str(&word.to_lowercase());
        }
        if self.words.insert(hash(&self.text[start..])) {
            self.text.push(' ');
        } else {
            self.text.truncate(start);
        }
    }

    /// The words gathered; begins anew.
    pub(super) fn take(&mut self) -> String {
        self.seen.clear();
        self.words.clear();
        std::mem::take(&mut self.text)
    }
}

/// Two of a few thousand words share 64 bits about never, and would only cost
/// one of them its place in the index of one turn.
fn hash(word: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(word.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = DistinctWords::default();
        words.add(text);
        words.take().split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn identifiers_are_found_whole_and_by_their_parts() {
        assert_eq!(
            words("max_page_count"),
            ["max_page_count", "max", "page", "count"]
        );
        assert_eq!(
            words("parseHTTPServer2"),
            ["parsehttpserver2", "parse", "http", "server2"]
        );
        assert_eq!(words("src/lib.rs"), ["src", "lib", "rs"]);
    }

    #[test]
    fn each_word_is_kept_once() {
        assert_eq!(words("Run run RUN, re-run"), ["run", "re"]);
    }

    #[test]
    fn other_scripts_have_words_too() {
        assert_eq!(
            words("Straße—ÄRGER 日本語。テスト"),
            ["straße", "ärger", "日本語", "テスト"]
        );
    }

    #[test]
    fn what_is_too_long_is_no_word() {
        assert!(words(&"a1".repeat(40)).is_empty());
        assert_eq!(words("__"), ["__"]);
    }

    #[test]
    fn words_begin_where_they_stand() {
        let mut places = Vec::new();
        for_each_word("a — bß c", |at, word| places.push((at, word)));
        assert_eq!(places, [(0, "a"), (6, "bß"), (10, "c")]);
    }
}
