//! Evidence as the recorder groups it.

use dashcam_harness::{
    Decoded, Evidence, EvidenceFile, HarnessReader, hooks, is_told, telemetry, with_told,
};
use dashcam_trace::{Session, Timestamp};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One piece of evidence: a file, rows, or what was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its name: a path below the home, or the name that told evidence is
    /// archived under.
    pub path: String,
    /// Whose record it is.
    pub native_id: String,
    /// Who started the one whose record it is.
    pub parent: Option<String>,
    /// Its content, decompressed.
    pub bytes: Vec<u8>,
}

/// All evidence of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPieces {
    /// The harness's id of the root.
    pub native_id: String,
    /// The root's own evidence first, then by path.
    pub pieces: Vec<Piece>,
}

impl SessionPieces {
    /// Decodes what the harness itself kept, and the hooks, where its decoder
    /// reads them. Where records hold no times, all files are taken to have
    /// been written at one moment, always the same.
    pub fn decode(&self, reader: &dyn HarnessReader) -> Decoded {
        let read = self.pieces.iter().filter(|piece| {
            !is_told(&piece.path) || (reader.reads_hooks() && hooks::is_evidence_path(&piece.path))
        });
        let files: Vec<_> = read
            .map(|piece| EvidenceFile {
                path: &piece.path,
                native_id: &piece.native_id,
                parent: piece.parent.as_deref(),
                bytes: Cow::Borrowed(&piece.bytes),
            })
            .collect();
        if files.is_empty() {
            return Decoded::default();
        }
        let evidence = Evidence {
            native_id: &self.native_id,
            files,
        };
        reader.decode_written(&evidence, &|_| Timestamp::from_second(1_795_430_000).ok())
    }

    /// The session that all of its evidence gives.
    pub fn session(&self, reader: &dyn HarnessReader) -> Option<Session> {
        let told = |is_it: fn(&str) -> bool| {
            let pieces = self.pieces.iter();
            pieces
                .filter(move |piece| is_it(&piece.path))
                .map(|piece| piece.bytes.as_slice())
        };
        let calls = if reader.reads_hooks() {
            hooks::Calls::default()
        } else {
            hooks::Calls::read(told(hooks::is_evidence_path))
        };
        let items = telemetry::Items::read(told(telemetry::is_evidence_path));
        let decoded = self.decode(reader).session;
        with_told(reader.harness(), &self.native_id, decoded, &items, &calls)
    }
}

/// Groups evidence into sessions by following parents.
pub fn group(pieces: Vec<Piece>) -> Vec<SessionPieces> {
    // Of several pieces of one session or agent, any may tell its parent.
    let mut parents: BTreeMap<String, Option<String>> = BTreeMap::new();
    for piece in &pieces {
        let parent = parents.entry(piece.native_id.clone()).or_default();
        if parent.is_none() {
            parent.clone_from(&piece.parent);
        }
    }
    let root_of = |id: &str| {
        let mut current = id.to_owned();
        for _ in 0..pieces.len() {
            match parents.get(&current) {
                Some(Some(parent)) if parents.contains_key(parent) => current.clone_from(parent),
                _ => break,
            }
        }
        current
    };
    let roots: Vec<String> = pieces
        .iter()
        .map(|piece| root_of(&piece.native_id))
        .collect();
    let mut sessions: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    for (mut piece, root) in pieces.into_iter().zip(roots) {
        if let Some(parent) = parents.get(&piece.native_id) {
            piece.parent.clone_from(parent);
        }
        sessions.entry(root).or_default().push(piece);
    }
    sessions
        .into_iter()
        .map(|(native_id, mut pieces)| {
            pieces.sort_by_key(|piece| (piece.native_id != native_id, piece.path.clone()));
            SessionPieces { native_id, pieces }
        })
        .collect()
}
