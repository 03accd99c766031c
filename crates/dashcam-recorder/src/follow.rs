//! Follows live sessions: imports a file as soon as its harness has written it.

use crate::databases::{FoundDatabase, database_at};
use crate::discover::{Found, FoundFile, Stamp};
use crate::import::{ImportError, Importer};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use dashcam_harness::{HarnessReader, Home};
use dashcam_insight::Prices;
use dashcam_store::{SessionChange, Store, Wait};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long to gather notifications before importing: harnesses write a step
/// as several lines within milliseconds.
const GATHER: Duration = Duration::from_millis(15);
/// How often to look through all folders for what notifications missed: file
/// systems that do not notify, events lost when too many came at once.
const SWEEP: Duration = Duration::from_secs(30);
/// How often to look for folders that do not exist yet.
const SWEEP_FOR_FOLDERS: Duration = Duration::from_secs(2);
/// How long to wait for another import to end.
const LOCK_WAIT: Duration = Duration::from_mins(1);

/// What following brought.
#[derive(Clone, Debug)]
pub enum Change {
    /// These sessions changed.
    Sessions(Vec<SessionChange>),
    /// Something went wrong; following goes on.
    Trouble(String),
}

/// Following could not begin.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The system gives no file notifications.
    #[error("cannot watch for new sessions: {0}")]
    Watch(#[from] notify::Error),
    /// No thread could be started.
    #[error("cannot start a thread to follow sessions: {0}")]
    Thread(#[from] std::io::Error),
}

/// Follows the live sessions of some harnesses until it is dropped.
pub struct Follower {
    stop: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

enum Signal {
    Paths(Vec<PathBuf>),
    Stop,
}

impl Follower {
    /// Begins to follow. `on_change` is called from the follower's own thread.
    pub fn start(
        store: Arc<Store>,
        prices: Arc<Prices>,
        home: Home,
        readers: Vec<&'static dyn HarnessReader>,
        on_change: impl Fn(Change) + Send + 'static,
    ) -> Result<Self, FollowError> {
        let (stop, signals) = unbounded();
        let sender = stop.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if let Ok(event) = event
                && !event.kind.is_access()
            {
                // Nobody listens once the follower is being dropped.
                let _ = sender.send(Signal::Paths(event.paths));
            }
        })?;
        let mut follow = Follow {
            store,
            prices,
            home,
            readers,
            watcher,
            watched: FxHashSet::default(),
            on_change: Box::new(on_change),
        };
        follow.watch_folders();
        let thread = std::thread::Builder::new()
            .name("follow".to_owned())
            .spawn(move || follow.run(&signals))?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // An error means that the thread has ended already, and a panic in it
        // has been printed; there is nothing to add to either.
        let _ = self.stop.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The follower's thread.
struct Follow {
    store: Arc<Store>,
    prices: Arc<Prices>,
    home: Home,
    readers: Vec<&'static dyn HarnessReader>,
    watcher: RecommendedWatcher,
    watched: FxHashSet<PathBuf>,
    on_change: Box<dyn Fn(Change) + Send>,
}

impl Follow {
    fn run(mut self, signals: &Receiver<Signal>) {
        let mut last_sweep = Instant::now();
        loop {
            let every = if self.all_folders_watched() {
                SWEEP
            } else {
                SWEEP_FOR_FOLDERS
            };
            match signals.recv_timeout(every.saturating_sub(last_sweep.elapsed())) {
                Ok(Signal::Paths(paths)) => {
                    let Some(paths) = gather(paths, signals) else {
                        return;
                    };
                    self.import_notified(&paths);
                }
                Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    if self.watch_folders() || every == SWEEP {
                        self.import(None);
                    }
                    if let Err(error) = self.store.rest() {
                        self.trouble(&error.to_string());
                    }
                    last_sweep = Instant::now();
                }
            }
        }
    }

    /// The folders to watch, and whether with all that is below them.
    fn roots(&self) -> impl Iterator<Item = (PathBuf, RecursiveMode)> {
        self.readers.iter().flat_map(|reader| {
            let files = reader.roots(&self.home).into_iter();
            let databases = reader.databases(&self.home).into_iter();
            let files = files.map(|root| (root, RecursiveMode::Recursive));
            files.chain(databases.map(|place| {
                let mode = if place.depth == 0 {
                    RecursiveMode::NonRecursive
                } else {
                    RecursiveMode::Recursive
                };
                (place.folder, mode)
            }))
        })
    }

    fn all_folders_watched(&self) -> bool {
        self.roots().all(|(root, _)| self.watched.contains(&root))
    }

    /// Watches the folders that exist by now. Returns whether there are new ones.
    fn watch_folders(&mut self) -> bool {
        let fresh: Vec<(PathBuf, RecursiveMode)> = self
            .roots()
            .filter(|(root, _)| !self.watched.contains(root) && root.is_dir())
            .collect();
        let any = !fresh.is_empty();
        for (root, mode) in fresh {
            // A folder that cannot be watched (too many watches, a file system
            // without notifications) is still looked through at every sweep.
            if let Err(error) = self.watcher.watch(&root, mode) {
                self.trouble(&format!(
                    "cannot watch {}: {error}; it is looked through every {} s instead",
                    root.display(),
                    SWEEP.as_secs()
                ));
            }
            self.watched.insert(root);
        }
        any
    }

    fn import_notified(&self, paths: &FxHashSet<PathBuf>) {
        let databases: FxHashSet<PathBuf> = paths.iter().map(|path| database_at(path)).collect();
        let found = Found {
            files: paths.iter().filter_map(|path| self.find(path)).collect(),
            databases: databases
                .iter()
                .filter_map(|path| self.find_database(path))
                .collect(),
            ..Found::default()
        };
        if !found.files.is_empty() || !found.databases.is_empty() {
            self.import(Some(found));
        }
    }

    /// Imports what was found, or everything.
    fn import(&self, found: Option<Found>) {
        if let Err(error) = self.try_import(found) {
            self.trouble(&error.to_string());
        }
    }

    fn try_import(&self, found: Option<Found>) -> Result<(), ImportError> {
        let _lock = self.store.import_lock(Wait::UpTo(LOCK_WAIT), || {})?;
        let importer = Importer::new(&self.store, &self.prices, &self.home, &self.readers);
        let changes = match found {
            Some(found) => importer.import_some(found)?,
            None => importer.import_all()?,
        };
        if !changes.is_empty() {
            (self.on_change)(Change::Sessions(changes));
            importer.index(&crate::NoProgress)?;
        }
        Ok(())
    }

    /// A notified path as a file of evidence, if it is one.
    fn find(&self, path: &Path) -> Option<FoundFile> {
        let reader = self.readers.iter().find(|reader| {
            let mut roots = reader.roots(&self.home).into_iter();
            roots.any(|root| path.starts_with(&root) && reader.is_evidence(&root, path))
        })?;
        let metadata = std::fs::metadata(path)
            .ok()
            .filter(std::fs::Metadata::is_file)?;
        Some(FoundFile {
            harness: reader.harness(),
            path: path.to_owned(),
            stamp: Stamp::of(&metadata),
        })
    }

    /// A path as a database of sessions, if it is one.
    fn find_database(&self, path: &Path) -> Option<FoundDatabase> {
        let mut readers = self.readers.iter();
        readers.find_map(|reader| FoundDatabase::at(path, *reader, &self.home))
    }

    fn trouble(&self, message: &str) {
        (self.on_change)(Change::Trouble(message.to_owned()));
    }
}

/// Gathers what is notified within a moment. `None`: following ends.
fn gather(paths: Vec<PathBuf>, signals: &Receiver<Signal>) -> Option<FxHashSet<PathBuf>> {
    let mut gathered: FxHashSet<PathBuf> = paths.into_iter().collect();
    let until = Instant::now() + GATHER;
    loop {
        match signals.recv_deadline(until) {
            Ok(Signal::Paths(paths)) => gathered.extend(paths),
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => return Some(gathered),
        }
    }
}
