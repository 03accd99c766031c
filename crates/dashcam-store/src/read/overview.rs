//! The front page.

use super::scan::Scan;
use super::sessions::{Condition, list};
use crate::codes::nanos;
use crate::usage_table::{UsageTable, time_zone};
use crate::view::{
    DayTotals, ModelShare, NamedTotals, Overview, OverviewQuery, Totals, UsageKey, UsageQuery,
    UsageReport, UsageRow,
};
use crate::{Store, StoreError};
use rusqlite::Connection;
use rusqlite::types::Value;

/// The most projects and tools that are listed.
const LISTED: usize = 50;
/// The most sessions that are listed as the latest.
const RECENT: u32 = 10;
/// The most sessions that are listed as live.
const LIVE: u32 = 50;

impl Store {
    /// What happened in a stretch of time.
    pub fn overview(&self, query: &OverviewQuery) -> Result<Overview, StoreError> {
        let zone = time_zone(&query.timezone)?;
        let sessions = || {
            let mut condition = Condition::default();
            condition.add_harness(&query.harness);
            if let Some(project) = &query.project {
                condition.add("project = ?", [Value::from(project.clone())]);
            }
            condition
        };
        let table = |by: &[UsageKey]| {
            let timezone = query.timezone.clone();
            UsageTable::new(&UsageQuery {
                by: by.to_vec(),
                timezone,
                ..UsageQuery::default()
            })
        };
        let mut by_day = table(&[UsageKey::Day]);
        let mut by_day_and_model = table(&[UsageKey::Day, UsageKey::Model]);
        let mut by_harness = table(&[UsageKey::Harness]);
        let mut by_model = table(&[UsageKey::Model]);
        let mut by_project = table(&[UsageKey::Project]);
        let mut by_tool = table(&[UsageKey::Tool]);

        let mut reader = self.reader()?;
        let read = |connection: &mut Connection| {
            let snapshot = connection.transaction()?;
            let scan = Scan {
                connection: &snapshot,
                sessions: sessions(),
                since: query.since,
                until: query.until,
                zone,
            };
            scan.run(true, &mut |fact| {
                if fact.tool_calls > 0 {
                    by_tool.add_wanted(fact);
                } else {
                    by_day_and_model.add_wanted(fact);
                }
                by_day.add_wanted(fact);
                by_harness.add_wanted(fact);
                by_model.add_wanted(fact);
                by_project.add_wanted(fact);
            })?;
            let mut live = sessions();
            live.add("ended_at >= ?", [Value::from(nanos(query.live_since))]);
            let mut recent = sessions();
            if let Some(since) = query.since {
                recent.add("ended_at >= ?", [Value::from(nanos(since))]);
            }
            if let Some(until) = query.until {
                recent.add("started_at < ?", [Value::from(nanos(until))]);
            }
            Ok((
                list(&snapshot, &live, "ended_at DESC", Some(LIVE), 0)?,
                list(&snapshot, &recent, "ended_at DESC", Some(RECENT), 0)?,
            ))
        };
        let (live, recent) = read(reader.connection()).map_err(|error| self.error(error))?;

        let by_day = by_day.finish();
        let mut shares = by_day_and_model.finish().rows.into_iter().peekable();
        let total = totals(&by_day.total);
        let days = by_day
            .rows
            .into_iter()
            .map(|row| {
                let totals = totals(&row);
                let day = row.day.unwrap_or_default();
                let mut models = Vec::new();
                while let Some(share) = shares.next_if(|share| share.day.as_ref() == Some(&day)) {
                    models.push(ModelShare {
                        model: share.model.unwrap_or_default(),
                        cost: share.cost_usd,
                        tokens: share.tokens,
                    });
                }
                DayTotals {
                    day,
                    totals,
                    models,
                }
            })
            .collect();
        Ok(Overview {
            total,
            days,
            harnesses: named(by_harness.finish(), |row| row.harness, usize::MAX),
            models: named(by_model.finish(), |row| row.model, usize::MAX),
            projects: named(by_project.finish(), |row| row.project, LISTED),
            tools: named(by_tool.finish(), |row| row.tool, LISTED),
            live,
            recent,
        })
    }
}

fn totals(row: &UsageRow) -> Totals {
    Totals {
        sessions: row.sessions,
        model_calls: row.model_calls,
        tool_calls: row.tool_calls,
        tool_errors: row.tool_errors,
        tokens: row.tokens,
        cost: row.cost_usd,
        unpriced_calls: row.unpriced_calls,
        credits: row.credits.clone(),
    }
}

/// A report's rows by name; tool calls that no model is known for have none.
fn named(
    report: UsageReport,
    name: impl Fn(UsageRow) -> Option<String>,
    most: usize,
) -> Vec<NamedTotals> {
    report
        .rows
        .into_iter()
        .map(|row| (totals(&row), row))
        .filter_map(|(totals, row)| {
            Some(NamedTotals {
                name: name(row)?,
                totals,
            })
        })
        .filter(|named| !named.name.is_empty())
        .take(most)
        .collect()
}
