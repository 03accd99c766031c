//! Opens a harness's database to read it, and nothing else.
//!
//! The harness may be writing. A database with a write-ahead log in use is
//! read as any other `SQLite` reader does, which blocks nobody; one whose log
//! is empty is read as an immutable file, without a lock and without the files
//! that `SQLite` would otherwise put beside it. Whether it stayed immutable is
//! looked at afterwards ([`OpenDatabase::still_holds`]). Nothing is ever
//! written, and nothing is copied.

use super::stamp::{DatabaseStamp, log_of};
use dashcam_harness::DatabaseLayout;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for a writer that locks readers out. A write-ahead log
/// never does, but for the moment in which it is recovered.
const BUSY: Duration = Duration::from_millis(500);

/// How a database file begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A database that could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("{}", crate::discover::describe_io_error(.0))]
    Io(#[from] io::Error),
    #[error("it is no SQLite database, or it is encrypted")]
    NotADatabase,
    #[error(
        "it does not hold sessions as dashcam knows them ({0}): another program's, or a newer version's"
    )]
    Foreign(String),
    #[error("another program has locked it; it is read at the next import")]
    Locked,
    #[error("it is being written to; it is read at the next import")]
    Moving,
    #[error("cannot read it: {0}")]
    Sqlite(rusqlite::Error),
}

impl DatabaseError {
    /// Whether the database was simply no longer there.
    pub(crate) fn vanished(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            _ => Self::Sqlite(error),
        }
    }
}

/// A database, open to be read.
pub(crate) struct OpenDatabase {
    pub(super) connection: Connection,
    pub(super) layout: &'static DatabaseLayout,
    path: PathBuf,
    /// What it was when it was opened as a file that does not change.
    immutable_as: Option<DatabaseStamp>,
}

impl OpenDatabase {
    /// Opens a database. `None`: it is still empty.
    pub(crate) fn open(
        path: &Path,
        layouts: &'static [DatabaseLayout],
    ) -> Result<Option<Self>, DatabaseError> {
        let stamp = DatabaseStamp::of(path)?;
        let Some(has_log) = read_header(path)? else {
            return Ok(None);
        };
        let immutable_as = (has_log && stamp.log.size == 0).then_some(stamp);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(uri(path, immutable_as.is_some()), flags)?;
        connection.busy_timeout(BUSY)?;
        // Views and triggers of a stranger's making run nothing of theirs here.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // The log is the harness's to move into the database.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let layout = layout(&connection, layouts)?;
        Ok(Some(Self {
            connection,
            layout,
            path: path.to_owned(),
            immutable_as,
        }))
    }

    /// Whether what was read of it is one state of it: a database that was
    /// opened as immutable may have been written to after all.
    pub(crate) fn still_holds(&self) -> bool {
        self.immutable_as
            .is_none_or(|stamp| DatabaseStamp::of(&self.path).is_ok_and(|now| now == stamp))
    }
}

/// The first layout that the database understands.
fn layout(
    connection: &Connection,
    layouts: &'static [DatabaseLayout],
) -> Result<&'static DatabaseLayout, DatabaseError> {
    let mut reason = String::from("no layout is known");
    for layout in layouts {
        let rows = layout.rows.iter().chain(layout.usage).map(|rows| rows.sql);
        let mut statements = [layout.sessions, layout.bytes].into_iter().chain(rows);
        match statements.try_for_each(|sql| connection.prepare_cached(sql).map(drop)) {
            Ok(()) => return Ok(layout),
            // `no such table`, `no such column`: of another layout.
            Err(error @ rusqlite::Error::SqliteFailure(..))
                if error.sqlite_error_code() == Some(ErrorCode::Unknown) =>
            {
                reason = error.to_string();
            }
            Err(rusqlite::Error::SqlInputError { msg, .. }) => reason = msg,
            Err(error) => return Err(error.into()),
        }
    }
    Err(DatabaseError::Foreign(reason))
}

/// Whether a database keeps a write-ahead log; `None` for an empty file.
fn read_header(path: &Path) -> Result<Option<bool>, DatabaseError> {
    let mut header = Vec::with_capacity(20);
    File::open(path)?.take(20).read_to_end(&mut header)?;
    if header.is_empty() && std::fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0) {
        // Everything is in the log still.
        return Ok(Some(true));
    }
    if header.is_empty() {
        return Ok(None);
    }
    if header.len() < 20 || !header.starts_with(MAGIC) {
        return Err(DatabaseError::NotADatabase);
    }
    Ok(Some(header[18] == 2))
}

/// The address of a file, in the words of `SQLite`.
fn uri(path: &Path, immutable: bool) -> String {
    let mut uri = String::from("file:");
    if cfg!(windows) {
        uri.push('/');
    }
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'.' | b'-' | b'_' | b':' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str(if immutable {
        "?immutable=1"
    } else {
        "?mode=ro"
    });
    uri
}
