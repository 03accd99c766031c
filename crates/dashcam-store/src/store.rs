//! The store's handle: where its file is, and the connections to it.

use crate::write::writer::WriteConnection;
use crate::{ImportLock, StoreError, Wait, schema};
use rusqlite::{Connection, OpenFlags, functions::FunctionFlags};
use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The store's file in its data folder.
const FILE: &str = "dashcam.db";
/// The file whose lock is the right to import.
const LOCK_FILE: &str = "import.lock";
/// The file whose lock is the right to make the store or change its layout.
const LAYOUT_LOCK_FILE: &str = "layout.lock";
/// How long to wait for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);
/// How many idle connections are kept for readers.
const IDLE_READERS: usize = 8;

/// The embedded store. A cheap handle that threads can share: readers have
/// connections of their own, writers take turns on one.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    path: PathBuf,
    mode: Mode,
    writer: Mutex<Option<WriteConnection>>,
    readers: Mutex<Vec<Connection>>,
}

/// What the file system lets us do with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Writable,
    /// The file cannot be written, but its journal can be followed.
    ReadOnly,
    /// Neither: the file is read as it stands.
    Immutable,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store of a data folder to read and write, and makes both if
    /// they are not there.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        make_private_folder(data_dir).map_err(|source| StoreError::Folder {
            path: data_dir.to_owned(),
            source,
        })?;
        let path = data_dir.join(FILE);
        make_private_file(&path).map_err(|source| StoreError::Folder {
            path: path.clone(),
            source,
        })?;
        let store = Self::new(data_dir, path, Mode::Writable);
        let writer = store.open_writer()?;
        *store.lock_writer() = Some(writer);
        Ok(store)
    }

    /// Opens the store of a data folder if there is one; to read only, where
    /// it may not be written.
    pub fn open_existing(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(FILE);
        match fs::metadata(&path) {
            // An empty file is what is left when making a store was cut short.
            Ok(metadata) if metadata.len() == 0 => return Err(StoreError::Missing { path }),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { path });
            }
            Err(source) => return Err(StoreError::Folder { path, source }),
        }
        match Self::open(data_dir) {
            Err(StoreError::ReadOnly { .. } | StoreError::Folder { .. }) => {}
            opened => return opened,
        }
        // Following the journal needs its index file, which a folder without
        // write permission only has while a writer is at work.
        for mode in [Mode::ReadOnly, Mode::Immutable] {
            let store = Self::new(data_dir, path.clone(), mode);
            let reader = store.reader().map(drop);
            match reader {
                Ok(()) => return Ok(store),
                Err(error @ (StoreError::Newer { .. } | StoreError::NotAStore { .. })) => {
                    return Err(error);
                }
                Err(error) if mode == Mode::Immutable => return Err(error),
                Err(_) => {}
            }
        }
        Err(StoreError::ReadOnly { path })
    }

    fn new(folder: &Path, path: PathBuf, mode: Mode) -> Self {
        Self {
            shared: Arc::new(Shared {
                folder: folder.to_owned(),
                path,
                mode,
                writer: Mutex::default(),
                readers: Mutex::default(),
            }),
        }
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Whether the store can be written.
    pub fn is_writable(&self) -> bool {
        self.shared.mode == Mode::Writable
    }

    /// Takes the right to import, which only one process at a time can have.
    /// `on_wait` is called once if another import is running.
    pub fn import_lock(
        &self,
        wait: Wait,
        on_wait: impl FnOnce(),
    ) -> Result<ImportLock, StoreError> {
        ImportLock::take(&self.shared.folder.join(LOCK_FILE), wait, on_wait)
    }

    /// What an error of `SQLite` means.
    pub(crate) fn error(&self, source: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.shared.path, source)
    }

    /// What it means that a stored piece cannot be read.
    pub(crate) fn damaged(
        &self,
        what: impl Into<String>,
        error: &dyn std::fmt::Display,
    ) -> StoreError {
        StoreError::Damaged {
            path: self.shared.path.clone(),
            what: what.into(),
            message: error.to_string(),
        }
    }

    /// Runs `work` on the one connection that writes.
    pub(crate) fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut WriteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if !self.is_writable() {
            return Err(StoreError::ReadOnly {
                path: self.shared.path.clone(),
            });
        }
        let mut writer = self.lock_writer();
        let mut connection = match writer.take() {
            Some(connection) => connection,
            None => self.open_writer()?,
        };
        let outcome = work(&mut connection);
        if outcome.is_err() {
            connection.forget();
        }
        *writer = Some(connection);
        outcome
    }

    fn lock_writer(&self) -> MutexGuard<'_, Option<WriteConnection>> {
        // A panic while writing leaves a transaction that was never committed.
        self.shared
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn open_writer(&self) -> Result<WriteConnection, StoreError> {
        let path = &self.shared.path;
        let sqlite = |source| StoreError::sqlite(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
        // `SQLite` opens what it may not write to read only, without a word.
        if connection.is_readonly("main").map_err(sqlite)? {
            return Err(StoreError::ReadOnly { path: path.clone() });
        }
        connection.set_prepared_statement_cache_capacity(64);
        // The page size only matters before the first table is made.
        connection
            .pragma_update(None, "page_size", 4096)
            .map_err(sqlite)?;
        // A file that is no store must stay as it is.
        let found = schema::check(&connection, path)?;
        // Connections that change the journal's mode at once refuse each other.
        let _alone = (found < schema::VERSION)
            .then(|| self.lock_layout())
            .transpose()?;
        connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .map_err(sqlite)?;
        connection
            .execute_batch(
                "PRAGMA synchronous = NORMAL;
                 PRAGMA wal_autocheckpoint = 8192;
                 PRAGMA journal_size_limit = 33554432;
                 PRAGMA cache_size = -24576;
                 PRAGMA temp_store = MEMORY;",
            )
            .map_err(sqlite)?;
        schema::migrate(&mut connection, path)?;
        Ok(WriteConnection::new(connection))
    }

    /// Waits until no other process makes the store or changes its layout.
    /// Others wait until the file is closed.
    fn lock_layout(&self) -> Result<fs::File, StoreError> {
        let path = self.shared.folder.join(LAYOUT_LOCK_FILE);
        let lock = || {
            make_private_file(&path)?;
            let file = fs::File::open(&path)?;
            file.lock().map(|()| file)
        };
        lock().map_err(|source| StoreError::Folder {
            path: path.clone(),
            source,
        })
    }

    /// Gives back the memory that reading and writing have gathered, for a
    /// process that now waits. The next questions take a millisecond longer.
    pub fn rest(&self) -> Result<(), StoreError> {
        self.lock_readers().clear();
        match self.lock_writer().as_ref() {
            Some(writer) => writer
                .connection
                .execute_batch("PRAGMA shrink_memory")
                .map_err(|error| self.error(error)),
            None => Ok(()),
        }
    }

    /// A connection to read with. Everything read in one transaction is of
    /// one moment.
    pub(crate) fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let idle = self.lock_readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open_reader()?,
        };
        Ok(Reader {
            store: self,
            connection: Some(connection),
        })
    }

    fn lock_readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A list of idle connections is whole at every moment.
        self.shared
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn open_reader(&self) -> Result<Connection, StoreError> {
        let path = &self.shared.path;
        let sqlite = |source| StoreError::sqlite(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let connection = if self.shared.mode == Mode::Immutable {
            Connection::open_with_flags(immutable_uri(path), flags).map_err(sqlite)?
        } else {
            Connection::open_with_flags(path, flags & !OpenFlags::SQLITE_OPEN_URI)
                .map_err(sqlite)?
        };
        connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
        connection.set_prepared_statement_cache_capacity(64);
        let found = schema::check(&connection, path)?;
        if found < schema::VERSION {
            return Err(StoreError::ReadOnly { path: path.clone() });
        }
        connection
            .execute_batch(
                "PRAGMA cache_size = -8192; PRAGMA mmap_size = 1073741824; PRAGMA temp_store = MEMORY;",
            )
            .map_err(sqlite)?;
        connection
            .create_scalar_function(
                "contains",
                2,
                FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
                |context| {
                    let text: Option<String> = context.get(0)?;
                    let wanted: String = context.get(1)?;
                    Ok(text.is_some_and(|text| text.to_lowercase().contains(&wanted)))
                },
            )
            .map_err(sqlite)?;
        Ok(connection)
    }
}

/// A connection that goes back to the others when it is dropped.
pub(crate) struct Reader<'a> {
    store: &'a Store,
    connection: Option<Connection>,
}

impl Reader<'_> {
    /// The connection, to begin a transaction on.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.connection
            .as_mut()
            .expect("the connection is only taken out by drop")
    }
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("the connection is only taken out by drop")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let mut idle = self.store.lock_readers();
        if idle.len() < IDLE_READERS && connection.is_autocommit() {
            idle.push(connection);
        }
    }
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for character in path.to_string_lossy().chars() {
        match character {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            '\\' if cfg!(windows) => uri.push('/'),
            other => uri.push(other),
        }
    }
    uri + "?immutable=1"
}

pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the file before `SQLite` does, so that nobody else can read it.
/// Its journal gets the same permissions.
fn make_private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
