//! What a harness charges in a unit of its own.

use crate::Harness;
use crate::amount::amount;
use serde::{Deserialize, Serialize};

amount!(
    /// An amount of a harness's own unit, counted in whole billionths; which
    /// unit, [`Harness::credit_unit`] tells. It is no money: what one costs is
    /// a matter of the person's contract. Written to JSON as a number.
    Credits,
    "credits",
    from_amount,
    amount
);

/// An amount of credits with its unit. Amounts of different units are never
/// added up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditSum {
    /// The unit, in the plural: `credits`, `ACUs`.
    pub unit: String,
    /// How many.
    pub amount: Credits,
}

impl CreditSum {
    /// What a harness charged; nothing where it has no unit or charged none.
    pub fn of(harness: Harness, amount: Credits) -> Option<Self> {
        let unit = harness.credit_unit()?;
        (amount != Credits::ZERO).then(|| Self {
            unit: unit.to_owned(),
            amount,
        })
    }
}
