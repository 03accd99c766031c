//! Sums of tokens and cost, grouped: the one place where usage is added up,
//! whether it comes from the store or straight from disk.

use crate::StoreError;
use crate::view::{UsageKey, UsageQuery, UsageReport, UsageRow};
use dashcam_trace::{CreditSum, Credits, Harness, Money, Timestamp, Tokens};
use jiff::tz::TimeZone;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What one model call, or a sum of several at one time, adds to a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsageFact<'a> {
    /// When the response was recorded.
    pub at: Timestamp,
    /// The harness.
    pub harness: Harness,
    /// The model.
    pub model: &'a str,
    /// The project (see [`crate::project_name`]).
    pub project: &'a str,
    /// The git branch; empty where there is none.
    pub branch: &'a str,
    /// The session's id.
    pub session: &'a str,
    /// The tool, where a report by tools is made; empty otherwise.
    pub tool: &'a str,
    /// Model calls.
    pub model_calls: u64,
    /// Tool calls.
    pub tool_calls: u64,
    /// Tool calls that failed.
    pub tool_errors: u64,
    /// Tokens.
    pub tokens: Tokens,
    /// Known cost.
    pub cost: Money,
    /// Model calls without a known price.
    pub unpriced_calls: u64,
    /// What the harness's maker charged in a unit of their own.
    pub credits: Credits,
}

impl<'a> UsageFact<'a> {
    /// Nothing yet, of one session at one time.
    pub fn of(harness: Harness, at: Timestamp, session: &'a str) -> Self {
        Self {
            at,
            harness,
            model: "",
            project: "",
            branch: "",
            session,
            tool: "",
            model_calls: 0,
            tool_calls: 0,
            tool_errors: 0,
            tokens: Tokens::default(),
            cost: Money::ZERO,
            unpriced_calls: 0,
            credits: Credits::ZERO,
        }
    }

    /// Adds one model call. One that used tokens but has no cost is unpriced.
    #[must_use]
    pub fn with_call(mut self, model: &'a str, tokens: Tokens, cost: Option<Money>) -> Self {
        self.model = model;
        self.model_calls += 1;
        self.tokens += tokens;
        self.cost += cost.unwrap_or_default();
        self.unpriced_calls += u64::from(cost.is_none() && tokens.total() > 0);
        self
    }
}

/// The most keys that a report can be grouped by: one of each.
const MAX_KEYS: usize = 10;
type GroupKey = [u32; MAX_KEYS];

/// Adds up usage by the keys of a query.
#[derive(Debug)]
pub struct UsageTable {
    query: UsageQuery,
    zone: TimeZone,
    model_filter: Option<String>,
    names: Names,
    calendar: FxHashMap<i64, Calendar>,
    groups: FxHashMap<GroupKey, Group>,
    total: Group,
    user: u32,
}

impl UsageTable {
    /// An empty table. A time zone that is not known counts as UTC; see
    /// [`time_zone`] to find out.
    pub fn new(query: &UsageQuery) -> Self {
        let mut query = query.clone();
        let mut seen = FxHashSet::default();
        query.by.retain(|key| seen.insert(*key));
        let zone = time_zone(&query.timezone).unwrap_or(TimeZone::UTC);
        let mut names = Names::default();
        let user = names.intern(&local_user());
        Self {
            zone,
            model_filter: query.model.as_ref().map(|model| model.to_lowercase()),
            query,
            names,
            calendar: FxHashMap::default(),
            groups: FxHashMap::default(),
            total: Group::default(),
            user,
        }
    }

    /// Adds a fact, if the query lets it through.
    pub fn add(&mut self, fact: &UsageFact<'_>) {
        let query = &self.query;
        let wanted = (query.harness.is_empty() || query.harness.contains(&fact.harness))
            && query
                .project
                .as_ref()
                .is_none_or(|project| project == fact.project)
            && query.since.is_none_or(|since| fact.at >= since)
            && query.until.is_none_or(|until| fact.at < until);
        if wanted {
            self.add_of_model(fact);
        }
    }

    /// Adds a fact that the query is known to let through, its model apart.
    pub(crate) fn add_of_model(&mut self, fact: &UsageFact<'_>) {
        let contained = |wanted: &String| fact.model.to_lowercase().contains(wanted.as_str());
        if self.model_filter.as_ref().is_none_or(contained) {
            self.add_wanted(fact);
        }
    }

    /// Adds a fact that the query is known to let through.
    pub(crate) fn add_wanted(&mut self, fact: &UsageFact<'_>) {
        let mut key = [0; MAX_KEYS];
        for (slot, by) in key.iter_mut().zip(&self.query.by) {
            *slot = match by {
                UsageKey::Day | UsageKey::Week | UsageKey::Month => {
                    let calendar =
                        calendar(&mut self.calendar, &mut self.names, &self.zone, fact.at);
                    match by {
                        UsageKey::Day => calendar.day,
                        UsageKey::Week => calendar.week,
                        _ => calendar.month,
                    }
                }
                UsageKey::Harness => self.names.intern(fact.harness.as_str()),
                UsageKey::Model => self.names.intern(fact.model),
                UsageKey::Project => self.names.intern(fact.project),
                UsageKey::Branch => self.names.intern(fact.branch),
                UsageKey::Session => self.names.intern(fact.session),
                UsageKey::User => self.user,
                UsageKey::Tool => self.names.intern(fact.tool),
            };
        }
        let model = self.names.intern(fact.model);
        let session = self.names.intern(fact.session);
        self.groups
            .entry(key)
            .or_default()
            .add(fact, model, session);
        self.total.add(fact, model, session);
    }

