//! The record of what was connected: `connect/manifest.json` in the folder of
//! dashcam's data, with what each file held before.

use crate::error::Error;
use crate::files;
use crate::registrations::Connectable;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What was connected, by file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    #[serde(default)]
    pub(crate) files: Vec<Entry>,
}

/// One file that something was added to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) harness: Connectable,
    /// The project, for a file of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<PathBuf>,
    /// The hash of what the file is to become again; `None`: there was no file.
    pub(crate) before: Option<String>,
    /// The hash of what we wrote.
    pub(crate) after: String,
    /// The folders that we made for it, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) made_folders: Vec<PathBuf>,
    /// The telemetry settings that we added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) telemetry: Vec<String>,
}

/// The manifest and its backups, held by one process at a time.
#[derive(Debug)]
pub(crate) struct Archive {
    folder: PathBuf,
    pub(crate) manifest: Manifest,
    /// Lets go when dropped.
    _lock: Option<File>,
}

/// The name of what a file held.
pub(crate) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

impl Archive {
    /// Reads the record without changing anything.
    pub(crate) fn look(data_dir: &Path) -> Result<Self, Error> {
        let folder = data_dir.join("connect");
        let path = folder.join("manifest.json");
        let manifest = match files::read(&path)? {
            None => Manifest::default(),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|problem| Error::Manifest {
                path,
                message: problem.to_string(),
            })?,
        };
        Ok(Self {
            folder,
            manifest,
            _lock: None,
        })
    }

    /// Reads the record to change it, after every other process that does.
    pub(crate) fn hold(data_dir: &Path) -> Result<Self, Error> {
        let folder = data_dir.join("connect");
        fs::create_dir_all(&folder).map_err(Error::file("make the folder", &folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(Error::file("make", &path))?;
        lock.lock().map_err(Error::file("lock", &path))?;
        Ok(Self {
            _lock: Some(lock),
            ..Self::look(data_dir)?
        })
    }

    /// Where what a file holds is kept before it is changed.
    pub(crate) fn place_of(&self, path: &Path, bytes: &[u8]) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.backup(&name, &hash(bytes))
    }

    /// Keeps what a file held.
    pub(crate) fn keep(&self, path: &Path, bytes: &[u8]) -> Result<PathBuf, Error> {
        let backup = self.place_of(path, bytes);
        if files::read(&backup)?.as_deref() != Some(bytes) {
            files::write_private(&backup, bytes)?;
        }
        Ok(backup)
    }

    /// What a file held, if it is kept and whole.
    pub(crate) fn kept(&self, path: &Path, wanted: &str) -> Result<Option<Vec<u8>>, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = files::read(&self.backup(&name, wanted))?;
        Ok(bytes.filter(|bytes| hash(bytes) == wanted))
    }

    fn backup(&self, name: &str, hash: &str) -> PathBuf {
        let short = hash.get(..16).unwrap_or(hash);
        self.folder.join("backups").join(format!("{short}-{name}"))
    }

    pub(crate) fn entry(&self, path: &Path) -> Option<&Entry> {
        self.manifest.files.iter().find(|entry| entry.path == path)
    }

    pub(crate) fn put(&mut self, entry: Entry) -> Result<(), Error> {
        self.manifest.files.retain(|other| other.path != entry.path);
        self.manifest.files.push(entry);
        self.save()
    }

    pub(crate) fn forget(&mut self, path: &Path) -> Result<(), Error> {
        self.manifest.files.retain(|entry| entry.path != path);
        self.save()
    }

    fn save(&self) -> Result<(), Error> {
        let path = self.folder.join("manifest.json");
        let bytes =
            serde_json::to_vec_pretty(&self.manifest).map_err(|problem| Error::Manifest {
                path: path.clone(),
                message: problem.to_string(),
            })?;
        files::write_private(&path, &bytes)
    }
}
