//! Imports history: plans, decodes on every core, writes on one thread.
//!
//! Memory is bounded by what is in flight: workers wait while more than a
//! budget of evidence is being decoded, and a session larger than the budget
//! goes alone.

use crate::databases::{Databases, look};
use crate::discover::{Found, discover};
use crate::left_out::{LeavingOut, RulesError};
use crate::plan::{Plan, PlannedSession, plan, plan_from_archive};
use crate::process::{Processed, Workshop};
use crate::progress::Progress;
use crate::report::{ImportReport, Trouble};
use crossbeam_channel::{Receiver, bounded};
use dashcam_harness::{HarnessReader, Home};
use dashcam_insight::Prices;
use dashcam_store::{
    FileState, FileWrite, ImportBatch, SessionChange, Store, StoreError, TurnHashes,
};
use dashcam_trace::{Harness, SessionId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much evidence may be in flight between reading and writing.
const BUDGET_BYTES: u64 = 16 << 20;
/// How much evidence goes into one transaction.
const BATCH_BYTES: u64 = 2 << 20;
/// How much text is indexed before the journal is emptied.
const CHECKPOINT_BYTES: u64 = 8 << 20;
/// The longest that a finished session waits for its transaction.
const BATCH_WAIT: Duration = Duration::from_millis(250);

/// An import that failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What hooks left could not be read.
    #[error("cannot read what hooks left in {path}: {source}")]
    Spool {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be told which projects are left out.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

/// Imports the history of some harnesses into a store.
pub struct Importer<'a> {
    pub(crate) store: &'a Store,
    prices: &'a Prices,
    home: &'a Home,
    readers: &'a [&'a dyn HarnessReader],
    databases: Databases,
    stop: AtomicBool,
}

