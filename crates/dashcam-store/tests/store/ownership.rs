//! A response that stands in several sessions is counted in one of them,
//! whatever the order in which they come.

use crate::sample_sessions::{Call, Made, Scratch, difference, made, seconds, write};
use dashcam_store::ImportBatch;
use dashcam_store::view::UsageQuery;
use dashcam_trace::{ParentRelation, SessionId};
use proptest::prelude::*;

const DAY: i64 = 1_780_000_000;

fn total(scratch: &Scratch) -> (u64, u64, u64, i64) {
    let total = scratch.store.usage(&UsageQuery::default()).unwrap().total;
    (
        total.model_calls,
        total.tool_calls,
        total.tokens.completion,
        total.cost_usd.nanos(),
    )
}

fn with_tool(response: &str, at: i64) -> Call {
    Call::new(response, at).tool("Bash", "{}", "done")
}

/// An original of three turns, and a fork of its first two that goes on.
fn original_and_fork() -> (Made, Made) {
    let first = || ("one", vec![with_tool("r1", DAY)]);
    let second = || ("two", vec![with_tool("r2", DAY + 100)]);
    let original = made(
        "original",
        &[
            first(),
            second(),
            ("three", vec![with_tool("r3", DAY + 200)]),
        ],
    );
    let mut fork = made(
        "fork",
        &[
            first(),
            ("/model", vec![]),
            second(),
            ("four", vec![with_tool("r4", DAY + 300)]),
        ],
    );
    fork.extras.first_record_at = seconds(DAY + 290);
    (original, fork)
}

#[test]
fn copied_turns_are_counted_where_they_come_from() {
    let (original, fork) = original_and_fork();
    let orders: [&[&Made]; 2] = [&[&original, &fork], &[&fork, &original]];
    for order in orders {
        let scratch = Scratch::new();
        for made in order {
            made.write(&scratch.store);
        }
        assert_eq!(total(&scratch), (4, 4, 400, 8_000_000));
        let copied: Vec<Option<SessionId>> = scratch
            .store
            .session(fork.id())
            .unwrap()
            .turns
            .into_iter()
            .map(|turn| turn.copied_from)
            .collect();
        let from = Some(original.id());
        assert_eq!(copied, [from, from, from, None]);
        let json = scratch.store.turn_json(fork.id(), 0).unwrap();
        let turn: dashcam_trace::Turn = serde_json::from_slice(&json).unwrap();
        assert_eq!(turn.copied_from, from);

        let detail = scratch.store.session_detail(fork.id()).unwrap();
        let parent = detail.summary.parent.unwrap();
        assert_eq!(
            (parent.session, parent.relation),
            (original.id(), ParentRelation::Fork)
        );
        assert_eq!((detail.summary.turns, detail.summary.model_calls), (4, 1));
        assert_eq!(detail.summary.tool_calls, 1);
        let children = scratch
            .store
            .session_detail(original.id())
            .unwrap()
            .children;
        assert_eq!(children.len(), 1);
        let typed = scratch.store.session(fork.id()).unwrap();
        assert_eq!(typed.tokens(), detail.summary.tokens);
        assert_eq!(typed.cost(), detail.summary.cost);
    }
}

#[test]
fn a_fuller_record_counts_wherever_it_stands() {
    let (original, mut fork) = original_and_fork();
    let scratch = Scratch::new();
    original.write(&scratch.store);
    if let dashcam_trace::SpanBody::ModelCall(call) = &mut fork.session.turns[2].spans[1].body {
        call.tokens = Some(crate::sample_sessions::tokens(150));
    }
    let changes = fork.write(&scratch.store);
    assert_eq!(total(&scratch).2, 450);
    let original_turns = scratch.store.session(original.id()).unwrap().turns;
    assert_eq!(original_turns[1].copied_from, Some(fork.id()));
    assert_eq!(original_turns[0].copied_from, None);
    let changed = changes
        .iter()
        .find(|change| change.id == original.id())
        .unwrap();
    assert_eq!(changed.turns, [1]);
}

