//! Sessions that a harness keeps in one `SQLite` database.
//!
//! A harness names where such databases lie and what to ask them. Whoever
//! reads them turns the rows of each session into evidence like any file: one
//! line of JSON a row, with the table's name and every column that is not
//! null,
//!
//! ```json
//! {"table":"message","id":"msg_1","session_id":"ses_1","data":{"role":"user"}}
//! ```
//!
//! archived under [`evidence_path`]. Rows that were archived and that the
//! database no longer has stand at the end, with `"gone":true` before all else.
//! Nothing here opens a database.

use std::path::{Path, PathBuf};

/// A folder in which databases of one kind lie.
#[derive(Clone, Debug)]
pub struct DatabasePlace {
    /// The folder.
    pub folder: PathBuf,
    /// How many folders deep below it they may lie; 0: in the folder itself.
    pub depth: usize,
    /// Whether a path is a database's, judging by its name.
    pub is_database: fn(&Path) -> bool,
    /// The layouts that such a database may have, the newest first.
    pub layouts: &'static [DatabaseLayout],
}

impl DatabasePlace {
    /// Whether a file is a database of this place, judging by its path.
    pub fn holds(&self, path: &Path) -> bool {
        let depth = path
            .strip_prefix(&self.folder)
            .map(|below| below.components().count());
        depth.is_ok_and(|depth| (1..=self.depth + 1).contains(&depth)) && (self.is_database)(path)
    }
}

/// What to ask a database. A database has this layout if it understands every
/// statement.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseLayout {
    /// Lists the sessions. The first columns are the session's id, the id of
    /// the session that started it or null, and when it was last changed, in
    /// milliseconds since 1970. All columns together are the session's stamp:
    /// as long as they stay the same, its rows are not read again. It is asked
    /// at every write, so it must be cheap.
    pub sessions: &'static str,
    /// About how many bytes the rows of session `?1` hold; asked only of
    /// sessions that have changed.
    pub bytes: &'static str,
    /// The rows of session `?1`, each statement with an order of its own.
    pub rows: &'static [RowQuery],
    /// Those of them that usage is counted from.
    pub usage: &'static [RowQuery],
}

/// A statement that gives rows of one table.
#[derive(Clone, Copy, Debug)]
pub struct RowQuery {
    /// The name of the table, in the evidence.
    pub table: &'static str,
    /// The statement.
    pub sql: &'static str,
    /// The columns that hold JSON: it becomes part of the line, not a string.
    pub json: &'static [&'static str],
}

/// The name under which a session of a database is archived.
pub fn evidence_path(database: &str, native_id: &str) -> String {
    format!("{database}#{native_id}")
}

/// The database that a session's evidence came from, by the evidence's name.
pub fn database_of<'p>(evidence_path: &'p str, native_id: &str) -> Option<&'p str> {
    evidence_path
        .strip_suffix(native_id)
        .and_then(|rest| rest.strip_suffix('#'))
        .filter(|database| !database.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_tells_its_database() {
        let path = evidence_path("/home/dev/a#b/open.db", "ses_1");
        assert_eq!(database_of(&path, "ses_1"), Some("/home/dev/a#b/open.db"));
        assert_eq!(database_of(&path, "es_1"), None);
        assert_eq!(database_of("/sessions/ses_1.jsonl", "ses_1"), None);
        assert_eq!(database_of("#x", "x"), None);
    }

    #[test]
    fn a_place_reaches_no_deeper_than_it_says() {
        let place = |depth| DatabasePlace {
            folder: PathBuf::from("/chats"),
            depth,
            is_database: |path| path.ends_with("store.db"),
            layouts: &[],
        };
        assert!(place(0).holds(Path::new("/chats/store.db")));
        assert!(!place(0).holds(Path::new("/chats/a/store.db")));
        assert!(place(2).holds(Path::new("/chats/a/b/store.db")));
        assert!(!place(2).holds(Path::new("/chats/a/b/c/store.db")));
        assert!(!place(2).holds(Path::new("/chats/a/b/other.db")));
    }
}
