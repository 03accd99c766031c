//! Days as calendars have them, sums exact to the call.

use crate::sample_sessions::{Call, Scratch, made, seconds, tokens};
use dashcam_store::view::{OverviewQuery, UsageKey, UsageQuery, UsageReport};
use dashcam_store::{StoreError, UsageFact, UsageTable};
use dashcam_trace::{Harness, Money, Timestamp};
use proptest::prelude::*;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

fn scratch_with(times: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    let calls = times
        .iter()
        .enumerate()
        .map(|(number, time)| Call::new(&format!("r{number}"), at(time)).tool("Bash", "{}", "ok"))
        .collect();
    made("s", &[("go", calls)]).write(&scratch.store);
    scratch
}

fn days(scratch: &Scratch, timezone: &str) -> Vec<(String, u64)> {
    let query = UsageQuery {
        timezone: timezone.to_owned(),
        ..UsageQuery::default()
    };
    let rows = scratch.store.usage(&query).unwrap().rows;
    rows.into_iter()
        .map(|row| (row.day.unwrap(), row.model_calls))
        .collect()
}

fn expect(days: &[(&str, u64)]) -> Vec<(String, u64)> {
    days.iter()
        .map(|(day, calls)| ((*day).to_owned(), *calls))
        .collect()
}

#[test]
fn midnight_is_where_the_zone_has_it() {
    // Kathmandu is 5 h 45 min ahead, Eucla in Australia 8 h 45 min.
    let scratch = scratch_with(&[
        "2026-03-01T18:14:59Z",
        "2026-03-01T18:15:00Z",
        "2026-03-01T15:15:00Z",
    ]);
    assert_eq!(days(&scratch, "UTC"), expect(&[("2026-03-01", 3)]));
    assert_eq!(
        days(&scratch, "Asia/Kathmandu"),
        expect(&[("2026-03-01", 2), ("2026-03-02", 1)])
    );
    assert_eq!(
        days(&scratch, "Australia/Eucla"),
        expect(&[("2026-03-02", 3)])
    );
}

#[test]
fn days_of_changing_clocks_are_whole() {
    // Berlin: 2026-03-29 has 23 hours, 2026-10-25 has 25.
    let scratch = scratch_with(&[
        "2026-03-28T22:59:59Z",
        "2026-03-28T23:00:00Z",
        "2026-03-29T21:59:59Z",
        "2026-03-29T22:00:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T22:59:59Z",
        "2026-10-25T23:00:00Z",
    ]);
    assert_eq!(
        days(&scratch, "Europe/Berlin"),
        expect(&[
            ("2026-03-28", 1),
            ("2026-03-29", 2),
            ("2026-03-30", 1),
            ("2026-10-25", 2),
            ("2026-10-26", 1),
        ])
    );
}

#[test]
fn an_unknown_zone_is_told() {
    let query = UsageQuery {
        timezone: "Mars/Olympus".to_owned(),
        ..UsageQuery::default()
    };
    let error = Scratch::new().store.usage(&query).unwrap_err();
    assert!(matches!(error, StoreError::TimeZone(_)));
}

#[test]
fn weeks_and_months_have_their_names() {
    let scratch = scratch_with(&["2027-01-01T12:00:00Z", "2026-12-27T12:00:00Z"]);
    let by = vec![UsageKey::Month, UsageKey::Week];
    let rows = scratch
        .store
        .usage(&UsageQuery {
            by,
            ..UsageQuery::default()
        })
        .unwrap()
        .rows;
    let names: Vec<_> = rows
        .into_iter()
        .map(|row| (row.month.unwrap(), row.week.unwrap()))
        .collect();
    let pair = |month: &str, week: &str| (month.to_owned(), week.to_owned());
    assert_eq!(
        names,
        [pair("2026-12", "2026-W52"), pair("2027-01", "2026-W53")]
    );
}

#[test]
fn times_cut_between_calls() {
    let times = [
        "2026-03-01T10:03:00Z",
        "2026-03-01T10:07:00Z",
        "2026-03-01T10:14:59Z",
        "2026-03-01T10:16:00Z",
    ];
    let scratch = scratch_with(&times);
    let calls = |since: &str, until: &str| {
        let query = UsageQuery {
            since: Some(seconds(at(since))),
            until: Some(seconds(at(until))),
            ..UsageQuery::default()
        };
        let total = scratch.store.usage(&query).unwrap().total;
        (total.model_calls, total.tool_calls)
    };
    assert_eq!(
        calls("2026-03-01T10:03:00Z", "2026-03-01T10:16:01Z"),
        (4, 4)
    );
    assert_eq!(
        calls("2026-03-01T10:03:01Z", "2026-03-01T10:16:00Z"),
        (2, 2)
    );
    assert_eq!(
        calls("2026-03-01T10:07:00Z", "2026-03-01T10:07:01Z"),
        (1, 1)
    );
    assert_eq!(
        calls("2026-03-01T10:15:00Z", "2026-03-01T10:30:00Z"),
        (1, 1)
    );
    assert_eq!(
        calls("2026-03-01T10:04:00Z", "2026-03-01T10:05:00Z"),
        (0, 0)
    );
}

