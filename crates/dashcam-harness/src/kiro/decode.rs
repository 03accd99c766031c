//! Puts a session together from its files, or from the database.

use super::conversation::Row;
use super::history;
use super::records::Document;
use super::transcript::Reader;
use super::turns::Builder;
use crate::lenient::Maybe;
use crate::lines::{lines, repair_surrogates};
use crate::{Decoded, Evidence, EvidenceFile};
use dashcam_trace::{
    Git, Harness, Parent, ParentRelation, Problem, ProblemKind, Session, SessionId, Turn,
};
use std::borrow::Cow;
use std::path::Path;

/// What a piece of evidence is, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Conversation,
    Document,
    Rows,
}

impl Kind {
    fn of(file: &EvidenceFile<'_>) -> Self {
        let end = Path::new(file.path)
            .extension()
            .and_then(|end| end.to_str());
        match end {
            Some("jsonl") => Self::Conversation,
            Some("json") => Self::Document,
            _ => Self::Rows,
        }
    }
}

/// Decodes one session.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let texts: Vec<(&EvidenceFile<'_>, Cow<'_, [u8]>)> = evidence
        .files
        .iter()
        .map(|file| (file, repair_surrogates(&file.bytes)))
        .collect();
    let of = |kind| texts.iter().filter(move |(file, _)| Kind::of(file) == kind);
    let document = of(Kind::Document).next().and_then(|(file, text)| {
        let read = Document::read(text);
        if read.is_none() {
            decoded.problem(Problem {
                kind: ProblemKind::MalformedLine,
                file: file.path.to_owned(),
                line: None,
                message: "not a JSON object; the session's folder and credits are not known"
                    .to_owned(),
            });
        }
        read
    });
    let document = document.unwrap_or_default();
    let session = SessionId::derive(Harness::Kiro, evidence.native_id);
    let mut builder = Builder::new(session, &mut decoded);
    for (file, text) in of(Kind::Conversation) {
        Reader::new(&mut builder, &document, file.path).read(text);
    }
    let mut folder = document.cwd.owned();
    // Where both tell of a session, the files are the newer version's.
    if !builder.has_turn() {
        for (file, text) in of(Kind::Rows) {
            let key = rows(file, text, &mut builder);
            folder = folder.or(key);
        }
    }
    let turns = builder.finish();
    decoded.session = put_together(evidence.native_id, session, &document, folder, turns);
    decoded
}

/// Reads the rows of a conversation. Returns its folder.
fn rows(file: &EvidenceFile<'_>, text: &[u8], builder: &mut Builder<'_>) -> Option<String> {
    let mut folder = None;
    for line in lines(text) {
        builder.decoded.lines += 1;
        if line.is_blank() {
            continue;
        }
        let row = line.parse_or_note::<Maybe<Row<'_>>>(file.path, builder.decoded);
        let Some(row) = row.map(|row| row.0.unwrap_or_default()) else {
            continue;
        };
        match row.table.as_str() {
            // A row that was archived and changed since is there again: the
            // newest stands first.
            "conversation" if builder.has_turn() => {}
            "conversation" => {
                if row.value.0.is_none() {
                    let message = "a conversation that is no JSON object";
                    let problem = line.problem(file.path, ProblemKind::UnexpectedShape, message);
                    builder.decoded.problem(problem);
                }
                history::read(&row, builder);
                folder = folder.or(row.key.owned());
            }
            table => {
                let table = if table.is_empty() { "?" } else { table };
                builder.decoded.unknown_record(table);
            }
        }
    }
    folder
}

fn put_together(
    native_id: &str,
    id: SessionId,
    document: &Document<'_>,
    cwd: Option<String>,
    turns: Vec<Turn>,
) -> Option<Session> {
    let first = turns.first()?.start;
    let copied = turns.iter().any(|turn| turn.copied_from.is_some());
    // Copied turns are older than the session.
    let made = document.created().filter(|made| copied || *made <= first);
    let started_at = made.unwrap_or(first);
    let spans = turns.iter().flat_map(|turn| &turn.spans);
    let last = spans.map(|span| span.end.unwrap_or(span.start)).max();
    let parent = |native_id: &str, relation| Parent {
        session: SessionId::derive(Harness::Kiro, native_id),
        span: None,
        relation,
    };
    let fork = document.rewound_from();
    let fork = fork.map(|from| parent(from, ParentRelation::Fork));
    let started_by = document.started_by();
    let started_by = started_by.map(|by| parent(by, ParentRelation::Subagent));
    Some(Session {
        harness: Harness::Kiro,
        id,
        native_id: native_id.to_owned(),
        title: document.title.owned(),
        cwd,
        git: Git::default(),
        version: None,
        entrypoint: None,
        started_at,
        ended_at: last.unwrap_or(first).max(started_at),
        parent: fork.or(started_by).filter(|parent| parent.session != id),
        outcome: None,
        turns,
    })
}
