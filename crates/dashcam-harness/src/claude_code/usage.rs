//! Token counts of responses, and the fast way to them.

use super::records::{Message, Record};
use super::time;
use crate::lenient::{Flag, Maybe, Number, Text};
use crate::usage::{UsageRecord, UsageScanner, response_hash};
use dashcam_trace::{Money, Timestamp, Tokens};
use memchr::memmem;
use serde::Deserialize;

/// The model of lines that the harness writes in a model's place.
pub(crate) const SYNTHETIC: &str = "<synthetic>";

/// What a response used. Each line of a response repeats it; in older
/// versions the earlier lines carry an unfinished `output_tokens`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Usage<'a> {
    /// Without what the cache had or was given.
    input_tokens: Number,
    cache_creation_input_tokens: Number,
    cache_read_input_tokens: Number,
    output_tokens: Number,
    /// Since 1.0.80 or so: cache writes by how long they are kept.
    cache_creation: Maybe<CacheCreation>,
    #[serde(borrow)]
    pub(crate) service_tier: Text<'a>,
    #[serde(borrow)]
    pub(crate) speed: Text<'a>,
    pub(crate) server_tool_use: Maybe<ServerToolUse>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Number,
    ephemeral_1h_input_tokens: Number,
}

/// How often the provider used tools of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ServerToolUse {
    pub(crate) web_search_requests: Number,
}

impl Usage<'_> {
    /// The counts in dashcam's words.
    pub(crate) fn tokens(&self) -> Tokens {
        let count = |number: Number| number.count().unwrap_or_default();
        let written = count(self.cache_creation_input_tokens);
        let (five_minutes, one_hour) = match &self.cache_creation.0 {
            Some(by_duration) => (
                count(by_duration.ephemeral_5m_input_tokens),
                count(by_duration.ephemeral_1h_input_tokens),
            ),
            None => (0, 0),
        };
        // What is not told apart was kept for the usual five minutes.
        let cache_write_5m = five_minutes.max(written.saturating_sub(one_hour));
        let cache_read = count(self.cache_read_input_tokens);
        let prompt = count(self.input_tokens)
            .saturating_add(cache_read)
            .saturating_add(cache_write_5m)
            .saturating_add(one_hour);
        Tokens {
            prompt,
            cache_read,
            cache_write_5m,
            cache_write_1h: one_hour,
            completion: count(self.output_tokens),
            reasoning: 0,
        }
    }
}

/// What names a response among all sessions.
///
/// Without message and request id the line's own id stands for it, and
/// without that its very bytes: such a response is counted by itself.
pub(crate) fn response_id(message: &str, request: &str, uuid: &str, line: &[u8]) -> String {
    match (message, request, uuid) {
        ("", "", "") => format!("line:{}", blake3::hash(line).to_hex()),
        ("", "", uuid) => format!("uuid:{uuid}"),
        (message, request, _) => format!("{message}:{request}"),
    }
}

/// Who hosts a model, as far as its name and the response's id tell.
pub(crate) fn provider(model: &str, message_id: &str) -> Option<&'static str> {
    if message_id.starts_with("msg_bdrk_") {
        Some("aws")
    } else if message_id.starts_with("msg_vrtx_") {
        Some("google")
    } else if model.starts_with("claude-") {
        Some("anthropic")
    } else {
        None
    }
}

/// The part of a line that tells of usage.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UsageLine<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    uuid: Text<'a>,
    #[serde(borrow)]
    session_id: Text<'a>,
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    cwd: Text<'a>,
    #[serde(borrow)]
    git_branch: Text<'a>,
    #[serde(borrow)]
    request_id: Text<'a>,
    #[serde(rename = "costUSD")]
    cost_usd: Number,
    is_api_error_message: Flag,
    #[serde(borrow)]
    message: Maybe<UsageMessage<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UsageMessage<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    usage: Maybe<Usage<'a>>,
}

impl<'a> UsageLine<'a> {
    /// Reads a line; `None` if it is not readable, or no response's.
    fn read(line: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        let record = serde_json::from_str::<Maybe<UsageLine<'_>>>(text).ok()?.0?;
        (record.kind.as_str() == "assistant").then_some(record)
    }
}

