//! Money, exact to a billionth of a dollar.

use crate::amount::amount;
use serde::{Deserialize, Serialize};

amount!(
    /// An amount of US dollars, counted in whole nano-dollars.
    ///
    /// One token of the cheapest models costs tens of nano-dollars, so sums of
    /// calls are exact to far below a cent. Written to JSON as a number of dollars.
    Money,
    "US dollars",
    from_usd,
    usd
);

/// What a model call cost, and who says so. A call without a known price has
/// no `Cost` at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cost {
    /// The amount.
    pub usd: Money,
    /// Where the amount comes from.
    pub source: CostSource,
}

/// Where a cost comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CostSource {
    /// The harness reported it.
    Harness,
    /// Computed from the bundled price table.
    PriceTable,
    /// Computed from a price in the user's configuration.
    Override,
}
