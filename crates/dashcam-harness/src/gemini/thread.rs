//! One conversation from its files: each message once, as it was written last.

use super::records::{Header, Message, Part, Patch, Record, time};
use crate::Decoded;
use crate::evidence::EvidenceFile;
use crate::lenient::{List, Maybe, read_object};
use crate::lines::lines;
use dashcam_trace::{ProblemKind, Timestamp};
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;

/// What the conversation was set up with begins so.
const CONTEXT: &str = "<session_context>";

/// A conversation: the session's own, or a subagent's.
#[derive(Debug, Default)]
pub(super) struct Thread<'a> {
    pub(super) started: Option<Timestamp>,
    /// What a subagent gave back.
    pub(super) summary: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) entries: Vec<Entry<'a>>,
    /// Where each message stands, by its kind and id.
    places: FxHashMap<(String, String), usize>,
}

/// What happened in a conversation.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// Somebody said something.
    Said(Box<Said<'a>>),
    /// The conversation was replaced by a shorter one.
    Compressed(Timestamp),
}

/// A message.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub(super) message: Message<'a>,
    pub(super) at: Timestamp,
    /// Whether the person went back to before it.
    pub(super) is_rewound: bool,
    /// Whether it was taken out of the conversation without another in its
    /// place: the API failed for good.
    pub(super) is_withdrawn: bool,
}

impl Said<'_> {
    /// The parts of what was said.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        let Some(content) = self.message.content else {
            return Vec::new();
        };
        let json = content.get();
        if json.starts_with('"') {
            let text = serde_json::from_str(json).unwrap_or_default();
            return vec![Part {
                text,
                ..Part::default()
            }];
        }
        serde_json::from_str::<List<Part<'_>>>(json)
            .unwrap_or_default()
            .0
    }

    /// What was said, as one text.
    pub(super) fn text(&self) -> String {
        let parts = self.parts();
        let texts: Vec<&str> = parts.iter().filter_map(|part| part.text.get()).collect();
        texts.join("\n")
    }

    /// Whether it is what Gemini tells the model of the folder, and not a
    /// person's words.
    pub(super) fn is_context(&self) -> bool {
        let parts = self.parts();
        parts
            .first()
            .is_some_and(|part| part.text.as_str().trim_start().starts_with(CONTEXT))
    }
}

