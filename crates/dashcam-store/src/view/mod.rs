//! What the store answers: plain values for the command line and the API.
//!
//! Field names are the JSON contract of `--json` and of the HTTP API.

mod facets;
mod health;
mod overview;
mod search;
mod session;
mod usage;

pub use facets::Facets;
pub use health::{FileTrouble, HarnessHealth, Health};
pub use overview::{DayTotals, ModelShare, NamedTotals, Overview, OverviewQuery, Totals};
pub use search::{SearchField, SearchHit, SearchQuery, SearchResults};
pub use session::{
    ImageBytes, SessionDetail, SessionFilter, SessionOrder, SessionPage, SessionSummary,
    SpanOutline, TurnOutline,
};
pub use usage::{UsageKey, UsageQuery, UsageReport, UsageRow};
