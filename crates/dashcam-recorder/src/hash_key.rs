//! The machine's key for hashes of paths, kept in the data folder.

use dashcam_privacy::HashKey;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The key's file.
const FILE: &str = "privacy.key";
/// The bytes of a key.
const KEY_BYTES: usize = 32;

/// The key could neither be read nor made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashKeyError {
    /// Its file could not be read or written.
    #[error("cannot use {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its file holds something else.
    #[error("{path} holds no key: delete it, and a new one is made; hashes change then")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("cannot draw a key: {0}")]
    Random(String),
}

/// The key with which paths and names are hashed under
/// [`Level::Metadata`](dashcam_privacy::Level::Metadata): read from the data
/// folder, which must exist, or drawn and put there for its owner alone.
pub fn hash_key(data_dir: &Path) -> Result<HashKey, HashKeyError> {
    let path = data_dir.join(FILE);
    match File::open(&path) {
        Ok(file) => read(file, path),
        Err(error) if error.kind() == ErrorKind::NotFound => make(data_dir, path),
        Err(source) => Err(HashKeyError::File { path, source }),
    }
}

fn read(file: File, path: PathBuf) -> Result<HashKey, HashKeyError> {
    let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
    match file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) => <[u8; KEY_BYTES]>::try_from(bytes)
            .map(HashKey::from_bytes)
            .map_err(|_| HashKeyError::NoKey { path }),
        Err(source) => Err(HashKeyError::File { path, source }),
    }
}

fn make(data_dir: &Path, path: PathBuf) -> Result<HashKey, HashKeyError> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| HashKeyError::Random(error.to_string()))?;
    // Written whole beside it and then put into place: of several that make
    // one at once, the first wins, and nobody reads half a key.
    let put = |bytes| -> Result<(), std::io::Error> {
        let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&path)?;
        Ok(())
    };
    match put(&bytes) {
        Ok(()) => Ok(HashKey::from_bytes(bytes)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match File::open(&path) {
            Ok(file) => read(file, path),
            Err(source) => Err(HashKeyError::File { path, source }),
        },
        Err(source) => Err(HashKeyError::File { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let key = hash_key(folder.path()).unwrap();
        assert_eq!(hash_key(folder.path()).unwrap(), key);
        let another = tempfile::tempdir().unwrap();
        assert_ne!(hash_key(another.path()).unwrap(), key);
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1);
        #[cfg(unix)]
        {
            let metadata = std::fs::metadata(folder.path().join(FILE)).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn many_that_make_one_at_once_have_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let keys: Vec<HashKey> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| hash_key(folder.path())))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap().unwrap())
                .collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_file_that_holds_no_key_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "short").unwrap();
        let error = hash_key(folder.path()).unwrap_err().to_string();
        assert!(error.contains("privacy.key holds no key"), "{error}");
    }
}
