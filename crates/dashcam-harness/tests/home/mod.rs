//! Reads a home folder the way the recorder does: finds evidence, groups it
//! into sessions, decodes each.

#![allow(dead_code, reason = "not every test file uses everything")]
#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_fixtures::SessionPieces;
use dashcam_harness::{Decoded, Evidence, EvidenceFile, HarnessReader, Membership, response_hash};
use dashcam_trace::{ModelCall, Session, SpanBody, Tokens, ToolCall};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One session's files.
pub(crate) struct SessionFiles {
    pub(crate) native_id: String,
    pub(crate) files: Vec<SessionFile>,
}

/// One file, read.
pub(crate) struct SessionFile {
    pub(crate) path: String,
    pub(crate) membership: Membership,
    pub(crate) bytes: Vec<u8>,
}

impl SessionFiles {
    pub(crate) fn decode(&self, reader: &dyn HarnessReader) -> Decoded {
        let files = self
            .files
            .iter()
            .map(|file| EvidenceFile {
                path: &file.path,
                native_id: &file.membership.native_id,
                parent: file.membership.parent.as_deref(),
                bytes: Cow::Borrowed(&file.bytes),
            })
            .collect();
        reader.decode(&Evidence {
            native_id: &self.native_id,
            files,
        })
    }
}

impl From<SessionPieces> for SessionFiles {
    fn from(session: SessionPieces) -> Self {
        let files = session.pieces.into_iter().map(|piece| SessionFile {
            path: piece.path,
            membership: Membership {
                native_id: piece.native_id,
                parent: piece.parent,
            },
            bytes: piece.bytes,
        });
        Self {
            native_id: session.native_id,
            files: files.collect(),
        }
    }
}

/// The folder of a harness's fixtures.
pub(crate) fn fixtures(harness: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(harness)
}

/// Every session below a home folder, by native id.
pub(crate) fn sessions(reader: &dyn HarnessReader, home: &Path) -> Vec<SessionFiles> {
    let pieces = dashcam_fixtures::below_home(reader, home).unwrap();
    let sessions = dashcam_fixtures::group(pieces).into_iter();
    sessions.map(SessionFiles::from).collect()
}

/// Every model call of a session.
pub(crate) fn model_calls(session: &Session) -> impl Iterator<Item = &ModelCall> {
    session.spans().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some(call),
        _ => None,
    })
}

/// Every tool call of a session.
pub(crate) fn tool_calls(session: &Session) -> impl Iterator<Item = &ToolCall> {
    session.spans().filter_map(|span| match &span.body {
        SpanBody::ToolCall(call) => Some(call),
        _ => None,
    })
}

/// Responses, each once: the fullest record of it, of equals the last.
#[derive(Debug, Default)]
pub(crate) struct Responses(pub(crate) BTreeMap<u64, Tokens>);

impl Responses {
    pub(crate) fn add(&mut self, response: u64, tokens: Tokens) {
        let known = self.0.entry(response).or_insert(tokens);
        if tokens.completion >= known.completion {
            *known = tokens;
        }
    }

    /// Adds what a decoder found.
    pub(crate) fn add_session(&mut self, session: &Session) {
        for call in model_calls(session) {
            if let Some(tokens) = call.tokens {
                self.add(
                    response_hash(call.response_id.as_deref().unwrap_or_default()),
                    tokens,
                );
            }
        }
    }

    /// Adds what a usage scanner finds.
    pub(crate) fn scan(&mut self, reader: &dyn HarnessReader, files: &SessionFiles) {
        for file in &files.files {
            let Some(mut scanner) = reader.usage_scanner(Path::new(&file.path)) else {
                continue;
            };
            let mut lines: Vec<&[u8]> = file.bytes.split(|byte| *byte == b'\n').collect();
            if lines.last().is_some_and(|line| line.is_empty()) {
                lines.pop();
            }
            for line in lines {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                scanner.line(line, &mut |record| self.add(record.response, record.tokens));
            }
        }
    }
}
