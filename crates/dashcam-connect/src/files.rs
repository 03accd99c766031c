//! Reading and writing settings files: whole or not at all.

use crate::error::Error;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file's bytes; `None` if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(Error::file("read", path)(source)),
    }
}

/// Puts bytes in the place of what was read before: beside the file first, then
/// over it, so that no reader ever sees a part. A link stays a link, a mode
/// stays a mode.
pub(crate) fn replace(path: &Path, before: Option<&[u8]>, after: &[u8]) -> Result<(), Error> {
    let target = resolved(path)?;
    let mode = match fs::metadata(&target) {
        Ok(metadata) if metadata.permissions().readonly() => {
            return Err(Error::ReadOnly(path.to_owned()));
        }
        Ok(metadata) => Some(metadata.permissions()),
        Err(_) => None,
    };
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.dashcam-{}", std::process::id()));
    let written = write_beside(&beside, after, mode).and_then(|()| {
        if read(path)?.as_deref() != before {
            return Err(Error::Changed(path.to_owned()));
        }
        fs::rename(&beside, &target).map_err(Error::file("replace", path))
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_beside(beside: &Path, bytes: &[u8], mode: Option<fs::Permissions>) -> Result<(), Error> {
    let attempt = || {
        let mut file = File::create(beside)?;
        if let Some(mode) = mode {
            file.set_permissions(mode)?;
        }
        file.write_all(bytes)?;
        file.sync_all()
    };
    attempt().map_err(Error::file("write", beside))
}

/// The file behind links, even one that does not exist yet.
fn resolved(path: &Path) -> Result<PathBuf, Error> {
    let mut path = path.to_owned();
    // As many links as systems follow.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(next) => {
                path = path
                    .parent()
                    .map_or_else(|| next.clone(), |folder| folder.join(&next));
            }
            Err(_) => return Ok(path),
        }
    }
    Err(Error::file("follow the links of", path)(
        ErrorKind::InvalidInput.into(),
    ))
}

/// Makes the folders above a file, and tells which were missing, the outermost
/// first.
pub(crate) fn make_folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let Some(folder) = path.parent() else {
        return Ok(Vec::new());
    };
    let mut missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    fs::create_dir_all(folder).map_err(Error::file("make the folder", folder))?;
    Ok(missing)
}

/// Writes a file of dashcam's own that only its owner may read: settings hold
/// keys.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::file("make the folder", folder))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let attempt = || {
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    attempt().map_err(Error::file("write", path))
}
