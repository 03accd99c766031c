//! When a session's own record begins.
//!
//! A fork's file begins with what the fork itself wrote and goes on with
//! copies of older lines. The time that stands first in the *file*, not the
//! earliest, therefore tells original and copy apart.

use dashcam_trace::Timestamp;
use memchr::memmem;

/// How far into a file its first time is looked for.
const SEARCHED: usize = 1 << 20;

/// The first `"timestamp"` in a file's bytes that holds a time.
pub(crate) fn first_record_at(bytes: &[u8]) -> Option<Timestamp> {
    const FIELD: &[u8] = b"\"timestamp\":";
    let searched = &bytes[..bytes.len().min(SEARCHED)];
    memmem::find_iter(searched, FIELD).find_map(|at| {
        let value = searched[at + FIELD.len()..]
            .trim_ascii_start()
            .strip_prefix(b"\"")?;
        let end = memchr::memchr(b'"', value)?;
        std::str::from_utf8(&value[..end]).ok()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_in_the_file_counts_not_the_earliest() {
        let file = b"{\"type\":\"mode\"}\n{\"timestamp\": \"2026-11-23T10:32:08.678Z\"}\n\
                     {\"timestamp\":\"2026-11-23T10:32:04.408Z\"}\n";
        let expected: Timestamp = "2026-11-23T10:32:08.678Z".parse().unwrap();
        assert_eq!(first_record_at(file), Some(expected));
    }

    #[test]
    fn what_is_no_time_is_passed_over() {
        assert_eq!(
            first_record_at(b"{\"timestamp\":12}\n{\"timestamp\":\"soon\"}"),
            None
        );
        assert_eq!(first_record_at(b""), None);
    }
}
