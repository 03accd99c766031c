//! What dashcam concludes from sessions. So far: what they cost.
//!
//! Pure functions of sessions and price tables. An unknown price stays
//! unknown; nothing here is guessed.

mod overrides;
mod prices;
mod rates;

pub use overrides::OverrideError;
pub use prices::Prices;
