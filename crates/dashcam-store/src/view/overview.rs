//! The front page: what happened lately.

use super::SessionSummary;
use dashcam_trace::{CreditSum, Harness, Money, Timestamp, Tokens};
use serde::{Deserialize, Serialize};

/// Which part of the history the front page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct OverviewQuery {
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Only of these harnesses; empty means of all.
    pub harness: Vec<Harness>,
    /// Only of this project.
    pub project: Option<String>,
    /// The IANA name of the time zone that days are counted in.
    pub timezone: String,
    /// Sessions with a step after this time count as live.
    pub live_since: Timestamp,
}

/// What happened in a stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// Everything together.
    pub total: Totals,
    /// By day, ascending; days without activity are left out.
    pub days: Vec<DayTotals>,
    /// By harness, costliest first.
    pub harnesses: Vec<NamedTotals>,
    /// By model, costliest first.
    pub models: Vec<NamedTotals>,
    /// By project, costliest first, at most fifty.
    pub projects: Vec<NamedTotals>,
    /// By tool, most called first, at most fifty.
    pub tools: Vec<NamedTotals>,
    /// Sessions that are being worked on, latest first.
    pub live: Vec<SessionSummary>,
    /// The latest sessions, at most ten.
    pub recent: Vec<SessionSummary>,
}

/// Sums over a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Totals {
    /// Sessions with a step in it.
    pub sessions: u64,
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
    /// What makers of harnesses charged in units of their own, each unit by
    /// itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditSum>,
}

/// Sums of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayTotals {
    /// The day, `2026-08-20`.
    pub day: String,
    /// Its sums.
    pub totals: Totals,
    /// Its cost by model, costliest first.
    pub models: Vec<ModelShare>,
}

/// A model's part of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelShare {
    /// The model.
    pub model: String,
    /// Known cost.
    pub cost: Money,
    /// Tokens.
    pub tokens: Tokens,
}

/// Sums of one harness, model, project or tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedTotals {
    /// Its name.
    pub name: String,
    /// Its sums.
    pub totals: Totals,
}
