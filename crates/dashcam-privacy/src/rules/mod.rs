//! How secrets are recognised.
//!
//! One automaton passes over the text and stops at anchors: the beginnings of
//! providers' tokens, the words that name a secret, the marks of addresses,
//! keys and headers. At each stop a few bytes around it decide. Every look
//! around is bounded, so the whole takes time in proportion to the text,
//! whatever the text is.

mod address;
mod assignment;
mod command;
mod header;
mod key_block;
mod names;
mod tokens;
mod values;

pub(crate) use assignment::value_under;
pub(crate) use header::BASIC_AUTH;
pub(crate) use names::{NameKind, classify, is_option};
pub(crate) use values::{distinct_bytes, is_placeholder, is_telling};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::ops::Range;
use std::sync::LazyLock;
use tokens::Token;

/// No text shorter than this is looked at: nothing in it is worth hiding.
pub(crate) const MIN_SECRET_BYTES: usize = 6;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Where it stands.
    pub(crate) range: Range<usize>,
    /// What it is: the word after `redacted:`.
    pub(crate) kind: &'static str,
    /// Whether the kind is known by the secret's own shape, not by a name.
    pub(crate) specific: bool,
}

/// What an anchor may be the beginning of.
#[derive(Clone, Copy)]
enum Anchor {
    Token(&'static Token),
    Name,
    Address,
    Bearer,
    Basic,
    Cookie,
    KeyBlock,
    Jwt,
    AzureSecret,
    TelegramToken,
    Command(command::Command),
}

struct Anchors {
    automaton: AhoCorasick,
    anchors: Vec<Anchor>,
}

static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| {
    let mut patterns: Vec<&str> = Vec::new();
    let mut anchors = Vec::new();
    let mut add = |pattern, anchor| {
        patterns.push(pattern);
        anchors.push(anchor);
    };
    for token in tokens::TOKENS {
        add(token.prefix, Anchor::Token(token));
    }
    for word in names::ANCHORS {
        add(word, Anchor::Name);
    }
    for (word, command) in command::ANCHORS {
        add(word, Anchor::Command(*command));
    }
    for (pattern, anchor) in [
        ("://", Anchor::Address),
        (":\\/\\/", Anchor::Address),
        ("earer ", Anchor::Bearer),
        ("BEARER ", Anchor::Bearer),
        ("earer%20", Anchor::Bearer),
        ("asic ", Anchor::Basic),
        ("BASIC ", Anchor::Basic),
        ("ookie:", Anchor::Cookie),
        ("PRIVATE KEY", Anchor::KeyBlock),
        ("b3BlbnNzaC1rZXktdjE", Anchor::KeyBlock),
        ("Private-Lines: ", Anchor::KeyBlock),
        ("eyJ", Anchor::Jwt),
        ("Q~", Anchor::AzureSecret),
        (":AA", Anchor::TelegramToken),
    ] {
        add(pattern, anchor);
    }
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .match_kind(MatchKind::Standard)
        .build(&patterns)
        .expect("a few hundred short patterns are far below the automaton's limits");
    Anchors { automaton, anchors }
});

/// Finds what is secret by its shape or by what stands around it.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    let Anchors { automaton, anchors } = &*ANCHORS;
    let mut state = State::default();
    for hit in automaton.find_overlapping_iter(text) {
        let found = match anchors[hit.pattern().as_usize()] {
            Anchor::Token(token) => tokens::find(token, text, hit.start()),
            Anchor::Name => assignment::find(text, hit.range(), &mut state.name_end),
            Anchor::Address => address::find(text, hit.range()),
            Anchor::Bearer => header::bearer(text, hit.end()),
            Anchor::Basic => header::basic(text, hit.end()),
            Anchor::Cookie => {
                header::cookies(text, hit.range(), findings);
                None
            }
            Anchor::KeyBlock => key_block::find(text, hit.range(), &mut state.key_block),
            Anchor::Jwt => tokens::jwt(text, hit.start()),
            Anchor::AzureSecret => tokens::azure_secret(text, hit.start()),
            Anchor::TelegramToken => tokens::telegram(text, hit.start()),
            Anchor::Command(command) => {
                command::find(command, text, hit.range(), findings);
                None
            }
        };
        findings.extend(found);
    }
}

/// Whether anything in the text is worth a closer look.
pub(crate) fn has_anchor(text: &str) -> bool {
    ANCHORS.automaton.is_match(text)
}

/// What one pass remembers, lest it look at the same bytes again and again.
#[derive(Default)]
struct State {
    /// The end of the last name that was looked at.
    name_end: usize,
    key_block: key_block::Seen,
}

/// The secrets in a text, by themselves.
pub(crate) fn secrets_in(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    find(text, &mut findings);
    findings
        .into_iter()
        .map(|finding| text[finding.range].to_owned())
        .collect()
}

/// Whether a word may begin here: after anything but a letter, a digit or
/// `_`. The letter of an escape (`\n`, `%3D`, `\u003d`) belongs to no word.
fn begins_word(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|index| bytes[index]) else {
        return true;
    };
    if !(before.is_ascii_alphanumeric() || before == b'_') {
        return true;
    }
    let back = |count: usize| at.checked_sub(count).map(|index| bytes[index]);
    let is_hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
    (matches!(before, b'n' | b't' | b'r' | b'f' | b'b') && back(2) == Some(b'\\'))
        || (is_hex(Some(before)) && is_hex(back(2)) && back(3) == Some(b'%'))
        || (back(6) == Some(b'\\') && back(5) == Some(b'u') && (1..=4).all(|n| is_hex(back(n))))
}

/// The text from here on, at most so many bytes of it.
fn window(text: &str, from: usize, bytes: usize) -> &str {
    let end = text.floor_char_boundary(from.saturating_add(bytes).min(text.len()));
    text.get(from..end).unwrap_or_default()
}
