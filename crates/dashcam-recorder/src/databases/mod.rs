//! Sessions in databases: which there are, which have changed, and their rows
//! as evidence.
//!
//! A database that has not changed costs a look at its file and its log. One
//! that has is asked for its sessions, and only those that have changed are
//! read. Sessions are archived under names of their own
//! ([`evidence_path`](dashcam_harness::database::evidence_path)); for the
//! database itself the store remembers a [`FileState`] without a native id:
//! what it was when all of it had been taken in.

mod gone;
mod open;
mod rows;
mod stamp;

pub(crate) use open::{DatabaseError, OpenDatabase};
pub(crate) use stamp::{DatabaseStamp, database_at};

use crate::discover::Stamp;
use crate::report::Trouble;
use dashcam_harness::{DatabaseLayout, HarnessReader, Home, database};
use dashcam_store::{FileId, FileState, FileWrite};
use dashcam_trace::Harness;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How often to try again to read what is written to meanwhile.
const TRIES: usize = 3;

/// A database, as the file system describes it.
#[derive(Clone, Debug)]
pub struct FoundDatabase {
    /// The harness whose it is.
    pub harness: Harness,
    /// Where it lies.
    pub path: PathBuf,
    /// Its size, its log included.
    pub bytes: u64,
    pub(crate) stamp: DatabaseStamp,
    pub(crate) layouts: &'static [DatabaseLayout],
}

impl FoundDatabase {
    /// The database of a reader's that this path names, if there is one now.
    pub(crate) fn at(path: &Path, reader: &dyn HarnessReader, home: &Home) -> Option<Self> {
        let places = reader.databases(home);
        let place = places.iter().find(|place| place.holds(path))?;
        let stamp = DatabaseStamp::of(path).ok()?;
        Some(Self {
            harness: reader.harness(),
            path: path.to_owned(),
            bytes: stamp.file.size + stamp.log.size,
            stamp,
            layouts: place.layouts,
        })
    }

    /// Why its sessions cannot be read, if they cannot.
    pub fn trouble(&self) -> Option<String> {
        match OpenDatabase::open(&self.path, self.layouts) {
            Ok(_) => None,
            Err(error) if error.vanished() => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// Where the rows of its sessions are.
    pub(crate) fn source(&self) -> DatabaseSource {
        DatabaseSource {
            database: self.path.clone(),
            layouts: self.layouts,
        }
    }

    /// What the store remembers of it once all of it was taken in.
    fn taken_in(&self, known: Option<&FileState>) -> FileWrite {
        FileWrite {
            state: FileState {
                id: known.map_or_else(FileId::default, |known| known.id),
                harness: self.harness,
                path: self.path.to_string_lossy().into_owned(),
                native_id: String::new(),
                parent: None,
                size: self.stamp.file.size,
                modified_ns: self.stamp.file.modified_ns,
                inode: self.stamp.file.inode,
                cursor: 0,
                tail_hash: self.stamp.log_number(),
                vanished: false,
            },
            chunks: Vec::new(),
            replaced: false,
        }
    }

    fn is_as(&self, known: &FileState) -> bool {
        !known.vanished
            && crate::plan::stamp_of(known) == self.stamp.file
            && known.tail_hash == self.stamp.log_number()
    }
}

/// Where a session's rows are.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseSource {
    pub(crate) database: PathBuf,
    pub(crate) layouts: &'static [DatabaseLayout],
}

/// A session in a database that was looked at.
#[derive(Debug)]
pub(crate) struct FoundSession {
    pub(crate) harness: Harness,
    /// Its name as evidence.
    pub(crate) path: PathBuf,
    pub(crate) native_id: String,
    pub(crate) parent: Option<String>,
    pub(crate) stamp: Stamp,
    pub(crate) source: DatabaseSource,
    /// Whether it is new or has changed.
    pub(crate) changed: bool,
}

/// What looking at the databases brought.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// The sessions of the databases that have changed.
    pub(crate) sessions: Vec<FoundSession>,
    /// Those databases, each with what is to be remembered once all of it was
    /// taken in.
    pub(crate) read: FxHashMap<PathBuf, FileWrite>,
    /// Known databases that are gone.
    pub(crate) gone: FxHashSet<PathBuf>,
    /// What could not be read.
    pub(crate) unreadable: Vec<Trouble>,
}

