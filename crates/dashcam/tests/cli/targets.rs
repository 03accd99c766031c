//! Sending traces, to a backend that does what backends do.

use crate::backend::{Backend, Reply, Request, text};
use crate::environment::Environment;
use crate::history::ClaudeSession;
use dashcam_trace::SpanId;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions enough for several requests.
const SESSIONS: [&str; 4] = [
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
    "44444444-4444-4444-8444-444444444444",
];

/// A history that was imported, and a target for it.
fn with_target(backend: &Backend, words: &[&str]) -> Environment {
    let environment = Environment::new();
    for id in SESSIONS {
        ClaudeSession {
            id,
            ..ClaudeSession::default()
        }
        .write_to(&environment);
    }
    environment.import();
    add(&environment, backend, words);
    environment
}

fn add(environment: &Environment, backend: &Backend, words: &[&str]) {
    let mut arguments = vec!["target", "add"];
    arguments.extend(words);
    arguments.extend(["--url", &backend.url]);
    let run = environment.run(&arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// Every span of every session, by id, as `show` has it.
fn recorded(environment: &Environment) -> BTreeSet<String> {
    SESSIONS
        .iter()
        .flat_map(|id| {
            let session = environment.json(&["show", id]);
            let turns = session["turns"].as_array().unwrap().clone();
            turns.into_iter().flat_map(|turn| {
                let spans = turn["spans"].as_array().unwrap().clone();
                spans
                    .into_iter()
                    .map(|span| span["id"].as_str().unwrap().to_owned())
            })
        })
        .collect()
}

fn id(span: &Span) -> String {
    SpanId::from_bytes(span.span_id.as_slice().try_into().unwrap()).to_string()
}

/// The taken spans by id. One that was taken twice was the same both times.
fn taken(backend: &Backend) -> BTreeMap<String, Span> {
    let mut taken: BTreeMap<String, Span> = BTreeMap::new();
    for span in backend.spans() {
        if let Some(first) = taken.insert(id(&span), span.clone()) {
            assert_eq!(first, span);
        }
    }
    taken
}

fn ids(backend: &Backend) -> BTreeSet<String> {
    taken(backend).into_keys().collect()
}

fn status(environment: &Environment) -> Value {
    environment.json(&["target", "list"])[0].clone()
}

/// Pushes until nothing waits.
fn push_until_done(environment: &Environment) {
    for _ in 0..50 {
        environment.run(&["push"]);
        if status(environment)["waiting_turns"] == 0 {
            return;
        }
    }
    panic!("it never ends: {}", status(environment));
}

#[test]
fn history_goes_when_it_is_asked_for_and_once() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(
        &backend,
        &["otlp", "--user", "ada", "--attribute", "team=red"],
    );
    assert!(backend.seen().is_empty());
    let pushed = environment.json(&["push", "--all"]);
    let all = recorded(&environment);
    assert_eq!(pushed[0]["delivered_spans"], all.len());
    assert_eq!(ids(&backend), all);
    assert_eq!(backend.spans().len(), all.len());
    for span in backend.spans() {
        assert_eq!(text(&span.attributes, "user.id").as_deref(), Some("ada"));
        assert_eq!(text(&span.attributes, "team").as_deref(), Some("red"));
        assert!(text(&span.attributes, "session.id").is_some());
    }
    assert_eq!(backend.taken()[0].projects()[0], "claude-code");

    let before = backend.seen().len();
    environment.json(&["push", "--all"]);
    environment.run(&["reindex"]);
    environment.json(&["push"]);
    assert_eq!(backend.seen().len(), before);
    assert_eq!(status(&environment)["delivered_spans"], all.len());
    assert_eq!(status(&environment)["waiting_turns"], 0);
}

#[test]
fn what_happens_after_it_was_added_goes_by_itself() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(&backend, &["otlp"]);
    let tomorrow = ClaudeSession {
        id: "55555555-5555-4555-8555-555555555555",
        day: "2999-01-01",
        ..ClaudeSession::default()
    };
    tomorrow.write_to(&environment);
    environment.import();
    assert_eq!(status(&environment)["waiting_turns"], 1);
    let run = environment.run(&["flush"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let sessions: BTreeSet<_> = backend
        .spans()
        .iter()
        .map(|span| text(&span.attributes, "session.id").unwrap())
        .collect();
    assert_eq!(sessions, BTreeSet::from([tomorrow.id.to_owned()]));
    assert_eq!(status(&environment)["waiting_turns"], 0);
}

#[test]
fn whatever_the_backend_does_every_span_arrives_once() {
    let troubles = [
        Reply::Cut,
        Reply::Status(503, "", "busy"),
        Reply::Status(429, "retry-after: 0\r\n", "slow down"),
        Reply::TakeAndCut,
        Reply::Status(502, "", ""),
        Reply::Status(504, "", ""),
    ];
    let many = troubles.len();
    let backend =
        Backend::start(move |number, _| troubles.get(number).cloned().unwrap_or(Reply::Take));
    let environment = with_target(&backend, &["otlp"]);
    let first = environment.run(&["push", "--all"]);
    assert_eq!(first.code, 1);
    assert!(first.stderr.contains("cannot reach"), "{}", first.stderr);
    push_until_done(&environment);
    assert_eq!(ids(&backend), recorded(&environment));
    assert_eq!(backend.seen().len(), many + 1);
    let status = status(&environment);
    assert_eq!(status["failures"], 0);
    assert_eq!(status["trouble"], Value::Null);
}

#[test]
fn a_wait_that_the_backend_asks_for_is_kept_by_other_processes_too() {
    let backend = Backend::start(|number, _| match number {
        0 => Reply::Status(503, "retry-after: 3600\r\n", "tomorrow"),
        _ => Reply::Take,
    });
    let environment = with_target(&backend, &["otlp"]);
    environment.run(&["push", "--all"]);
    assert_eq!(status(&environment)["trouble"], "HTTP 503: tomorrow");
    let run = environment.run(&["flush"]);
    assert_eq!((run.code, backend.seen().len()), (0, 1), "{}", run.stderr);
    // The person knows better.
    assert_eq!(environment.run(&["push"]).code, 0);
    assert_eq!(ids(&backend), recorded(&environment));
}

#[test]
fn too_much_at_once_is_split() {
    let backend = Backend::start(|_, request| {
        if request.body.len() > 8_000 {
            Reply::Status(413, "", "too large")
        } else {
            Reply::Take
        }
    });
    let environment = with_target(&backend, &["otlp"]);
    assert_eq!(environment.run(&["push", "--all"]).code, 0);
    assert_eq!(ids(&backend), recorded(&environment));
    assert!(backend.taken().len() > 1);
}

#[test]
fn a_span_that_is_too_large_goes_with_less_text() {
    let backend = Backend::start(|_, request| {
        if request.body.len() > 20_000 {
            Reply::Status(413, "", "too large")
        } else {
            Reply::Take
        }
    });
    let environment = Environment::new();
    let answer: &'static str = Box::leak("word ".repeat(100_000).into_boxed_str());
    ClaudeSession {
        answer,
        ..ClaudeSession::default()
    }
    .write_to(&environment);
    environment.import();
    add(&environment, &backend, &["otlp"]);
    assert_eq!(environment.run(&["push", "--all"]).code, 0);
    assert_eq!(status(&environment)["refused_spans"], 0);
    let shortened = backend.spans().into_iter().filter(|span| {
        span.attributes
            .iter()
            .any(|attribute| attribute.key == "dashcam.shortened")
    });
    assert!(shortened.count() > 0);
}

#[test]
fn one_span_that_the_backend_will_not_have_holds_up_no_other() {
    let is_poison = |request: &Request| {
        request
            .spans()
            .iter()
            .any(|span| span.name == "Bash" && request_of(span) == SESSIONS[1])
    };
    let backend = Backend::start(move |_, request| {
        if is_poison(request) {
            Reply::Status(400, "", "I do not like it")
        } else {
            Reply::Take
        }
    });
    let environment = with_target(&backend, &["otlp"]);
    assert_eq!(environment.run(&["push", "--all"]).code, 0);
    let all = recorded(&environment);
    let missing: Vec<_> = all.difference(&ids(&backend)).cloned().collect();
    assert_eq!(missing.len(), 1);
    let known = status(&environment);
    assert_eq!(known["refused"][0]["reason"], "HTTP 400: I do not like it");
    assert_eq!(known["refused"][0]["spans"], 1);
    assert_eq!(known["waiting_turns"], 0);
    // It stays away until it is asked for again.
    environment.run(&["push", "--all"]);
    assert_eq!(status(&environment)["refused_spans"], 1);
    backend.change(|_, _| Reply::Take);
    assert_eq!(environment.run(&["push", "--refused"]).code, 0);
    assert_eq!(ids(&backend), all);
    assert_eq!(status(&environment)["refused_spans"], 0);
}

fn request_of(span: &Span) -> String {
    text(&span.attributes, "session.id").unwrap()
}

#[test]
fn a_wrong_key_loses_nothing() {
    let backend = Backend::start(|_, request| match request.headers.get("x-key") {
        Some(key) if key == "right" => Reply::Take,
        _ => Reply::Status(401, "", "who are you?"),
    });
    let environment = with_target(&backend, &["otlp", "--header", "x-key=wrong"]);
    let run = environment.run(&["push", "--all"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("HTTP 401: who are you?"),
        "{}",
        run.stderr
    );
    assert_eq!(status(&environment)["refused_spans"], 0);
    assert_eq!(status(&environment)["waiting_turns"], SESSIONS.len());
    let run = environment.run(&["target", "remove", "otlp"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    add(&environment, &backend, &["otlp", "--header", "x-key=right"]);
    assert_eq!(environment.run(&["push", "--all"]).code, 0);
    assert_eq!(ids(&backend), recorded(&environment));
}

#[test]
fn what_a_backend_takes_but_for_some_is_told() {
    let backend = Backend::start(|_, _| Reply::TakeBut(2, "quota"));
    let environment = with_target(&backend, &["otlp"]);
    let pushed = environment.json(&["push", "--all"]);
    let all = recorded(&environment).len();
    assert_eq!(pushed[0]["delivered_spans"], all - 2);
    assert_eq!(pushed[0]["refused_spans"], 2);
    assert_eq!(
        status(&environment)["trouble"],
        "2 spans were not taken: quota"
    );
    environment.json(&["push", "--all"]);
    assert_eq!(backend.seen().len(), 1);
}

#[test]
fn a_target_that_drops_old_spans_is_not_sent_any() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(&backend, &["dash0", "--key", "token"]);
    let run = environment.run(&["push", "--all"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("older than 6 h, which dash0 drops"),
        "{}",
        run.stdout
    );
    assert!(backend.seen().is_empty());
}

#[test]
fn a_push_that_is_killed_loses_nothing() {
    let backend = Backend::start(|_, request| {
        // Large enough for several requests, slow enough to be killed in one.
        std::thread::sleep(std::time::Duration::from_millis(30));
        if request.body.len() > 4_000 {
            Reply::Status(413, "", "")
        } else {
            Reply::Take
        }
    });
    let environment = with_target(&backend, &["otlp"]);
    environment.json(&["target", "list"]);
    for wait in [40, 90, 140, 190] {
        let mut push = environment
            .command(&["push", "--all"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        push.kill().unwrap();
        push.wait().unwrap();
    }
    push_until_done(&environment);
    assert_eq!(ids(&backend), recorded(&environment));
    assert_eq!(
        status(&environment)["delivered_spans"],
        recorded(&environment).len()
    );
}

#[test]
fn levels_hold_in_every_byte() {
    let secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let environment = Environment::new();
    let prompt: &'static str = Box::leak(format!("My token is {secret}, use it").into_boxed_str());
    ClaudeSession {
        prompt,
        ..ClaudeSession::default()
    }
    .write_to(&environment);
    environment.import();
    let bytes = |level: &str| {
        let backend = Backend::start(|_, _| Reply::Take);
        add(
            &environment,
            &backend,
            &["otlp", "--name", level, "--level", level],
        );
        environment.json(&["push", level, "--all"]);
        let requests = backend.taken();
        assert!(!requests.is_empty());
        let bytes: Vec<u8> = requests
            .iter()
            .flat_map(|request| request.body.clone())
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let full = bytes("full");
    assert!(full.contains(secret) && full.contains("wc -l"));
    let redacted = bytes("redacted");
    assert!(!redacted.contains(secret) && redacted.contains("My token is"));
    let metadata = bytes("metadata");
    assert!(!metadata.contains("My token") && !metadata.contains("wc -l"));
    assert!(!metadata.contains("/home/dev/src/shop") && metadata.contains("claude-sonnet-4-5"));
}

#[test]
fn projects_can_have_another_level_or_stay_away() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(&backend, &["otlp"]);
    let config = environment.data().join("config.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    let levels = "\n[targets.otlp.levels]\nnone = [\"/home/dev/src/shop\"]\n";
    std::fs::write(&config, written + levels).unwrap();
    environment.json(&["push", "--all"]);
    assert!(backend.seen().is_empty());
    assert_eq!(status(&environment)["waiting_turns"], 0);
}

#[test]
fn a_project_that_is_left_out_altogether_is_not_sent_though_it_was_recorded() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(&backend, &["otlp"]);
    let config = environment.data().join("config.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, written + "\n[privacy]\nignore = [\"shop\"]\n").unwrap();
    environment.json(&["push", "--all"]);
    assert!(backend.seen().is_empty());
}

#[test]
fn secrets_stand_in_no_file_but_their_own_and_are_never_printed() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(&backend, &["phoenix", "--key", "px-top-secret"]);
    for words in [
        &["target", "list"][..],
        &["target", "list", "--json"],
        &["doctor", "--json"],
        &["target", "test", "phoenix"],
    ] {
        let run = environment.run(words);
        assert!(!run.stdout.contains("px-top-secret") && !run.stderr.contains("px-top-secret"));
    }
    assert_eq!(
        backend.seen()[0].headers["authorization"],
        "Bearer px-top-secret"
    );
    let config = std::fs::read_to_string(environment.data().join("config.toml")).unwrap();
    assert!(!config.contains("px-top-secret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = environment.data().join("credentials.toml");
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_environment_of_a_key_may_be_named_instead_of_the_key() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(&backend, &["otlp", "--header", "x-key=env:MY_KEY"]);
    let run = environment.run(&["target", "test", "otlp"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("MY_KEY, which is not set"),
        "{}",
        run.stderr
    );
    let mut command = environment.command(&["target", "test", "otlp"]);
    let run = crate::environment::Run::of(command.env("MY_KEY", "from-there"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(backend.seen()[0].headers["x-key"], "from-there");
}

#[test]
fn the_configuration_stays_the_persons() {
    let environment = Environment::new();
    let config = environment.data().join("config.toml");
    std::fs::create_dir_all(environment.data()).unwrap();
    let own = "# mine\n[prices]\n# nothing yet\n";
    std::fs::write(&config, own).unwrap();
    let backend = Backend::start(|_, _| Reply::Take);
    add(&environment, &backend, &["otlp"]);
    let with = std::fs::read_to_string(&config).unwrap();
    assert!(with.starts_with(own), "{with}");
    let twice = environment.run(&["target", "add", "otlp", "--url", "http://localhost:1"]);
    assert_eq!(twice.code, 1);
    assert!(twice.stderr.contains("--name"), "{}", twice.stderr);
    assert_eq!(environment.run(&["target", "remove", "otlp"]).code, 0);
    let without = std::fs::read_to_string(&config).unwrap();
    assert_eq!(without.trim_end(), own.trim_end());
    let gone = environment.run(&["target", "remove", "otlp"]);
    assert!(
        gone.stderr.contains("there is no target `otlp`"),
        "{}",
        gone.stderr
    );
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let environment = Environment::new();
    let said = |words: &[&str]| {
        let run = environment.run(words);
        assert_ne!(run.code, 0, "{words:?}");
        run.stderr
    };
    assert!(said(&["target", "add", "arize"]).contains("ARIZE_API_KEY"));
    assert!(said(&["target", "add", "grafana", "--key", "x"]).contains("--url"));
    assert!(said(&["target", "add", "nobody"]).contains("phoenix, arize"));
    assert!(said(&["target", "add", "otlp", "--name", "a b"]).contains("letters"));
    assert!(said(&["push"]).contains("dashcam target add"));
    std::fs::create_dir_all(environment.data()).unwrap();
    let config = environment.data().join("config.toml");
    std::fs::write(&config, "[targets.x]\nbackend = \"otlp\"\nurll = 1\n").unwrap();
    let broken = said(&["target", "list"]);
    assert!(
        broken.contains("config.toml") && broken.contains("urll"),
        "{broken}"
    );
}

#[test]
fn a_backend_that_wants_the_project_in_a_header_gets_it() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(
        &backend,
        &["langsmith", "--key", "k", "--project", "{project}"],
    );
    environment.json(&["push", "--all"]);
    let request = &backend.taken()[0];
    assert_eq!(request.headers["langsmith-project"], "shop");
    assert_eq!(request.headers["x-api-key"], "k");
}

#[test]
fn sending_can_be_forbidden_by_the_environment() {
    let backend = Backend::start(|_, _| Reply::Take);
    let environment = with_target(&backend, &["otlp"]);
    let mut command = environment.command(&["push", "--all"]);
    let run = crate::environment::Run::of(command.env("ARIZE_TRACE_ENABLED", "false"));
    assert!(run.stderr.contains("ARIZE_TRACE_ENABLED"), "{}", run.stderr);
    assert!(backend.seen().is_empty());
    assert_eq!(status(&environment)["waiting_turns"], SESSIONS.len());
    environment.json(&["push"]);
    assert_eq!(ids(&backend), recorded(&environment));
}
