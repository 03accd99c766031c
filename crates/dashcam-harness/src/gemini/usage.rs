//! Token counts straight from a file's lines.

use super::records::{Header, Message, Patch, Record, time};
use crate::lenient::{List, read_object};
use crate::{UsageRecord, UsageScanner, response_hash};

/// The largest document of an older version that is put together again.
const MOST_DOCUMENT: usize = 256 << 20;

/// Scans one file.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    session: String,
    cwd: String,
    /// Whether a line has come.
    has_begun: bool,
    /// The lines of a document that is written over many.
    document: Option<Vec<u8>>,
}

impl UsageScanner for Scanner {
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first && line == b"{" {
            self.document = Some(b"{\n".to_vec());
            return;
        }
        if let Some(mut document) = self.document.take() {
            let is_end = line == b"}";
            // All but its brackets is indented.
            if is_end || line.starts_with(b" ") {
                document.extend_from_slice(line);
                document.push(b'\n');
                if is_end {
                    self.document(&document, report);
                } else if document.len() <= MOST_DOCUMENT {
                    self.document = Some(document);
                }
                return;
            }
        }
        let Ok(text) = std::str::from_utf8(line) else {
            return;
        };
        let record: Record<'_> = read_object(text);
        if record.session_id.get().is_some() {
            self.document(line, report);
        } else if let Some(patch) = record.set {
            // Only for the folder: tokens of a replaced conversation are old.
            let patch: Patch<'_> = read_object(patch.get());
            self.look_for_folder(patch.messages.map(serde_json::value::RawValue::get));
        } else if record.kind.as_str() == "gemini" {
            self.message(&read_object(text), report);
        }
    }
}

impl Scanner {
    /// A header, or a whole document.
    fn document(&mut self, bytes: &[u8], report: &mut dyn FnMut(UsageRecord<'_>)) {
        let Ok(header) = serde_json::from_slice::<Header<'_>>(bytes) else {
            return;
        };
        header.session_id.as_str().clone_into(&mut self.session);
        let messages = header.messages.map(serde_json::value::RawValue::get);
        self.look_for_folder(messages);
        let Some(Ok(messages)) = messages.map(serde_json::from_str::<List<Message<'_>>>) else {
            return;
        };
        for message in messages.0 {
            self.message(&message, report);
        }
    }

    fn look_for_folder(&mut self, messages: Option<&str>) {
        if !self.cwd.is_empty() {
            return;
        }
        let marker = "**Workspace Directories:**\\n  - ";
        let folder = messages
            .and_then(|messages| messages.split_once(marker))
            .and_then(|(_, behind)| behind.split_once("\\n"));
        if let Some((folder, _)) = folder {
            folder.clone_into(&mut self.cwd);
        }
    }

    fn message(&self, message: &Message<'_>, report: &mut dyn FnMut(UsageRecord<'_>)) {
        let (Some(tokens), Some(at)) = (message.tokens.0, time(&message.timestamp)) else {
            return;
        };
        let model = message.model.as_str();
        report(UsageRecord {
            response: response_hash(message.id.as_str()),
            at,
            model,
            provider: Some("google").filter(|_| model.starts_with("gemini")),
            tokens: tokens.tokens(),
            cost: None,
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