/// Looks which sessions have changed. `always`: the harnesses whose sessions
/// are to be listed even if nothing has changed. `complete`: `found` holds
/// every database there is.
pub(crate) fn look(
    databases: &Databases,
    found: Vec<FoundDatabase>,
    known: &[FileState],
    always: &FxHashSet<Harness>,
    complete: bool,
) -> Looked {
    let mut looked = Looked::default();
    if complete {
        let here: FxHashSet<&Path> = found.iter().map(|found| found.path.as_path()).collect();
        let known = known.iter().filter(|state| state.is_database());
        let gone = known
            .map(|state| PathBuf::from(&state.path))
            .filter(|path| {
                !here.contains(path.as_path()) && matches!(path.try_exists(), Ok(false))
            });
        looked.gone = gone.collect();
    }
    if found.is_empty() {
        return looked;
    }
    let states: FxHashMap<&str, &FileState> = known
        .iter()
        .map(|state| (state.path.as_str(), state))
        .collect();
    for found in found {
        let path = found.path.to_string_lossy();
        let state = states.get(&*path).copied();
        if !always.contains(&found.harness) && state.is_some_and(|state| found.is_as(state)) {
            continue;
        }
        match changed_sessions(databases, &found, &path, &states) {
            Ok(sessions) => {
                looked.sessions.extend(sessions);
                looked
                    .read
                    .insert(found.path.clone(), found.taken_in(state));
            }
            Err(error) if error.vanished() => {}
            Err(error) => looked.unreadable.push(Trouble {
                path: path.into_owned(),
                message: error.to_string(),
            }),
        }
    }
    looked
}

fn changed_sessions(
    databases: &Databases,
    found: &FoundDatabase,
    path: &str,
    states: &FxHashMap<&str, &FileState>,
) -> Result<Vec<FoundSession>, DatabaseError> {
    let source = found.source();
    databases.read(&source, |open| {
        let listed = open.sessions()?;
        let mut sessions = Vec::with_capacity(listed.len());
        for session in listed {
            let name = database::evidence_path(path, &session.native_id);
            let state = states.get(name.as_str());
            let changed = state.is_none_or(|state| {
                state.vanished
                    || (state.inode, state.modified_ns) != (session.stamp, session.modified_ns)
            });
            let size = match state {
                Some(state) if !changed => state.size,
                _ => open.bytes(&session.native_id)?,
            };
            sessions.push(FoundSession {
                harness: found.harness,
                path: PathBuf::from(name),
                native_id: session.native_id,
                parent: session.parent,
                stamp: Stamp {
                    size,
                    modified_ns: session.modified_ns,
                    inode: session.stamp,
                },
                source: source.clone(),
                changed,
            });
        }
        Ok(sessions)
    })
}

/// The databases that are open: as many connections to each as there are
/// readers at a time.
#[derive(Default)]
pub(crate) struct Databases {
    idle: Mutex<FxHashMap<PathBuf, Vec<OpenDatabase>>>,
}

impl Databases {
    /// Reads a database; again, if it changed meanwhile in a way that spoils
    /// what was read. An empty database gives the default.
    pub(crate) fn read<T: Default>(
        &self,
        source: &DatabaseSource,
        read: impl Fn(&OpenDatabase) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        for _ in 0..TRIES {
            let Some(open) = self.take(source)? else {
                return Ok(T::default());
            };
            let result = read(&open);
            // Nonsense read from a moving file may be an error as well.
            if open.still_holds() {
                self.give(source, open);
                return result;
            }
        }
        Err(DatabaseError::Moving)
    }

    /// The rows of a session as evidence, and what was archived of it and is
    /// no longer there; nothing if the session itself is gone.
    pub(crate) fn evidence(
        &self,
        source: &DatabaseSource,
        session: &str,
        archived: &[u8],
    ) -> Result<Vec<u8>, DatabaseError> {
        let rows = self.read(source, |open| open.evidence(session))?;
        if rows.is_empty() || archived.is_empty() {
            return Ok(rows);
        }
        Ok(gone::with_gone(rows, archived))
    }

    fn take(&self, source: &DatabaseSource) -> Result<Option<OpenDatabase>, DatabaseError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(&source.database)
            .and_then(Vec::pop);
        match idle {
            Some(open) => Ok(Some(open)),
            None => OpenDatabase::open(&source.database, source.layouts),
        }
    }

    fn give(&self, source: &DatabaseSource, open: OpenDatabase) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(source.database.clone())
            .or_default()
            .push(open);
    }
}
