//! Secrets of targets: a file that only its owner may read.

use crate::target::TargetError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The file, in the data folder.
const FILE: &str = "credentials.toml";

/// The secrets of all targets: header values by target and header.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, String>>,
}

impl Credentials {
    pub(crate) fn load(data_dir: &Path) -> Result<Self, TargetError> {
        let path = data_dir.join(FILE);
        match std::fs::read_to_string(&path) {
            // The text of the error would quote the line, and with it a secret.
            Ok(text) => toml::from_str(&text).map_err(|error| TargetError::Broken {
                message: format!("it is not what dashcam wrote{}", place(&text, &error)),
                path,
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(TargetError::File { path, source }),
        }
    }

    pub(crate) fn of(&self, target: &str) -> BTreeMap<String, String> {
        self.targets.get(target).cloned().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, target: &str, headers: BTreeMap<String, String>) {
        self.targets.remove(target);
        if !headers.is_empty() {
            self.targets.insert(target.to_owned(), headers);
        }
    }

    /// Puts the file in place whole, for its owner alone.
    pub(crate) fn save(&self, data_dir: &Path) -> Result<(), TargetError> {
        let path = data_dir.join(FILE);
        if self.targets.is_empty() && !path.exists() {
            return Ok(());
        }
        let text = toml::to_string(self).map_err(|error| TargetError::Broken {
            path: path.clone(),
            message: error.to_string(),
        })?;
        put(&path, &text)
    }
}

fn place(text: &str, error: &toml::de::Error) -> String {
    error.span().map_or_else(String::new, |span| {
        let before = text.get(..span.start).unwrap_or_default();
        format!(" at line {}", before.matches('\n').count() + 1)
    })
}

/// Writes a file of the data folder whole, readable by its owner alone.
pub(crate) fn put(path: &Path, text: &str) -> Result<(), TargetError> {
    let write = || {
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        std::fs::create_dir_all(folder)?;
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| TargetError::File {
        path: PathBuf::from(path),
        source,
    })
}
