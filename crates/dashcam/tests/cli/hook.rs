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
fn a_data_folder_that_is_named_goes_before_that_of_the_environment() {
    let environment = Environment::new();
    let usual = environment.data();
    let folder = tempfile::tempdir().unwrap();
    let event = ["codex", "PreToolUse"];
    let by_flag = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (before, after, joined) = (by_flag("before"), by_flag("after"), by_flag("joined"));
    let joined_flag = format!("--data-dir={joined}");
    for (words, named) in [
        (
            &["--data-dir", &before, "hook", event[0], event[1]][..],
            &before,
        ),
        (&["hook", event[0], event[1], "--data-dir", &after], &after),
        (&["-q", "hook", &joined_flag, event[0], event[1]], &joined),
    ] {
        let run = tell(&environment, words, "{\"session_id\":\"s\"}");
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{words:?}");
        let spool = dashcam_spool::segments(named.as_ref()).unwrap();
        assert_eq!(spool.len(), 1, "{words:?}");
    }
    assert!(dashcam_spool::segments(&usual).unwrap().is_empty());
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

/// Tells the hooks of a Claude Code session what happens around its command.
fn tell_of(environment: &Environment, session: &ClaudeSession) {
    let id = session.id;
    for (event, payload) in [
        (
            "UserPromptSubmit",
            format!(r#"{{"session_id":"{id}","prompt":"Count"}}"#),
        ),
        (
            "PreToolUse",
            format!(
                r#"{{"session_id":"{id}","tool_name":"Bash","tool_input":{{"command":"wc -l CHANGELOG.md"}},"tool_use_id":"toolu_1_{id}"}}"#
            ),
        ),
        (
            "Notification",
            format!(r#"{{"session_id":"{id}","message":"Claude needs your permission"}}"#),
        ),
        (
            "SessionEnd",
            format!(r#"{{"session_id":"{id}","reason":"exit"}}"#),
        ),
    ] {
        let run = tell(environment, &["hook", "claude-code", event], &payload);
        assert_eq!(run.code, 0);
    }
}

fn events(environment: &Environment, id: &str) -> Vec<String> {
    let session = environment.json(&["show", id]);
    let turns = session["turns"].as_array().unwrap().clone();
    let mut events: Vec<String> = turns
        .iter()
        .flat_map(|turn| turn["spans"].as_array().unwrap())
        .filter(|span| span["kind"] == "event")
        .map(|span| span["name"].as_str().unwrap().to_owned())
        .collect();
    events.sort();
    events
}

#[test]
fn what_only_hooks_know_is_in_the_session_whichever_comes_first() {
    let early = Environment::new();
    let late = Environment::new();
    let session = ClaudeSession::default();
    tell_of(&early, &session);
    early.import();
    session.write_to(&early);
    early.import();
    session.write_to(&late);
    late.import();
    tell_of(&late, &session);
    late.import();
    for environment in [&early, &late] {
        assert_eq!(
            events(environment, session.id),
            ["notification", "session_end"]
        );
        let show = environment.run(&["show", session.id, "--json"]).stdout;
        assert!(show.contains("\"hook\""), "{show}");
        let doctor = environment.json(&["doctor"]);
        assert_eq!(doctor["hooks"][0]["harness"], "claude-code");
        assert_eq!(doctor["hooks"][0]["kept"], 4);
        assert_eq!(doctor["store"]["problem_count"], 0);
        environment.import();
        assert_eq!(environment.json(&["doctor"])["hooks"][0]["kept"], 4);
        let again = environment.run(&["reindex"]);
        assert_eq!(again.code, 0, "{}", again.stderr);
        assert_eq!(
            events(environment, session.id),
            ["notification", "session_end"]
        );
    }
}

#[test]
fn a_session_whose_transcript_is_nowhere_is_made_of_its_hooks() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    tell_of(&environment, &session);
    environment.import();
    let shown = environment.json(&["show", session.id]);
    assert_eq!(shown["turns"][0]["prompt"]["text"], "Count");
    let spans = shown["turns"][0]["spans"].as_array().unwrap();
    let tool = spans
        .iter()
        .find(|span| span["kind"] == "tool_call")
        .unwrap();
    assert_eq!(tool["tool"], "Bash");
    assert_eq!(tool["sources"], serde_json::json!(["hook"]));
}

#[test]
fn damaged_records_and_strangers_are_counted() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    session.write_to(&environment);
    tell_of(&environment, &session);
    tell(&environment, &["hook", "claude-code", "Stop"], "{}");
    let spool = environment.data().join("spool");
    let segment = std::fs::read_dir(&spool)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes.splice(0..0, *b"torn");
    std::fs::write(&segment, bytes).unwrap();
    environment.import();
    assert_eq!(events(&environment, session.id).len(), 2);
    let doctor = environment.run(&["doctor"]);
    assert!(
        doctor.stdout.contains("1 damaged records"),
        "{}",
        doctor.stdout
    );
    assert!(
        doctor.stdout.contains("told of no session"),
        "{}",
        doctor.stdout
    );
}

#[test]
fn hooks_of_a_project_that_is_left_out_leave_nothing() {
    let environment = Environment::new();
    std::fs::create_dir_all(environment.data()).unwrap();
    let config = environment.data().join("config.toml");
    std::fs::write(config, "[privacy]\nignore = [\"shop\"]\n").unwrap();
    let session = ClaudeSession::default();
    session.write_to(&environment);
    tell_of(&environment, &session);
    environment.import();
    assert_eq!(environment.run(&["show", session.id]).code, 1);
    tell_of(&environment, &session);
    environment.import();
    assert_eq!(environment.run(&["show", session.id]).code, 1);
}
