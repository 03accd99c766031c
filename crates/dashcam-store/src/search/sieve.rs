//! A quick look at a text, before its words are told apart.

use super::query::{Query, Term};
use memchr::memmem::Finder;

/// Tells texts that cannot match a query from those that may.
pub(super) struct Sieve {
    /// For each term, wanted or not, its words.
    terms: Vec<Vec<Finder<'static>>>,
    lower_case: Vec<u8>,
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
            lower_case: Vec::new(),
        }
    }

    /// Whether a text may hold any of the terms. What is not ASCII may hold
    /// everything: characters change their length with their case.
    pub(super) fn lets_through(&mut self, text: &str) -> bool {
        if !text.is_ascii() {
            return true;
        }
        self.lower_case.clear();
        self.lower_case.extend_from_slice(text.as_bytes());
        self.lower_case.make_ascii_lowercase();
        let text = self.lower_case.as_slice();
        self.terms
            .iter()
            .any(|words| words.iter().all(|word| word.find(text).is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_match_is_held_back() {
        let query = Query::parse("\"Session token\" retr* -Draft").unwrap();
        let mut sieve = Sieve::new(&query);
        for text in [
            "the SESSION's last token",
            "tokenSession",
            "Retries",
            "a draft",
            "naïve",
        ] {
            assert!(sieve.lets_through(text), "{text}");
        }
        for text in ["", "a session", "tok en session", "re-try"] {
            assert!(!sieve.lets_through(text), "{text}");
        }
    }
}
