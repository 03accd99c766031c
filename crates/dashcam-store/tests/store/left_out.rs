//! Sessions that were left out: remembered, replaced, forgotten.

use dashcam_store::{LeftOut, Store};
use dashcam_trace::Harness;

fn session(native_id: &str, stamp: u64) -> LeftOut {
    LeftOut {
        harness: Harness::Codex,
        native_id: native_id.to_owned(),
        cwd: "/home/ann/secret".to_owned(),
        reason: "`~/secret` in config.toml".to_owned(),
        stamp,
    }
}

#[test]
fn a_session_is_left_out_once_until_no_rule_leaves_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.left_out().unwrap(), []);
    store
        .update_left_out(&[session("a", 1), session("b", u64::MAX)], &[])
        .unwrap();
    store.update_left_out(&[session("a", 2)], &[]).unwrap();
    assert_eq!(
        store.left_out().unwrap(),
        [session("a", 2), session("b", u64::MAX)]
    );
    store
        .update_left_out(&[], &[(Harness::Codex, "a".to_owned())])
        .unwrap();
    assert_eq!(store.left_out().unwrap(), [session("b", u64::MAX)]);
}
