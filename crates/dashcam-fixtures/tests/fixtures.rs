//! The fixtures themselves: found, read, decoded.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_fixtures::{all, group};
use dashcam_harness::reader;

#[test]
fn every_fixture_gives_a_session() {
    let fixtures = all().unwrap();
    assert!(fixtures.len() > 80, "{}", fixtures.len());
    for fixture in fixtures {
        let told = [fixture.hooks().unwrap(), fixture.telemetry().unwrap()].concat();
        let pieces = [fixture.records().unwrap(), told].concat();
        let sessions = group(pieces);
        let reader = reader(fixture.harness);
        let mut sessions = sessions.iter().map(|pieces| pieces.session(reader));
        assert!(
            sessions.any(|session| session.is_some()),
            "{}",
            fixture.folder.display()
        );
    }
}

#[test]
fn evidence_of_one_run_is_named_apart() {
    for fixture in all().unwrap() {
        let mut names: Vec<String> = fixture
            .records()
            .unwrap()
            .into_iter()
            .map(|piece| piece.path)
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{}", fixture.folder.display());
    }
}
