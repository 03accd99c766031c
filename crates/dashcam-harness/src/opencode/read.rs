//! From evidence to the messages of each session, whether rows or files.

use super::records::{MessageRecord, PartRecord, Row, SessionRecord, time};
use crate::lenient::{Maybe, Number};
use crate::lines::lines;
use crate::{Decoded, Evidence, EvidenceFile, Membership};
use dashcam_trace::{Problem, ProblemKind, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::Path;

/// What is known of one session of `OpenCode`'s: a conversation, or the work
/// of a subagent.
#[derive(Debug, Default)]
pub(super) struct Thread<'a> {
    pub(super) record: SessionRecord<'a>,
    /// By time.
    pub(super) messages: Vec<Message<'a>>,
    /// The evidence that it came from, for people.
    pub(super) file: &'a str,
}

/// A message and what it consists of.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) record: MessageRecord<'a>,
    /// Whether `OpenCode` has deleted it since.
    pub(super) is_gone: bool,
    /// By id: the order in which they came.
    pub(super) parts: Vec<Part<'a>>,
}

/// A part of a message.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) id: String,
    /// When its row was made; in files nothing tells.
    pub(super) created: Option<Timestamp>,
    pub(super) record: PartRecord<'a>,
    is_gone: bool,
    pub(super) json: &'a RawValue,
}

/// Everything in the evidence, before it is put together.
#[derive(Default)]
struct Found<'a> {
    sessions: BTreeMap<&'a str, (SessionRecord<'a>, &'a str)>,
    messages: BTreeMap<String, (&'a str, Message<'a>)>,
    parts: BTreeMap<String, (String, Part<'a>)>,
    /// Rows that stand twice in one file: what was seen of it.
    seen: FxHashSet<(&'a str, String)>,
}

/// The sessions that the evidence tells of. `texts` are the files' contents.
pub(super) fn threads<'a>(
    evidence: &Evidence<'a>,
    texts: &'a [std::borrow::Cow<'a, [u8]>],
    decoded: &mut Decoded,
) -> BTreeMap<&'a str, Thread<'a>> {
    let mut found = Found::default();
    let mut files: Vec<_> = evidence.files.iter().zip(texts).collect();
    // What is in both, the database tells better.
    files.sort_by_key(|(file, _)| Kind::of(file.path).is_some());
    for (file, text) in files {
        match Kind::of(file.path) {
            Some(kind) => found.file(kind, evidence.native_id, file, text, decoded),
            None => found.rows(file, text, decoded),
        }
    }
    found.put_together(decoded)
}

