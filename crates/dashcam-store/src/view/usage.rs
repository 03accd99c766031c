//! Tokens and cost, grouped.

use dashcam_trace::{CreditSum, Harness, Money, Timestamp, Tokens};
use serde::{Deserialize, Serialize};

/// By what usage can be grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UsageKey {
    /// The calendar day in the asked time zone.
    Day,
    /// The ISO week, `2026-W34`.
    Week,
    /// The month, `2026-08`.
    Month,
    /// The harness.
    Harness,
    /// The model.
    Model,
    /// The project.
    Project,
    /// The git branch.
    Branch,
    /// The session.
    Session,
    /// The user of the machine.
    User,
    /// The tool; rows then count tool calls, since tokens belong to model calls.
    Tool,
}

/// Which usage to sum up, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageQuery {
    /// The keys, outermost first.
    pub by: Vec<UsageKey>,
    /// Only of these harnesses; empty means of all.
    pub harness: Vec<Harness>,
    /// Only of this project.
    pub project: Option<String>,
    /// Only of models whose name contains this.
    pub model: Option<String>,
    /// Only calls at or after this time.
    pub since: Option<Timestamp>,
    /// Only calls before this time.
    pub until: Option<Timestamp>,
    /// The IANA name of the time zone that days are counted in.
    pub timezone: String,
    /// Leave out the bundled sample history.
    pub without_sample: bool,
}

impl Default for UsageQuery {
    fn default() -> Self {
        Self {
            by: vec![UsageKey::Day],
            harness: Vec::new(),
            project: None,
            model: None,
            since: None,
            until: None,
            timezone: "UTC".to_owned(),
            without_sample: false,
        }
    }
}

/// Tokens and cost by group, and in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageReport {
    /// The keys of the rows.
    pub by: Vec<UsageKey>,
    /// The time zone of days, weeks and months.
    pub timezone: String,
    /// One row a group: in order of the keys, times ascending, names by cost.
    pub rows: Vec<UsageRow>,
    /// Everything together.
    pub total: UsageRow,
}

/// Tokens and cost of one group. The group's keys stand in the fields of
/// their names; the others are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UsageRow {
    /// The day, `2026-08-20`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The ISO week, `2026-W34`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week: Option<String>,
    /// The month, `2026-08`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// The harness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harness: Option<String>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The git branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The session's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The models that answered in this group, by name.
    pub models: Vec<String>,
    /// Sessions with a model call in this group.
    pub sessions: u64,
    /// Model calls.
    pub model_calls: u64,
    /// Tool calls; 0 when read straight from disk.
    pub tool_calls: u64,
    /// Tool calls that failed; 0 when read straight from disk.
    pub tool_errors: u64,
    /// The part of the prompts that was in no cache.
    pub input_tokens: u64,
    /// Tokens by kind.
    pub tokens: Tokens,
    /// Known cost in US dollars.
    pub cost_usd: Money,
    /// Model calls without a known price, whose cost is therefore missing.
    pub unpriced_calls: u64,
    /// What makers of harnesses charged in units of their own, each unit by
    /// itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditSum>,
}
