//! The manual's table of what each harness fills is the one that the fixtures
//! give.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_fixtures::coverage;
use std::fs;

#[test]
fn the_manuals_table_is_what_the_fixtures_give() {
    let page = fs::read_to_string(coverage::page()).unwrap();
    let current = coverage::with_table(&page, &coverage::table().unwrap()).unwrap();
    assert!(
        page == current,
        "{} is not current: run `cargo xtask coverage --write`",
        coverage::page().display()
    );
}

#[test]
fn a_page_without_marks_is_not_written() {
    assert!(coverage::with_table("# Harnesses\n", "| |\n").is_err());
}
