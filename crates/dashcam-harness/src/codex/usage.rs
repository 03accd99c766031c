//! Token counts straight from a rollout's lines.
//!
//! Only four kinds of records matter, and nine lines of ten are of another
//! kind: those are told by their first bytes and never parsed.

use super::counting::{Counting, ResponseUsage};
use super::meta::{self, Origin};
use super::records::{CountingEvent, Line, TokenUsageRecord, TurnContext, shaped, text};
use crate::{UsageRecord, UsageScanner, response_hash};
use dashcam_trace::Timestamp;
use memchr::memmem;

/// Where a record's kind stands, in every version seen.
const HEAD_BYTES: usize = 256;

/// The kinds of records and events that matter.
const KINDS: [&str; 7] = [
    "token_usage_record",
    "token_count",
    "turn_context",
    "session_meta",
    "task_started",
    "turn_started",
    "model_reroute",
];

/// Scans one rollout.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    counting: Counting,
    has_heading: bool,
    at: Timestamp,
    session: String,
    cwd: String,
    branch: String,
    remote: Option<String>,
    service_tier: Option<String>,
    provider: String,
    model: Option<String>,
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        if self.has_heading && !may_count(line) {
            return;
        }
        let Ok(record) = serde_json::from_slice::<Line<'_>>(line) else {
            return;
        };
        if let Some(at) = text(record.timestamp.as_ref()).and_then(|stamp| stamp.parse().ok()) {
            self.at = at;
        }
        // Without a heading it is no session's.
        if let Some(usage) = self.record(&record, line).filter(|_| self.has_heading) {
            report(UsageRecord {
                response: response_hash(&usage.response_id),
                at: self.at,
                model: self.model.as_deref().unwrap_or("unknown"),
                provider: Some(&self.provider),
                tokens: usage.tokens,
                cost: None,
                credits: None,
                session: &self.session,
                cwd: &self.cwd,
                branch: &self.branch,
                remote: self.remote.as_deref(),
                service_tier: self.service_tier.as_deref(),
                speed: None,
            });
        }
    }
}

impl Scanner {
    fn record(&mut self, line: &Line<'_>, bytes: &[u8]) -> Option<ResponseUsage> {
        let (at, ordinal) = (self.at, line.ordinal);
        if let Some(heading) = meta::heading(line, bytes) {
            self.counting.session_meta(&heading, at);
            if !self.has_heading {
                self.heading(&heading);
            }
            return None;
        }
        match text(line.kind.as_ref())? {
            "turn_context" => {
                let context = shaped::<TurnContext<'_>>(line.payload)?;
                self.counting
                    .turn(text(context.turn_id.as_ref()), None, at, ordinal);
                let is_own =
                    !self.counting.leaves_out_copies() || !self.counting.is_copied(at, ordinal);
                if is_own {
                    self.service_tier = text(context.service_tier.as_ref()).map(str::to_owned);
                    if let Some(model) = text(context.model.as_ref()) {
                        self.model = Some(model.to_owned());
                    }
                }
                None
            }
            "token_usage_record" => {
                let record = shaped::<TokenUsageRecord<'_>>(line.payload)?;
                self.counting.usage_record(&record, at, ordinal)
            }
            "event_msg" => {
                let event = shaped::<CountingEvent<'_>>(line.payload)?;
                match text(event.kind.as_ref())? {
                    "task_started" | "turn_started" => {
                        let turn_id = text(event.turn_id.as_ref());
                        self.counting.turn(turn_id, event.started_at, at, ordinal);
                        None
                    }
                    "model_reroute" => {
                        let model = text(event.to_model.as_ref())?;
                        self.model = Some(model.to_owned());
                        None
                    }
                    "token_count" => self.counting.token_count(&event.info?, at, ordinal),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn heading(&mut self, meta: &super::records::SessionMeta<'_>) {
        self.has_heading = true;
        let own = text(meta.id.as_ref()).unwrap_or_default();
        // A subagent's work belongs to the session at the root of its tree.
        let session = match Origin::of(meta) {
            Origin::Subagent { of } => text(meta.session_id.as_ref())
                .filter(|id| *id != own)
                .map_or(of, str::to_owned),
            Origin::Begun | Origin::Fork { .. } => own.to_owned(),
        };
        self.session = session;
        text(meta.cwd.as_ref())
            .unwrap_or_default()
            .clone_into(&mut self.cwd);
        let git = meta.git.as_ref();
        let branch = git.and_then(|git| text(git.branch.as_ref()));
        branch.unwrap_or_default().clone_into(&mut self.branch);
        let remote = git.and_then(|git| text(git.repository_url.as_ref()));
        self.remote = remote.map(str::to_owned);
        text(meta.model_provider.as_ref())
            .unwrap_or("openai")
            .clone_into(&mut self.provider);
    }
}

/// Whether a line may be of a kind that matters. Only its head is looked at
/// where that tells the kind; a quoted word there is a key or a whole value,
/// since quotes inside text are escaped.
fn may_count(line: &[u8]) -> bool {
    let head = &line[..line.len().min(HEAD_BYTES)];
    let has = |part: &[u8], word: &str| memmem::find(part, word.as_bytes()).is_some();
    if has(head, "\"response_item\"") {
        return false;
    }
    if let Some(event) = memmem::find(head, b"\"event_msg\"") {
        let after = &head[event..];
        // Codex writes a payload's kind first.
        if let Some(kind) = memmem::find(after, b"\"type\"") {
            let kind = &after[kind..];
            if kind.len() > 40 {
                return KINDS.iter().any(|word| has(&kind[..40], word));
            }
        }
    }
    KINDS.iter().any(|word| has(line, word))
}
