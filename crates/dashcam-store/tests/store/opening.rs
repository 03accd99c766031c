//! Stores that cannot be opened as one would like.

use crate::sample_sessions::{Call, Scratch, made, write};
use dashcam_store::view::SessionFilter;
use dashcam_store::{Store, StoreError};
use std::fs;
use std::path::Path;

#[test]
fn a_store_outlives_its_process() {
    let scratch = Scratch::new();
    let made = made("s", &[("x", vec![Call::new("r", 1_780_000_000)])]);
    made.write(&scratch.store);
    let Scratch { folder, store } = scratch;
    drop(store);
    let store = Store::open_existing(folder.path()).unwrap();
    assert_eq!(store.session(made.id()).unwrap(), made.session);
    assert!(store.is_writable());
}

#[test]
fn nothing_there_is_told_and_nothing_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("not-there");
    let error = Store::open_existing(&missing).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }));
    assert!(error.to_string().contains("dashcam import"));
    assert!(!missing.exists());
    Store::open(&missing.join("deeper")).unwrap();
}

#[test]
fn a_newer_layout_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.store.path().to_owned();
    let folder = scratch.folder;
    drop(scratch.store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    for opened in [
        Store::open(folder.path()),
        Store::open_existing(folder.path()),
    ] {
        let error = opened.unwrap_err();
        assert!(
            matches!(error, StoreError::Newer { found: 99, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("newer dashcam"));
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let version: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dashcam.db");
    fs::write(
        &path,
        "my diary, which happens to have this name\n".repeat(100),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    for opened in [
        Store::open(folder.path()),
        Store::open_existing(folder.path()),
    ] {
        assert!(matches!(opened, Err(StoreError::NotAStore { .. })));
    }
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    drop(other);
    assert!(matches!(
        Store::open(folder.path()),
        Err(StoreError::NotAStore { .. })
    ));
}

#[test]
fn a_file_where_the_folder_should_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file).unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }), "{error}");
    assert!(Store::open_existing(&file).is_err());
}

#[cfg(unix)]
#[test]
fn only_the_user_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("data");
    let store = Store::open(&folder).unwrap();
    made("s", &[("x", vec![])]).write(&store);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

/// Reads the store of a folder that may not be written; run in a process
/// that has no rights of its own.
#[cfg(unix)]
#[test]
#[ignore = "run by the test of read-only folders, as another user"]
fn read_without_rights() {
    let Some(folder) = std::env::var_os("DASHCAM_TEST_FOLDER") else {
        return;
    };
    let store = Store::open_existing(Path::new(&folder)).unwrap();
    assert!(!store.is_writable());
    assert_eq!(store.sessions(&SessionFilter::default()).unwrap().total, 1);
    let other = made("other", &[("x", vec![])]).prepared();
    let batch = dashcam_store::ImportBatch {
        sessions: vec![other],
        ..Default::default()
    };
    let error = store.write(batch).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_can_still_be_read() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let scratch = Scratch::new();
    write(&scratch.store, [made("s", &[("x", vec![])]).prepared()]);
    scratch.store.checkpoint().unwrap();
    let path = scratch.store.path().to_owned();
    drop(scratch.store);
    let folder = scratch.folder.path();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--ignored", "--exact", "opening::read_without_rights"])
        .env("DASHCAM_TEST_FOLDER", folder)
        .current_dir("/");
    let root = fs::metadata(folder).unwrap().uid() == 0;
    if root {
        // Root may write everywhere: become nobody.
        child.uid(65534).gid(65534);
    }
    let output = child.output();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    match output {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && text.contains("1 passed"),
                "{text}"
            );
        }
        Err(error) if root => eprintln!("SKIPPED: cannot run as nobody: {error}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn many_may_make_the_store_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let together = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    Store::open(folder.path()).unwrap();
                });
            }
        });
    }
}
