//! A quick look at a text, before its words are told apart.

use super::query::{Query, Term};
use memchr::memmem::Finder;

/// Tells texts that cannot match a query from those that may.
pub(super) struct Sieve {
    /// For each term, wanted or not, its words.
    terms: Vec<Vec<Finder<'static>>>,
}

impl Sieve {
    pub(super) fn new(query: &Query) -> Self {
        let finders = |term: &Term| {
            let words = term.words.iter();
            words.map(|word| Finder::new(word).into_owned()).collect()
        };
        Self {
            terms: query
                .wanted
                .iter()
                .chain(&query.unwanted)
                .map(finders)
                .collect(),
        }
    }

    /// Whether a text may hold any of the terms. What is not ASCII may hold
    /// everything: characters change their length with their case. `scratch`
    /// is overwritten.
    pub(super) fn lets_through(&self, text: &str, scratch: &mut Vec<u8>) -> bool {
        if !text.is_ascii() {
            return true;
        }
        scratch.clear();
        scratch.extend_from_slice(text.as_bytes());
        scratch.make_ascii_lowercase();
        self.terms
            .iter()
            .any(|words| words.iter().all(|word| word.find(scratch).is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_match_is_held_back() {
        let query = Query::parse("\"Session token\" retr* -Draft").unwrap();
        let sieve = Sieve::new(&query);
        let mut scratch = Vec::new();
        for text in [
            "the SESSION's last token",
            "tokenSession",
            "Retries",
            "a draft",
            "naïve",
        ] {
            assert!(sieve.lets_through(text, &mut scratch), "{text}");
        }
        for text in ["", "a session", "tok en session", "re-try"] {
            assert!(!sieve.lets_through(text, &mut scratch), "{text}");
        }
    }
}
