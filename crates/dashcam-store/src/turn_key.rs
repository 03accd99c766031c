//! Row ids that say where a turn belongs.

/// Bits of a turn's row id that hold its index.
const INDEX_BITS: u32 = 24;
/// Bits of a search row's id that hold the field.
const FIELD_BITS: u32 = 3;
/// The most turns of one session that the store can hold.
pub(crate) const MAX_TURNS: u32 = 1 << INDEX_BITS;

/// The row id of a session's turn.
pub(crate) const fn turn_key(session: i64, index: u32) -> i64 {
    session << INDEX_BITS | index as i64
}

/// The row ids of all turns of a session, first and last.
pub(crate) const fn turn_keys(session: i64) -> (i64, i64) {
    (turn_key(session, 0), turn_key(session, MAX_TURNS - 1))
}

/// The session's row id and the index that a turn's row id stands for.
pub(crate) const fn split(turn: i64) -> (i64, u32) {
    (turn >> INDEX_BITS, (turn & (MAX_TURNS as i64 - 1)) as u32)
}

/// The row id of one field of a turn in the search index.
pub(crate) const fn search_key(turn: i64, field: usize) -> i64 {
    turn << FIELD_BITS | field as i64
}

/// The turn's row id and the field that a search row's id stands for.
pub(crate) const fn split_search(key: i64) -> (i64, usize) {
    (key >> FIELD_BITS, (key & ((1 << FIELD_BITS) - 1)) as usize)
}
