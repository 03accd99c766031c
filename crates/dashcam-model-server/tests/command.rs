//! The hidden command, as a script uses it.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_model_server::{Args, Entry, run};
use std::fs;
use std::path::Path;
use std::time::Duration;

fn args(folder: &Path, scenario: &str) -> Args {
    let path = folder.join("scenario.json");
    fs::write(&path, scenario).unwrap();
    Args {
        scenario: path,
        port: 0,
        port_file: Some(folder.join("port")),
        log: Some(folder.join("log")),
        variables: vec!["fruit=quince=jam".to_owned()],
    }
}

/// What a file holds as soon as it holds something.
fn once_written(path: &Path) -> String {
    for _ in 0..1000 {
        let text = fs::read_to_string(path).unwrap_or_default();
        if !text.is_empty() {
            return text;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing was written to {}", path.display());
}

#[test]
fn it_writes_its_port_and_logs_each_exchange_on_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let args = args(folder.path(), r#"{"replies":[{"text":"a {{fruit}}"}]}"#);
    // Runs until the process of this test ends.
    std::thread::spawn(move || run(args));
    let port = once_written(&folder.path().join("port"));
    let answer = ureq::post(format!("http://127.0.0.1:{port}/v1/messages"))
        .send(r#"{"model":"m"}"#)
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(answer.contains("a quince=jam"), "{answer}");
    let log = once_written(&folder.path().join("log"));
    let entry: Entry = serde_json::from_str(log.trim_end()).unwrap();
    assert_eq!(
        (entry.serial, entry.model.as_str(), entry.status),
        (1, "m", 200)
    );
}

#[test]
fn it_says_what_is_wrong_before_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let words = |args: Args| run(args).unwrap_err().to_string();
    let mut missing = args(folder.path(), "{}");
    missing.scenario = folder.path().join("missing.json");
    assert!(words(missing).contains("missing.json"));
    assert!(words(args(folder.path(), r#"{"repli":[]}"#)).contains("repli"));
    let mut unnamed = args(folder.path(), "{}");
    unnamed.variables = vec!["fruit".to_owned()];
    assert!(words(unnamed).contains("name=value"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut busy = args(folder.path(), "{}");
    busy.port = taken.local_addr().unwrap().port();
    assert!(words(busy).contains("cannot listen on 127.0.0.1"));
}
