//! Reads the lines of a session's files, and sorts out what is no step of the
//! conversation: bookkeeping, unknown types, repeated lines.

use super::records::Record;
use super::time;
use super::usage::{SYNTHETIC, read_usage_only};
use crate::Decoded;
use crate::lenient::{Maybe, Text};
use crate::lines::{Line, lines};
use dashcam_trace::{ProblemKind, Timestamp};
use rustc_hash::FxHashMap;

/// A line that is part of a conversation.
pub(crate) struct Entry<'a> {
    /// Which of the evidence's files it stands in.
    pub(crate) file: usize,
    /// The line itself.
    pub(crate) line: Line<'a>,
    /// Its fields.
    pub(crate) record: Record<'a>,
    /// When it was written; for lines without a time, the time of the line before.
    pub(crate) at: Timestamp,
}

impl Entry<'_> {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.record.kind.as_str() == kind
    }

    /// Whether a model wrote it, or the failure of one stands in its place.
    pub(crate) fn is_response(&self) -> bool {
        let model = self
            .record
            .message
            .0
            .as_ref()
            .map(|message| message.model.as_str());
        self.is("assistant")
            && (self.record.is_api_error_message.0 || model.is_some_and(|model| model != SYNTHETIC))
    }
}

/// What the files say besides the conversation.
#[derive(Default)]
pub(crate) struct Notes {
    /// A title that the person gave.
    custom_title: Option<String>,
    /// A title that the harness made up.
    ai_title: Option<String>,
    /// Titles in older versions, with the last line they speak of.
    summaries: Vec<(String, String)>,
    /// The end of the live branch, and how many entries were read before the
    /// line that says so.
    pub(crate) leaf: Option<(String, usize)>,
}

impl Notes {
    fn take(&mut self, record: &Record<'_>, entries_before: usize) {
        match record.kind.as_str() {
            "custom-title" => self.custom_title = record.custom_title.owned(),
            "ai-title" => self.ai_title = record.ai_title.owned(),
            "summary" => {
                if let Some(summary) = record.summary.owned() {
                    self.summaries
                        .push((summary, record.leaf_uuid.as_str().to_owned()));
                }
            }
            "last-prompt" => {
                if let Some(leaf) = record.leaf_uuid.owned() {
                    self.leaf = Some((leaf, entries_before));
                }
            }
            _ => {}
        }
    }

    /// The best title there is. A summary counts first if it speaks of a line
    /// of this session, since older versions put those of others here, too.
    pub(crate) fn title(&self, is_known: impl Fn(&str) -> bool) -> Option<String> {
        let summary = || {
            let own = self.summaries.iter().rev().find(|(_, leaf)| is_known(leaf));
            own.or(self.summaries.last())
                .map(|(summary, _)| summary.clone())
        };
        self.custom_title
            .clone()
            .or_else(|| self.ai_title.clone())
            .or_else(summary)
    }
}

/// Line types that are known and no step of the conversation.
const BOOKKEEPING: [&str; 26] = [
    "agent-color",
    "agent-name",
    "agent-setting",
    "ai-title",
    "attribution-snapshot",
    "content-replacement",
    "context-collapse-commit",
    "context-collapse-snapshot",
    "custom-title",
    "file-history-delta",
    "file-history-snapshot",
    "last-prompt",
    "mode",
    "permission-mode",
    "pr-link",
    "progress",
    "queue-operation",
    "saved_hook_context",
    "speculation-accept",
    "summary",
    "tag",
    "task-summary",
    "teammate-mailbox",
    "todo-snapshot",
    "worktree-state",
    "cwd-change",
];

/// Everything read from a session's transcripts.
#[derive(Default)]
pub(crate) struct Transcript<'a> {
    /// The lines, in order of file and line.
    pub(crate) entries: Vec<Entry<'a>>,
    /// The main file's bookkeeping.
    pub(crate) notes: Notes,
    /// The place of each line by its `uuid`; of lines that share one, the first.
    pub(crate) by_uuid: FxHashMap<&'a str, usize>,
}

