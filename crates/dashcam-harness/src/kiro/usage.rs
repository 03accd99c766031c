//! Usage straight from a session's document, or from the database's rows.

use super::conversation::{Row, time};
use super::records::{Document, TurnRecord};
use crate::lenient::Maybe;
use crate::{UsageRecord, UsageScanner, response_hash};
use dashcam_trace::{Credits, Timestamp, Tokens};

/// Scans `<id>.json`: what each turn was charged. Which of its requests were
/// charged how much is told as the decoder tells it.
pub(super) struct DocumentScanner;

impl UsageScanner for DocumentScanner {
    fn line(&mut self, document: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let Some(document) = Document::read(document) else {
            return;
        };
        for turn in document.turns() {
            let answers: Vec<&str> = turn.answers().collect();
            let credits = credits_of(turn, answers.len());
            for (number, answer) in answers.iter().enumerate() {
                let is_last = number + 1 == answers.len();
                let tokens = turn.tokens().filter(|_| is_last);
                report(UsageRecord {
                    response: response_hash(answer),
                    at: turn.ended().unwrap_or_default(),
                    model: turn.model.get().unwrap_or(document.model()),
                    provider: None,
                    tokens: tokens.unwrap_or_default(),
                    cost: None,
                    credits: credits.get(number).copied().flatten(),
                    session: document.session_id.as_str(),
                    cwd: document.cwd.as_str(),
                    branch: "",
                    remote: None,
                    service_tier: None,
                    speed: None,
                });
            }
        }
    }
}

/// What each of a turn's answers was charged.
fn credits_of(turn: &TurnRecord<'_>, answers: usize) -> Vec<Option<Credits>> {
    let credits = turn.credits();
    if credits.len() == answers || credits.is_empty() {
        return credits.into_iter().map(Some).collect();
    }
    let mut shared = vec![None; answers];
    if let Some(last) = shared.last_mut() {
        *last = Some(credits.into_iter().sum());
    }
    shared
}

/// Scans the rows of a conversation of the database: its requests, of which
/// neither tokens nor credits are on record.
pub(super) struct RequestScanner;

impl UsageScanner for RequestScanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let Ok(Maybe(Some(row))) = serde_json::from_slice::<Maybe<Row<'_>>>(line) else {
            return;
        };
        let Some(metadata) = row.request_metadata.0.as_ref() else {
            return;
        };
        let Some(response) = metadata.response_id() else {
            return;
        };
        let at: Option<Timestamp> = metadata.ended().or_else(|| time(row.created_at));
        report(UsageRecord {
            response: response_hash(&response),
            at: at.unwrap_or_default(),
            model: metadata.model_id.get().unwrap_or(row.model.as_str()),
            provider: None,
            tokens: Tokens::default(),
            cost: None,
            credits: None,
            session: row.conversation_id.as_str(),
            cwd: row.key.as_str(),
            branch: "",
            remote: None,
            service_tier: None,
            speed: None,
        });
    }
}
