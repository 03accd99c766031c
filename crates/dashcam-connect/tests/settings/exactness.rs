//! Every file of the corpus comes back byte for byte, or is refused and told.

use crate::bench::{Bench, value};
use crate::corpus;
use dashcam_connect::Connectable;
use serde_json::Value;

const SHARED: [Connectable; 3] = [
    Connectable::ClaudeCode,
    Connectable::Codex,
    Connectable::Gemini,
];

#[test]
fn the_corpus_is_large_enough() {
    assert!(corpus::sound().len() + corpus::broken().len() >= 40);
}

#[test]
fn a_sound_file_is_connected_once_and_comes_back_byte_for_byte() {
    for harness in SHARED {
        for (name, bytes) in corpus::sound() {
            let bench = Bench::new();
            let path = bench.write(harness, &bytes);
            let plan = bench.connect(&Bench::wanted(harness));
            assert_eq!(plan.changes.len(), 1, "{name}");
            assert_eq!(
                bench.events(harness),
                harness.registration().events.len(),
                "{name}"
            );
            let connected = std::fs::read(&path).unwrap();
            assert!(is_within(&bytes, &connected), "{name}: more than additions");

            let again = bench.connect(&Bench::wanted(harness));
            assert!(again.changes.is_empty(), "{name}: connected twice");
            assert_eq!(std::fs::read(&path).unwrap(), connected, "{name}");

            bench.disconnect(harness);
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name}");
            assert!(bench.disconnect(harness).changes.is_empty(), "{name}");
            assert_eq!(bench.home_files().len(), 1, "{name}: something is left");
        }
    }
}

#[test]
fn without_a_record_only_our_own_entries_leave() {
    for harness in SHARED {
        for (name, bytes) in corpus::sound() {
            let bench = Bench::new();
            let path = bench.write(harness, &bytes);
            bench.connect(&Bench::wanted(harness));
            bench.lose_record();
            bench.disconnect(harness);
            let left = std::fs::read(&path).unwrap();
            assert_eq!(meaning(&left), meaning(&bytes), "{name}");
            assert_eq!(comments(&left), comments(&bytes), "{name}");
            assert_eq!(bench.events(harness), 0, "{name}");
        }
    }
}

#[test]
fn a_broken_file_is_refused_with_its_place_and_never_written() {
    for harness in SHARED {
        for (name, bytes, place) in corpus::broken() {
            let bench = Bench::new();
            let path = bench.write(harness, &bytes);
            let plan = bench
                .connector
                .plan_connect(&Bench::wanted(harness))
                .unwrap();
            assert!(plan.changes.is_empty(), "{name}");
            let message = plan.refused[0].1.to_string();
            let start = format!("{}:{place}", path.display());
            assert!(message.starts_with(&start), "{name}: {message}");
            assert!(message.contains("mend the file"), "{name}: {message}");
            bench.connector.carry_out(&plan).unwrap();
            assert_eq!(bench.home_files(), [(path, bytes)], "{name}");
        }
    }
}

#[test]
fn a_file_that_broke_since_is_not_written_by_disconnect() {
    for (name, bytes, _) in corpus::broken() {
        if name.starts_with("hooks") || matches!(name, "a list" | "a number") {
            continue;
        }
        let bench = Bench::new();
        let path = bench.write(Connectable::ClaudeCode, b"{\"a\": 1}");
        bench.connect(&Bench::wanted(Connectable::ClaudeCode));
        std::fs::write(&path, &bytes).unwrap();
        let plan = bench
            .connector
            .plan_disconnect(&[Connectable::ClaudeCode], None)
            .unwrap();
        assert_eq!((plan.changes.len(), plan.refused.len()), (0, 1), "{name}");
    }
}

#[test]
fn a_file_edited_since_keeps_the_edits() {
    let original = "{\n  \"model\": \"opus\", // best\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"mine\"}]}]\n  }\n}\n";
    let bench = Bench::new();
    let path = bench.write(Connectable::ClaudeCode, original.as_bytes());
    bench.connect(&Bench::wanted(Connectable::ClaudeCode));
    let edit = |text: String| {
        text.replace(
            "\"opus\", // best",
            "\"sonnet\", // cheap\n\n  \"added\": [1, 2],",
        )
    };
    std::fs::write(&path, edit(std::fs::read_to_string(&path).unwrap())).unwrap();
    // Connecting again finds nothing to add, and does not touch the edits.
    assert!(
        bench
            .connect(&Bench::wanted(Connectable::ClaudeCode))
            .changes
            .is_empty()
    );
    bench.disconnect(Connectable::ClaudeCode);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        edit(original.to_owned())
    );
}

