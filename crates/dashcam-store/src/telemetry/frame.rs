//! How one request stands in a segment: a header, then the body.
//!
//! `dcT1`, tag, three zero bytes, time of arrival (8), length of the body (4),
//! checksum of all of these and the body (4); numbers are little-endian.

/// Bytes before the body.
pub(super) const HEADER: usize = 24;

const MAGIC: [u8; 4] = *b"dcT1";

/// A header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) tag: u8,
    pub(super) at_ns: i64,
    pub(super) length: usize,
    checksum: [u8; 4],
}

/// The header of a body.
pub(super) fn header(tag: u8, at_ns: i64, body: &[u8]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&MAGIC);
    header[4] = tag;
    header[8..16].copy_from_slice(&at_ns.to_le_bytes());
    header[16..20].copy_from_slice(&(body.len() as u32).to_le_bytes());
    let checksum = checksum(&header[..20], body);
    header[20..].copy_from_slice(&checksum);
    header
}

impl Header {
    /// Reads a header; `None` if none stands here.
    pub(super) fn read(bytes: &[u8; HEADER]) -> Option<Self> {
        if bytes[..4] != MAGIC {
            return None;
        }
        let part = |from: usize| <[u8; 4]>::try_from(&bytes[from..from + 4]).unwrap_or_default();
        let time = <[u8; 8]>::try_from(&bytes[8..16]).unwrap_or_default();
        Some(Self {
            tag: bytes[4],
            at_ns: i64::from_le_bytes(time),
            length: u32::from_le_bytes(part(16)) as usize,
            checksum: part(20),
        })
    }

    /// Whether this body is the one that the header was made for.
    pub(super) fn fits(&self, header: &[u8; HEADER], body: &[u8]) -> bool {
        body.len() == self.length && checksum(&header[..20], body) == self.checksum
    }
}

fn checksum(header: &[u8], body: &[u8]) -> [u8; 4] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(header);
    hasher.update(body);
    let mut first = [0; 4];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..4]);
    first
}