    /// The report.
    pub fn finish(self) -> UsageReport {
        let Self {
            query,
            names,
            groups,
            total,
            ..
        } = self;
        let keys = query.by.len();
        // How much each outer group weighs, so that names can stand by weight
        // at every level.
        let mut weights: FxHashMap<(usize, GroupKey), Weight> = FxHashMap::default();
        for (key, group) in &groups {
            for level in 0..keys {
                let weight = weights.entry((level, prefix(key, level))).or_default();
                weight.cost += group.cost;
                weight.tokens += group.tokens.total();
                weight.calls += group.tool_calls;
            }
        }
        let mut rows: Vec<(GroupKey, Group)> = groups.into_iter().collect();
        rows.sort_by(|(a, _), (b, _)| {
            for (level, by) in query.by.iter().enumerate() {
                if a[level] == b[level] {
                    continue;
                }
                let by_name = || names.get(a[level]).cmp(names.get(b[level]));
                return if is_time(*by) {
                    by_name()
                } else {
                    let weight = |key| weights.get(&(level, prefix(key, level)));
                    weight(b).cmp(&weight(a)).then_with(by_name)
                };
            }
            Ordering::Equal
        });
        let rows = rows
            .into_iter()
            .map(|(key, group)| {
                let mut row = group.row(&names);
                for (by, id) in query.by.iter().zip(key) {
                    *field(&mut row, *by) = Some(names.get(id).to_owned());
                }
                row
            })
            .collect();
        UsageReport {
            total: total.row(&names),
            by: query.by,
            timezone: query.timezone,
            rows,
        }
    }
}

/// The zone of an IANA name.
pub fn time_zone(name: &str) -> Result<TimeZone, StoreError> {
    TimeZone::get(name).map_err(|_| StoreError::TimeZone(name.to_owned()))
}

/// The user of this machine, as the environment tells.
fn local_user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn is_time(key: UsageKey) -> bool {
    matches!(key, UsageKey::Day | UsageKey::Week | UsageKey::Month)
}

/// The outer part of a group's key, up to and with a level.
fn prefix(key: &GroupKey, level: usize) -> GroupKey {
    let mut prefix = [0; MAX_KEYS];
    prefix[..=level].copy_from_slice(&key[..=level]);
    prefix
}

fn field(row: &mut UsageRow, key: UsageKey) -> &mut Option<String> {
    match key {
        UsageKey::Day => &mut row.day,
        UsageKey::Week => &mut row.week,
        UsageKey::Month => &mut row.month,
        UsageKey::Harness => &mut row.harness,
        UsageKey::Model => &mut row.model,
        UsageKey::Project => &mut row.project,
        UsageKey::Branch => &mut row.branch,
        UsageKey::Session => &mut row.session,
        UsageKey::User => &mut row.user,
        UsageKey::Tool => &mut row.tool,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    cost: Money,
    tokens: u64,
    calls: u64,
}

#[derive(Clone, Debug, Default)]
struct Group {
    models: FxHashSet<u32>,
    sessions: FxHashSet<u32>,
    model_calls: u64,
    tool_calls: u64,
    tool_errors: u64,
    tokens: Tokens,
    cost: Money,
    unpriced_calls: u64,
    credits: BTreeMap<Harness, Credits>,
}

impl Group {
    fn add(&mut self, fact: &UsageFact<'_>, model: u32, session: u32) {
        if fact.model_calls > 0 || !fact.tool.is_empty() {
            self.sessions.insert(session);
        }
        if fact.model_calls > 0 {
            self.models.insert(model);
        }
        self.model_calls += fact.model_calls;
        self.tool_calls += fact.tool_calls;
        self.tool_errors += fact.tool_errors;
        self.tokens += fact.tokens;
        self.cost += fact.cost;
        self.unpriced_calls += fact.unpriced_calls;
        if fact.credits != Credits::ZERO {
            *self.credits.entry(fact.harness).or_default() += fact.credits;
        }
    }

    fn row(&self, names: &Names) -> UsageRow {
        let mut models: Vec<String> = self
            .models
            .iter()
            .map(|model| names.get(*model).to_owned())
            .collect();
        models.sort();
        UsageRow {
            models,
            sessions: self.sessions.len() as u64,
            model_calls: self.model_calls,
            tool_calls: self.tool_calls,
            tool_errors: self.tool_errors,
            input_tokens: self.tokens.input(),
            tokens: self.tokens,
            cost_usd: self.cost,
            unpriced_calls: self.unpriced_calls,
            credits: self
                .credits
                .iter()
                .filter_map(|(harness, amount)| CreditSum::of(*harness, *amount))
                .collect(),
            ..UsageRow::default()
        }
    }
}

/// The day, week and month of a quarter of an hour.
#[derive(Clone, Copy, Debug)]
struct Calendar {
    day: u32,
    week: u32,
    month: u32,
}

fn calendar(
    known: &mut FxHashMap<i64, Calendar>,
    names: &mut Names,
    zone: &TimeZone,
    at: Timestamp,
) -> Calendar {
    // Every zone's midnight falls on a quarter of an hour, so a quarter
    // belongs to one day.
    *known
        .entry(at.as_second().div_euclid(900))
        .or_insert_with(|| {
            let date = zone.to_datetime(at).date();
            let week = date.iso_week_date();
            Calendar {
                day: names.intern(&date.to_string()),
                week: names.intern(&format!("{:04}-W{:02}", week.year(), week.week())),
                month: names.intern(&format!("{:04}-{:02}", date.year(), date.month())),
            }
        })
}

/// Numbers for names.
#[derive(Debug, Default)]
struct Names {
    ids: FxHashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

impl Names {
    fn intern(&mut self, name: &str) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.names.len() as u32;
        self.names.push(name.into());
        self.ids.insert(name.into(), id);
        id
    }

    fn get(&self, id: u32) -> &str {
        self.names.get(id as usize).map_or("", |name| name)
    }
}
