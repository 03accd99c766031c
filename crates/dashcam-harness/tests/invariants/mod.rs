//! What holds of every session, whatever its evidence.

use dashcam_trace::{Session, SpanKind};
use std::collections::HashSet;

/// Panics if the session is not well formed.
pub(crate) fn check(session: &Session) {
    let mut span_ids = HashSet::new();
    let mut turn_ids = HashSet::new();
    assert!(
        session.ended_at >= session.started_at,
        "a session ends before it begins"
    );
    for (index, turn) in session.turns.iter().enumerate() {
        assert_eq!(turn.index as usize, index, "turns are numbered in order");
        assert!(turn_ids.insert(turn.id), "turn {} is there twice", turn.id);
        assert!(
            turn.end.is_none_or(|end| end >= turn.start),
            "turn {} ends too early",
            turn.id
        );
        let own = turn.spans.first().expect("a turn has a span of its own");
        assert_eq!((own.kind(), own.parent), (SpanKind::Turn, None));
        for span in &turn.spans {
            assert!(span_ids.insert(span.id), "span {} is there twice", span.id);
            assert!(
                span.end.is_none_or(|end| end >= span.start),
                "span {} ends too early",
                span.id
            );
        }
        let ids: HashSet<_> = turn.spans.iter().map(|span| span.id).collect();
        for span in &turn.spans[1..] {
            assert_ne!(span.kind(), SpanKind::Turn, "a turn within a turn");
            let mut parent = span.parent;
            let mut steps = 0;
            while let Some(id) = parent {
                assert!(ids.contains(&id), "span {} hangs under nothing", span.id);
                parent = turn
                    .spans
                    .iter()
                    .find(|span| span.id == id)
                    .and_then(|span| span.parent);
                steps += 1;
                assert!(steps <= turn.spans.len(), "spans hang in a circle");
            }
            assert!(steps > 0, "span {} has no parent", span.id);
        }
    }
}