#[test]
fn groups_stand_in_order() {
    let scratch = Scratch::new();
    let mut calls = Vec::new();
    for (number, (model, cost)) in [
        ("small", Some(1)),
        ("large", Some(50)),
        ("small", Some(2)),
        ("new", None),
    ]
    .into_iter()
    .enumerate()
    {
        let mut call = Call::new(
            &format!("r{number}"),
            at("2026-03-01T10:00:00Z") + 86400 * (number as i64 % 2),
        );
        call.model = model;
        call.cost = cost;
        calls.push(call.tool("Bash", "{}", "").tool("Read", "{}", ""));
    }
    calls[0].tools[0].3 = true;
    made("s", &[("go", calls)]).write(&scratch.store);
    let report = |by: &[UsageKey]| -> UsageReport {
        scratch
            .store
            .usage(&UsageQuery {
                by: by.to_vec(),
                ..UsageQuery::default()
            })
            .unwrap()
    };
    let by_model = report(&[UsageKey::Model, UsageKey::Day]);
    let names: Vec<_> = by_model
        .rows
        .iter()
        .map(|row| (row.model.as_deref().unwrap(), row.day.as_deref().unwrap()))
        .collect();
    assert_eq!(
        names,
        [
            ("large", "2026-03-02"),
            ("small", "2026-03-01"),
            ("new", "2026-03-02")
        ]
    );
    assert_eq!(by_model.rows[1].cost_usd, Money::from_nanos(3));
    assert_eq!(by_model.total.models, ["large", "new", "small"]);
    assert_eq!(
        (by_model.total.unpriced_calls, by_model.total.sessions),
        (1, 1)
    );
    assert_eq!(by_model.total.input_tokens, 4 * 150);

    let by_tool = report(&[UsageKey::Tool]);
    let tools: Vec<_> = by_tool
        .rows
        .iter()
        .map(|row| {
            (
                row.tool.as_deref().unwrap(),
                row.tool_calls,
                row.tool_errors,
                row.model_calls,
            )
        })
        .collect();
    assert_eq!(tools, [("Bash", 4, 1, 0), ("Read", 4, 0, 0)]);
    let keys = [
        UsageKey::Harness,
        UsageKey::Project,
        UsageKey::Branch,
        UsageKey::Session,
        UsageKey::User,
    ];
    let row = &report(&keys).rows[0];
    assert_eq!(row.harness.as_deref(), Some("claude-code"));
    assert_eq!(
        (row.project.as_deref(), row.branch.as_deref()),
        (Some("shop"), Some("main"))
    );
    assert!(row.user.is_some() && row.session.as_ref().is_some_and(|id| id.len() == 32));
    assert_eq!(row.tool_calls, 8);
}

#[test]
fn the_overview_adds_up() {
    let scratch = scratch_with(&[
        "2026-03-01T10:00:00Z",
        "2026-03-01T11:00:00Z",
        "2026-03-03T11:00:00Z",
    ]);
    let query = OverviewQuery {
        since: None,
        until: None,
        harness: Vec::new(),
        project: None,
        timezone: "UTC".to_owned(),
        live_since: seconds(at("2026-03-03T11:00:00Z")),
    };
    let overview = scratch.store.overview(&query).unwrap();
    assert_eq!(
        (overview.total.model_calls, overview.total.tool_calls),
        (3, 3)
    );
    assert_eq!(overview.total.sessions, 1);
    let days: Vec<_> = overview
        .days
        .iter()
        .map(|day| (day.day.as_str(), day.totals.model_calls, day.models.len()))
        .collect();
    assert_eq!(days, [("2026-03-01", 2, 1), ("2026-03-03", 1, 1)]);
    assert_eq!(overview.tools[0].name, "Bash");
    assert_eq!(overview.models[0].totals.tool_calls, 3);
    assert_eq!((overview.live.len(), overview.recent.len()), (1, 1));
    let since = Some(seconds(at("2026-03-03T00:00:00Z")));
    let later = scratch
        .store
        .overview(&OverviewQuery {
            since,
            ..query.clone()
        })
        .unwrap();
    assert_eq!((later.total.model_calls, later.days.len()), (1, 1));
    let project = Some("other".to_owned());
    let none = scratch
        .store
        .overview(&OverviewQuery { project, ..query })
        .unwrap();
    assert_eq!(none.total, Default::default());
    assert!(none.recent.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The rollups of the store and facts added up one by one give one report.
    #[test]
    fn rollups_equal_calls(
        times in prop::collection::vec((0_i64..40_000_000, 0_usize..3, prop::option::of(0_i64..1000)), 1..30),
        since in prop::option::of(0_i64..40_000_000),
        until in prop::option::of(0_i64..40_000_000),
        zone in prop::sample::select(vec!["UTC", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe"]),
        by in prop::sample::subsequence(
            vec![UsageKey::Model, UsageKey::Day, UsageKey::Project, UsageKey::Month, UsageKey::Session], 0..5),
    ) {
        const BEGIN: i64 = 1_760_000_000;
        let models = ["a", "b", "c"];
        let query = UsageQuery {
            by,
            since: since.map(|since| seconds(BEGIN + since)),
            until: until.map(|until| seconds(BEGIN + until)),
            timezone: zone.to_owned(),
            ..UsageQuery::default()
        };
        let calls: Vec<Call> = times
            .iter()
            .enumerate()
            .map(|(number, (time, model, cost))| {
                let mut call = Call::new(&format!("r{number}"), BEGIN + time);
                call.model = models[*model];
                call.cost = *cost;
                call
            })
            .collect();
        let scratch = Scratch::new();
        let made = made("s", &[("go", calls.clone())]);
        made.write(&scratch.store);
        let session = made.id().to_string();
        let mut table = UsageTable::new(&query);
        for call in &calls {
            let fact = UsageFact::of(Harness::ClaudeCode, seconds(call.at), &session)
                .with_call(call.model, tokens(call.completion), call.cost.map(Money::from_nanos));
            table.add(&UsageFact { project: "shop", branch: "main", ..fact });
        }
        prop_assert_eq!(table.finish(), scratch.store.usage(&query).unwrap());
    }
}
