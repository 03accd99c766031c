//! What a decoder is given, and what it gives back.

use dashcam_trace::{Image, ImageId, Problem, Session};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Which session a file belongs to, in the harness's own ids.
///
/// Files that share a root belong to one session: a file with a `parent` is
/// part of the session its parent belongs to. A parent that is nowhere to be
/// found leaves the file as a session of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The session or agent whose record the file is.
    pub native_id: String,
    /// The session or agent that started it.
    pub parent: Option<String>,
}

/// Everything that is known of one session.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The harness's id of the root: the session itself.
    pub native_id: &'a str,
    /// Its files, the root's own first, then by path.
    pub files: Vec<EvidenceFile<'a>>,
}

/// One file of a session.
#[derive(Clone, Debug)]
pub struct EvidenceFile<'a> {
    /// Its path, as it is shown to people.
    pub path: &'a str,
    /// Whose record it is.
    pub native_id: &'a str,
    /// Who started the one whose record it is.
    pub parent: Option<&'a str>,
    /// Its content, decompressed.
    pub bytes: Cow<'a, [u8]>,
}

/// What a decoder made of a session's evidence.
#[derive(Clone, Debug, Default)]
pub struct Decoded {
    /// The session; absent when the evidence holds no turn.
    pub session: Option<Session>,
    /// What could not be read as it should, in order; of one kind and file at
    /// most a hundred are kept, and `problem_count` counts them all.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: u64,
    /// Record types that this version does not know, with how often they came.
    pub unknown_records: BTreeMap<String, u64>,
    /// The images in the session, to be kept beside it.
    pub images: Vec<KeptImage>,
    /// Lines read.
    pub lines: u64,
}

impl Decoded {
    /// How many problems of one kind are kept with their text.
    const KEPT_PROBLEMS: usize = 100;

    /// Notes a problem: keeps its text if there is room, and counts it.
    pub fn problem(&mut self, problem: Problem) {
        self.problem_count += 1;
        let same_kind = self
            .problems
            .iter()
            .filter(|kept| kept.kind == problem.kind);
        if same_kind.count() < Self::KEPT_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Counts a record of an unknown type.
    pub fn unknown_record(&mut self, record_type: &str) {
        match self.unknown_records.get_mut(record_type) {
            Some(count) => *count += 1,
            None => drop(self.unknown_records.insert(record_type.to_owned(), 1)),
        }
    }

    /// Keeps an image's bytes beside the session, and returns how the session
    /// refers to them.
    pub fn keep_image(&mut self, media_type: &str, bytes: Vec<u8>) -> Image {
        let id = ImageId::of(&bytes);
        let image = Image {
            media_type: media_type.to_owned(),
            bytes: bytes.len() as u64,
            id: Some(id.clone()),
        };
        if !self.images.iter().any(|kept| kept.id == id) {
            self.images.push(KeptImage {
                id,
                media_type: media_type.to_owned(),
                bytes,
            });
        }
        image
    }
}

/// An image's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptImage {
    /// Names it in the session.
    pub id: ImageId,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}
