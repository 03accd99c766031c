//! `dashcam up`, as a browser sees it.

use crate::environment::Environment;
use crate::history::ClaudeSession;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Long enough for the slowest machine; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running `dashcam up`, ended with the test.
struct Up {
    process: Child,
    url: String,
}

impl Up {
    fn start(environment: &Environment) -> Self {
        let mut process = environment
            .command(&["up", "--no-open", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let line = stdout.lines().next().unwrap().unwrap();
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap();
        Self {
            process,
            url: url.trim_end_matches('/').to_owned(),
        }
    }

    fn get(&self, path: &str) -> Value {
        let text = ureq::get(format!("{}/api/v1/{path}", self.url))
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The names and data of live events, from now on.
    fn events(&self) -> Receiver<(String, Value)> {
        let (sender, events) = channel();
        let response = ureq::get(format!("{}/api/v1/events", self.url))
            .call()
            .unwrap();
        let reader = BufReader::new(response.into_body().into_reader());
        std::thread::spawn(move || {
            let mut name = String::new();
            for line in reader.lines() {
                let Ok(line) = line else { return };
                if let Some(event) = line.strip_prefix("event: ") {
                    event.clone_into(&mut name);
                } else if let Some(data) = line.strip_prefix("data: ") {
                    let data = serde_json::from_str(data).unwrap_or_default();
                    if sender.send((name.clone(), data)).is_err() {
                        return;
                    }
                }
            }
        });
        events
    }

    /// Waits until the import at start has ended.
    fn wait_until_idle(&self) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.get("status")["import"]["phase"] != "idle" {
            assert!(
                std::time::Instant::now() < deadline,
                "the import never ends"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for news of a session.
fn session_event(events: &Receiver<(String, Value)>) -> Value {
    loop {
        let (name, data) = events.recv_timeout(PATIENCE).unwrap();
        if name == "session" {
            return data;
        }
    }
}

#[test]
fn a_new_line_reaches_the_browser() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let lines = session.lines();
    let path = environment.write(&session.path(), lines[..1].join("\n") + "\n");
    let up = Up::start(&environment);
    up.wait_until_idle();
    let id = up.get("sessions")["sessions"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let events = up.events();
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    for (calls, line) in [(1, &lines[1]), (1, &lines[2]), (2, &lines[3])] {
        writeln!(file, "{line}").unwrap();
        let event = session_event(&events);
        assert_eq!(event["id"], id.as_str());
        let detail = up.get(&format!("sessions/{id}"));
        assert_eq!(detail["summary"]["model_calls"], calls);
    }
    let turn = up.get(&format!("sessions/{id}/turns/0"));
    assert_eq!(turn["status"], "completed");
}

#[test]
fn a_session_that_begins_while_it_runs_appears_by_itself() {
    let environment = Environment::new();
    let up = Up::start(&environment);
    up.wait_until_idle();
    let events = up.events();
    ClaudeSession::default().write_to(&environment);
    session_event(&events);
    assert_eq!(up.get("sessions")["total"], 1);
}

#[test]
fn an_import_beside_it_does_no_harm() {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    let up = Up::start(&environment);
    let run = environment.run(&["import"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    up.wait_until_idle();
    assert_eq!(up.get("sessions")["total"], 1);
    assert_eq!(environment.json(&["usage"])["total"]["model_calls"], 2);
}

#[test]
fn a_port_in_use_is_named() {
    let environment = Environment::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = environment.run(&["up", "--no-open", "--port", &port]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains(&port) && run.stderr.contains("--port"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_page_is_served_with_the_binary() {
    let environment = Environment::new();
    let up = Up::start(&environment);
    let mut response = ureq::get(&up.url).call().unwrap();
    assert!(
        response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    assert!(
        response
            .body_mut()
            .read_to_string()
            .unwrap()
            .contains("dashcam")
    );
}
