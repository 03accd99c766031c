//! What is found, where, and in which order.

use crate::sample_sessions::{Call, Made, Scratch, made, seconds};
use dashcam_store::view::{SearchField, SearchHit, SearchQuery, SessionFilter};
use dashcam_store::{ImportBatch, StoreError};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const DAY: i64 = 1_780_000_000;

fn index(scratch: &Scratch) -> u64 {
    scratch
        .store
        .index_pending(&|_, _| {}, &AtomicBool::new(false))
        .unwrap()
}

fn query(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.to_owned(),
        limit: 20,
        ..SearchQuery::default()
    }
}

fn hits(scratch: &Scratch, query: &SearchQuery) -> Vec<SearchHit> {
    scratch.store.search(query).unwrap().hits
}

fn found(scratch: &Scratch, text: &str) -> Vec<(u32, SearchField)> {
    hits(scratch, &query(text))
        .into_iter()
        .map(|hit| (hit.turn, hit.field))
        .collect()
}

fn conversation() -> Made {
    let mut call = Call::new("r1", DAY).tool(
        "Bash",
        r#"{"command":"cargo test\n--package shop_basket","timeout":120000}"#,
        "error: cannot find `BasketTotal` in src/basket/sum.rs",
    );
    call.answer = "The Größe of the basket was wrong.".to_owned();
    call.thinking = "Perhaps a rounding problem.".to_owned();
    let mut second = Call::new("r2", DAY + 60);
    second.answer = "The total of the basket is right now.".to_owned();
    made(
        "shop",
        &[
            ("Why is the sum wrong?", vec![call]),
            ("Thank you", vec![second]),
        ],
    )
}

#[test]
fn words_are_found_in_every_field() {
    let scratch = Scratch::new();
    conversation().write(&scratch.store);
    assert!(found(&scratch, "basket").is_empty());
    assert_eq!(
        scratch
            .store
            .search(&query("basket"))
            .unwrap()
            .pending_turns,
        2
    );
    assert!(index(&scratch) > 0);
    assert_eq!(
        scratch
            .store
            .search(&query("basket"))
            .unwrap()
            .pending_turns,
        0
    );

    assert_eq!(found(&scratch, "sum wrong"), [(0, SearchField::Prompt)]);
    assert_eq!(found(&scratch, "größe"), [(0, SearchField::Answer)]);
    assert_eq!(found(&scratch, "ROUNDING"), [(0, SearchField::Thinking)]);
    assert_eq!(found(&scratch, "package"), [(0, SearchField::ToolInput)]);
    assert_eq!(
        found(&scratch, "baskettotal"),
        [(0, SearchField::ToolOutput)]
    );
    assert_eq!(
        found(&scratch, "Total"),
        [(1, SearchField::Answer), (0, SearchField::ToolOutput)]
    );
    assert_eq!(
        found(&scratch, "shop_basket"),
        [(0, SearchField::ToolInput)]
    );
    assert_eq!(
        found(&scratch, "src/basket/sum.rs"),
        [(0, SearchField::ToolOutput)]
    );
    assert_eq!(found(&scratch, "120000"), [(0, SearchField::ToolInput)]);
    assert!(found(&scratch, "ntotal").is_empty());
    assert!(found(&scratch, "nothing_of_the_kind").is_empty());
}

#[test]
fn phrases_beginnings_and_exclusions_are_heeded() {
    let scratch = Scratch::new();
    conversation().write(&scratch.store);
    index(&scratch);
    assert_eq!(found(&scratch, "\"of the basket\"").len(), 2);
    assert_eq!(found(&scratch, "\"basket was\"").len(), 1);
    assert!(found(&scratch, "\"basket the\"").is_empty());
    assert_eq!(found(&scratch, "round*"), [(0, SearchField::Thinking)]);
    assert!(found(&scratch, "round").is_empty());
    assert_eq!(
        found(&scratch, "basket -rounding"),
        [(1, SearchField::Answer)]
    );
    assert_eq!(found(&scratch, "basket -\"of the basket is\"").len(), 1);
    for bad in ["", "-basket", "\"", "()", "*"] {
        let error = scratch.store.search(&query(bad)).unwrap_err();
        assert!(matches!(error, StoreError::EmptySearch(_)), "{bad}");
    }
    for hostile in [
        "\"'; DROP TABLE turns; --",
        "NEAR(a b)",
        "words:basket",
        "AND OR NOT",
        "a\0b",
        "^basket",
    ] {
        scratch.store.search(&query(hostile)).unwrap();
    }
}

#[test]
fn a_hit_says_where_and_shows_it() {
    let scratch = Scratch::new();
    let made = conversation();
    made.write(&scratch.store);
    index(&scratch);
    let hit = hits(&scratch, &query("größe basket")).remove(0);
    assert_eq!((hit.session, hit.turn), (made.id(), 0));
    assert_eq!(hit.span, made.session.turns[0].spans[1].id);
    assert_eq!(hit.title, "Why is the sum wrong?");
    assert_eq!(hit.snippet, "The Größe of the basket was wrong.");
    let marked: Vec<String> = hit
        .matches
        .iter()
        .map(|(from, to)| {
            hit.snippet
                .chars()
                .skip(*from as usize)
                .take((to - from) as usize)
                .collect()
        })
        .collect();
    assert_eq!(marked, ["Größe", "basket"]);
}

