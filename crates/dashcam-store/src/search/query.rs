//! What a person typed into the search field.

use super::words::{LONGEST, folded, for_each_part, for_each_word};
use crate::StoreError;
use std::borrow::Cow;

/// One thing that must occur, or must not: words that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// The words, as the index has them.
    pub(super) words: Vec<String>,
    /// Whether the last word may go on.
    pub(super) prefix: bool,
    /// Whether an identifier's part is enough.
    pub(super) parts: bool,
}

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// All of these must occur.
    pub(super) wanted: Vec<Term>,
    /// None of these may occur.
    pub(super) unwanted: Vec<Term>,
}

impl Query {
    /// Parses words, `"several words"`, `word*` and `-word`.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let negative =
                rest.starts_with('-') && rest[1..].starts_with(|c: char| !c.is_whitespace());
            let body = if negative { &rest[1..] } else { rest };
            let (piece, quoted, after) = next_piece(body);
            if let Some(term) = Term::parse(piece, quoted) {
                let terms = if negative {
                    &mut query.unwanted
                } else {
                    &mut query.wanted
                };
                if !terms.contains(&term) {
                    terms.push(term);
                }
            }
            rest = after.trim_start();
        }
        if query.wanted.is_empty() {
            return Err(StoreError::EmptySearch(text.to_owned()));
        }
        Ok(query)
    }
}

/// The next piece, whether it stood in quotes, and what follows it. A quote
/// that is never closed goes to the end.
fn next_piece(text: &str) -> (&str, bool, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        return match quoted.split_once('"') {
            Some((piece, after)) => (piece, true, after),
            None => (quoted, true, ""),
        };
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], false, &text[end..])
}

impl Term {
    /// `foo.bar` outside quotes is a phrase too: what stands together is
    /// looked for together.
    fn parse(piece: &str, quoted: bool) -> Option<Self> {
        let mut words = Vec::new();
        for_each_word(piece, |_, word| words.push(folded(word).into_owned()));
        let prefix = piece.ends_with('*');
        if words.is_empty() {
            return None;
        }
        let parts = !quoted && words.len() == 1;
        Some(Self {
            words,
            prefix,
            parts,
        })
    }

    /// The words to look up in the index, and whether each may go on. What is
    /// longer than the index's words is only looked for in the turns.
    pub(super) fn lookups(&self) -> impl Iterator<Item = (&str, bool)> {
        let last = self.words.len() - 1;
        self.words
            .iter()
            .enumerate()
            .filter(|(_, word)| word.len() <= LONGEST)
            .map(move |(place, word)| (word.as_str(), self.prefix && place == last))
    }

    /// Whether a word of a text stands for the term's word at `place`.
    fn is_word(&self, place: usize, word: &str) -> bool {
        let wanted = &self.words[place];
        if self.prefix && place + 1 == self.words.len() {
            word.starts_with(wanted.as_str())
        } else {
            word == wanted
        }
    }
}

/// A text's words with their places, folded once for all terms.
pub(super) struct Words<'t> {
    words: Vec<(usize, &'t str, Cow<'t, str>)>,
}

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut words = Vec::new();
        for_each_word(text, |at, word| words.push((at, word, folded(word))));
        Self { words }
    }

    /// Where a term occurs: bytes, from and to; at most `most` times.
    pub(super) fn find(&self, term: &Term, most: usize) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let length = term.words.len();
        for (index, (at, word, folded)) in self.words.iter().enumerate() {
            if found.len() >= most {
                break;
            }
            if let Some(window) = self.words.get(index..index + length)
                && window
                    .iter()
                    .enumerate()
                    .all(|(place, (_, _, word))| term.is_word(place, word))
            {
                let (last, text, _) = &window[length - 1];
                found.push((*at, last + text.len()));
            } else if term.parts && folded.len() > term.words[0].len() {
                let mut part = None;
                for_each_part(word, |offset, text| {
                    if part.is_none() && term.is_word(0, &super::words::folded(text)) {
                        part = Some((at + offset, at + offset + text.len()));
                    }
                });
                found.extend(part);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(words: &[&str], prefix: bool, parts: bool) -> Term {
        Term {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            prefix,
            parts,
        }
    }

    #[test]
    fn words_phrases_beginnings_and_exclusions() {
        let query = Query::parse(r#"Fix "cache miss" build* -draft src/lib.rs"#).unwrap();
        assert_eq!(
            query.wanted,
            [
                term(&["fix"], false, true),
                term(&["cache", "miss"], false, false),
                term(&["build"], true, true),
                term(&["src", "lib", "rs"], false, false),
            ]
        );
        assert_eq!(query.unwanted, [term(&["draft"], false, true)]);
    }

    #[test]
    fn a_query_without_a_word_is_refused() {
        for text in ["", "  ", "-x", "***", "\"\"", "- -"] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_open_quote_goes_to_the_end() {
        let query = Query::parse("\"two words").unwrap();
        assert_eq!(query.wanted, [term(&["two", "words"], false, false)]);
    }

    #[test]
    fn terms_are_found_where_they_stand() {
        let text = "Größe: maxPageCount and page_size, PAGE";
        let words = Words::of(text);
        let found = |query: &str| -> Vec<&str> {
            let query = Query::parse(query).unwrap();
            words
                .find(&query.wanted[0], 9)
                .into_iter()
                .map(|(from, to)| &text[from..to])
                .collect()
        };
        assert_eq!(found("page"), ["Page", "page", "PAGE"]);
        assert_eq!(found("\"page\""), ["PAGE"]);
        assert_eq!(found("größe"), ["Größe"]);
        assert_eq!(found("\"and page_size\""), ["and page_size"]);
        assert_eq!(found("maxp*"), ["maxPageCount"]);
    }
}
