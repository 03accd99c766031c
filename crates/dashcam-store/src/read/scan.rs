//! Reads the rollups as facts: the source of every usage query.
//!
//! A query's times may cut a quarter of an hour in two. Those quarters, at
//! most two, are read step by step instead; so sums are exact to the call.

use super::sessions::Condition;
use crate::codes::{QUARTER, quarter, quarter_start, timestamp};
use crate::columns::{harness, session_id, tokens};
use crate::steps::read_steps;
use crate::sums::for_each_counted;
use crate::usage_table::UsageFact;
use dashcam_trace::{Credits, Harness, Money, SpanKind, Status, Timestamp, Tokens};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params_from_iter};
use rustc_hash::{FxHashMap, FxHashSet};

/// Which part of the history to read.
pub(super) struct Scan<'a> {
    pub(super) connection: &'a Connection,
    /// A condition on the sessions.
    pub(super) sessions: Condition,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    /// Whose days facts are added up within.
    pub(super) zone: TimeZone,
}

/// A session, as facts name it.
struct SessionFacts {
    harness: Harness,
    project: String,
    branch: String,
    id: String,
}

/// Something of one session on one day, not yet told.
#[derive(Default)]
struct Open {
    session: i64,
    day: Date,
    at: Timestamp,
    /// By model and tool.
    sums: Vec<((i64, i64), Sum)>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    model_calls: i64,
    tool_calls: i64,
    tool_errors: i64,
    tokens: Tokens,
    cost: i64,
    unpriced: i64,
    credits: i64,
}

impl Scan<'_> {
    /// Tells of all model calls, and of all tool calls with the tool's name
    /// where `by_tool` asks for it.
    pub(super) fn run(
        &self,
        by_tool: bool,
        tell: &mut dyn FnMut(&UsageFact<'_>),
    ) -> rusqlite::Result<()> {
        let sessions = self.sessions()?;
        let names = self.names()?;
        let mut cut = FxHashSet::default();
        let mut teller = Teller {
            sessions: &sessions,
            names: &names,
            by_tool,
            tell,
        };
        self.rollup(&mut teller, &mut cut)?;
        self.tool_rollup(&mut teller, &mut cut)?;
        for session in cut {
            self.steps(session, &mut teller)?;
        }
        Ok(())
    }

    fn sessions(&self) -> rusqlite::Result<FxHashMap<i64, SessionFacts>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT id, harness, project, branch, key FROM sessions WHERE {}",
            self.sessions.sql()
        ))?;
        let rows = statement.query_map(params_from_iter(&self.sessions.values), |row| {
            let facts = SessionFacts {
                harness: harness(row, 1)?,
                project: row.get(2)?,
                branch: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                id: session_id(row, 4)?.to_string(),
            };
            Ok((row.get(0)?, facts))
        })?;
        rows.collect()
    }

    /// The names of models and tools, and of other spans: there are few.
    fn names(&self) -> rusqlite::Result<FxHashMap<i64, String>> {
        self.connection
            .prepare_cached("SELECT id, name FROM names")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// Whether a quarter lies between the times, or is cut by one of them.
    fn place(&self, quarter: i64) -> Place {
        let start = quarter_start(quarter);
        let end = quarter_start(quarter + 1);
        let outside = self.since.is_some_and(|since| end <= since)
            || self.until.is_some_and(|until| start >= until);
        let inside = self.since.is_none_or(|since| start >= since)
            && self.until.is_none_or(|until| end <= until);
        match (outside, inside) {
            (true, _) => Place::Outside,
            (_, true) => Place::Inside,
            _ => Place::Cut,
        }
    }

    /// The quarters to look at, first and last.
    fn range(&self) -> [i64; 2] {
        let quarter_of = |at: Timestamp| at.as_second().div_euclid(QUARTER);
        [
            self.since.map_or(i64::MIN, quarter_of),
            self.until.map_or(i64::MAX, quarter_of),
        ]
    }

    fn rollup(
        &self,
        teller: &mut Teller<'_, '_>,
        cut: &mut FxHashSet<i64>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT session, quarter, model, calls, cost, unpriced, prompt, cache_read,
                    cache_write_5m, cache_write_1h, completion, reasoning, credits
             FROM rollup WHERE quarter BETWEEN ?1 AND ?2",
        )?;
        let mut rows = statement.query(self.range())?;
        let mut open = OpenDays::new(&self.zone);
        while let Some(row) = rows.next()? {
            let (session, quarter) = (row.get(0)?, row.get(1)?);
            if !teller.sessions.contains_key(&session) {
                continue;
            }
            match self.place(quarter) {
                Place::Outside => {}
                Place::Cut => drop(cut.insert(session)),
                Place::Inside => {
                    let sum = Sum {
                        model_calls: row.get(3)?,
                        cost: row.get(4)?,
                        unpriced: row.get(5)?,
                        credits: row.get(12)?,
                        tokens: tokens(row, 6)?,
                        ..Sum::default()
                    };
                    open.add(session, quarter, (row.get(2)?, 0), sum, teller);
                }
            }
        }
        open.close(teller);
        Ok(())
    }

    fn tool_rollup(
        &self,
        teller: &mut Teller<'_, '_>,
        cut: &mut FxHashSet<i64>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT session, quarter, tool, model, calls, errors
             FROM tool_rollup WHERE quarter BETWEEN ?1 AND ?2",
        )?;
        let mut rows = statement.query(self.range())?;
        let mut open = OpenDays::new(&self.zone);
        while let Some(row) = rows.next()? {
            let (session, quarter) = (row.get(0)?, row.get(1)?);
            if !teller.sessions.contains_key(&session) {
                continue;
            }
            match self.place(quarter) {
                Place::Outside => {}
                Place::Cut => drop(cut.insert(session)),
                Place::Inside => {
                    let tool = if teller.by_tool { row.get(2)? } else { 0 };
                    let sum = Sum {
                        tool_calls: row.get(4)?,
                        tool_errors: row.get(5)?,
                        ..Sum::default()
                    };
                    open.add(session, quarter, (row.get(3)?, tool), sum, teller);
                }
            }
        }
        open.close(teller);
        Ok(())
    }

    /// Tells of a session's steps in the quarters that the query's times cut.
    fn steps(&self, session: i64, teller: &mut Teller<'_, '_>) -> rusqlite::Result<()> {
        let copies: FxHashSet<i64> = self
            .connection
            .prepare_cached(
                "SELECT id FROM turns WHERE id BETWEEN ?1 AND ?2 AND copied_from IS NOT NULL",
            )?
            .query_map(crate::turn_key::turn_keys(session), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for turn in read_steps(self.connection, session)? {
            if copies.contains(&crate::turn_key::turn_key(session, turn.index)) {
                continue;
            }
            for_each_counted(&turn.steps, |step, caller| {
                let at = timestamp(step.at());
                let wanted = self.place(quarter(step.at())) == Place::Cut
                    && self.since.is_none_or(|since| at >= since)
                    && self.until.is_none_or(|until| at < until);
                let Some(subject) = step.subject.filter(|_| wanted) else {
                    return;
                };
                match step.kind {
                    SpanKind::ModelCall => {
                        let sum = Sum {
                            model_calls: 1,
                            tokens: step.tokens.unwrap_or_default(),
                            cost: step.cost.unwrap_or_default(),
                            unpriced: i64::from(step.unpriced()),
                            credits: step.credits.unwrap_or_default(),
                            ..Sum::default()
                        };
                        teller.tell(session, at, (subject, 0), sum);
                    }
                    SpanKind::ToolCall => {
                        let sum = Sum {
                            tool_calls: 1,
                            tool_errors: i64::from(step.status == Status::Error),
                            ..Sum::default()
                        };
                        let tool = if teller.by_tool { subject } else { 0 };
                        teller.tell(session, at, (caller.unwrap_or_default(), tool), sum);
                    }
                    _ => {}
                }
            });
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Cut,
    Inside,
}

/// Turns numbers into facts.
struct Teller<'a, 't> {
    sessions: &'a FxHashMap<i64, SessionFacts>,
    names: &'a FxHashMap<i64, String>,
    by_tool: bool,
    tell: &'t mut dyn FnMut(&UsageFact<'_>),
}

impl Teller<'_, '_> {
    fn tell(&mut self, session: i64, at: Timestamp, (model, tool): (i64, i64), sum: Sum) {
        let Some(session) = self.sessions.get(&session) else {
            return;
        };
        let name = |id: i64| self.names.get(&id).map_or("", String::as_str);
        (self.tell)(&UsageFact {
            at,
            harness: session.harness,
            model: name(model),
            project: &session.project,
            branch: &session.branch,
            session: &session.id,
            tool: name(tool),
            model_calls: sum.model_calls as u64,
            tool_calls: sum.tool_calls as u64,
            tool_errors: sum.tool_errors as u64,
            tokens: sum.tokens,
            cost: Money::from_nanos(sum.cost),
            unpriced_calls: sum.unpriced as u64,
            credits: Credits::from_nanos(sum.credits),
        });
    }
}

/// Adds up the quarters of one day of one session, which follow each other,
/// before they are told: there are far fewer days than quarters.
struct OpenDays<'z> {
    zone: &'z TimeZone,
    days: FxHashMap<i64, Date>,
    open: Open,
}

