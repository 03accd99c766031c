//! Compression of many small pieces.
//!
//! Making a context costs more than compressing a turn with it, so each
//! thread keeps one of each kind.

use std::cell::RefCell;
use std::io;
use zstd::bulk::{Compressor, Decompressor};

/// The level of compression; higher ones cost more time than the space is worth.
const LEVEL: i32 = 1;

/// How much room to compress into a thread keeps.
const MOST_SCRATCH: usize = 2 << 20;

thread_local! {
    static COMPRESSOR: RefCell<Option<(Compressor<'static>, Vec<u8>)>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses a piece into one frame.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    COMPRESSOR
        .with_borrow_mut(|kept| -> io::Result<Vec<u8>> {
            let (compressor, scratch) = match kept {
                Some(kept) => kept,
                None => kept.insert((Compressor::new(LEVEL)?, Vec::new())),
            };
            // A frame that kept the room it was made in would hold several
            // times its size until it is written.
            scratch.clear();
            scratch.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
            compressor.compress_to_buffer(bytes, scratch)?;
            let frame = scratch.as_slice().to_vec();
            scratch.shrink_to(MOST_SCRATCH);
            Ok(frame)
        })
        .expect("compressing from memory to memory fails only without memory")
}

/// Decompresses a frame that holds at most `length` bytes.
pub(crate) fn decompress(frame: &[u8], length: i64) -> io::Result<Vec<u8>> {
    // A damaged length must not ask for memory that the frame cannot fill.
    let most = frame.len().saturating_mul(1 << 16).max(1 << 16);
    let capacity = usize::try_from(length).unwrap_or_default().min(most);
    DECOMPRESSOR.with_borrow_mut(|kept| match kept {
        Some(decompressor) => decompressor.decompress(frame, capacity),
        None => kept
            .insert(Decompressor::new()?)
            .decompress(frame, capacity),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_come_back() {
        for length in [0_usize, 1, 1000, 3_000_000] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let frame = compress(&bytes);
            assert_eq!(decompress(&frame, length as i64).unwrap(), bytes);
        }
        let zeros = vec![0; 50_000_000];
        assert_eq!(decompress(&compress(&zeros), 50_000_000).unwrap(), zeros);
    }

    #[test]
    fn damage_is_an_error() {
        assert!(decompress(b"not a frame", 10).is_err());
        assert!(decompress(&compress(b"abc"), 2).is_err());
        assert!(decompress(&compress(b"abc"), i64::MAX).is_ok());
    }
}