impl<'a> Found<'a> {
    fn rows(&mut self, file: &EvidenceFile<'a>, text: &'a [u8], decoded: &mut Decoded) {
        for line in lines(text) {
            decoded.lines += 1;
            if line.is_blank() {
                continue;
            }
            let Some(Maybe(row)) = line.parse_or_note::<Maybe<Row<'_>>>(file.path, decoded) else {
                continue;
            };
            let row = row.unwrap_or_default();
            let mut note = |kind, message: &str| {
                decoded.problem(line.problem(file.path, kind, message));
            };
            let id = row.id.as_str().to_owned();
            match row.table.as_str() {
                "session" => {
                    let session = line.parse::<Maybe<SessionRecord<'_>>>();
                    let session = session.ok().and_then(|session| session.0);
                    self.sessions
                        .entry(file.native_id)
                        .or_insert((session.unwrap_or_default(), file.path));
                }
                "message" | "part" if id.is_empty() => {
                    note(ProblemKind::UnexpectedShape, "a row without an id");
                }
                "message" => {
                    if !self.seen.insert((file.path, id.clone())) {
                        note(ProblemKind::Inconsistent, "a message that is there twice");
                        continue;
                    }
                    let Some(record) = row.data.and_then(object) else {
                        note(ProblemKind::UnexpectedShape, "a message without data");
                        continue;
                    };
                    let place = (file.native_id, row.gone.0);
                    self.message(id, place, row.time_created, record);
                }
                "part" => {
                    if !self.seen.insert((file.path, id.clone())) {
                        note(ProblemKind::Inconsistent, "a part that is there twice");
                        continue;
                    }
                    let record = row.data.and_then(|json| Some((object(json)?, json)));
                    let Some((record, json)) = record else {
                        note(ProblemKind::UnexpectedShape, "a part without data");
                        continue;
                    };
                    let part = Part {
                        id,
                        created: time(row.time_created),
                        record,
                        is_gone: row.gone.0,
                        json,
                    };
                    self.part(row.message_id.as_str().to_owned(), part);
                }
                "begin" => {}
                table => decoded.unknown_record(if table.is_empty() { "?" } else { table }),
            }
        }
    }

    /// A file of versions before 1.2: one record.
    fn file(
        &mut self,
        kind: Kind,
        root: &'a str,
        file: &EvidenceFile<'a>,
        text: &'a [u8],
        decoded: &mut Decoded,
    ) {
        decoded.lines += 1;
        let json = match serde_json::from_slice::<&'a RawValue>(text) {
            Ok(json) => json,
            Err(error) => {
                decoded.problem(Problem {
                    kind: ProblemKind::MalformedLine,
                    file: file.path.to_owned(),
                    line: None,
                    message: error.to_string(),
                });
                return;
            }
        };
        let name = Path::new(file.path)
            .file_stem()
            .and_then(|stem| stem.to_str());
        let name = name.unwrap_or_default();
        match kind {
            Kind::Session => {
                let session = object::<SessionRecord<'_>>(json).unwrap_or_default();
                self.sessions
                    .entry(file.native_id)
                    .or_insert((session, file.path));
            }
            Kind::Message => {
                let record = object::<MessageRecord<'_>>(json).unwrap_or_default();
                // Its folder is named by its session.
                let session = file.parent.unwrap_or(root);
                self.message(name.to_owned(), (session, false), Number(None), record);
            }
            Kind::Part => {
                let record = object::<PartRecord<'_>>(json).unwrap_or_default();
                let part = Part {
                    id: name.to_owned(),
                    created: None,
                    record,
                    is_gone: false,
                    json,
                };
                self.part(file.native_id.to_owned(), part);
            }
        }
    }

    fn message(
        &mut self,
        id: String,
        (session, is_gone): (&'a str, bool),
        row_created: Number,
        record: MessageRecord<'a>,
    ) {
        let times = record.time.0.unwrap_or_default();
        let created = time(times.created).or_else(|| time(row_created));
        let message = Message {
            id: id.clone(),
            created: created.unwrap_or_default(),
            record,
            is_gone,
            parts: Vec::new(),
        };
        self.messages.entry(id).or_insert((session, message));
    }

    fn part(&mut self, message: String, part: Part<'a>) {
        self.parts.entry(part.id.clone()).or_insert((message, part));
    }

    fn put_together(self, decoded: &mut Decoded) -> BTreeMap<&'a str, Thread<'a>> {
        let mut messages = self.messages;
        for (message, part) in self.parts.into_values() {
            match messages.get_mut(&message) {
                // A part that went alone was of an attempt that came to nothing.
                Some((_, message)) if part.is_gone && !message.is_gone => {}
                Some((_, message)) => message.parts.push(part),
                None => decoded.problem(Problem {
                    kind: ProblemKind::Inconsistent,
                    file: String::new(),
                    line: None,
                    message: format!("part {} is of a message that is not there", part.id),
                }),
            }
        }
        let mut threads: BTreeMap<&'a str, Thread<'a>> = BTreeMap::new();
        for (id, (record, file)) in self.sessions {
            let thread = threads.entry(id).or_default();
            thread.record = record;
            thread.file = file;
        }
        // By id within one millisecond.
        for (session, message) in messages.into_values() {
            threads.entry(session).or_default().messages.push(message);
        }
        for thread in threads.values_mut() {
            thread.messages.sort_by_key(|message| message.created);
        }
        threads
    }
}

/// An object; `None` for any other value, and for one that cannot be read.
fn object<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Option<T> {
    serde_json::from_str::<Maybe<T>>(json.get()).ok()?.0
}

/// What a file of older versions holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Message,
    Part,
}

impl Kind {
    /// What a file holds, by its path: `storage/session/<project>/<id>.json`,
    /// `storage/message/<session>/<id>.json`, `storage/part/<message>/<id>.json`.
    pub(super) fn of(path: &str) -> Option<Self> {
        let path = Path::new(path);
        if path.extension()? != "json" {
            return None;
        }
        let kind = path.parent()?.parent()?.file_name()?.to_str()?;
        match kind {
            "session" => Some(Self::Session),
            "message" => Some(Self::Message),
            "part" => Some(Self::Part),
            _ => None,
        }
    }
}

/// Whether a file below a root is a stored record.
pub(super) fn is_stored_file(root: &Path, path: &Path) -> bool {
    let below = path
        .strip_prefix(root)
        .map(|below| below.components().count());
    below == Ok(2) && path.to_str().is_some_and(|path| Kind::of(path).is_some())
}

/// Whose record a stored file is. Messages have ids of their own, so that the
/// parts, which name only their message, come to the session that it names.
pub(super) fn membership(path: &Path, first_line: &[u8]) -> Option<Membership> {
    let name = path.file_stem()?.to_str()?;
    let folder = path.parent()?.file_name()?.to_str()?;
    let (native_id, parent) = match Kind::of(path.to_str()?)? {
        Kind::Session => (name, parent_of(first_line)),
        Kind::Message => (name, Some(folder.to_owned())),
        Kind::Part => (folder, None),
    };
    Some(Membership {
        native_id: native_id.to_owned(),
        parent,
    })
}

/// The session that started this one.
fn parent_of(json: &[u8]) -> Option<String> {
    let Maybe(record) = serde_json::from_slice::<Maybe<SessionRecord<'_>>>(json).ok()?;
    record?.parent_id.owned()
}

/// The messages of a session by id.
pub(super) fn places<'t>(thread: &'t Thread<'_>) -> FxHashMap<&'t str, usize> {
    let ids = thread.messages.iter().enumerate();
    ids.map(|(at, message)| (message.id.as_str(), at)).collect()
}
