//! What sessions can be filtered by.

use crate::columns::harness;
use crate::view::Facets;
use crate::{Store, StoreError};
use rusqlite::Connection;

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(sql)?
        .query_map([], |row| row.get(0))?
        .collect()
}

impl Store {
    /// The harnesses, projects, models and branches that occur.
    pub fn facets(&self) -> Result<Facets, StoreError> {
        let reader = self.reader()?;
        let read = || {
            let mut models: Vec<String> = texts(&reader, "SELECT DISTINCT models FROM sessions")?
                .iter()
                .flat_map(|models| super::sessions::lines(models))
                .collect();
            models.sort();
            models.dedup();
            Ok(Facets {
                harnesses: reader
                    .prepare_cached("SELECT DISTINCT harness FROM sessions ORDER BY harness")?
                    .query_map([], |row| harness(row, 0))?
                    .collect::<rusqlite::Result<_>>()?,
                projects: texts(&reader, "SELECT DISTINCT project FROM sessions ORDER BY 1")?,
                models,
                branches: texts(
                    &reader,
                    "SELECT DISTINCT branch FROM sessions WHERE branch <> '' ORDER BY 1",
                )?,
            })
        };
        read().map_err(|error| self.error(error))
    }
}
