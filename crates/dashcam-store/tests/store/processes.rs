//! Several processes, and several threads, at one store.

use crate::sample_sessions::{Call, Scratch, made};
use dashcam_store::view::{SessionFilter, UsageQuery};
use dashcam_store::{Store, StoreError, Wait};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "DASHCAM_TEST_FOLDER";

/// The other process: takes the lock, writes until its input ends.
#[test]
#[ignore = "run by the other tests, as another process"]
fn other_process() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = Store::open(Path::new(&folder)).unwrap();
    let _lock = store.import_lock(Wait::No, || {}).unwrap();
    for number in 0..200 {
        made(
            "theirs",
            &[(
                &format!("round {number}"),
                vec![Call::new("r-theirs", 1_780_000_000)],
            )],
        )
        .write(&store);
        if number == 0 {
            println!("\nready");
        }
    }
    println!("\ndone");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

struct Other {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "processes::other_process",
            ])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn wait_for(&mut self, word: &str) {
        assert!(
            self.lines.any(|line| line.unwrap() == word),
            "the other process ended before `{word}`"
        );
    }

    fn end(mut self) {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn one_reads_and_writes_while_another_writes() {
    let scratch = Scratch::new();
    let mut other = Other::start(scratch.folder.path());
    other.wait_for("ready");
    for number in 0..100 {
        let mine = made(
            "mine",
            &[(
                &format!("turn {number}"),
                vec![Call::new("r-mine", 1_780_000_000)],
            )],
        );
        mine.write(&scratch.store);
        assert_eq!(scratch.store.session(mine.id()).unwrap(), mine.session);
        assert_eq!(
            scratch
                .store
                .usage(&UsageQuery::default())
                .unwrap()
                .total
                .model_calls,
            2
        );
    }
    other.wait_for("done");
    other.end();
    assert_eq!(
        scratch
            .store
            .sessions(&SessionFilter::default())
            .unwrap()
            .total,
        2
    );
}

#[test]
fn only_one_imports_at_a_time() {
    let scratch = Scratch::new();
    let mut other = Other::start(scratch.folder.path());
    other.wait_for("ready");
    let pid = other.child.id();
    let error = scratch
        .store
        .import_lock(Wait::No, || panic!("told to wait without waiting"))
        .unwrap_err();
    assert!(
        matches!(error, StoreError::ImportRunning { pid: Some(told) } if told == pid),
        "{error}"
    );
    assert!(error.to_string().contains(&pid.to_string()));

    let mut waited = 0;
    let wait = Wait::UpTo(Duration::from_millis(120));
    assert!(scratch.store.import_lock(wait, || waited += 1).is_err());
    assert_eq!(waited, 1);
    other.wait_for("done");
    other.end();
    let lock = scratch
        .store
        .import_lock(Wait::UpTo(Duration::from_secs(20)), || {})
        .unwrap();
    drop(lock);
    scratch.store.import_lock(Wait::No, || {}).unwrap();
}

#[test]
fn a_killed_import_leaves_no_lock() {
    let scratch = Scratch::new();
    let mut other = Other::start(scratch.folder.path());
    other.wait_for("ready");
    other.child.kill().unwrap();
    other.child.wait().unwrap();
    let lock = scratch
        .store
        .import_lock(Wait::UpTo(Duration::from_secs(20)), || {});
    assert!(lock.is_ok());
    assert_eq!(
        scratch
            .store
            .sessions(&SessionFilter::default())
            .unwrap()
            .total,
        1
    );
}

#[test]
fn threads_share_a_store() {
    let scratch = Scratch::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = scratch.store.clone();
            scope.spawn(move || {
                for round in 0..20 {
                    let name = format!("s{thread}-{round}");
                    made(&name, &[("x", vec![Call::new(&name, 1_780_000_000)])]).write(&store);
                    assert!(store.sessions(&SessionFilter::default()).unwrap().total > 0);
                }
            });
        }
    });
    assert_eq!(
        scratch
            .store
            .usage(&UsageQuery::default())
            .unwrap()
            .total
            .model_calls,
        80
    );
}
