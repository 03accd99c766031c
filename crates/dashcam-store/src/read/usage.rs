//! Tokens and cost, grouped.

use super::scan::Scan;
use super::sessions::Condition;
use crate::usage_table::{UsageTable, time_zone};
use crate::view::{UsageKey, UsageQuery, UsageReport};
use crate::{Store, StoreError};
use rusqlite::Connection;
use rusqlite::types::Value;

impl Store {
    /// Tokens and cost by the keys of a query. What stands in several
    /// sessions is counted once.
    pub fn usage(&self, query: &UsageQuery) -> Result<UsageReport, StoreError> {
        let zone = time_zone(&query.timezone)?;
        let mut sessions = Condition::default();
        sessions.add_harness(&query.harness);
        if let Some(project) = &query.project {
            sessions.add("project = ?", [Value::from(project.clone())]);
        }
        if query.without_sample {
            sessions.add("sample = 0", []);
        }
        let by_tool = query.by.contains(&UsageKey::Tool);
        let mut table = UsageTable::new(query);
        let mut reader = self.reader()?;
        let read = |connection: &mut Connection| {
            let snapshot = connection.transaction()?;
            let (since, until) = (query.since, query.until);
            let scan = Scan {
                connection: &snapshot,
                sessions,
                since,
                until,
                zone,
            };
            scan.run(by_tool, &mut |fact| {
                // Tokens belong to model calls, not to tools.
                if !by_tool || fact.tool_calls > 0 {
                    table.add_of_model(fact);
                }
            })
        };
        read(reader.connection()).map_err(|error| self.error(error))?;
        Ok(table.finish())
    }
}
