//! What sessions can be filtered by.

use dashcam_trace::Harness;
use serde::{Deserialize, Serialize};

/// The values that occur in the store, each list by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Facets {
    /// Harnesses that have sessions.
    pub harnesses: Vec<Harness>,
    /// Projects.
    pub projects: Vec<String>,
    /// Models that answered.
    pub models: Vec<String>,
    /// Git branches.
    pub branches: Vec<String>,
}
