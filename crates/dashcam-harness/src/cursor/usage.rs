//! Tokens straight from the editor's database, as far as older versions
//! counted them there.
//!
//! What a turn used is otherwise told to hooks alone, which leave no file.

use super::editor_records::{millisecond, tokens};
use crate::lenient::{Maybe, Number, Text};
use crate::{UsageRecord, UsageScanner, response_hash};
use serde::Deserialize;

/// Scans the messages that have counts.
pub(super) struct Scanner;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counted<'a> {
    #[serde(borrow)]
    table: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    session: Text<'a>,
    #[serde(borrow)]
    created: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    input: Number,
    output: Number,
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let Ok(Maybe(Some(row))) = serde_json::from_slice::<Maybe<Counted<'_>>>(line) else {
            return;
        };
        let Some(tokens) =
            tokens(row.input, row.output).filter(|_| row.table.as_str() == "counted")
        else {
            return;
        };
        let created = row.created.as_str();
        let at = created
            .parse()
            .ok()
            .or_else(|| millisecond(Number(created.parse().ok())));
        report(UsageRecord {
            response: response_hash(row.id.as_str()),
            at: at.unwrap_or_default(),
            model: row.model.as_str(),
            provider: None,
            tokens,
            cost: None,
            credits: None,
            session: row.session.as_str(),
            cwd: "",
            branch: "",
            remote: None,
            service_tier: None,
            speed: None,
        });
    }
}
