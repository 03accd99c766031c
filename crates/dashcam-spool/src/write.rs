//! Appending.

use crate::place::{segment_name, spool_dir};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::SystemTime;

/// Appends one frame to the segment of a moment, with one write. Makes the
/// folders if they are not there, for this user alone.
///
/// Fails if the folder cannot be made or written, or the disk is full; what
/// then stands at the segment's end harms no other frame.
pub fn append(data_dir: &Path, at: SystemTime, frame: &[u8]) -> io::Result<()> {
    let folder = spool_dir(data_dir);
    let path = folder.join(segment_name(at));
    let mut segment = match open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(&folder)?;
            open(&path)?
        }
        opened => opened?,
    };
    loop {
        match segment.write(frame) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The rest of a frame would not stand behind its beginning.
            Ok(written) if written < frame.len() => {
                return Err(ErrorKind::StorageFull.into());
            }
            outcome => return outcome.map(drop),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
