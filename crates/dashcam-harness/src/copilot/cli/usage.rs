//! Finds usage in a session's events without decoding them.

use super::records::{
    Compaction, Context, Line, Notice, SessionStart, Usage, UsageRecord, response_id,
};
use crate::{UsageScanner, response_hash};
use dashcam_trace::Timestamp;
use memchr::memmem;

/// How much of a line is looked at for its type, which Copilot writes first.
const HEAD_BYTES: usize = 60;

/// Looks for usage in one file.
#[derive(Debug)]
pub(super) struct Scanner {
    session: String,
    model: Option<String>,
    provider: Option<String>,
    cwd: String,
    branch: String,
    remote: Option<String>,
    /// The previous event's time, for one that has none.
    at: Timestamp,
}

impl Scanner {
    pub(super) fn new(session: &str) -> Self {
        Self {
            session: session.to_owned(),
            model: None,
            provider: None,
            cwd: String::new(),
            branch: String::new(),
            remote: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn start(&mut self, start: &SessionStart<'_>) {
        if let Some(model) = start.selected_model.owned() {
            self.model = Some(model);
        }
        if let Some(context) = &start.context {
            self.context(context);
        }
    }

    fn context(&mut self, context: &Context<'_>) {
        if self.cwd.is_empty() {
            context
                .cwd
                .get()
                .unwrap_or_default()
                .clone_into(&mut self.cwd);
        }
        if self.branch.is_empty() {
            context
                .branch
                .get()
                .unwrap_or_default()
                .clone_into(&mut self.branch);
        }
        if self.remote.is_none() {
            self.remote = context.remote();
        }
    }

    fn report(&self, usage: &Usage<'_>, id: &str, report: &mut dyn FnMut(crate::UsageRecord<'_>)) {
        let Some(tokens) = usage.tokens() else { return };
        let model = usage.model.get().or(self.model.as_deref());
        report(crate::UsageRecord {
            response: response_hash(id),
            at: self.at,
            model: model.unwrap_or("unknown"),
            provider: self.provider.as_deref(),
            tokens,
            cost: None,
            credits: None,
            session: &self.session,
            cwd: &self.cwd,
            branch: &self.branch,
            remote: self.remote.as_deref(),
            service_tier: None,
            speed: None,
        });
    }
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(crate::UsageRecord<'_>)) {
        let head = &line[..line.len().min(HEAD_BYTES)];
        let is = |kind: &str| memmem::find(head, kind.as_bytes()).is_some();
        let is_usage = is("\"session.usage_record\"");
        let is_other = is("\"session.start\"")
            || is("\"session.resume\"")
            || is("\"session.model_change\"")
            || is("\"session.compaction_complete\"");
        if !is_usage && !is_other {
            return;
        }
        let Some(line) = std::str::from_utf8(line)
            .ok()
            .and_then(|line| serde_json::from_str::<Line<'_>>(line).ok())
        else {
            return;
        };
        if let Some(at) = line.timestamp.get().and_then(|at| at.parse().ok()) {
            self.at = at;
        }
        let Some(data) = line.data else { return };
        match line.kind.get() {
            Some("session.start" | "session.resume") => {
                if let Ok(start) = serde_json::from_str(data.get()) {
                    self.start(&start);
                }
            }
            Some("session.usage_record") => {
                if let Ok(UsageRecord { usage: Some(usage) }) = serde_json::from_str(data.get())
                    && let Some(id) = response_id(&usage, &line.id)
                {
                    if usage.tells_provider() || usage.is_step() {
                        self.provider = Some(usage.provider().to_owned());
                    }
                    self.report(&usage, &id, report);
                }
            }
            Some("session.compaction_complete") => {
                if let Ok(done) = serde_json::from_str::<Compaction<'_>>(data.get())
                    && let Some(usage) = &done.compaction_tokens_used
                    && let Some(id) = done.response_id(&line.id)
                {
                    self.report(usage, &id, report);
                }
            }
            // A subagent's own model is not the session's.
            Some("session.model_change") if line.agent_id.get().is_none() => {
                if let Ok(notice) = serde_json::from_str::<Notice<'_>>(data.get())
                    && let Some(model) = notice.new_model.owned()
                {
                    self.model = Some(model);
                }
            }
            _ => {}
        }
    }
}
