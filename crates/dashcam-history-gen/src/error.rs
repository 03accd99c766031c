//! Why history could not be written.

use std::path::PathBuf;

/// Why history could not be written.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A folder or file could not be made.
    #[error("cannot write {}", path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest could not be put into JSON.
    #[error("cannot write the manifest as JSON")]
    Manifest(#[from] serde_json::Error),
}
