//! Rows that a database no longer has.
//!
//! A harness may delete what was taken back or has become old. What was
//! archived of a session is evidence all the same: such rows stay in it, at
//! its end and marked as gone.

use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How a row that is gone begins.
const MARK: &[u8] = b"{\"gone\":true,";

/// What tells a row from others.
#[derive(Deserialize, Hash, PartialEq, Eq)]
struct Name<'a> {
    #[serde(borrow)]
    table: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "raw")]
    id: &'a str,
}

fn raw<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(deserializer).map(RawValue::get)
}

fn named(rows: &[u8]) -> impl Iterator<Item = (Name<'_>, &[u8])> {
    let lines = rows.split(|byte| *byte == b'\n');
    // Rows without an id are never missed.
    lines.filter_map(|line| Some((serde_json::from_slice(line).ok()?, line)))
}

/// The rows of a session, and after them those that were archived and are gone.
pub(super) fn with_gone(mut rows: Vec<u8>, archived: &[u8]) -> Vec<u8> {
    let here: FxHashSet<Name<'_>> = named(&rows).map(|(name, _)| name).collect();
    let mut gone = Vec::new();
    for (_, line) in named(archived).filter(|(name, _)| !here.contains(name)) {
        // In the place of the opening brace.
        if let Some(fields) = line.strip_prefix(MARK).or(line.strip_prefix(b"{")) {
            gone.extend([MARK, fields, b"\n"].concat());
        }
    }
    drop(here);
    rows.append(&mut gone);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(rows: &str, archived: &str) -> String {
        String::from_utf8(with_gone(rows.as_bytes().to_vec(), archived.as_bytes())).unwrap()
    }

    #[test]
    fn rows_that_are_gone_stay_and_are_marked_once() {
        let archived =
            "{\"table\":\"a\",\"id\":1}\n{\"table\":\"a\",\"id\":2}\n{\"table\":\"b\"}\n";
        let rows = "{\"table\":\"a\",\"id\":1,\"more\":true}\n";
        let once = merged(rows, archived);
        assert_eq!(
            once,
            format!("{rows}{{\"gone\":true,\"table\":\"a\",\"id\":2}}\n")
        );
        assert_eq!(merged(rows, &once), once);
    }

    #[test]
    fn a_row_that_comes_back_is_no_longer_gone() {
        let archived = "{\"gone\":true,\"table\":\"a\",\"id\":\"x\"}\n";
        let rows = "{\"table\":\"a\",\"id\":\"x\"}\n";
        assert_eq!(merged(rows, archived), rows);
    }
}