impl<'a> Transcript<'a> {
    /// Reads one file.
    pub(crate) fn read_file(
        &mut self,
        file: usize,
        path: &str,
        bytes: &'a [u8],
        decoded: &mut Decoded,
    ) {
        let first_of_file = self.entries.len();
        let mut last_at = None;
        for line in lines(bytes) {
            decoded.lines += 1;
            if line.is_blank() {
                continue;
            }
            let Some(record) = read_line(&line, path, decoded) else {
                continue;
            };
            let at = record.timestamp.get().and_then(time::parse);
            if at.is_none() && is_step(record.kind.as_str()) {
                decoded.problem(line.problem(
                    path,
                    ProblemKind::UnexpectedShape,
                    "the line has no time; the time of the line before stands for it",
                ));
            }
            last_at = at.or(last_at);
            self.notes.take(&record, self.entries.len());
            match record.kind.as_str() {
                "user" | "assistant" | "system" | "attachment" => {}
                kind if BOOKKEEPING.contains(&kind) && record.uuid.get().is_none() => continue,
                kind if BOOKKEEPING.contains(&kind) => {}
                kind => {
                    decoded.unknown_record(if kind.is_empty() { "(no type)" } else { kind });
                    if record.uuid.get().is_none() {
                        continue;
                    }
                }
            }
            let entry = Entry {
                file,
                line,
                record,
                at: last_at.unwrap_or_default(),
            };
            self.add(entry, first_of_file, path, decoded);
        }
        self.fill_in_first_times(first_of_file);
    }

    fn add(&mut self, entry: Entry<'a>, first_of_file: usize, path: &str, decoded: &mut Decoded) {
        let uuid = borrowed(&entry.record.uuid);
        if let Some(uuid) = uuid {
            match self
                .by_uuid
                .get(uuid)
                .map(|place| (*place, &self.entries[*place]))
            {
                // The same line in another file is a copy that the harness made.
                Some((place, _)) if place < first_of_file => return,
                Some((_, earlier)) => {
                    let message = format!(
                        "the id {uuid} already stands in line {}",
                        earlier.line.number
                    );
                    decoded.problem(entry.line.problem(path, ProblemKind::Inconsistent, message));
                    if earlier.line.bytes == entry.line.bytes {
                        return;
                    }
                }
                None => drop(self.by_uuid.insert(uuid, self.entries.len())),
            }
        }
        self.entries.push(entry);
    }

    /// Lines before the first time of a file get that time.
    fn fill_in_first_times(&mut self, first_of_file: usize) {
        let entries = &mut self.entries[first_of_file..];
        let unset = Timestamp::default();
        let Some(known) = entries.iter().position(|entry| entry.at != unset) else {
            return;
        };
        let at = entries[known].at;
        for entry in &mut entries[..known] {
            entry.at = at;
        }
    }
}

/// Reads a line. What is wrong with it is noted; of a response that cannot be
/// read as a whole, its usage is kept if that can be read.
fn read_line<'a>(line: &Line<'a>, path: &str, decoded: &mut Decoded) -> Option<Record<'a>> {
    match line.parse::<Maybe<Record<'a>>>() {
        Ok(Maybe(Some(record))) => Some(record),
        Ok(Maybe(None)) => {
            let kind = ProblemKind::UnexpectedShape;
            decoded.problem(line.problem(path, kind, "the line is no object"));
            None
        }
        Err(error) => {
            decoded.problem(line.problem(path, error.kind, error.message));
            read_usage_only(line.bytes)
        }
    }
}

fn is_step(kind: &str) -> bool {
    matches!(kind, "user" | "assistant" | "system" | "attachment")
}

/// The text as it stands in the file. A `uuid` written with escapes is none.
fn borrowed<'a>(text: &Text<'a>) -> Option<&'a str> {
    match &text.0 {
        Some(std::borrow::Cow::Borrowed(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}
