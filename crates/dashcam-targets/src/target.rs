//! What a target is.

use crate::level::LevelRules;
use dashcam_otlp::send::{ClientError, Preset, Profile};
use dashcam_privacy::{Hide, PatternError};
use dashcam_store::StoreError;
use dashcam_trace::Harness;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where traces are sent, how much of them, and in which words.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name, unique on this machine.
    pub name: String,
    /// The backend.
    pub backend: Preset,
    /// Where it takes traces.
    pub url: String,
    /// Headers of its own, by name.
    pub headers: BTreeMap<String, Header>,
    /// What the project is called there: `{harness}` and `{project}` are
    /// replaced.
    pub project: String,
    /// The same for single harnesses.
    pub projects: BTreeMap<Harness, String>,
    /// How much may leave.
    pub levels: LevelRules,
    /// Kinds of content that are hidden whatever the level.
    pub hide: Hide,
    /// Which attributes spans are sent with.
    pub profile: Profile,
    /// The user that traces are of.
    pub user: Option<String>,
    /// Attributes on every span.
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// The harnesses whose sessions are sent; empty: all.
    pub harnesses: Vec<Harness>,
}

impl Target {
    /// What a session's project is called there.
    pub fn project_of(&self, harness: Harness, project: &str) -> String {
        self.projects
            .get(&harness)
            .unwrap_or(&self.project)
            .replace("{harness}", harness.as_str())
            .replace("{project}", project)
    }

    /// Whether a harness's sessions are sent.
    pub fn takes(&self, harness: Harness) -> bool {
        self.harnesses.is_empty() || self.harnesses.contains(&harness)
    }
}

/// Where a header's value comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Header {
    /// It is this.
    Value(String),
    /// It is in this environment variable when something is sent.
    Variable(String),
    /// It is in the system's keyring, under this account of `dashcam`.
    Keyring(String),
}

impl Header {
    /// What a person wrote: `env:NAME` stands for a variable, `keyring:ACCOUNT`
    /// for a secret in the keyring.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("env", name)) => Self::Variable(name.to_owned()),
            Some(("keyring", account)) => Self::Keyring(account.to_owned()),
            _ => Self::Value(text.to_owned()),
        }
    }
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(…)"),
            Self::Variable(name) => f.debug_tuple("Variable").field(name).finish(),
            Self::Keyring(account) => f.debug_tuple("Keyring").field(account).finish(),
        }
    }
}

/// A target as it is added: what is left open is the backend's usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTarget {
    /// Where it takes traces, where the person said so.
    pub url: Option<String>,
    /// Headers by name.
    pub headers: BTreeMap<String, Header>,
    /// What the project is called there.
    pub project: Option<String>,
    /// The same for single harnesses.
    pub projects: BTreeMap<Harness, String>,
    /// How much may leave; `None`: the default.
    pub level: Option<dashcam_privacy::Level>,
    /// Kinds of content that are hidden whatever the level.
    pub hide: Hide,
    /// Which attributes spans are sent with.
    pub profile: Option<Profile>,
    /// The user that traces are of.
    pub user: Option<String>,
    /// Attributes on every span.
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// The harnesses whose sessions are sent; empty: all.
    pub harnesses: Vec<Harness>,
    /// Where values of headers are kept.
    pub secrets: Secrets,
}

/// Where values of headers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// In a file that only its owner may read.
    #[default]
    File,
    /// In the system's keyring.
    Keyring,
}

/// A target could not be used, added or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// A file could not be read or written.
    #[error("cannot use {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("cannot use {path}: {message}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A pattern could not be used.
    #[error("cannot use the levels of target `{target}`: {source}")]
    Pattern {
        /// The target.
        target: String,
        /// Why.
        source: PatternError,
    },
    /// There is no such target.
    #[error("there is no target `{name}`{known}")]
    Unknown {
        /// The name.
        name: String,
        /// What there is instead, as the end of the sentence.
        known: String,
    },
    /// The name is taken.
    #[error("there is a target `{0}` already: remove it first, or name this one with --name")]
    Taken(String),
    /// It cannot be used as a name.
    #[error("`{0}` cannot name a target: use letters, digits, `-` and `_`")]
    Name(String),
    /// The person has to say where.
    #[error("say where with --url: {0}")]
    NoUrl(&'static str),
    /// The person has to say who they are.
    #[error(
        "{backend} wants the header `{header}`: set {variables}, or give --header '{header}=…'"
    )]
    NoCredential {
        /// The backend.
        backend: &'static str,
        /// The header.
        header: &'static str,
        /// The variables that may hold it.
        variables: String,
    },
    /// A variable that a header names is not set.
    #[error(
        "the header `{header}` is to come from the environment variable {variable}, which is not set"
    )]
    NoVariable {
        /// The header.
        header: String,
        /// The variable.
        variable: String,
    },
    /// The keyring did not take or give a secret.
    #[error(
        "the keyring has no use of `{account}`: {message}; without --keyring the secret is kept in a file that only you may read"
    )]
    Keyring {
        /// The account.
        account: String,
        /// Why.
        message: String,
    },
    /// The target cannot be asked what it has.
    #[error("only a Phoenix tells what it holds: `{0}` is none")]
    CannotVerify(String),
    /// What it answered cannot be read.
    #[error("cannot read what {url} answered: {message}")]
    Answer {
        /// The address.
        url: String,
        /// Why.
        message: String,
    },
    /// It could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The store could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TargetError {
    /// That there is no target of this name, and which there are.
    pub fn unknown(name: &str, known: &[String]) -> Self {
        let known = match known {
            [] => ": add one with `dashcam target add`".to_owned(),
            known => format!("; there are {}", known.join(", ")),
        };
        Self::Unknown {
            name: name.to_owned(),
            known,
        }
    }
}
