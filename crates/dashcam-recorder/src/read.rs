//! Reads files of evidence: whole, from a place on, or line by line.
//!
//! Files whose name ends in `.zst` are decompressed as they are read.

use crate::discover::{Stamp, describe_io_error};
use memchr::memchr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The longest first line that is looked at to tell whose record a file is.
const FIRST_LINE_LIMIT: usize = 1 << 20;

/// The longest line that is read into memory when lines are streamed.
const LINE_LIMIT: usize = 512 << 20;

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {}", path.display(), describe_io_error(source))]
pub(crate) struct ReadError {
    /// The file.
    pub(crate) path: PathBuf,
    /// Why.
    pub(crate) source: io::Error,
}

impl ReadError {
    /// Whether the file was simply no longer there.
    pub(crate) fn vanished(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Whether a file is compressed, judging by its name.
pub(crate) fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

/// Whether a file is one document over many lines, judging by its name.
fn is_document(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// A file's bytes from `offset` on, at the moment described by the stamp.
pub(crate) fn read_from(path: &Path, offset: u64) -> Result<(Vec<u8>, Stamp), ReadError> {
    let in_file = |source| ReadError {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(in_file)?;
    let stamp = Stamp::of(&file.metadata().map_err(in_file)?);
    file.seek(SeekFrom::Start(offset)).map_err(in_file)?;
    // Only what the stamp covers: a line that is being written as we read
    // belongs to the next import.
    let length = stamp.size.saturating_sub(offset);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(length).read_to_end(&mut bytes).map_err(in_file)?;
    Ok((bytes, stamp))
}

/// What a compressed file holds. A file cut short gives what could be read.
pub(crate) fn decompress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    match zstd::Decoder::new(bytes)?.read_to_end(&mut content) {
        Err(error) if content.is_empty() => Err(error),
        _ => Ok(content),
    }
}

/// A file's first record: its first line, or all of a `.json` file, which is
/// one document over many lines; at most a mebibyte of it.
pub(crate) fn first_record(path: &Path) -> Result<Vec<u8>, ReadError> {
    let in_file = |source| ReadError {
        path: path.to_owned(),
        source,
    };
    let mut reader = open(path).map_err(in_file)?;
    let mut line = Vec::new();
    let mut chunk = vec![0; 16 << 10];
    loop {
        let count = reader.read(&mut chunk).map_err(in_file)?;
        if !is_document(path)
            && let Some(end) = memchr(b'\n', &chunk[..count])
        {
            line.extend_from_slice(&chunk[..end]);
            return Ok(line);
        }
        line.extend_from_slice(&chunk[..count]);
        if count == 0 || line.len() >= FIRST_LINE_LIMIT {
            line.truncate(FIRST_LINE_LIMIT);
            return Ok(line);
        }
    }
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    if is_compressed(path) {
        return Ok(Box::new(zstd::Decoder::new(file)?));
    }
    Ok(Box::new(file))
}

/// Streams the lines of a file through one buffer that is used again and again.
pub(crate) struct Lines {
    buffer: Vec<u8>,
}

impl Lines {
    const CHUNK: usize = 512 << 10;

    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![0; Self::CHUNK],
        }
    }

    /// Calls `each` with every line of the file, without its end; with all of a
    /// `.json` file, which is one document. Returns how many bytes were read. A
    /// line beyond any sense is skipped.
    pub(crate) fn for_each(
        &mut self,
        path: &Path,
        mut each: impl FnMut(&[u8]),
    ) -> Result<u64, ReadError> {
        let in_file = |source| ReadError {
            path: path.to_owned(),
            source,
        };
        if is_document(path) {
            let document = std::fs::read(path).map_err(in_file)?;
            each(&document);
            return Ok(document.len() as u64);
        }
        let mut reader = open(path).map_err(in_file)?;
        let mut total = 0;
        // The buffer holds `filled` bytes; the line under way starts at 0.
        let mut filled = 0;
        let mut skipping = false;
        loop {
            if filled == self.buffer.len() {
                if filled >= LINE_LIMIT {
                    skipping = true;
                    filled = 0;
                } else {
                    self.buffer.resize(filled * 2, 0);
                }
            }
            let count = match reader.read(&mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(in_file(error)),
            };
            total += count as u64;
            let end = filled + count;
            let mut start = 0;
            let mut scanned = filled;
            while let Some(at) = memchr(b'\n', &self.buffer[scanned..end]) {
                let line_end = scanned + at;
                if !std::mem::take(&mut skipping) {
                    each(&self.buffer[start..line_end]);
                }
                start = line_end + 1;
                scanned = start;
            }
            self.buffer.copy_within(start..end, 0);
            filled = end - start;
        }
        if filled > 0 && !skipping {
            each(&self.buffer[..filled]);
        }
        if self.buffer.len() > Self::CHUNK {
            self.buffer = vec![0; Self::CHUNK];
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(content: &[u8], name: &str) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let mut lines = Vec::new();
        Lines::new()
            .for_each(&path, |line| lines.push(line.to_vec()))
            .unwrap();
        lines
    }

    #[test]
    fn lines_longer_than_the_buffer_come_whole() {
        let long = vec![b'x'; Lines::CHUNK * 3 + 7];
        let content = [b"a\n".as_slice(), &long, b"\n\nlast"].concat();
        assert_eq!(
            lines_of(&content, "f.jsonl"),
            [b"a".to_vec(), long, Vec::new(), b"last".to_vec()]
        );
    }

    #[test]
    fn a_compressed_file_is_read_as_what_it_holds() {
        let compressed = zstd::encode_all(b"one\ntwo\n".as_slice(), 1).unwrap();
        assert_eq!(
            lines_of(&compressed, "f.jsonl.zst"),
            [b"one".to_vec(), b"two".to_vec()]
        );
        assert_eq!(decompress(&compressed).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn a_compressed_file_cut_short_gives_what_it_still_holds() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let compressed = zstd::encode_all(text.as_slice(), 1).unwrap();
        let content = decompress(&compressed[..compressed.len() - 100]).unwrap();
        assert!(!content.is_empty() && text.starts_with(&content));
    }

    #[test]
    fn a_missing_file_is_called_vanished() {
        let error = read_from(Path::new("/nonexistent/file"), 0).unwrap_err();
        assert!(error.vanished());
        assert_eq!(
            error.to_string(),
            "cannot read /nonexistent/file: it vanished while it was read"
        );
    }
}
