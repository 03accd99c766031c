//! Every home among the fixtures, all the way: decoded, stored, read back,
//! exported as OpenInference spans, and decoded again.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::read_home;
use dashcam_trace::Session;
use dashcam_trace::openinference::{decode_span, encode_session};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders named `home`, wherever they lie.
fn homes(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("home") {
            found.push(path);
        } else if path.is_dir() {
            homes(&path, found);
        }
    }
}

fn check(session: &Session, home: &Path) {
    let home = home.display();
    let request = encode_session(session, "fixtures");
    let spans: BTreeMap<_, _> = request
        .resource_spans
        .iter()
        .flat_map(|group| &group.scope_spans)
        .flat_map(|scope| &scope.spans)
        .map(|span| decode_span(span).unwrap())
        .map(|span| (span.id, span))
        .collect();
    assert_eq!(spans.len(), session.spans().count(), "{home}");
    for span in session.spans() {
        assert_eq!(spans.get(&span.id), Some(span), "{home}");
    }
}

#[test]
fn what_is_exported_is_what_was_recorded() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/dashcam-harness/fixtures");
    let mut found = Vec::new();
    homes(&fixtures, &mut found);
    assert!(found.len() > 40, "{found:?}");
    for home in found {
        let scratch = tempfile::tempdir().unwrap();
        let recorded = read_home(&home, &scratch.path().join("data"));
        assert!(!recorded.sessions.is_empty(), "{}", home.display());
        for session in &recorded.sessions {
            check(session, &home);
        }
    }
}
