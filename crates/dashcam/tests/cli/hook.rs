//! Hooks, and the flush that the end of a turn starts.

use crate::environment::{Environment, Run};
use crate::history::ClaudeSession;
use std::io::{ErrorKind, Write};
use std::process::Stdio;
use std::time::Duration;

fn tell(environment: &Environment, words: &[&str], payload: &str) -> Run {
    let mut hook = environment
        .command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A hook that has nothing to keep may end before it has read.
    let mut stdin = hook.stdin.take().unwrap();
    match stdin.write_all(payload.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
        _ => drop(stdin),
    }
    let output = hook.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_turn_that_ends_is_recorded_with_nothing_running() {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    let run = tell(
        &environment,
        &["hook", "claude-code", "Stop"],
        "{\"session_id\":\"s\"}",
    );
    assert_eq!(run.code, 0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    for _ in 0..600 {
        let sessions = environment.run(&["sessions", "--json"]);
        if sessions.code == 0 && sessions.stdout.contains("\"total\": 1") {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no session came: {:?}", environment.run(&["doctor"]));
}

#[test]
fn wrong_words_are_no_trouble_either() {
    let environment = Environment::new();
    for words in [
        &["hook"][..],
        &["hook", "codex"],
        &["hook", "nobody", "Knows", "--this"],
        &["hook", "--help"],
    ] {
        let run = tell(&environment, words, "{}");
        assert_eq!(run.code, 0, "{words:?}");
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
}

#[test]
fn two_flushes_do_not_fight() {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    let mut running: Vec<_> = (0..4)
        .map(|_| environment.command(&["flush"]).spawn().unwrap())
        .collect();
    for flush in &mut running {
        assert!(flush.wait().unwrap().success());
    }
    assert_eq!(environment.json(&["sessions"])["total"], 1);
}