impl<'z> OpenDays<'z> {
    fn new(zone: &'z TimeZone) -> Self {
        Self {
            zone,
            days: FxHashMap::default(),
            open: Open::default(),
        }
    }

    fn add(
        &mut self,
        session: i64,
        quarter: i64,
        key: (i64, i64),
        sum: Sum,
        teller: &mut Teller<'_, '_>,
    ) {
        let at = quarter_start(quarter);
        let zone = self.zone;
        let day = *self
            .days
            .entry(quarter)
            .or_insert_with(|| zone.to_datetime(at).date());
        if self.open.session != session || self.open.day != day {
            self.close(teller);
            self.open.session = session;
            self.open.day = day;
            self.open.at = at;
        }
        let sums = &mut self.open.sums;
        let index = sums
            .iter()
            .position(|(other, _)| *other == key)
            .unwrap_or_else(|| {
                sums.push((key, Sum::default()));
                sums.len() - 1
            });
        let open = &mut sums[index].1;
        open.model_calls += sum.model_calls;
        open.tool_calls += sum.tool_calls;
        open.tool_errors += sum.tool_errors;
        open.tokens += sum.tokens;
        open.cost = open.cost.saturating_add(sum.cost);
        open.unpriced += sum.unpriced;
        open.credits = open.credits.saturating_add(sum.credits);
    }

    fn close(&mut self, teller: &mut Teller<'_, '_>) {
        for (key, sum) in self.open.sums.drain(..) {
            teller.tell(self.open.session, self.open.at, key, sum);
        }
    }
}
