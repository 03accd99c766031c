//! The list of sessions.

use crate::codes::{Code, nanos, timestamp};
use crate::columns::{harness, parent, session_id, tokens};
use crate::view::{SessionFilter, SessionOrder, SessionPage, SessionSummary};
use crate::{Store, StoreError};
use dashcam_trace::{CreditSum, Credits, Git, Money, Outcome, TurnStatus};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// The columns that [`summary`] reads, in its order.
pub(crate) const SUMMARY: &str = "key, harness, native_id, title, project, cwd, branch, revision, \
     remote, version, entrypoint, started_at, ended_at, parent, parent_span, parent_relation, \
     fork_of, outcome, outcome_evidence, status, sample, models, turns, spans, model_calls, \
     tool_calls, errors, agent_runs, prompt, cache_read, cache_write_5m, cache_write_1h, \
     completion, reasoning, cost, unpriced, credits";

/// A row of [`SUMMARY`].
pub(crate) fn summary(row: &Row<'_>) -> rusqlite::Result<SessionSummary> {
    let harness = harness(row, 1)?;
    let outcome: Option<String> = row.get(17)?;
    Ok(SessionSummary {
        id: session_id(row, 0)?,
        harness,
        native_id: row.get(2)?,
        title: row.get(3)?,
        project: row.get(4)?,
        cwd: row.get(5)?,
        git: Git {
            branch: row.get(6)?,
            commit: row.get(7)?,
            remote: row.get(8)?,
        },
        version: row.get(9)?,
        entrypoint: row.get(10)?,
        started_at: timestamp(row.get(11)?),
        ended_at: timestamp(row.get(12)?),
        parent: parent(row, 13)?,
        outcome: match outcome {
            Some(label) => Some(Outcome {
                label,
                evidence: row.get::<_, Option<String>>(18)?.unwrap_or_default(),
            }),
            None => None,
        },
        status: TurnStatus::word(row.get(19)?),
        sample: row.get(20)?,
        models: lines(row.get_ref(21)?.as_str()?),
        turns: row.get(22)?,
        spans: row.get(23)?,
        model_calls: row.get(24)?,
        tool_calls: row.get(25)?,
        errors: row.get(26)?,
        agent_runs: row.get(27)?,
        tokens: tokens(row, 28)?,
        cost: Money::from_nanos(row.get(34)?),
        unpriced_calls: row.get(35)?,
        credits: CreditSum::of(harness, Credits::from_nanos(row.get(36)?)),
    })
}

/// A list that is stored as lines.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.split('\n')
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A condition on `sessions`, with its values.
#[derive(Default)]
pub(crate) struct Condition {
    parts: Vec<String>,
    pub(crate) values: Vec<Value>,
}

impl Condition {
    /// Adds a condition; `?` stands for its values.
    pub(crate) fn add(&mut self, part: &str, values: impl IntoIterator<Item = Value>) {
        self.parts.push(format!("({part})"));
        self.values.extend(values);
    }

    /// Adds that the harness is one of these, if any are given.
    pub(crate) fn add_harness(&mut self, harness: &[dashcam_trace::Harness]) {
        if !harness.is_empty() {
            let marks = vec!["?"; harness.len()].join(", ");
            let names = harness
                .iter()
                .map(|harness| Value::from(harness.as_str().to_owned()));
            self.add(&format!("harness IN ({marks})"), names);
        }
    }

    /// What a filter asks for.
    pub(crate) fn of(filter: &SessionFilter) -> Self {
        let mut condition = Self::default();
        let mut text = |part: &str, value: &Option<String>| {
            if let Some(value) = value {
                condition.add(part, [Value::from(value.clone())]);
            }
        };
        text("project = ?", &filter.project);
        text("branch = ?", &filter.branch);
        text("outcome = ?", &filter.outcome);
        condition.add_harness(&filter.harness);
        if let Some(model) = &filter.model {
            condition.add("contains(models, ?)", [Value::from(model.to_lowercase())]);
        }
        if let Some(query) = &filter.query {
            let wanted = query.to_lowercase();
            condition.add(
                "contains(title, ?) OR contains(project, ?) OR contains(branch, ?)
                 OR contains(native_id, ?) OR contains(lower(hex(key)), ?)",
                std::iter::repeat_n(Value::from(wanted), 5),
            );
        }
        if let Some(since) = filter.since {
            condition.add("ended_at >= ?", [Value::from(nanos(since))]);
        }
        if let Some(until) = filter.until {
            condition.add("started_at < ?", [Value::from(nanos(until))]);
        }
        if filter.errors {
            condition.add("errors > 0", []);
        }
        if filter.without_sample {
            condition.add("sample = 0", []);
        }
        condition
    }

    /// The condition in SQL, to stand after `WHERE`.
    pub(crate) fn sql(&self) -> String {
        if self.parts.is_empty() {
            "1".to_owned()
        } else {
            self.parts.join(" AND ")
        }
    }
}

const fn order_by(order: SessionOrder) -> &'static str {
    match order {
        SessionOrder::EndedAt => "ended_at",
        SessionOrder::StartedAt => "started_at",
        SessionOrder::Cost => "cost",
        SessionOrder::Tokens => "prompt + completion",
        SessionOrder::Spans => "model_calls + tool_calls",
        SessionOrder::Duration => "ended_at - started_at",
        SessionOrder::Errors => "errors",
    }
}

/// The sessions that meet a condition, in an order.
pub(crate) fn list(
    connection: &Connection,
    condition: &Condition,
    order: &str,
    limit: Option<u32>,
    offset: u32,
) -> rusqlite::Result<Vec<SessionSummary>> {
    let sql = format!(
        "SELECT {SUMMARY} FROM sessions WHERE {} ORDER BY {order}, id LIMIT {} OFFSET {offset}",
        condition.sql(),
        limit.map_or(-1, i64::from),
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&condition.values), summary)?;
    rows.collect()
}

impl Store {
    /// The sessions that a filter lets through.
    pub fn sessions(&self, filter: &SessionFilter) -> Result<SessionPage, StoreError> {
        let mut reader = self.reader()?;
        let read = |connection: &mut Connection| {
            let snapshot = connection.transaction()?;
            let condition = Condition::of(filter);
            let direction = if filter.ascending { "ASC" } else { "DESC" };
            let order = format!("{} {direction}", order_by(filter.order));
            let sessions = list(&snapshot, &condition, &order, filter.limit, filter.offset)?;
            let total: i64 = snapshot
                .prepare_cached(&format!(
                    "SELECT count(*) FROM sessions WHERE {}",
                    condition.sql()
                ))?
                .query_row(params_from_iter(&condition.values), |row| row.get(0))?;
            Ok(SessionPage {
                total: total as u64,
                sessions,
            })
        };
        read(reader.connection()).map_err(|error| self.error(error))
    }
}
