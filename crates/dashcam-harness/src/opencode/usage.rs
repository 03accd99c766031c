//! Token counts straight from rows.
//!
//! The recorder gives the session first, then the parts, then the answers that
//! they belong to ([`super::tables`]). Of the files of older versions,
//! those of messages are read.

use super::records::{MessageRecord, PartRecord, Row, SessionRecord, TokensRecord, cost, time};
use super::steps::{Answered, Identity};
use crate::lenient::{Maybe, Number};
use crate::{UsageRecord, UsageScanner, response_hash};
use dashcam_trace::{Timestamp, Tokens};
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;

/// Scans one session.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    session: String,
    cwd: String,
    /// The steps of messages that have not come yet.
    steps: FxHashMap<String, Steps>,
}

/// The steps of a message.
#[derive(Debug, Default)]
struct Steps {
    finished: Vec<Step>,
    /// What came after the last end of one.
    open: Answered,
}

#[derive(Debug)]
struct Step {
    tokens: Option<TokensRecord>,
    cost: Number,
    answered: Answered,
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let Ok(Maybe(Some(row))) = serde_json::from_slice::<Maybe<Row<'_>>>(line) else {
            return;
        };
        match row.table.as_str() {
            "session" => {
                let Ok(Maybe(Some(session))) =
                    serde_json::from_slice::<Maybe<SessionRecord<'_>>>(line)
                else {
                    return;
                };
                let id = session.root_id.get().or(session.id.get());
                id.unwrap_or_default().clone_into(&mut self.session);
                session.directory.as_str().clone_into(&mut self.cwd);
            }
            "part" => {
                if let Some(part) = object::<PartRecord<'_>>(row.data) {
                    let message = row.message_id.as_str().to_owned();
                    let steps = self.steps.entry(message).or_default();
                    steps.open.part(&part, time(row.time_created));
                    if part.kind.as_str() == "step-finish" {
                        steps.finished.push(Step {
                            tokens: part.tokens.0,
                            cost: part.cost,
                            answered: std::mem::take(&mut steps.open),
                        });
                    }
                }
            }
            "message" => {
                if let Some(message) = object::<MessageRecord<'_>>(row.data)
                    && message.role.as_str() == "assistant"
                {
                    self.message(row.id.as_str(), row.time_created, &message, report);
                }
            }
            _ => {}
        }
    }
}

fn object<'a, T: serde::Deserialize<'a>>(json: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str::<Maybe<T>>(json?.get()).ok()?.0
}

impl Scanner {
    fn message(
        &mut self,
        id: &str,
        row_created: Number,
        message: &MessageRecord<'_>,
        report: &mut dyn FnMut(UsageRecord<'_>),
    ) {
        let mut steps = self.steps.remove(id).unwrap_or_default();
        if steps.finished.is_empty() {
            steps.finished.push(Step {
                tokens: message.tokens.0,
                cost: message.cost,
                answered: steps.open,
            });
        }
        let times = message.time.0.unwrap_or_default();
        let completed = time(times.completed);
        let mut begun = time(times.created).or_else(|| time(row_created));
        let last = steps.finished.len() - 1;
        for (number, step) in steps.finished.into_iter().enumerate() {
            begun = begun.max(step.answered.at(number == last, completed));
            let Some(tokens) = step.tokens.and_then(|tokens| tokens.tokens()) else {
                continue;
            };
            let place = Place {
                session: &self.session,
                cwd: &self.cwd,
                at: begun,
            };
            report_step(message, &place, (number, tokens, step.cost), report);
        }
    }
}

/// Scans the file of one message. What several steps of one message used,
/// which only versions before 1.0 wrote, stands in other files: here the last
/// one is counted.
pub(super) struct DocumentScanner;

impl UsageScanner for DocumentScanner {
    fn line(&mut self, document: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let read = serde_json::from_slice::<Maybe<MessageRecord<'_>>>(document);
        let Ok(Maybe(Some(message))) = read else {
            return;
        };
        let tokens = message.tokens.0.and_then(|tokens| tokens.tokens());
        if let Some(tokens) = tokens.filter(|_| message.role.as_str() == "assistant") {
            let path = message.path.0.as_ref();
            let times = message.time.0.unwrap_or_default();
            let place = Place {
                session: message.session_id.as_str(),
                cwd: path.map_or("", |path| path.cwd.as_str()),
                at: time(times.completed).or(time(times.created)),
            };
            report_step(&message, &place, (0, tokens, message.cost), report);
        }
    }
}

/// Where a message stands.
struct Place<'p> {
    session: &'p str,
    cwd: &'p str,
    /// When the model had answered.
    at: Option<Timestamp>,
}

fn report_step(
    message: &MessageRecord<'_>,
    place: &Place<'_>,
    (step, tokens, step_cost): (usize, Tokens, Number),
    report: &mut dyn FnMut(UsageRecord<'_>),
) {
    let times = message.time.0.unwrap_or_default();
    let (created, completed) = (time(times.created), time(times.completed));
    let identity = Identity {
        created,
        completed,
        provider: message.provider_id.as_str(),
        model: message.model_id.as_str(),
        step,
        tokens,
    };
    report(UsageRecord {
        response: response_hash(&identity.response_id()),
        at: place.at.unwrap_or_default(),
        model: message.model_id.as_str(),
        provider: message.provider_id.get(),
        tokens,
        cost: cost(step_cost).map(|cost| cost.usd),
        credits: None,
        session: place.session,
        cwd: place.cwd,
        branch: "",
        remote: None,
        service_tier: None,
        speed: None,
    });
}
