//! The folder that history is written to.

use crate::{GenerateError, Manifest};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder that history is written to, with a tally of what went there.
pub(crate) struct Folder {
    root: PathBuf,
    bytes: u64,
    content_bytes: u64,
    files: u64,
    lines: u64,
    hasher: blake3::Hasher,
}

/// What was written.
pub(crate) struct FolderSummary {
    pub(crate) bytes: u64,
    pub(crate) content_bytes: u64,
    pub(crate) files: u64,
    pub(crate) lines: u64,
    pub(crate) digest: String,
}

impl Folder {
    /// The folder at `root`, which may not exist yet.
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            bytes: 0,
            content_bytes: 0,
            files: 0,
            lines: 0,
            hasher: blake3::Hasher::new(),
        }
    }

    /// How much was written so far, before compression.
    pub(crate) fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Writes a file of lines.
    pub(crate) fn write(&mut self, path: &str, content: &[u8]) -> Result<(), GenerateError> {
        self.put(path, content)?;
        self.count(content);
        Ok(())
    }

    /// Writes a file of lines, compressed with zstd.
    pub(crate) fn write_compressed(
        &mut self,
        path: &str,
        content: &[u8],
    ) -> Result<(), GenerateError> {
        let compressed =
            zstd::bulk::compress(content, 3).map_err(|source| GenerateError::Write {
                path: self.root.join(path),
                source,
            })?;
        self.put(path, &compressed)?;
        self.count(content);
        Ok(())
    }

    /// Writes a file that is not counted as history's content.
    pub(crate) fn write_beside(&mut self, path: &str, content: &[u8]) -> Result<(), GenerateError> {
        self.put(path, content)
    }

    /// Writes the manifest beside the history.
    pub(crate) fn write_manifest(&self, manifest: &Manifest) -> Result<(), GenerateError> {
        let path = self.root.join("manifest.json");
        let text = serde_json::to_string_pretty(manifest)?;
        self.make_folder_of(&path)?;
        fs::write(&path, text).map_err(|source| GenerateError::Write { path, source })
    }

    /// What was written.
    pub(crate) fn summary(&self) -> FolderSummary {
        FolderSummary {
            bytes: self.bytes,
            content_bytes: self.content_bytes,
            files: self.files,
            lines: self.lines,
            digest: self.hasher.finalize().to_hex().to_string(),
        }
    }

    fn put(&mut self, relative: &str, bytes: &[u8]) -> Result<(), GenerateError> {
        let path = self.root.join(relative);
        self.make_folder_of(&path)?;
        fs::write(&path, bytes).map_err(|source| GenerateError::Write { path, source })?;
        self.bytes += bytes.len() as u64;
        self.files += 1;
        self.hasher.update(relative.as_bytes());
        Ok(())
    }

    fn count(&mut self, content: &[u8]) {
        self.content_bytes += content.len() as u64;
        self.lines += content.split_inclusive(|byte| *byte == b'\n').count() as u64;
        self.hasher.update(content);
    }

    fn make_folder_of(&self, path: &Path) -> Result<(), GenerateError> {
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|source| GenerateError::Write {
            path: folder.to_owned(),
            source,
        })
    }
}
