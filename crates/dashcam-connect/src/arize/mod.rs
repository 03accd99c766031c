//! Coming from Arize's own hooks: what they were configured with, and how they
//! leave the settings, so that nothing is traced twice.

mod config;
mod plugin;
mod remove;

pub use config::{ArizeConfig, ArizeHarness, ArizeTarget, Logging, Secret, find, read};
pub(crate) use remove::{files, is_present, strip};
