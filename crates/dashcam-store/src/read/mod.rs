//! What the store answers. Every answer is of one moment.

mod detail;
mod facets;
mod find;
mod health;
mod overview;
mod scan;
pub(crate) mod sessions;
mod turn;
mod usage;

pub(crate) use health::pending_turns;
