//! What goes in comes out; what has not changed is not written.

use crate::sample_sessions::{Call, Made, Scratch, difference, everything, made, write};
use dashcam_store::view::{SessionFilter, SessionOrder};
use dashcam_store::{FileId, ImportBatch, StoreError};
use dashcam_trace::{ImageId, Money, Problem, ProblemKind, SessionId, Status, TurnStatus};
use proptest::prelude::*;

const DAY: i64 = 1_780_000_000;

fn shop() -> Made {
    let mut failing = Call::new("r2", DAY + 20);
    failing.tools.push((
        "Bash",
        r#"{"command":"cargo test"}"#.to_owned(),
        "2 failed".to_owned(),
        true,
    ));
    failing.cost = None;
    made(
        "shop-1",
        &[
            (
                "Fix the basket\nand more",
                vec![Call::new("r1", DAY + 10).tool("Read", r#"{"path":"a.rs"}"#, "fn a() {}")],
            ),
            ("Run the tests", vec![failing]),
        ],
    )
}

#[test]
fn a_session_comes_back_as_it_went_in() {
    let scratch = Scratch::new();
    let made = shop();
    let changes = made.write(&scratch.store);
    assert_eq!(changes.len(), 1);
    assert!(changes[0].new);
    assert_eq!(changes[0].turns, [0, 1]);
    assert_eq!(scratch.store.session(made.id()).unwrap(), made.session);
    for turn in &made.session.turns {
        let json = scratch.store.turn_json(made.id(), turn.index).unwrap();
        assert_eq!(json, serde_json::to_vec(turn).unwrap());
    }
    assert!(matches!(
        scratch.store.turn_json(made.id(), 2),
        Err(StoreError::NoSession { .. })
    ));
    assert!(scratch.store.turn_json(made.id(), u32::MAX).is_err());
}

#[test]
fn the_summary_sums_up() {
    let scratch = Scratch::new();
    let made = shop();
    made.write(&scratch.store);
    let detail = scratch.store.session_detail(made.id()).unwrap();
    let summary = &detail.summary;
    assert_eq!(summary.title, "Fix the basket");
    assert_eq!(summary.project, "shop");
    assert_eq!(summary.status, TurnStatus::Completed);
    assert_eq!((summary.turns, summary.spans), (2, 8));
    assert_eq!(
        (summary.model_calls, summary.tool_calls, summary.errors),
        (2, 2, 1)
    );
    assert_eq!(summary.tokens, made.session.tokens());
    assert_eq!(summary.cost, Money::from_nanos(2_000_000));
    assert_eq!(summary.unpriced_calls, 1);
    assert_eq!(summary.models, ["claude-opus-4-5"]);
    assert_eq!(detail.files, made.extras.files);

    assert_eq!(detail.turns.len(), 2);
    for (outline, turn) in detail.turns.iter().zip(&made.session.turns) {
        assert_eq!(outline.id, turn.id);
        assert_eq!((outline.start, outline.end), (turn.start, turn.end));
        assert_eq!(outline.spans.len(), turn.spans.len());
        for (short, span) in outline.spans.iter().zip(&turn.spans) {
            assert_eq!((short.id, short.parent), (span.id, span.parent));
            assert_eq!((&short.name, short.kind), (&span.name, span.kind()));
            assert_eq!((short.start, short.end), (span.start, span.end));
            assert_eq!((short.status, short.timing), (span.status, span.timing));
        }
    }
    assert_eq!(detail.turns[1].spans[2].status, Status::Error);
    assert_eq!(detail.turns[0].tokens, crate::sample_sessions::tokens(100));
}

#[test]
fn writing_the_same_again_changes_nothing() {
    let scratch = Scratch::new();
    let made = shop();
    made.write(&scratch.store);
    let before = everything(&scratch.store);
    for prepared in [made.prepared_for(&scratch.store), made.prepared()] {
        let changes = write(&scratch.store, [prepared]);
        assert!(
            changes
                .iter()
                .all(|change| change.turns.is_empty() && !change.new),
            "{changes:?}"
        );
        assert_eq!(everything(&scratch.store), before);
    }
}

#[test]
fn only_changed_turns_are_written() {
    let scratch = Scratch::new();
    let mut made = shop();
    made.write(&scratch.store);
    made.session.turns[1].prompt.text = "Run them again".to_owned();
    let mut third = made.session.turns[0].clone();
    third.index = 2;
    third.id = made.id().turn("third");
    made.session.turns.push(third);
    assert_eq!(made.write(&scratch.store)[0].turns, [1, 2]);
    assert_eq!(scratch.store.session(made.id()).unwrap(), made.session);

    made.session.turns.truncate(1);
    assert_eq!(made.write(&scratch.store)[0].turns, [1, 2]);
    assert_eq!(scratch.store.session(made.id()).unwrap(), made.session);
    assert_eq!(
        scratch
            .store
            .session_detail(made.id())
            .unwrap()
            .summary
            .model_calls,
        1
    );
}

#[test]
fn a_session_made_from_an_older_state_is_refused_whole() {
    let scratch = Scratch::new();
    let mut made = shop();
    made.write(&scratch.store);
    let stale = made.prepared_for(&scratch.store);
    made.session.turns[0].prompt.text = "Something else".to_owned();
    made.write(&scratch.store);
    let other = crate::sample_sessions::made("other", &[("x", vec![Call::new("o1", DAY)])]);
    let batch = ImportBatch {
        sessions: vec![other.prepared(), stale],
        ..ImportBatch::default()
    };
    assert!(matches!(
        scratch.store.write(batch),
        Err(StoreError::Outdated { .. })
    ));
    assert!(
        scratch.store.session(other.id()).is_err(),
        "half of a batch was written"
    );
    assert_eq!(scratch.store.session(made.id()).unwrap(), made.session);
}

#[test]
fn sessions_are_found_by_any_beginning_of_their_names() {
    let scratch = Scratch::new();
    let made = shop();
    made.write(&scratch.store);
    crate::sample_sessions::made("shop-2", &[("x", vec![Call::new("o1", DAY)])])
        .write(&scratch.store);
    let find = |name: &str| scratch.store.find_session(name);
    let hex = made.id().to_string();
    for name in [hex.as_str(), &hex[..7], &hex[..8].to_uppercase(), "shop-1"] {
        assert_eq!(find(name).unwrap(), made.id(), "{name}");
    }
    assert!(
        matches!(find("shop"), Err(StoreError::Ambiguous { candidates, .. }) if candidates.len() == 2)
    );
    for name in ["", "nothing", "%", "shop-1x"] {
        assert!(
            matches!(find(name), Err(StoreError::NoSession { .. })),
            "{name}"
        );
    }
}

#[test]
fn lists_are_filtered_ordered_and_cut() {
    let scratch = Scratch::new();
    for number in 0..5_i64 {
        let mut made = made(
            &format!("s{number}"),
            &[(
                "Ändere es",
                vec![Call::new(&format!("r{number}"), DAY + number * 1000)],
            )],
        );
        made.session.cwd = Some(format!("/w/p{}", number % 2));
        made.session.title = Some(format!("Title {number}"));
        made.write(&scratch.store);
    }
    let list = |filter: SessionFilter| {
        let page = scratch.store.sessions(&filter).unwrap();
        let ids = page
            .sessions
            .into_iter()
            .map(|session| session.native_id)
            .collect::<Vec<_>>();
        (page.total, ids.join(" "))
    };
    let all = SessionFilter::default;
    assert_eq!(list(all()), (5, "s4 s3 s2 s1 s0".to_owned()));
    assert_eq!(
        list(SessionFilter {
            limit: Some(2),
            offset: 1,
            ..all()
        }),
        (5, "s3 s2".to_owned())
    );
    assert_eq!(
        list(SessionFilter {
            project: Some("p1".into()),
            ..all()
        }),
        (2, "s3 s1".to_owned())
    );
    assert_eq!(
        list(SessionFilter {
            query: Some("TITLE 3".into()),
            ..all()
        }),
        (1, "s3".to_owned())
    );
    assert_eq!(
        list(SessionFilter {
            model: Some("OPUS".into()),
            ..all()
        })
        .0,
        5
    );
    assert_eq!(
        list(SessionFilter {
            model: Some("gpt".into()),
            ..all()
        })
        .0,
        0
    );
    assert_eq!(
        list(SessionFilter {
            errors: true,
            ..all()
        })
        .0,
        0
    );
    let since = Some(crate::sample_sessions::seconds(DAY + 3000));
    assert_eq!(
        list(SessionFilter { since, ..all() }),
        (2, "s4 s3".to_owned())
    );
    let order = SessionOrder::StartedAt;
    assert_eq!(
        list(SessionFilter {
            order,
            ascending: true,
            limit: Some(1),
            ..all()
        })
        .1,
        "s0"
    );
    let facets = scratch.store.facets().unwrap();
    assert_eq!(facets.projects, ["p0", "p1"]);
    assert_eq!(facets.branches, ["main"]);
    assert_eq!(facets.models, ["claude-opus-4-5"]);
}

#[test]
fn obsolete_and_sample_sessions_go_without_a_trace() {
    let scratch = Scratch::new();
    let empty = everything(&scratch.store);
    let image = ImageId::of(b"png");
    let mut made = shop();
    made.extras.images = vec![(image.clone(), "image/png".to_owned(), b"png".to_vec())];
    made.extras.problems = vec![Problem {
        kind: ProblemKind::MalformedLine,
        file: "a.jsonl".to_owned(),
        line: Some(7),
        message: "not JSON".to_owned(),
    }];
    made.extras.problem_count = 3;
    made.extras.unknown_records.insert("novelty".to_owned(), 4);
    made.write(&scratch.store);
    let mut sample = crate::sample_sessions::made("sample", &[("x", vec![Call::new("o1", DAY)])]);
    sample.extras.sample = true;
    sample.write(&scratch.store);

    assert_eq!(scratch.store.image(&image).unwrap().unwrap().bytes, b"png");
    let health = scratch.store.health().unwrap();
    assert_eq!(health.problem_count, 3);
    assert_eq!(health.problems, made.extras.problems);
    assert_eq!(health.harnesses[0].unknown_records["novelty"], 4);
    assert_eq!(health.harnesses[0].versions, ["2.1.0"]);
    assert_eq!(health.unpriced_models["claude-opus-4-5"], 1);
    assert_eq!(health.pending_turns, 3);
    assert_eq!(scratch.store.recorded_sessions().unwrap(), [made.id()]);
    let without = SessionFilter {
        without_sample: true,
        ..SessionFilter::default()
    };
    assert_eq!(scratch.store.sessions(&without).unwrap().total, 1);

    assert_eq!(scratch.store.remove_sample().unwrap(), 1);
    let batch = ImportBatch {
        obsolete: vec![made.id()],
        ..ImportBatch::default()
    };
    let changes = scratch.store.write(batch).unwrap();
    assert!(changes[0].removed);
    assert_eq!(everything(&scratch.store), empty);
    assert!(scratch.store.image(&image).unwrap().is_none());
    let health = scratch.store.health().unwrap();
    assert_eq!((health.problem_count, health.pending_turns), (0, 0));
    assert!(health.problems.is_empty() && health.harnesses.is_empty());
}

#[test]
fn a_sample_never_takes_the_place_of_the_users_own_session() {
    let scratch = Scratch::new();
    let mut made = shop();
    made.write(&scratch.store);
    let before = everything(&scratch.store);
    made.extras.sample = true;
    made.session.turns.truncate(1);
    made.write(&scratch.store);
    assert_eq!(everything(&scratch.store), before);
    assert_eq!(scratch.store.remove_sample().unwrap(), 0);
}

#[test]
fn absurd_values_are_kept() {
    let scratch = Scratch::new();
    let mut made = shop();
    let far = dashcam_trace::Timestamp::MAX;
    made.session.turns[0].start = far;
    made.session.started_at = dashcam_trace::Timestamp::MIN;
    made.session.turns[0].prompt.text = "\0\u{feff}\u{202e}x".repeat(500);
    for span in &mut made.session.turns[1].spans {
        span.name = "n".repeat(5000);
        if let dashcam_trace::SpanBody::ModelCall(call) = &mut span.body {
            call.tokens = Some(dashcam_trace::Tokens {
                prompt: u64::MAX,
                completion: u64::MAX,
                ..Default::default()
            });
            call.model = String::new();
        }
    }
    made.write(&scratch.store);
    let back = scratch.store.session(made.id()).unwrap();
    assert_eq!(back.turns, made.session.turns);
    assert_eq!(
        scratch.store.session_detail(made.id()).unwrap().turns.len(),
        2
    );
    scratch.store.usage(&Default::default()).unwrap();
    assert!(
        scratch
            .store
            .archived(FileId::default())
            .unwrap()
            .is_empty()
    );
    assert!(
        scratch
            .store
            .session(SessionId::from_bytes([0; 16]))
            .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_sequence_of_states_ends_in_the_last(
        states in prop::collection::vec(
            prop::collection::vec((any::<String>(), 0_u8..4, prop::option::of(0_u64..5000)), 0..5),
            1..5,
        ),
    ) {
        let scratch = Scratch::new();
        let mut last = None;
        for state in &states {
            let turns: Vec<(&str, Vec<Call>)> = state
                .iter()
                .map(|(prompt, response, completion)| {
                    let calls = completion.map(|completion| {
                        let mut call = Call::new(&format!("r{response}"), DAY + i64::from(*response) * 5000)
                            .tool("Bash", "{}", prompt);
                        call.completion = completion;
                        call
                    });
                    (prompt.as_str(), calls.into_iter().collect())
                })
                .collect();
            let made = made("s", &turns);
            made.write(&scratch.store);
            last = Some(made);
        }
        let fresh = Scratch::new();
        if let Some(last) = last {
            write(&fresh.store, [last.prepared()]);
            prop_assert_eq!(scratch.store.session(last.id()).unwrap().turns.len(), last.session.turns.len());
        }
        prop_assert_eq!(difference(&scratch.store, &fresh.store), None);
    }
}
