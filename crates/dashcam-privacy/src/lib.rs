//! What of a session may leave the machine.
//!
//! A [`Policy`] says how much: everything ([`Level::Full`]), everything but
//! secrets ([`Level::Redacted`]), or only numbers, kinds and names
//! ([`Level::Metadata`]). [`apply`] makes of a session the one that may be
//! sent. [`Exclusions`] name the projects that are left out altogether.
//!
//! Pure: no file, clock, network or environment is looked at but what the
//! caller hands in. Every struct of the vocabulary is taken apart field by
//! field, so that a new field does not compile here until somebody has
//! decided whether it may leave.

mod config;
mod environment;
mod exclusion;
mod hide;
mod literals;
mod metadata;
mod policy;
mod redacted;
mod rules;
mod scrub;

pub use config::{ConfigError, PrivacyConfig};
pub use environment::secrets_of;
pub use exclusion::{Exclusions, IGNORE_FILE, PatternError, Reason, excluded};
pub use hide::{HIDDEN, Hide};
pub use policy::{HashKey, Level, Policy, UnknownLevel};
pub use scrub::Known;

use dashcam_trace::{Session, Span, Turn};

/// The session as it may be sent.
///
/// Under [`Level::Redacted`] a secret that is recognised in one place of the
/// session is removed from all of it, also where nothing around it tells what
/// it is.
pub fn apply(session: Session, policy: &Policy) -> Session {
    let session = hide::session(session, policy.hide());
    match policy.level() {
        Level::Full => session,
        Level::Redacted => redacted::session(session, policy),
        Level::Metadata => metadata::session(session, policy.hash_key()),
    }
}

/// One turn as it may be sent, for those who send turn by turn. `known` holds
/// what earlier turns of the session gave away; begin a session with an empty
/// one. The session's own fields go through [`apply`] with no turns in it.
pub fn apply_turn(turn: Turn, policy: &Policy, known: &mut Known) -> Turn {
    let turn = hide::turn(turn, policy.hide());
    match policy.level() {
        Level::Full => turn,
        Level::Redacted => redacted::turn(turn, policy, known),
        Level::Metadata => metadata::turn(turn, policy.hash_key()),
    }
}

/// One span as it may be sent; `known` as with [`apply_turn`].
pub fn apply_span(span: Span, policy: &Policy, known: &mut Known) -> Span {
    let span = hide::span(span, policy.hide());
    match policy.level() {
        Level::Full => span,
        Level::Redacted => redacted::span(span, policy, known),
        Level::Metadata => metadata::span(span, policy.hash_key()),
    }
}