impl<'a> Thread<'a> {
    /// Takes in one of its files.
    pub(super) fn read(&mut self, file: &EvidenceFile<'_>, bytes: &'a [u8], decoded: &mut Decoded) {
        if let Some(document) = document(bytes) {
            self.header(&document);
            for message in messages(document.messages) {
                self.say(message);
            }
            decoded.lines += 1;
            return;
        }
        for line in lines(bytes) {
            decoded.lines += 1;
            if line.is_blank() {
                continue;
            }
            let Some(raw) = line.parse_or_note::<&'a RawValue>(file.path, decoded) else {
                continue;
            };
            self.record(raw, |what| {
                let problem = line.problem(
                    file.path,
                    ProblemKind::UnknownRecord,
                    format!("a record of the unknown type `{what}`: it is kept, and passed over"),
                );
                decoded.unknown_record(what);
                decoded.problem(problem);
            });
        }
    }

    fn record(&mut self, raw: &'a RawValue, unknown: impl FnOnce(&str)) {
        let json = raw.get();
        let record: Record<'a> = read_object(json);
        if let Some(patch) = record.set {
            self.patch(&read_object(patch.get()));
        } else if let Some(id) = record.rewind_to.get() {
            self.rewind(id);
        } else if record.session_id.get().is_some() {
            self.header(&read_object(json));
        } else {
            match record.kind.as_str() {
                "user" | "gemini" | "info" | "error" | "warning" => self.say(read_object(json)),
                other => unknown(other),
            }
        }
    }

    fn header(&mut self, header: &Header<'_>) {
        self.started = self.started.or_else(|| time(&header.start_time));
        if let Some(summary) = header.summary.owned() {
            self.summary = Some(summary);
        }
        self.cwd = self.cwd.take().or_else(|| header.folder());
    }

    /// A message that is there already is written again as it grows.
    fn say(&mut self, message: Message<'a>) {
        let Some(at) = time(&message.timestamp) else {
            return;
        };
        let key = (
            message.kind.as_str().to_owned(),
            message.id.as_str().to_owned(),
        );
        if let Some(place) = self.places.get(&key) {
            if let Entry::Said(known) = &mut self.entries[*place] {
                // Tokens only grow, as they do in the count that is taken
                // straight from the file.
                let counted = |message: &Message<'_>| {
                    let tokens = message.tokens.0?.tokens();
                    Some(tokens.completion)
                };
                let tokens = if counted(&known.message) > counted(&message) {
                    known.message.tokens
                } else {
                    message.tokens
                };
                known.message = Message { tokens, ..message };
            }
            return;
        }
        let said = Said {
            message,
            at,
            is_rewound: false,
            is_withdrawn: false,
        };
        if said.is_context() {
            self.cwd = self.cwd.take().or_else(|| folder(&said.text()));
        }
        self.places.insert(key, self.entries.len());
        self.entries.push(Entry::Said(Box::new(said)));
    }

    fn patch(&mut self, patch: &Patch<'a>) {
        if let Some(summary) = patch.summary.owned() {
            self.summary = Some(summary);
        }
        if patch.messages.is_some() {
            self.replace(messages(patch.messages), time(&patch.last_updated));
        }
    }

    /// The whole conversation, replaced. What is known keeps its own times and
    /// tokens, which the new list has not; what is not in it did happen. Only
    /// what a conversation begins with is news.
    fn replace(&mut self, messages: Vec<Message<'a>>, at: Option<Timestamp>) {
        let is_there = |id: &str| {
            let copy = |listed: &str| listed == id || listed.strip_suffix("_response") == Some(id);
            messages.iter().any(|message| copy(message.id.as_str()))
        };
        let mut missing: Vec<usize> = Vec::new();
        for (place, entry) in self.entries.iter().enumerate() {
            if let Entry::Said(said) = entry
                && matches!(said.message.kind.as_str(), "user" | "gemini")
                && !said.is_withdrawn
                && !is_there(said.message.id.as_str())
            {
                missing.push(place);
            }
        }
        let is_last = missing.as_slice() == [self.entries.len().saturating_sub(1)];
        if is_last {
            if let Some(Entry::Said(said)) = self.entries.last_mut() {
                said.is_withdrawn = true;
            }
        } else if !missing.is_empty()
            && let Some(at) = at
        {
            self.entries.push(Entry::Compressed(at));
        }
        if self.entries.is_empty() {
            for mut message in messages {
                message.tokens = Maybe::default();
                self.say(message);
            }
        }
    }

    fn rewind(&mut self, id: &str) {
        let place = self
            .entries
            .iter()
            .position(|entry| matches!(entry, Entry::Said(said) if said.message.id.as_str() == id));
        let Some(place) = place else {
            return;
        };
        for entry in &mut self.entries[place..] {
            if let Entry::Said(said) = entry {
                said.is_rewound = true;
            }
        }
    }
}

/// A file that is one document (before 0.5x).
fn document(bytes: &[u8]) -> Option<Header<'_>> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    // A log's first record has no messages, and is not the whole file.
    let header: Header<'_> = serde_json::from_str(text).ok()?;
    header.messages.is_some().then_some(header)
}

fn messages(list: Option<&RawValue>) -> Vec<Message<'_>> {
    list.and_then(|list| serde_json::from_str::<List<Message<'_>>>(list.get()).ok())
        .unwrap_or_default()
        .0
}

/// The folder that the context names first.
fn folder(context: &str) -> Option<String> {
    let (_, behind) = context.split_once("**Workspace Directories:**")?;
    let line = behind
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let folder = line.strip_prefix("- ")?.trim();
    (!folder.is_empty()).then(|| folder.to_owned())
}
