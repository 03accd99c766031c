//! Makes small transcripts of Claude Code by hand, and decodes them.

#![allow(dead_code, reason = "not every test file uses everything")]
#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "arguments are JSON written on the spot"
)]

use crate::home::{Responses, SessionFile, SessionFiles};
use crate::invariants;
use dashcam_harness::{Decoded, HarnessReader, Membership, reader};
use dashcam_trace::{EventKind, Harness, ProblemKind, Span, SpanBody};
use serde_json::{Value, json};

pub(crate) fn claude() -> &'static dyn HarnessReader {
    reader(Harness::ClaudeCode)
}

/// A transcript that grows line by line, each under the one before.
#[derive(Default)]
pub(crate) struct Transcript {
    pub(crate) lines: Vec<Value>,
}

impl Transcript {
    /// A line with the fields that every line has; `fields` win.
    pub(crate) fn line(mut self, kind: &str, fields: Value) -> Self {
        let number = self.lines.len();
        let parent = self
            .lines
            .iter()
            .rev()
            .find_map(|line| line["uuid"].as_str());
        let mut line = json!({
            "type": kind, "uuid": format!("u{number}"), "parentUuid": parent,
            "sessionId": "s", "cwd": "/work", "gitBranch": "main", "version": "2.0.1",
            "isSidechain": false,
            "timestamp": format!("2026-03-01T10:{:02}:{:02}.000Z", number / 60, number % 60),
        });
        for (key, value) in fields.as_object().unwrap() {
            line[key] = value.clone();
        }
        self.lines.push(line);
        self
    }

    pub(crate) fn bare(mut self, line: Value) -> Self {
        self.lines.push(line);
        self
    }

    pub(crate) fn user(self, text: &str) -> Self {
        self.line(
            "user",
            json!({"message": {"role": "user", "content": text}}),
        )
    }

    pub(crate) fn user_with(self, text: &str, mut fields: Value) -> Self {
        fields["message"] = json!({"role": "user", "content": text});
        self.line("user", fields)
    }

    pub(crate) fn says(self, id: &str, block: Value) -> Self {
        self.says_with(id, block, json!({}))
    }

    pub(crate) fn says_with(self, id: &str, block: Value, mut fields: Value) -> Self {
        let output = fields["output_tokens"].as_u64().unwrap_or(10);
        fields["message"] = json!({
            "id": id, "role": "assistant", "model": "claude-opus-4", "content": [block],
            "usage": {"input_tokens": 3, "cache_read_input_tokens": 100, "output_tokens": output},
        });
        fields["requestId"] = json!(format!("req_{id}"));
        self.line("assistant", fields)
    }

    pub(crate) fn text(self, id: &str, text: &str) -> Self {
        self.says(id, json!({"type": "text", "text": text}))
    }

    pub(crate) fn uses(self, id: &str, call: &str, tool: &str, input: Value) -> Self {
        self.says(
            id,
            json!({"type": "tool_use", "id": call, "name": tool, "input": input}),
        )
    }

    pub(crate) fn result(self, call: &str, content: Value, mut fields: Value) -> Self {
        let is_error = fields["is_error"].as_bool().unwrap_or(false);
        fields["message"] = json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call, "content": content, "is_error": is_error},
        ]});
        self.line("user", fields)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lines
            .iter()
            .flat_map(|line| format!("{line}\n").into_bytes())
            .collect()
    }
}

pub(crate) fn file(
    path: &str,
    native_id: &str,
    parent: Option<&str>,
    bytes: Vec<u8>,
) -> SessionFile {
    let membership = Membership {
        native_id: native_id.to_owned(),
        parent: parent.map(str::to_owned),
    };
    SessionFile {
        path: path.to_owned(),
        membership,
        bytes,
    }
}

pub(crate) fn decode_files(files: Vec<SessionFile>) -> Decoded {
    let session = SessionFiles {
        native_id: files[0].membership.native_id.clone(),
        files,
    };
    let decoded = session.decode(claude());
    let (mut scanned, mut counted) = (Responses::default(), Responses::default());
    scanned.scan(claude(), &session);
    if let Some(session) = &decoded.session {
        invariants::check(session);
        counted.add_session(session);
    }
    assert_eq!(scanned.0, counted.0, "scanner and decoder count alike");
    decoded
}

pub(crate) fn decode(transcript: &Transcript) -> Decoded {
    decode_files(vec![file("s.jsonl", "s", None, transcript.bytes())])
}

pub(crate) fn decode_bytes(bytes: impl Into<Vec<u8>>) -> Decoded {
    decode_files(vec![file("s.jsonl", "s", None, bytes.into())])
}

pub(crate) fn events(decoded: &Decoded, kind: EventKind) -> Vec<&Span> {
    let spans = decoded.session.as_ref().unwrap().spans();
    spans
        .filter(|span| matches!(&span.body, SpanBody::Event(event) if event.kind == kind))
        .collect()
}

pub(crate) fn event_text(span: &Span) -> &str {
    match &span.body {
        SpanBody::Event(event) => event.text.as_deref().unwrap_or_default(),
        _ => panic!("no event"),
    }
}

pub(crate) fn prompts(decoded: &Decoded) -> Vec<(&str, bool)> {
    let turns = &decoded.session.as_ref().unwrap().turns;
    turns
        .iter()
        .map(|turn| (turn.prompt.text.as_str(), turn.abandoned))
        .collect()
}

pub(crate) fn problems(decoded: &Decoded) -> Vec<ProblemKind> {
    decoded
        .problems
        .iter()
        .map(|problem| problem.kind)
        .collect()
}

/// A prompt that is answered.
pub(crate) fn asked(text: &str, id: &str) -> Transcript {
    Transcript::default().user(text).text(id, "done")
}
