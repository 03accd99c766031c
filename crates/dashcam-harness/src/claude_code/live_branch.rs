//! Which turns are the live conversation, and which an edited prompt left behind.

use super::transcript::{Notes, Transcript};
use super::turns::TurnPlans;

/// Whether each turn is live: the last line of the conversation hangs under it.
///
/// The harness names the last line in a `last-prompt` line, which holds as long
/// as nothing is written after it.
pub(crate) fn live_turns(
    transcript: &Transcript<'_>,
    notes: &Notes,
    main: &[usize],
    plans: &TurnPlans,
) -> Vec<bool> {
    let is_talk = |place: &&usize| {
        let entry = &transcript.entries[**place];
        entry.is("user") || entry.is("assistant")
    };
    let last = main.iter().rev().find(is_talk).copied();
    let named = notes.leaf.as_ref().and_then(|(leaf, read_before)| {
        let place = *transcript.by_uuid.get(leaf.as_str())?;
        last.is_none_or(|last| last < *read_before).then_some(place)
    });
    let leaf = named
        .filter(|place| plans.turn_of.contains_key(place))
        .or(last);
    let mut live = vec![false; plans.turns.len()];
    let mut current = leaf.and_then(|place| plans.turn_of.get(&place).copied());
    while let Some(turn) = current {
        if std::mem::replace(&mut live[turn], true) {
            break;
        }
        current = plans.turns[turn].parent;
    }
    live
}
