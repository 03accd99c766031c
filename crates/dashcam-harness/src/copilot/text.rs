//! Strings of JSON records, borrowed from their line where they can be.

use serde::Deserialize;
use std::borrow::Cow;

/// A string that may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Option<Words<'a>>);

/// A string that borrows from its line where it has no escapes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
struct Words<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    /// The text; empty counts as missing.
    pub(super) fn get(&self) -> Option<&str> {
        self.whole().filter(|text| !text.is_empty())
    }

    /// The text, which may be empty.
    pub(super) fn whole(&self) -> Option<&str> {
        self.0.as_ref().map(|words| &*words.0)
    }

    /// The text, or another where it is missing or empty.
    pub(super) fn or<'t>(&'t self, otherwise: &'t str) -> &'t str {
        self.get().unwrap_or(otherwise)
    }

    /// A copy of the text; empty counts as missing.
    pub(super) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }
}
