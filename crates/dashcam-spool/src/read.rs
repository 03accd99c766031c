//! Reading what hooks left.

use crate::frame::{FRAME_LIMIT, MAGIC, PREAMBLE, checksum};
use crate::place::spool_dir;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What a hook says of the payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// When the hook ran, in nanoseconds since 1970.
    pub time_ns: u64,
    /// The harness, as it was registered.
    pub harness: String,
    /// The event, as it was registered.
    pub event: String,
    /// The harness's id of the session, where the payload names it.
    pub session: Option<String>,
    /// The process that ran the hook, or the shell that it used.
    pub parent_pid: Option<u32>,
    /// Whether the payload is not whole: it was not given in time, or is larger
    /// than a frame.
    pub cut: bool,
    /// The environment, as far as it tells where the session runs.
    pub env: BTreeMap<String, String>,
}

/// What comes next in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record.
    Record {
        /// What the hook says of it.
        header: Header,
        /// What the harness gave the hook.
        payload: &'a [u8],
    },
    /// Bytes that are no record, or a damaged one: where they stand.
    Skipped(Range<usize>),
}

/// The items of a segment, or of its rest.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Items<'a> {
    /// The items in bytes that begin between two frames.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes the items so far take. A frame that may still be being
    /// written is not among them.
    pub const fn consumed(&self) -> usize {
        self.at
    }

    /// Where a frame may begin, from a place on; the end if nowhere.
    fn next_magic(&self, from: usize) -> usize {
        memmem::find(&self.bytes[from..], &MAGIC).map_or(self.bytes.len(), |at| from + at)
    }

    fn frame_at(&self, at: usize) -> Frame<'a> {
        let rest = &self.bytes[at..];
        let Some(lengths) = rest.get(MAGIC.len()..MAGIC.len() + 8) else {
            return Frame::Unfinished;
        };
        let number = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&rest[at..at + 4]);
            u32::from_le_bytes(bytes)
        };
        let (length, header) = (number(8) as usize, number(12) as usize);
        if length > FRAME_LIMIT || header > length {
            return Frame::Damaged;
        }
        let Some(body) = rest.get(PREAMBLE..PREAMBLE + length) else {
            return Frame::Unfinished;
        };
        if checksum(lengths, &[body]) != number(16) {
            return Frame::Damaged;
        }
        let (header, payload) = body.split_at(header);
        match serde_json::from_slice(header) {
            Ok(header) => Frame::Whole {
                header: Box::new(header),
                payload,
                length: PREAMBLE + length,
            },
            Err(_) => Frame::Damaged,
        }
    }
}

enum Frame<'a> {
    Whole {
        header: Box<Header>,
        payload: &'a [u8],
        length: usize,
    },
    Damaged,
    /// It goes on behind the end.
    Unfinished,
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let start = self.at;
        let mut from = start;
        let end = loop {
            let at = self.next_magic(from);
            if at == self.bytes.len() {
                break at - self.half_magic(start);
            }
            match self.frame_at(at) {
                Frame::Whole {
                    header,
                    payload,
                    length,
                } if at == start => {
                    self.at = at + length;
                    return Some(Item::Record {
                        header: *header,
                        payload,
                    });
                }
                Frame::Whole { .. } => break at,
                Frame::Damaged => from = at + 1,
                // One that has others behind it will never be finished.
                Frame::Unfinished => break self.whole_frame(at + 1).unwrap_or(at),
            }
        };
        self.at = end;
        (end > start).then_some(Item::Skipped(start..end))
    }
}

impl Items<'_> {
    /// How many bytes at the very end may be the beginning of a frame.
    fn half_magic(&self, start: usize) -> usize {
        (1..MAGIC.len())
            .rev()
            .find(|length| self.bytes[start..].ends_with(&MAGIC[..*length]))
            .unwrap_or_default()
    }

    /// Where the next whole frame begins.
    fn whole_frame(&self, from: usize) -> Option<usize> {
        let mut at = self.next_magic(from);
        while at < self.bytes.len() {
            if matches!(self.frame_at(at), Frame::Whole { .. }) {
                return Some(at);
            }
            at = self.next_magic(at + 1);
        }
        None
    }
}

/// One segment of the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its file.
    pub path: PathBuf,
    /// Its name, which tells its day.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// When a hook last wrote to it, where the system tells.
    pub modified: Option<SystemTime>,
}

/// The segments of a data folder, the oldest first. None where there is no
/// spool.
pub fn segments(data_dir: &Path) -> io::Result<Vec<Segment>> {
    let entries = match std::fs::read_dir(spool_dir(data_dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if Path::new(&name)
            .extension()
            .is_some_and(|end| end == "spool")
        {
            let metadata = entry.metadata()?;
            segments.push(Segment {
                path: entry.path(),
                bytes: metadata.len(),
                modified: metadata.modified().ok(),
                name,
            });
        }
    }
    segments.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(segments)
}
