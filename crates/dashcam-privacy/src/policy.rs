//! How much of a session may leave.

use crate::environment::secrets_of;
use crate::hide::Hide;
use crate::literals::{Literals, PathForms};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How much of a session may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Everything.
    Full,
    /// Everything but secrets and images.
    #[default]
    Redacted,
    /// Numbers, kinds, times, ids, and names of tools and models; no text.
    Metadata,
}

impl Level {
    /// Every level, from the most to the least.
    pub const ALL: [Self; 3] = [Self::Full, Self::Redacted, Self::Metadata];

    /// The name used on the command line and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Redacted => "redacted",
            Self::Metadata => "metadata",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no level's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown level `{0}`; known are full, redacted, metadata")]
pub struct UnknownLevel(pub String);

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == name)
            .ok_or_else(|| UnknownLevel(name.to_owned()))
    }
}

/// The key of the hashes that stand for paths and names under
/// [`Level::Metadata`].
///
/// One per machine, drawn once and kept there: with it, the same path has the
/// same hash in every session; without it, nobody can try out paths to see
/// which one a hash stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey([u8; 32]);

impl HashKey {
    /// A key of these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A text's hash, in hexadecimal. `domain` keeps texts of different
    /// meaning apart.
    pub(crate) fn hash(&self, domain: &str, text: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(domain.len() as u64).to_le_bytes());
        hasher.update(domain.as_bytes());
        hasher.update(text.as_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// What may leave the machine, ready to be applied to any number of sessions.
#[derive(Clone, Debug)]
pub struct Policy {
    level: Level,
    hide: Hide,
    hash_key: HashKey,
    secrets: Literals,
    user_paths: PathForms,
}

impl Policy {
    /// A policy that knows no secret's value yet.
    pub fn new(level: Level, hash_key: HashKey) -> Self {
        Self {
            level,
            hide: Hide::default(),
            hash_key,
            secrets: Literals::default(),
            user_paths: PathForms::default(),
        }
    }

    /// Removes the values of those of these environment variables that hold a
    /// secret (see [`secrets_of`]) wherever they stand under
    /// [`Level::Redacted`].
    #[must_use]
    pub fn with_environment<N: AsRef<str>, V: AsRef<str>>(
        self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let secrets = secrets_of(variables);
        self.with_secrets(secrets)
    }

    /// Removes these values wherever they stand under [`Level::Redacted`], in
    /// every form they may be written in. Values under eight bytes are not
    /// taken: too much else contains them.
    #[must_use]
    pub fn with_secrets(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.secrets = self.secrets.and(values, "env-secret");
        self
    }

    /// Writes these folders (the home, as a rule) as `~` under
    /// [`Level::Redacted`], since they name the person.
    #[must_use]
    pub fn with_user_paths(mut self, folders: impl IntoIterator<Item = String>) -> Self {
        self.user_paths = PathForms::new(folders);
        self
    }

    /// Hides kinds of content whatever the level.
    #[must_use]
    pub fn with_hidden(mut self, hide: Hide) -> Self {
        self.hide = hide;
        self
    }

    /// How much may leave.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// What is hidden whatever the level.
    pub const fn hide(&self) -> Hide {
        self.hide
    }

    pub(crate) const fn hash_key(&self) -> &HashKey {
        &self.hash_key
    }

    pub(crate) const fn secrets(&self) -> &Literals {
        &self.secrets
    }

    pub(crate) const fn user_paths(&self) -> &PathForms {
        &self.user_paths
    }
}