impl<'a> Importer<'a> {
    /// An importer; it does nothing yet. Hold the store's import lock while
    /// it works.
    pub fn new(
        store: &'a Store,
        prices: &'a Prices,
        home: &'a Home,
        readers: &'a [&'a dyn HarnessReader],
    ) -> Self {
        Self {
            store,
            prices,
            home,
            readers,
            databases: Databases::default(),
            stop: AtomicBool::new(false),
        }
    }

    /// Imports everything that is new or has changed.
    pub fn import(&self, progress: &dyn Progress) -> Result<ImportReport, ImportError> {
        let began = Instant::now();
        // Without all readers, it waits for an import that has them.
        if self.readers.len() == Harness::ALL.len() {
            self.take_in_telemetry()?;
            self.take_in_hooks()?;
        }
        let found = discover(self.home, self.readers);
        let (report, _) = self.import_found(found, true, began, progress)?;
        Ok(report)
    }

    /// Imports everything that is new or has changed, and tells which
    /// sessions and turns changed.
    pub fn import_all(&self) -> Result<Vec<SessionChange>, ImportError> {
        let found = discover(self.home, self.readers);
        let (_, changes) = self.import_found(found, true, Instant::now(), &crate::NoProgress)?;
        Ok(changes)
    }

    /// Imports these files and databases if they are new or have changed, and
    /// tells which sessions and turns changed.
    pub fn import_some(&self, found: Found) -> Result<Vec<SessionChange>, ImportError> {
        let (_, changes) = self.import_found(found, false, Instant::now(), &crate::NoProgress)?;
        Ok(changes)
    }

    /// Decodes every session anew from the archived evidence.
    pub fn reindex(&self, progress: &dyn Progress) -> Result<ImportReport, ImportError> {
        let began = Instant::now();
        let plan = plan_from_archive(self.store.files()?);
        let mut report = ImportReport::default();
        let written = self.run(plan, Known::Forgotten, progress, &mut report)?;
        let written: FxHashSet<SessionId> = written.iter().map(|change| change.id).collect();
        // What an earlier decoder took for a session and this one does not.
        let mut obsolete = self.store.recorded_sessions()?;
        obsolete.retain(|id| !written.contains(id));
        self.store.write(ImportBatch {
            obsolete,
            ..ImportBatch::default()
        })?;
        report.duration = began.elapsed();
        Ok(report)
    }

    /// Lets the search index catch up. Returns the bytes of text it took in.
    pub fn index(&self, progress: &dyn Progress) -> Result<u64, ImportError> {
        let tell = |done, total| progress.indexing(done, total);
        let bytes = self.store.index_pending(&tell, &self.stop)?;
        // What little a running session adds is left in the journal for later.
        if bytes >= CHECKPOINT_BYTES {
            self.store.checkpoint()?;
        }
        Ok(bytes)
    }

    fn import_found(
        &self,
        found: Found,
        complete: bool,
        began: Instant,
        progress: &dyn Progress,
    ) -> Result<(ImportReport, Vec<SessionChange>), ImportError> {
        let mut report = ImportReport {
            files_seen: found.files.len() as u64,
            ..ImportReport::default()
        };
        let known: Vec<FileState> = self
            .store
            .files()?
            .into_iter()
            .filter(|state| {
                self.readers
                    .iter()
                    .any(|reader| reader.harness() == state.harness)
            })
            .collect();
        let mut found = found;
        let databases = std::mem::take(&mut found.databases);
        // A rule that left sessions out may be gone: only listing them tells.
        let always = if databases.is_empty() {
            FxHashSet::default()
        } else {
            let left_out = self.store.left_out()?;
            left_out.iter().map(|session| session.harness).collect()
        };
        let mut looked = look(&self.databases, databases, &known, &always, complete);
        let read = std::mem::take(&mut looked.read);
        report.files_seen += looked.sessions.len() as u64;
        let plan = plan(found, looked, &read, known, self.readers, complete);
        report.files_changed = plan.changed_files;
        let changes = self.run(plan, Known::Stored, progress, &mut report)?;
        self.remember_databases(read, &report)?;
        report.duration = began.elapsed();
        Ok((report, changes))
    }

    /// Remembers the databases that were taken in whole: as long as they stay
    /// as they are, they are not opened again.
    fn remember_databases(
        &self,
        read: FxHashMap<PathBuf, FileWrite>,
        report: &ImportReport,
    ) -> Result<(), ImportError> {
        let is_whole = |path: &Path| {
            let path = path.to_string_lossy();
            let mut troubles = report.unreadable.iter();
            !troubles.any(|trouble| trouble.path.starts_with(&*path))
        };
        let files: Vec<FileWrite> = read
            .into_iter()
            .filter(|(path, _)| is_whole(path))
            .map(|(_, write)| write)
            .collect();
        if !files.is_empty() {
            self.store.write(ImportBatch {
                files,
                ..ImportBatch::default()
            })?;
        }
        Ok(())
    }

    pub(crate) fn run(
        &self,
        mut plan: Plan,
        known: Known,
        progress: &dyn Progress,
        report: &mut ImportReport,
    ) -> Result<Vec<SessionChange>, ImportError> {
        report.unreadable.append(&mut plan.unreadable);
        // What is recorded already is not forgotten by reading it anew.
        let leaving_out = match known {
            Known::Stored => Some(LeavingOut::begin(self.store, self.home, &mut plan)?),
            Known::Forgotten => None,
        };
        let total_sessions = plan.sessions.len() as u64;
        progress.planned(total_sessions, plan.bytes());
        let mut changes = Vec::new();
        let first = ImportBatch {
            vanished: plan.vanished.iter().map(|state| state.id).collect(),
            obsolete: plan.obsolete.clone(),
            ..ImportBatch::default()
        };
        if !first.is_empty() {
            changes.extend(self.store.write(first)?);
        }
        if plan.sessions.is_empty() {
            self.store.set_unreadable(&troubles(&report.unreadable))?;
            report.left_out += leaving_out.map_or(Ok(0), LeavingOut::end)?;
            return Ok(changes);
        }

        let workshop = Workshop {
            store: self.store,
            prices: self.prices,
            readers: self.readers,
            databases: &self.databases,
            sample: false,
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let budget = Budget::new(BUDGET_BYTES);
        let next = AtomicUsize::new(0);
        let (sender, receiver) = bounded(workers * 2);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let (sender, budget, next, sessions, leaving_out) = (
                    sender.clone(),
                    &budget,
                    &next,
                    &plan.sessions,
                    leaving_out.as_ref(),
                );
                scope.spawn(move || {
                    while let Some(planned) = sessions.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let bytes = planned.bytes();
                        let room = budget.take(bytes, || drop(sender.send(Made::Wait)));
                        // Nobody listens any more once the writer has failed.
                        if !room {
                            return;
                        }
                        let made = self.make(workshop, planned, known).map(|mut made| {
                            if let Some(leaving_out) = leaving_out {
                                leaving_out.filter(planned, &mut made);
                            }
                            made
                        });
                        if sender
                            .send(Made::Session(bytes, made.map(Box::new)))
                            .is_err()
                        {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let mut writer = BatchWriter {
                store: self.store,
                budget: &budget,
                batch: ImportBatch::default(),
                batch_bytes: 0,
                batch_sessions: 0,
                written_bytes: 0,
                written_sessions: 0,
                total_sessions,
                report,
                changes: &mut changes,
                progress,
            };
            let outcome = writer.receive(&receiver);
            budget.close();
            drop(receiver);
            outcome
        })?;
        self.store.set_unreadable(&troubles(&report.unreadable))?;
        report.left_out += leaving_out.map_or(Ok(0), LeavingOut::end)?;
        self.store.checkpoint()?;
        Ok(changes)
    }

    fn make(
        &self,
        workshop: Workshop<'_>,
        planned: &PlannedSession,
        known: Known,
    ) -> Result<Processed, StoreError> {
        let id = SessionId::derive(planned.harness, &planned.native_id);
        let known_turns: Option<TurnHashes> = match known {
            Known::Stored if planned.files.iter().any(|file| file.known.is_some()) => {
                Some(self.store.turn_hashes(id)?)
            }
            _ => None,
        };
        workshop.process(planned, known_turns.as_ref())
    }
}

/// Whether turns that stand in the store unchanged are left as they are.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    Stored,
    Forgotten,
}

