//! Sessions made ready away from the database: rows, compressed content,
//! hashes. Runs on any thread.

use super::TurnHashes;
use crate::codes::{Code, nanos};
use crate::project_name;
use crate::sums::{Step, Sums};
use crate::zstd_frames::compress;
use dashcam_trace::{
    Credits, Harness, ImageId, Problem, Session, SessionId, Span, SpanBody, Timestamp, Tokens,
    Turn, TurnStatus,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Part of every revision: raised when the rows made of a turn change, so
/// that re-reading writes them anew.
const ROW_FORMAT: u8 = 1;
/// The most characters of a title.
const TITLE_CHARS: usize = 120;
/// The most characters of a prompt or target in an outline.
const OUTLINE_CHARS: usize = 200;

/// What is known of a session besides the session itself.
#[derive(Clone, Debug, Default)]
pub struct SessionExtras {
    /// The time that stands first in its own file; tells an original from its copies.
    pub first_record_at: Timestamp,
    /// What could not be read in its evidence.
    pub problems: Vec<Problem>,
    /// How many problems there were in all.
    pub problem_count: u64,
    /// Record types that are not known, with how often they came.
    pub unknown_records: BTreeMap<String, u64>,
    /// Images in it: id, media type, bytes.
    pub images: Vec<(ImageId, String, Vec<u8>)>,
    /// The files that it was decoded from.
    pub files: Vec<String>,
    /// Whether it belongs to the bundled sample history.
    pub sample: bool,
}

/// A session, ready to be written.
#[derive(Clone, Debug)]
pub struct PreparedSession {
    pub(crate) header: Header,
    pub(crate) extras: SessionExtras,
    pub(crate) turns: Vec<PreparedTurn>,
    /// The names that rows refer to.
    pub(crate) names: Vec<Box<str>>,
    /// The sums, if no response of it is counted elsewhere.
    pub(crate) sums: Sums<u32>,
}

/// A session's own fields.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) session: Session,
    pub(crate) title: String,
    pub(crate) project: String,
    pub(crate) status: TurnStatus,
}

/// One turn, ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct PreparedTurn {
    pub(crate) key: [u8; 16],
    pub(crate) index: u32,
    pub(crate) start: i64,
    pub(crate) finish: Option<i64>,
    pub(crate) status: TurnStatus,
    pub(crate) abandoned: bool,
    pub(crate) prompt: String,
    pub(crate) revision: u64,
    /// Absent where the store has the turn as it is.
    pub(crate) content: Option<TurnContent>,
}

#[derive(Clone, Debug)]
pub(crate) struct TurnContent {
    /// The turn's JSON, compressed.
    pub(crate) body: Vec<u8>,
    pub(crate) json_bytes: i64,
    pub(crate) spans: Vec<SpanRow>,
}

/// A span without content.
#[derive(Clone, Debug)]
pub(crate) struct SpanRow {
    pub(crate) step: Step<u32>,
    pub(crate) timing: i64,
    pub(crate) name: u32,
    pub(crate) detail: Option<i64>,
    pub(crate) target: Option<String>,
    pub(crate) response: Option<i64>,
}

impl PreparedSession {
    /// The folder that the session began in.
    pub fn cwd(&self) -> Option<&str> {
        self.header.session.cwd.as_deref()
    }

    /// Does all the work that needs no database. Turns whose revision stands
    /// in `known` are not compressed again.
    pub fn new(session: &Session, extras: SessionExtras, known: Option<&TurnHashes>) -> Self {
        let mut names = Interner::default();
        let mut sums = Sums::default();
        let mut json = Vec::new();
        let turns = session
            .turns
            .iter()
            .map(|turn| {
                let spans: Vec<SpanRow> = turn
                    .spans
                    .iter()
                    .map(|span| span_row(session.harness, span, &mut names))
                    .collect();
                let steps: Vec<Step<u32>> = spans.iter().map(|span| span.step).collect();
                sums.add_turn(&steps, false);
                prepare_turn(turn, spans, known, &mut json)
            })
            .collect();
        Self {
            header: Header::new(session),
            extras,
            turns,
            names: names.names,
            sums,
        }
    }

    /// The session's id.
    pub const fn id(&self) -> SessionId {
        self.header.session.id
    }
}

