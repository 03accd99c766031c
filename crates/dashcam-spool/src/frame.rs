//! One record as bytes.
//!
//! ```text
//! magic      8 bytes
//! length     4 bytes, little endian: header and payload
//! header     4 bytes, little endian: the header's part of it
//! checksum   4 bytes, little endian: CRC-32 of both lengths, header and payload
//! header     JSON
//! payload    as the harness gave it
//! ```

/// Where a frame begins. JSON holds no zero byte, so a payload rarely looks
/// like one.
pub(crate) const MAGIC: [u8; 8] = [0, b'd', b'a', b's', b'h', b'c', b'm', 1];
/// What stands before the header.
pub(crate) const PREAMBLE: usize = MAGIC.len() + 12;

/// The most bytes of a frame's header and payload.
pub const FRAME_LIMIT: usize = 64 << 20;

/// One record as the bytes of its frame. What goes beyond [`FRAME_LIMIT`] is
/// cut off the payload.
pub fn encode(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = &header[..header.len().min(FRAME_LIMIT)];
    let payload = &payload[..payload.len().min(FRAME_LIMIT - header.len())];
    let mut frame = Vec::with_capacity(PREAMBLE + header.len() + payload.len());
    frame.extend_from_slice(&MAGIC);
    // Both lengths are at most the limit, which fits.
    frame.extend_from_slice(&((header.len() + payload.len()) as u32).to_le_bytes());
    frame.extend_from_slice(&(header.len() as u32).to_le_bytes());
    let lengths = &frame[MAGIC.len()..];
    let sum = checksum(lengths, &[header, payload]);
    frame.extend_from_slice(&sum.to_le_bytes());
    frame.extend_from_slice(header);
    frame.extend_from_slice(payload);
    frame
}

pub(crate) fn checksum(lengths: &[u8], parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(lengths);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}
