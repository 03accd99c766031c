//! How far an import is.

/// Is told how far an import is. Called from several threads.
pub trait Progress: Sync {
    /// What there is to do: sessions to decode, bytes to read.
    fn planned(&self, sessions: u64, bytes: u64);

    /// How many of the sessions are written, and bytes read, so far.
    fn advanced(&self, sessions: u64, of: u64, bytes: u64);

    /// How far the search index is, in bytes of text.
    fn indexing(&self, done_bytes: u64, total_bytes: u64);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn planned(&self, _sessions: u64, _bytes: u64) {}

    fn advanced(&self, _sessions: u64, _of: u64, _bytes: u64) {}

    fn indexing(&self, _done_bytes: u64, _total_bytes: u64) {}
}