/// What a line tells of usage that cannot be read as a whole (a field stands in
/// it twice, say): it was spent all the same.
pub(crate) fn read_usage_only(line: &[u8]) -> Option<Record<'_>> {
    let line = UsageLine::read(line)?;
    let message = line.message.0?;
    message.usage.0.as_ref()?;
    Some(Record {
        kind: line.kind,
        uuid: line.uuid,
        session_id: line.session_id,
        timestamp: line.timestamp,
        cwd: line.cwd,
        git_branch: line.git_branch,
        request_id: line.request_id,
        cost_usd: line.cost_usd,
        is_api_error_message: line.is_api_error_message,
        message: Maybe(Some(Message {
            id: message.id,
            model: message.model,
            usage: message.usage,
            ..Message::default()
        })),
        ..Record::default()
    })
}

/// Finds usage in transcripts.
pub(crate) struct Scanner {
    usage: memmem::Finder<'static>,
    assistant: memmem::Finder<'static>,
    last_at: Timestamp,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            usage: memmem::Finder::new(r#""usage""#),
            assistant: memmem::Finder::new(r#""assistant""#),
            last_at: Timestamp::UNIX_EPOCH,
        }
    }
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        if self.usage.find(line).is_none() || self.assistant.find(line).is_none() {
            return;
        }
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let Some(record) = UsageLine::read(line) else {
            return;
        };
        if record.is_api_error_message.0 {
            return;
        }
        let Some(message) = &record.message.0 else {
            return;
        };
        let (Some(usage), model) = (&message.usage.0, message.model.as_str()) else {
            return;
        };
        if model == SYNTHETIC {
            return;
        }
        if let Some(at) = record.timestamp.get().and_then(time::parse) {
            self.last_at = at;
        }
        let (id, request) = (message.id.as_str(), record.request_id.as_str());
        report(UsageRecord {
            response: response_hash(&response_id(id, request, record.uuid.as_str(), line)),
            at: self.last_at,
            model,
            provider: provider(model, id),
            tokens: usage.tokens(),
            cost: record.cost_usd.0.map(Money::from_usd),
            credits: None,
            session: record.session_id.as_str(),
            cwd: record.cwd.as_str(),
            branch: record.git_branch.as_str(),
            remote: None,
            service_tier: usage.service_tier.get(),
            speed: usage.speed.get(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(line: &str) -> Vec<(u64, Tokens, Option<Money>)> {
        let mut found = Vec::new();
        Scanner::default().line(line.as_bytes(), &mut |record| {
            found.push((record.response, record.tokens, record.cost));
        });
        found
    }

    fn tokens(usage: &str) -> Tokens {
        serde_json::from_str::<Usage<'_>>(usage).unwrap().tokens()
    }

    #[test]
    fn the_prompt_is_the_whole_prompt() {
        let counted = tokens(
            r#"{"input_tokens":3,"cache_creation_input_tokens":50,"cache_read_input_tokens":1000,
                "cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},
                "output_tokens":7}"#,
        );
        let expected = Tokens {
            prompt: 1053,
            cache_read: 1000,
            cache_write_5m: 20,
            cache_write_1h: 30,
            completion: 7,
            reasoning: 0,
        };
        assert_eq!(counted, expected);
    }

    #[test]
    fn cache_writes_without_duration_are_of_five_minutes() {
        let counted = tokens(r#"{"cache_creation_input_tokens":50}"#);
        assert_eq!((counted.prompt, counted.cache_write_5m), (50, 50));
    }

    #[test]
    fn a_response_without_any_id_counts_by_itself() {
        assert_eq!(response_id("m", "r", "u", b""), "m:r");
        assert_eq!(response_id("m", "", "u", b""), "m:");
        assert_eq!(response_id("", "", "u", b""), "uuid:u");
        assert_ne!(response_id("", "", "", b"a"), response_id("", "", "", b"b"));
    }

    #[test]
    fn the_scanner_finds_responses_only() {
        let line = r#"{"type":"assistant","requestId":"r","costUSD":0.25,"message":{"id":"m","model":"claude-x","content":[{"type":"text","text":"\ud83d"}],"usage":{"output_tokens":5}}}"#;
        let found = scan(line);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, response_hash("m:r"));
        assert_eq!(
            (found[0].1.completion, found[0].2),
            (5, Some(Money::from_nanos(250_000_000)))
        );
        assert!(scan(&line.replace("claude-x", SYNTHETIC)).is_empty());
        assert!(scan(&line.replace(r#""type":"assistant""#, r#""type":"user""#)).is_empty());
        assert!(scan(&line[..line.len() - 1]).is_empty());
    }
}