impl Header {
    fn new(session: &Session) -> Self {
        let given = session.title.as_deref().and_then(first_line);
        let prompt = || {
            session
                .turns
                .iter()
                .find_map(|turn| first_line(&turn.prompt.text))
        };
        let last_live = session.turns.iter().rev().find(|turn| !turn.abandoned);
        Self {
            title: shortened(given.or_else(prompt).unwrap_or_default(), TITLE_CHARS),
            project: project_name(session.cwd.as_deref(), session.git.remote.as_deref()),
            status: last_live
                .or(session.turns.last())
                .map_or(TurnStatus::Unfinished, |turn| turn.status),
            session: Session {
                turns: Vec::new(),
                title: session.title.clone(),
                cwd: session.cwd.clone(),
                git: session.git.clone(),
                version: session.version.clone(),
                entrypoint: session.entrypoint.clone(),
                parent: session.parent.clone(),
                outcome: session.outcome.clone(),
                native_id: session.native_id.clone(),
                ..*session
            },
        }
    }
}

fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty())
}

/// At most `most` characters of a text; three dots say that there was more.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

fn prepare_turn(
    turn: &Turn,
    spans: Vec<SpanRow>,
    known: Option<&TurnHashes>,
    json: &mut Vec<u8>,
) -> PreparedTurn {
    json.clear();
    serde_json::to_writer(&mut *json, turn)
        .expect("a turn has no map with keys other than texts, and memory takes every byte");
    let revision = revision(json);
    let unchanged = known.and_then(|known| known.get(&turn.index)) == Some(&revision);
    let content = (!unchanged).then(|| TurnContent {
        body: compress(json),
        json_bytes: json.len() as i64,
        spans,
    });
    PreparedTurn {
        key: *turn.id.as_bytes(),
        index: turn.index,
        start: nanos(turn.start),
        finish: turn.end.map(nanos),
        status: turn.status,
        abandoned: turn.abandoned,
        prompt: shortened(turn.prompt.text.trim(), OUTLINE_CHARS),
        revision,
        content,
    }
}

fn revision(json: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[ROW_FORMAT]);
    hasher.update(json);
    first_eight(&hasher.finalize())
}

/// The number that stands for a response among all sessions.
fn response_key(harness: Harness, response_id: &str) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(harness.as_str().as_bytes());
    hasher.update(&[0]);
    hasher.update(response_id.as_bytes());
    first_eight(&hasher.finalize()) as i64
}

fn first_eight(hash: &blake3::Hash) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

fn span_row(harness: Harness, span: &Span, names: &mut Interner) -> SpanRow {
    let mut row = SpanRow {
        step: Step {
            id: i64::from_be_bytes(*span.id.as_bytes()),
            parent: span
                .parent
                .map(|parent| i64::from_be_bytes(*parent.as_bytes())),
            kind: span.kind(),
            status: span.status,
            start: nanos(span.start),
            finish: span.end.map(nanos),
            subject: None,
            tokens: None,
            cost: None,
            credits: None,
            counted: true,
        },
        timing: span.timing.code(),
        name: names.intern(&span.name),
        detail: None,
        target: None,
        response: None,
    };
    match &span.body {
        SpanBody::ModelCall(call) => {
            row.step.subject = Some(names.intern(&call.model));
            row.step.tokens = call.tokens.map(storable);
            row.step.cost = call.cost.as_ref().map(|cost| cost.usd.nanos());
            row.step.credits = call.credits.map(Credits::nanos);
            row.response = call
                .response_id
                .as_deref()
                .map(|id| response_key(harness, id));
        }
        SpanBody::ToolCall(call) => {
            row.step.subject = Some(names.intern(&call.tool));
            row.detail = Some(call.tool_kind.code());
            row.target = call
                .target
                .as_deref()
                .map(|target| shortened(target.trim(), OUTLINE_CHARS));
        }
        SpanBody::Event(event) => row.detail = Some(event.kind.code()),
        SpanBody::Turn | SpanBody::AgentRun(_) => {}
    }
    row
}

/// Token counts that fit a row, however absurd the evidence is.
fn storable(tokens: Tokens) -> Tokens {
    const MOST: u64 = i64::MAX as u64;
    Tokens {
        prompt: tokens.prompt.min(MOST),
        cache_read: tokens.cache_read.min(MOST),
        cache_write_5m: tokens.cache_write_5m.min(MOST),
        cache_write_1h: tokens.cache_write_1h.min(MOST),
        completion: tokens.completion.min(MOST),
        reasoning: tokens.reasoning.min(MOST),
    }
}

/// Numbers for the names of one session.
#[derive(Default)]
struct Interner {
    ids: FxHashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

impl Interner {
    fn intern(&mut self, name: &str) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.names.len() as u32;
        let name: Box<str> = shortened(name, OUTLINE_CHARS).into();
        self.ids.insert(name.clone(), id);
        self.names.push(name);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äö…");
    }

    #[test]
    fn equal_response_ids_of_different_harnesses_are_different_responses() {
        assert_ne!(
            response_key(Harness::ClaudeCode, "resp_1"),
            response_key(Harness::Codex, "resp_1")
        );
    }
}
