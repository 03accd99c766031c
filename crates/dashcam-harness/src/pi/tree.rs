//! The records of one file as a tree, and which of its turns are live.
//!
//! A record names the one before it. Going back to an earlier record and on
//! from there makes a second branch; the record written last is where the
//! conversation stands.

use super::records::{Message, Record, time};
use crate::Decoded;
use crate::lines::{Line, lines};
use dashcam_trace::{ProblemKind, Timestamp};
use rustc_hash::FxHashMap;

/// One record of the tree.
pub(super) struct Entry<'a> {
    pub(super) line: Line<'a>,
    pub(super) record: Record<'a>,
    /// When it was written.
    pub(super) at: Timestamp,
    /// The record before it, which always stands further up in the file.
    pub(super) parent: Option<usize>,
}

impl<'a> Entry<'a> {
    /// The message, if the record is one.
    pub(super) fn message(&self) -> Option<&Message<'a>> {
        let is_message = self.record.kind.as_str() == "message";
        self.record.message.0.as_ref().filter(|_| is_message)
    }

    /// The message, if it is of this role.
    pub(super) fn message_of(&self, role: &str) -> Option<&Message<'a>> {
        self.message()
            .filter(|message| message.role.as_str() == role)
    }

    /// When its message says that it happened, or else when it was written.
    pub(super) fn happened(&self) -> Timestamp {
        let message = self.message().and_then(|message| time(message.timestamp));
        message.unwrap_or(self.at)
    }

    /// What names the record within its file.
    pub(super) fn key(&self) -> String {
        match self.record.id.get() {
            Some(id) => id.to_owned(),
            None => format!("line {}", self.line.number),
        }
    }
}

/// What a file tells of the session as a whole.
#[derive(Default)]
pub(super) struct Heading {
    pub(super) started: Option<Timestamp>,
    pub(super) cwd: Option<String>,
    pub(super) title: Option<String>,
    pub(super) forked_from: Option<String>,
    /// The subagent's definition.
    pub(super) agent: Option<String>,
    is_read: bool,
}

/// One file's records.
#[derive(Default)]
pub(super) struct Tree<'a> {
    pub(super) heading: Heading,
    pub(super) entries: Vec<Entry<'a>>,
}

/// The kinds of records that make no span, or whose spans are made elsewhere.
const KNOWN: [&str; 18] = [
    "message",
    "compaction",
    "branch_summary",
    "model_change",
    "thinking_level_change",
    "service_tier_change",
    "mode_change",
    "custom",
    "custom_message",
    "label",
    "session_info",
    "title_change",
    "session_init",
    "ttsr_injection",
    "credential_pin",
    "reset_boundary",
    "usage",
    "context_edit",
];

impl<'a> Tree<'a> {
    /// Reads a file.
    pub(super) fn read(path: &str, bytes: &'a [u8], decoded: &mut Decoded) -> Self {
        let mut tree = Self::default();
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        for line in lines(bytes) {
            decoded.lines += 1;
            if line.is_blank() {
                continue;
            }
            let Some(record) =
                line.parse_or_note::<crate::lenient::Maybe<Record<'a>>>(path, decoded)
            else {
                continue;
            };
            let Some(record) = record.0 else {
                let message = "a line that is no object";
                decoded.problem(line.problem(path, ProblemKind::UnexpectedShape, message));
                continue;
            };
            tree.add(path, line, record, &mut places, decoded);
        }
        tree
    }

    fn add(
        &mut self,
        path: &str,
        line: Line<'a>,
        record: Record<'a>,
        places: &mut FxHashMap<String, usize>,
        decoded: &mut Decoded,
    ) {
        self.heading.read(&record);
        let kind = record.kind.as_str();
        if matches!(kind, "session" | "title") {
            return;
        }
        if kind.is_empty() {
            let message = "a record without a type";
            decoded.problem(line.problem(path, ProblemKind::UnexpectedShape, message));
        } else if !KNOWN.contains(&kind) {
            decoded.unknown_record(kind);
        }
        let place = self.entries.len();
        let previous = place.checked_sub(1);
        let parent = match (record.id.get(), record.parent_id.get()) {
            (None, _) => previous,
            (Some(_), None) => None,
            (Some(_), Some(parent)) => places.get(parent).copied().or_else(|| {
                let message = format!("the record before this one, {parent}, is not there");
                decoded.problem(line.problem(path, ProblemKind::Inconsistent, message));
                previous
            }),
        };
        if let Some(id) = record.id.get() {
            places.insert(id.to_owned(), place);
        }
        let before = previous.map(|previous| self.entries[previous].at);
        let at = record
            .written()
            .or(before)
            .or(self.heading.started)
            .unwrap_or_default();
        self.entries.push(Entry {
            line,
            record,
            at,
            parent,
        });
    }

    /// A record and those before it, the nearest first.
    pub(super) fn upward(&self, from: Option<usize>) -> impl Iterator<Item = usize> {
        std::iter::successors(from, |place| self.entries[*place].parent)
    }

    /// The turn of each record, as the place of the record that opened it;
    /// none for what came before the first prompt. Where the first prompt was
    /// lost, the first message opens a turn.
    pub(super) fn openers(&self) -> Vec<Option<usize>> {
        let mut openers: Vec<Option<usize>> = Vec::with_capacity(self.entries.len());
        for (place, entry) in self.entries.iter().enumerate() {
            let before = entry.parent.and_then(|parent| openers[parent]);
            let opens = match entry.message() {
                Some(message) if message.role.as_str() == "user" => {
                    before.is_none() || self.is_prompt(entry, message)
                }
                Some(message) => before.is_none() && message.role.as_str() != "system",
                None => {
                    let is_work = ["compaction", "branch_summary", "usage"];
                    before.is_none() && is_work.contains(&entry.record.kind.as_str())
                }
            };
            openers.push(if opens { Some(place) } else { before });
        }
        openers
    }

    /// Whether a message of the user begins a turn: not if the program made
    /// it, or if it was sent while the agent's tools were at work.
    fn is_prompt(&self, entry: &Entry<'_>, message: &Message<'_>) -> bool {
        if message.synthetic.0 || message.steering.0 || message.attribution.as_str() == "agent" {
            return false;
        }
        let messages = self
            .upward(entry.parent)
            .filter_map(|place| Some((place, self.entries[place].message()?)));
        // Several may have been waiting.
        let mut before = messages.skip_while(|(_, message)| message.role.as_str() == "user");
        let Some((place, last)) = before.next() else {
            return true;
        };
        // A message that waited bears the time at which it was sent.
        last.role.as_str() != "toolResult" || entry.happened() > self.entries[place].happened()
    }

    /// Which records lie on the live branch.
    pub(super) fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.entries.len()];
        for place in self.upward(self.entries.len().checked_sub(1)) {
            live[place] = true;
        }
        live
    }
}

impl Heading {
    fn read(&mut self, record: &Record<'_>) {
        let title = match record.kind.as_str() {
            "session" if !self.is_read => {
                self.is_read = true;
                self.started = record.written();
                self.cwd = record.cwd.owned();
                self.forked_from = record.parent_session.owned();
                // What stands in the line before is newer.
                record.title.owned().filter(|_| self.title.is_none())
            }
            "title" | "title_change" => record.title.owned(),
            "session_info" => record.name.owned(),
            "session_init" => {
                self.agent = record.agent.owned();
                None
            }
            _ => None,
        };
        if title.is_some() {
            self.title = title;
        }
    }
}
