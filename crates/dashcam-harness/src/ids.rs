//! Ids of a session's turns and spans, each given once.

use dashcam_trace::{SessionId, SpanId, SpanKind, TurnId};
use rustc_hash::FxHashSet;

/// Gives ids. A native id that comes again gets another: some providers repeat
/// the ids of tool calls.
#[derive(Debug)]
pub(crate) struct Ids {
    /// The session that they are ids in.
    pub(crate) session: SessionId,
    spans: FxHashSet<SpanId>,
    turns: FxHashSet<TurnId>,
}

impl Ids {
    pub(crate) fn new(session: SessionId) -> Self {
        Self {
            session,
            spans: FxHashSet::default(),
            turns: FxHashSet::default(),
        }
    }

    /// The id of a span.
    pub(crate) fn span(&mut self, kind: SpanKind, native_id: &str) -> SpanId {
        let session = self.session;
        first_free(&mut self.spans, native_id, |name| session.span(kind, name))
    }

    /// The id of a turn.
    pub(crate) fn turn(&mut self, native_id: &str) -> TurnId {
        let session = self.session;
        first_free(&mut self.turns, native_id, |name| session.turn(name))
    }
}

fn first_free<Id: Copy + Eq + std::hash::Hash>(
    given: &mut FxHashSet<Id>,
    native_id: &str,
    id_of: impl Fn(&str) -> Id,
) -> Id {
    let mut id = id_of(native_id);
    let mut copy = 2_u32;
    while !given.insert(id) {
        id = id_of(&format!("{native_id}#{copy}"));
        copy += 1;
    }
    id
}
