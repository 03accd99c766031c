//! Evidence that comes in piece by piece and has no file of its own: it is
//! appended to the archive, and its sessions are decoded anew.

use crate::import::{ImportError, Importer, Known};
use crate::plan::plan_archived;
use crate::report::ImportReport;
use dashcam_harness::{HarnessReader, Home};
use dashcam_insight::Prices;
use dashcam_store::{ArchiveChunk, FileState, FileWrite, SessionChange, Store, Wait};
use dashcam_trace::{Harness, SessionId};
use rustc_hash::FxHashSet;

/// What was archived since sessions were decoded last.
#[derive(Debug, Default)]
pub(crate) struct Archived {
    records: FxHashSet<(Harness, String)>,
    /// Sessions of their own until it was told which session they belong to.
    pub(crate) obsolete: Vec<SessionId>,
}

impl Archived {
    /// Notes that something was archived of a session.
    pub(crate) fn add(&mut self, harness: Harness, native_id: &str) {
        self.records.insert((harness, native_id.to_owned()));
    }
}

impl Importer<'_> {
    /// Decodes anew what something was archived of.
    pub(crate) fn decode_archived(
        &self,
        archived: Archived,
    ) -> Result<Vec<SessionChange>, ImportError> {
        if archived.records.is_empty() {
            return Ok(Vec::new());
        }
        let plan = plan_archived(self.store.files()?, archived.records, archived.obsolete);
        let mut report = ImportReport::default();
        self.run(plan, Known::Stored, &crate::NoProgress, &mut report)
    }
}

/// What is to be appended to one session's evidence.
pub(crate) struct Incoming {
    pub(crate) harness: Harness,
    pub(crate) native_id: String,
    pub(crate) parent: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Incoming {
    /// Packs it.
    pub(crate) fn pack(self) -> Packed {
        let is_empty = self.bytes.is_empty();
        Packed {
            harness: self.harness,
            native_id: self.native_id,
            parent: self.parent,
            length: self.bytes.len() as u64,
            chunk: (!is_empty).then(|| ArchiveChunk::new(0, &self.bytes)),
        }
    }

    /// What the store writes of it, behind what it knows.
    pub(crate) fn write(
        self,
        path: String,
        known: Option<FileState>,
        modified_ns: i64,
    ) -> FileWrite {
        self.pack().write(path, known, modified_ns)
    }
}

/// The same, packed.
pub(crate) struct Packed {
    pub(crate) harness: Harness,
    pub(crate) native_id: String,
    pub(crate) parent: Option<String>,
    length: u64,
    chunk: Option<ArchiveChunk>,
}

impl Packed {
    /// What the store writes of it, behind what it knows.
    pub(crate) fn write(
        self,
        path: String,
        known: Option<FileState>,
        modified_ns: i64,
    ) -> FileWrite {
        let offset = known.as_ref().map_or(0, |known| known.cursor);
        let length = offset + self.length;
        let (id, known_parent) =
            known.map_or_else(Default::default, |known| (known.id, known.parent));
        FileWrite {
            state: FileState {
                id,
                harness: self.harness,
                path,
                native_id: self.native_id,
                parent: first_of(known_parent, self.parent),
                size: length,
                modified_ns,
                inode: 0,
                cursor: length,
                // It only ever grows by what is archived here.
                tail_hash: 0,
                vanished: false,
            },
            chunks: self
                .chunk
                .map(|chunk| chunk.at(offset))
                .into_iter()
                .collect(),
            replaced: false,
        }
    }
}

/// The first of two names, whichever was known first.
pub(crate) fn first_of(a: Option<String>, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Takes in whatever came, under the import lock, and lets the search index
/// catch up with it.
pub(crate) fn take_in(
    store: &Store,
    prices: &Prices,
    home: &Home,
) -> Result<Vec<SessionChange>, ImportError> {
    let readers: Vec<&dyn HarnessReader> = dashcam_harness::all().to_vec();
    let importer = Importer::new(store, prices, home, &readers);
    let lock = store.import_lock(Wait::PATIENT, || {})?;
    let mut changes = importer.take_in_telemetry()?;
    changes.extend(importer.take_in_hooks()?);
    drop(lock);
    if !changes.is_empty() {
        importer.index(&crate::NoProgress)?;
    }
    Ok(changes)
}