#[test]
fn fields_sessions_and_pages_narrow_a_search() {
    let scratch = Scratch::new();
    for number in 0..7_i64 {
        let mut call = Call::new(&format!("r{number}"), DAY + number * 86400 * 20);
        call.answer = "needle".to_owned();
        call = call
            .tool("Read", "{}", "needle")
            .tool("Read", "{}", "needle");
        let mut made = made(&format!("s{number}"), &[("find it", vec![call])]);
        made.session.cwd = Some(format!("/w/p{}", number % 2));
        made.write(&scratch.store);
    }
    index(&scratch);
    let in_fields = |fields: &[SearchField]| {
        hits(
            &scratch,
            &SearchQuery {
                fields: fields.to_vec(),
                ..query("needle")
            },
        )
    };
    assert_eq!(in_fields(&[]).len(), 7);
    assert_eq!(in_fields(&[SearchField::Prompt]).len(), 0);
    let outputs = in_fields(&[SearchField::ToolOutput]);
    assert_eq!(outputs.len(), 7);
    assert!(
        outputs
            .iter()
            .all(|hit| hit.field == SearchField::ToolOutput)
    );

    let newest = in_fields(&[]);
    assert!(
        newest.windows(2).all(|pair| pair[0].at > pair[1].at),
        "the latest first"
    );
    let page = scratch
        .store
        .search(&SearchQuery {
            offset: 2,
            limit: 3,
            ..query("needle")
        })
        .unwrap();
    assert_eq!(page.hits, newest[2..5]);
    assert!(page.more);
    let last = scratch
        .store
        .search(&SearchQuery {
            offset: 5,
            limit: 3,
            ..query("needle")
        })
        .unwrap();
    assert_eq!((last.hits.len(), last.more), (2, false));

    let sessions = SessionFilter {
        project: Some("p1".to_owned()),
        since: Some(seconds(DAY + 86400 * 50)),
        ..SessionFilter::default()
    };
    assert_eq!(
        hits(
            &scratch,
            &SearchQuery {
                sessions,
                ..query("needle")
            }
        )
        .len(),
        2
    );
    let session = Some(newest[0].session);
    let inside = hits(
        &scratch,
        &SearchQuery {
            session,
            ..query("needle")
        },
    );
    assert_eq!(inside.len(), 3, "every span of the session: {inside:?}");
}

#[test]
fn what_changes_is_found_as_it_is_now() {
    let scratch = Scratch::new();
    let mut made = conversation();
    made.write(&scratch.store);
    index(&scratch);
    made.session.turns[1].prompt.text = "Completely different".to_owned();
    made.write(&scratch.store);
    assert_eq!(scratch.store.health().unwrap().pending_turns, 1);
    assert!(
        found(&scratch, "thank").is_empty(),
        "what is gone is not shown while the index waits"
    );
    index(&scratch);
    assert_eq!(found(&scratch, "completely"), [(1, SearchField::Prompt)]);
    assert!(found(&scratch, "thank").is_empty());

    made.session.turns.truncate(1);
    made.write(&scratch.store);
    assert!(found(&scratch, "completely").is_empty());
    let obsolete = ImportBatch {
        obsolete: vec![made.id()],
        ..ImportBatch::default()
    };
    scratch.store.write(obsolete).unwrap();
    assert!(found(&scratch, "basket").is_empty());
    assert_eq!(index(&scratch), 0);
}

#[test]
fn indexing_can_be_stopped_and_goes_on_later() {
    let scratch = Scratch::new();
    let turns: Vec<(&str, Vec<Call>)> = (0..5000).map(|_| ("lots of turns", Vec::new())).collect();
    made("big", &turns).write(&scratch.store);
    let stop = AtomicBool::new(false);
    let told = AtomicU64::new(0);
    let progress = |done: u64, total: u64| {
        assert!(done <= total);
        told.fetch_add(1, Ordering::Relaxed);
        if done > 0 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    scratch.store.index_pending(&progress, &stop).unwrap();
    let pending = scratch.store.health().unwrap().pending_turns;
    assert!(told.into_inner() >= 2);
    index(&scratch);
    assert!(pending < 5000);
    assert_eq!(scratch.store.health().unwrap().pending_turns, 0);
}

#[test]
fn two_may_index_at_once() {
    let scratch = Scratch::new();
    let turns: Vec<(&str, Vec<Call>)> = (0..3000).map(|_| ("needle", Vec::new())).collect();
    let made = made("big", &turns);
    made.write(&scratch.store);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| index(&scratch));
        }
    });
    let session = Some(made.id());
    let all = SearchQuery {
        session,
        limit: 10_000,
        ..query("needle")
    };
    assert_eq!(hits(&scratch, &all).len(), 3000);
}

#[test]
fn very_large_outputs_are_searched_too() {
    let scratch = Scratch::new();
    let output = format!(
        "{}needle {}",
        "some line of output\n".repeat(100_000),
        "x".repeat(500)
    );
    let base64 = "QUJD".repeat(50_000);
    let call = Call::new("r1", DAY)
        .tool("Bash", "{}", &output)
        .tool("Bash", "{}", &base64);
    made("big", &[("go", vec![call])]).write(&scratch.store);
    index(&scratch);
    let hit = hits(&scratch, &query("needle")).remove(0);
    assert!(hit.snippet.starts_with('…') && hit.snippet.chars().count() < 220);
    assert!(found(&scratch, "QUJD").is_empty());
}
