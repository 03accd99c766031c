//! The extension's debug logs: the one source that tells of tokens.
//!
//! One entry a line; an `llm_request` is one attempt at a model call
//! (`IDebugLogEntry` in `chatDebugFileLoggerService.ts`). `inputTokens` is the
//! whole prompt; how much of it came from a cache is not told.

use super::super::text::Text;
use crate::lines::lines;
use crate::{Decoded, UsageScanner, response_hash};
use dashcam_trace::{Timestamp, Tokens};
use memchr::memmem;
use serde::Deserialize;

/// One entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    /// When it began, in milliseconds since 1970.
    ts: Option<f64>,
    /// How long it took, in milliseconds.
    dur: Option<f64>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    span_id: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    attrs: Attributes<'a>,
}

/// What an `llm_request` tells.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attributes<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    ttft: Option<f64>,
    #[serde(borrow)]
    error: Text<'a>,
}

/// One attempt at a model call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModelRequest {
    pub(super) id: String,
    pub(super) model: Option<String>,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) tokens: Option<Tokens>,
    pub(super) ttft_ms: Option<f64>,
    pub(super) error: Option<String>,
}

impl ModelRequest {
    fn of(entry: &Entry<'_>) -> Option<Self> {
        let start = millis(entry.ts?)?;
        let end = entry.dur.and_then(|dur| millis(entry.ts? + dur.max(0.0)));
        let attributes = &entry.attrs;
        let tokens = match (attributes.input_tokens, attributes.output_tokens) {
            (Some(prompt), Some(completion)) => Some(Tokens {
                prompt,
                completion,
                ..Tokens::default()
            }),
            _ => None,
        };
        let is_failed = entry.status.get() == Some("error");
        Some(Self {
            id: entry.span_id.owned()?,
            model: attributes.model.owned(),
            start,
            end: end.unwrap_or(start),
            tokens,
            ttft_ms: attributes.ttft,
            error: is_failed.then(|| attributes.error.or("it failed").to_owned()),
        })
    }
}

/// A moment in milliseconds since 1970.
pub(super) fn millis(millis: f64) -> Option<Timestamp> {
    let is_time = millis.is_finite() && millis > 0.0;
    Timestamp::from_millisecond(is_time.then_some(millis)? as i64).ok()
}

/// The attempts in one log.
pub(super) fn requests(path: &str, bytes: &[u8], decoded: &mut Decoded) -> Vec<ModelRequest> {
    let mut found = Vec::new();
    for line in lines(bytes) {
        if line.is_blank() {
            continue;
        }
        decoded.lines += 1;
        let Some(entry) = line.parse_or_note::<Entry<'_>>(path, decoded) else {
            continue;
        };
        match entry.kind.get() {
            Some("llm_request") => found.extend(ModelRequest::of(&entry)),
            // Told by the chat itself, or the extension's internals.
            Some(
                "tool_call" | "user_message" | "agent_response" | "subagent" | "hook" | "discovery"
                | "error" | "generic" | "child_session_ref",
            ) => {}
            kind => decoded.unknown_record(kind.unwrap_or("(no type)")),
        }
    }
    found
}

/// Looks for usage in one log.
#[derive(Debug)]
pub(super) struct Scanner {
    session: String,
}

impl Scanner {
    pub(super) fn new(session: &str) -> Self {
        Self {
            session: session.to_owned(),
        }
    }
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(crate::UsageRecord<'_>)) {
        if memmem::find(line, b"\"llm_request\"").is_none() {
            return;
        }
        let entry = std::str::from_utf8(line)
            .ok()
            .and_then(|line| serde_json::from_str::<Entry<'_>>(line).ok())
            .filter(|entry| entry.kind.get() == Some("llm_request"));
        let Some(request) = entry.as_ref().and_then(ModelRequest::of) else {
            return;
        };
        let Some(tokens) = request.tokens.filter(|_| request.error.is_none()) else {
            return;
        };
        report(crate::UsageRecord {
            response: response_hash(&request.id),
            at: request.end,
            model: request.model.as_deref().unwrap_or("unknown"),
            provider: None,
            tokens,
            cost: None,
            credits: None,
            session: &self.session,
            cwd: "",
            branch: "",
            remote: None,
            service_tier: None,
            speed: None,
        });
    }
}
