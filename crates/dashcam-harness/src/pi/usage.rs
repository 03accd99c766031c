//! Token counts straight from a file's lines.

use super::events::aside_id;
use super::place;
use super::records::{Record, Usage, response_id, time};
use crate::lines::repair_surrogates;
use crate::{UsageRecord, UsageScanner, response_hash};
use memchr::memmem;
use std::path::Path;

/// Scans one file.
#[derive(Debug)]
pub(super) struct Scanner {
    /// The session, or the one that a subagent works for.
    session: String,
    /// Whether the path told it.
    is_known: bool,
    has_heading: bool,
    cwd: String,
    /// The model and provider of the last answer or choice.
    model: String,
    provider: String,
}

impl Scanner {
    pub(super) fn new(path: &Path) -> Self {
        let by_path = path.file_stem().and_then(|stem| stem.to_str());
        let session = place::root_of(path);
        Self {
            is_known: session.as_deref() != by_path,
            session: session.unwrap_or_default(),
            has_heading: false,
            cwd: String::new(),
            model: String::new(),
            provider: String::new(),
        }
    }

    fn heading(&mut self, record: &Record<'_>) {
        if std::mem::replace(&mut self.has_heading, true) {
            return;
        }
        record.cwd.as_str().clone_into(&mut self.cwd);
        if let Some(id) = record.id.get().filter(|_| !self.is_known) {
            id.clone_into(&mut self.session);
        }
    }

    fn chosen(&mut self, record: &Record<'_>) {
        let model = record.model.get().or(record.model_id.get());
        let model = model.unwrap_or_default();
        let (provider, model) = match record.provider.get() {
            Some(provider) => (provider, model),
            None => model.split_once('/').unwrap_or(("", model)),
        };
        provider.clone_into(&mut self.provider);
        model.clone_into(&mut self.model);
    }

    fn report(
        &self,
        record: &Record<'_>,
        response: &str,
        usage: Usage,
        report: &mut dyn FnMut(UsageRecord<'_>),
    ) {
        let Some(tokens) = usage.tokens() else { return };
        let message = record.message.0.as_ref();
        // As the decoder has it, where an answer's time is its end.
        let ended = message.and_then(|message| {
            let start = message.timestamp.0?;
            time(crate::lenient::Number(Some(start + message.duration.0?)))
        });
        report(UsageRecord {
            response: response_hash(response),
            at: ended.or_else(|| record.written()).unwrap_or_default(),
            model: &self.model,
            provider: Some(self.provider.as_str()).filter(|provider| !provider.is_empty()),
            tokens,
            cost: usage.cost().map(|cost| cost.usd),
            credits: None,
            session: &self.session,
            cwd: &self.cwd,
            branch: "",
            remote: None,
            service_tier: None,
            speed: None,
        });
    }
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let has = |word: &str| memmem::find(line, word.as_bytes()).is_some();
        let may_count = has("\"usage\"") || has("\"model_change\"");
        if !may_count && (self.has_heading || !has("\"session\"")) {
            return;
        }
        if std::str::from_utf8(line).is_err() {
            return;
        }
        let line = repair_surrogates(line);
        let Some(record) = Record::read(&line) else {
            return;
        };
        match record.kind.as_str() {
            "session" => self.heading(&record),
            "model_change" => self.chosen(&record),
            "message" => {
                let Some(message) = &record.message.0 else {
                    return;
                };
                if message.role.as_str() != "assistant" {
                    return;
                }
                message.model.as_str().clone_into(&mut self.model);
                message.provider.as_str().clone_into(&mut self.provider);
                if let Some(usage) = message.usage.0 {
                    self.report(&record, &response_id(message), usage, report);
                }
            }
            "usage" | "compaction" | "branch_summary" => {
                let Some(usage) = record.usage.0 else { return };
                let current = (self.model.clone(), self.provider.clone());
                if let Some(model) = record.model.get() {
                    model.clone_into(&mut self.model);
                }
                if let Some(provider) = record.provider.get() {
                    provider.clone_into(&mut self.provider);
                }
                self.report(&record, &aside_id(&record), usage, report);
                (self.model, self.provider) = current;
            }
            _ => {}
        }
    }
}