/// What a worker tells the writer.
enum Made {
    /// A session of so many bytes of evidence.
    Session(u64, Result<Box<Processed>, StoreError>),
    /// The worker waits for room: what is gathered should be written.
    Wait,
}

fn troubles(unreadable: &[Trouble]) -> Vec<(String, String)> {
    unreadable
        .iter()
        .map(|trouble| (trouble.path.clone(), trouble.message.clone()))
        .collect()
}

/// Gathers finished sessions into transactions.
struct BatchWriter<'a> {
    store: &'a Store,
    budget: &'a Budget,
    batch: ImportBatch,
    batch_bytes: u64,
    batch_sessions: u64,
    written_bytes: u64,
    written_sessions: u64,
    total_sessions: u64,
    report: &'a mut ImportReport,
    changes: &'a mut Vec<SessionChange>,
    progress: &'a dyn Progress,
}

impl BatchWriter<'_> {
    fn receive(&mut self, made: &Receiver<Made>) -> Result<(), ImportError> {
        loop {
            match made.recv_timeout(BATCH_WAIT) {
                Ok(Made::Session(bytes, processed)) => {
                    self.add(bytes, *processed?);
                    if self.batch_bytes >= BATCH_BYTES || self.budget.is_awaited() {
                        self.write()?;
                    }
                }
                Ok(Made::Wait) | Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                    self.write()?;
                }
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => {
                    self.write()?;
                    return Ok(());
                }
            }
        }
    }

    fn add(&mut self, bytes: u64, processed: Processed) {
        self.batch_bytes += bytes;
        self.batch_sessions += 1;
        self.report.bytes_read += processed.bytes;
        self.report.problems += processed.problems;
        self.report.sessions += u64::from(processed.session.is_some());
        self.report.unreadable.extend(processed.unreadable);
        self.batch.files.extend(processed.files);
        self.batch.sessions.extend(processed.session);
    }

    fn write(&mut self) -> Result<(), ImportError> {
        if self.batch_sessions == 0 {
            return Ok(());
        }
        let changes = self.store.write(std::mem::take(&mut self.batch))?;
        self.report.turns += changes
            .iter()
            .map(|change| change.turns.len() as u64)
            .sum::<u64>();
        self.changes.extend(changes);
        self.budget.give(self.batch_bytes);
        self.written_bytes += std::mem::take(&mut self.batch_bytes);
        self.written_sessions += std::mem::take(&mut self.batch_sessions);
        self.progress.advanced(
            self.written_sessions,
            self.total_sessions,
            self.written_bytes,
        );
        Ok(())
    }
}

/// How many bytes may be in flight.
struct Budget {
    limit: u64,
    state: Mutex<BudgetState>,
    changed: Condvar,
}

#[derive(Default)]
struct BudgetState {
    taken: u64,
    waiting: usize,
    closed: bool,
}

impl Budget {
    fn new(limit: u64) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until there is room, after calling `wait`; what is larger than
    /// the limit waits to be alone. Returns whether there is any use in going
    /// on.
    fn take(&self, bytes: u64, wait: impl FnOnce()) -> bool {
        let full = |state: &BudgetState| {
            !state.closed && state.taken > 0 && state.taken + bytes > self.limit
        };
        let mut state = self.lock();
        if full(&state) {
            state.waiting += 1;
            drop(state);
            wait();
            state = self.lock();
            while full(&state) {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.waiting -= 1;
        }
        state.taken += bytes;
        !state.closed
    }

    /// Whether anyone waits for room.
    fn is_awaited(&self) -> bool {
        self.lock().waiting > 0
    }

    fn give(&self, bytes: u64) {
        self.lock().taken -= bytes;
        self.changed.notify_all();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, BudgetState> {
        // The sums are whole at every moment; a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