#[test]
fn what_the_owner_loses_goes_to_the_next() {
    let (mut original, fork) = original_and_fork();
    let scratch = Scratch::new();
    original.write(&scratch.store);
    fork.write(&scratch.store);
    original.session.turns.remove(1);
    for (index, turn) in original.session.turns.iter_mut().enumerate() {
        turn.index = index as u32;
    }
    original.write(&scratch.store);
    assert_eq!(total(&scratch), (4, 4, 400, 8_000_000));
    assert_eq!(
        scratch.store.session(fork.id()).unwrap().turns[2].copied_from,
        None
    );

    let gone = ImportBatch {
        obsolete: vec![original.id()],
        ..ImportBatch::default()
    };
    scratch.store.write(gone).unwrap();
    assert_eq!(total(&scratch), (3, 3, 300, 6_000_000));
    let alone = scratch.store.session(fork.id()).unwrap();
    assert!(alone.turns.iter().all(|turn| turn.copied_from.is_none()));
    assert!(alone.parent.is_none());
}

#[test]
fn a_turn_that_goes_on_differently_is_no_copy() {
    let original = made(
        "original",
        &[("one", vec![with_tool("r1", DAY), with_tool("r2", DAY + 9)])],
    );
    let mut fork = made(
        "fork",
        &[("one", vec![with_tool("r1", DAY), with_tool("r5", DAY + 50)])],
    );
    fork.extras.first_record_at = seconds(DAY + 40);
    let scratch = Scratch::new();
    write(&scratch.store, [fork.prepared(), original.prepared()]);
    assert_eq!(total(&scratch), (3, 3, 300, 6_000_000));
    assert_eq!(
        scratch.store.session(fork.id()).unwrap().turns[0].copied_from,
        None
    );
    let summary = scratch.store.session_detail(fork.id()).unwrap().summary;
    assert_eq!((summary.model_calls, summary.tool_calls), (1, 1));
}

#[test]
fn a_response_twice_in_one_session_counts_once() {
    let scratch = Scratch::new();
    let twice = made(
        "twice",
        &[
            ("one", vec![with_tool("r1", DAY)]),
            ("two", vec![with_tool("r1", DAY)]),
        ],
    );
    twice.write(&scratch.store);
    assert_eq!(total(&scratch), (1, 1, 100, 2_000_000));
    twice.write(&scratch.store);
    assert_eq!(total(&scratch), (1, 1, 100, 2_000_000));
    let turns = scratch.store.session(twice.id()).unwrap().turns;
    assert!(turns.iter().all(|turn| turn.copied_from.is_none()));
}

/// Sessions that share responses in every way, as (turns of (response,
/// completion)), when their own record began, how long they went on.
type Shape = (Vec<Vec<(u8, u64)>>, i64, i64);

fn from_shape(number: usize, (turns, began, length): &Shape) -> Made {
    let turns: Vec<(&str, Vec<Call>)> = turns
        .iter()
        .map(|calls| {
            let calls = calls
                .iter()
                .map(|(response, completion)| {
                    let mut call =
                        with_tool(&format!("r{response}"), DAY + i64::from(*response) * 600);
                    call.completion = *completion;
                    call
                })
                .collect();
            ("again", calls)
        })
        .collect();
    let mut made = made(&format!("s{number}"), &turns);
    made.extras.first_record_at = seconds(DAY + began);
    made.session.ended_at = seconds(DAY + 100_000 + length);
    made
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_order_of_import_does_not_matter(
        shapes in prop::collection::vec(
            (
                prop::collection::vec(prop::collection::vec((0_u8..6, 1_u64..3), 0..3), 0..4),
                0_i64..2,
                0_i64..2,
            ),
            2..5,
        ),
        order in Just(()).prop_perturb(|(), mut random| random.random::<u64>()),
        single in any::<bool>(),
    ) {
        let sessions: Vec<Made> =
            shapes.iter().enumerate().map(|(number, shape)| from_shape(number, shape)).collect();
        let straight = Scratch::new();
        write(&straight.store, sessions.iter().map(Made::prepared));

        let mut shuffled: Vec<&Made> = sessions.iter().collect();
        let mut state = order;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        let other = Scratch::new();
        // Some of them come first in another state, and change afterwards.
        for made in shuffled.iter().rev().take(2) {
            let mut former = (*made).clone();
            former.session.turns.truncate(1);
            former.extras.first_record_at = seconds(DAY);
            former.session.ended_at = former.session.started_at;
            former.write(&other.store);
        }
        if single {
            for made in &shuffled {
                made.write(&other.store);
            }
        } else {
            write(&other.store, shuffled.iter().map(|made| made.prepared_for(&other.store)));
        }
        prop_assert_eq!(difference(&straight.store, &other.store), None);

        let distinct: std::collections::BTreeSet<u8> =
            shapes.iter().flat_map(|(turns, ..)| turns.iter().flatten()).map(|(response, _)| *response).collect();
        prop_assert_eq!(total(&straight).0, distinct.len() as u64);
    }
}