#[test]
fn a_hook_put_into_our_own_group_stays() {
    let bench = Bench::new();
    let path = bench.write(Connectable::ClaudeCode, b"{\"a\": 1}\n");
    bench.connect(&Bench::wanted(Connectable::ClaudeCode));
    let mut settings = value(&std::fs::read(&path).unwrap());
    let handlers = settings["hooks"]["Stop"][0]["hooks"]
        .as_array_mut()
        .unwrap();
    handlers.push(serde_json::json!({"type": "command", "command": "mine"}));
    std::fs::write(&path, serde_json::to_vec_pretty(&settings).unwrap()).unwrap();
    bench.disconnect(Connectable::ClaudeCode);
    let expected = serde_json::json!({
        "a": 1,
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}]}
    });
    assert_eq!(value(&std::fs::read(&path).unwrap()), expected);
}

#[test]
fn another_program_takes_the_place_of_the_one_before() {
    let mut bench = Bench::new();
    let original = b"{\n  \"a\": 1\n}\n";
    let path = bench.write(Connectable::ClaudeCode, original);
    bench.connect(&Bench::wanted(Connectable::ClaudeCode));
    let text = std::fs::read_to_string(&path).unwrap();
    bench.connector.program.path = "/usr/local/bin/dashcam-hook".into();
    bench.connect(&Bench::wanted(Connectable::ClaudeCode));
    let moved = std::fs::read_to_string(&path).unwrap();
    assert_eq!(moved, text.replace("/opt/dashcam/", "/usr/local/bin/"));
    bench.disconnect(Connectable::ClaudeCode);
    assert_eq!(std::fs::read(&path).unwrap(), original);
}

#[test]
fn an_entry_for_an_event_no_longer_wanted_goes_and_a_double_too() {
    let bench = Bench::new();
    let path = bench.write(Connectable::Gemini, b"{}\n");
    bench.connect(&Bench::wanted(Connectable::Gemini));
    let mut settings = value(&std::fs::read(&path).unwrap());
    let old = settings["hooks"]["SessionEnd"].clone();
    let text = old.to_string().replace("SessionEnd", "AfterModel");
    settings["hooks"]["AfterModel"] = serde_json::from_str(&text).unwrap();
    let list = settings["hooks"]["SessionEnd"].as_array_mut().unwrap();
    list.push(old[0].clone());
    std::fs::write(&path, settings.to_string()).unwrap();
    bench.connect(&Bench::wanted(Connectable::Gemini));
    let now = value(&std::fs::read(&path).unwrap());
    assert_eq!(now["hooks"].get("AfterModel"), None);
    assert_eq!(now["hooks"]["SessionEnd"], old);
}

#[test]
fn a_version_that_refuses_unknown_events_gets_those_it_knows() {
    let mut bench = Bench::new();
    let harness = Connectable::ClaudeCode;
    let path = bench.write(harness, b"{\"a\": 1}\n");
    for (version, count) in [
        ("2.0.10 (Claude Code)", 9),
        ("2.1.100 (Claude Code)", 9),
        ("2.1.197 (Claude Code)", 16),
        ("garbage", 16),
        // Going back takes the newer events out again.
        ("2.0.10", 9),
    ] {
        bench.connector.versions.insert(harness, version.to_owned());
        let plan = bench.connect(&Bench::wanted(harness));
        assert_eq!(bench.events(harness), count, "{version}");
        assert_eq!(
            plan.notes.len(),
            usize::from(count == 9),
            "{:?}",
            plan.notes
        );
        assert!(
            bench
                .connector
                .status(harness, None)
                .user
                .missing
                .is_empty()
        );
        let hooks = value(&std::fs::read(&path).unwrap())["hooks"].clone();
        assert_eq!(hooks.as_object().unwrap().len(), count);
    }
    bench.disconnect(harness);
    assert_eq!(std::fs::read(&path).unwrap(), b"{\"a\": 1}\n");
}

/// Whether a text can be had from another by leaving bytes out.
fn is_within(part: &[u8], whole: &[u8]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|byte| rest.any(|other| other == byte))
}

/// What a file means: hooks that are empty mean nothing.
pub(crate) fn meaning(bytes: &[u8]) -> Value {
    let mut value = value(bytes);
    if value.is_null() {
        value = serde_json::json!({});
    }
    if let Some(hooks) = value.get_mut("hooks").and_then(Value::as_object_mut) {
        hooks.retain(|_, list| list.as_array().is_none_or(|list| !list.is_empty()));
        if hooks.is_empty() {
            value.as_object_mut().unwrap().remove("hooks");
        }
    }
    value
}

/// The comments of a file, in order.
fn comments(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut scanner = text.char_indices().peekable();
    let mut comments = Vec::new();
    let mut is_string = false;
    while let Some((at, letter)) = scanner.next() {
        match letter {
            '\\' if is_string => {
                scanner.next();
            }
            '"' => is_string = !is_string,
            '/' if !is_string => {
                let rest = &text[at..];
                let length = if rest.starts_with("//") {
                    rest.find('\n').unwrap_or(rest.len())
                } else {
                    rest.find("*/").unwrap() + 2
                };
                comments.push(rest[..length].trim_end().to_owned());
                while scanner.peek().is_some_and(|(next, _)| *next < at + length) {
                    scanner.next();
                }
            }
            _ => {}
        }
    }
    comments
}
