//! The user's configuration: `config.toml` in the data folder.

use anyhow::Context as _;
use dashcam_insight::Prices;
use std::path::{Path, PathBuf};

/// The user's configuration, as it stands in its file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    path: PathBuf,
    text: String,
}

impl Config {
    /// Reads the file; a missing one is an empty one.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }

    /// The price table, with the user's own prices above it.
    pub(crate) fn prices(&self) -> anyhow::Result<Prices> {
        Prices::load(&self.text)
            .with_context(|| format!("cannot use the prices in {}", self.path.display()))
    }
}
