//! Each command on a small history.

use crate::environment::Environment;
use crate::history::ClaudeSession;

fn imported() -> Environment {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    environment.import();
    environment
}

#[test]
fn usage_reads_like_the_tool_its_users_know() {
    let environment = imported();
    insta::assert_snapshot!(environment.run(&["usage"]).stdout);
    insta::assert_snapshot!(
        environment
            .run(&["usage", "--by", "harness,project,model"])
            .stdout
    );
    insta::assert_snapshot!(environment.run(&["usage", "--by", "tool"]).stdout);
}

#[test]
fn usage_from_disk_equals_usage_from_the_store() {
    let environment = imported();
    for by in [
        "day", "week", "month", "harness", "model", "project", "branch", "user",
    ] {
        let mut stored = environment.json(&["usage", "--by", by]);
        let disk = environment.json(&["usage", "--by", by, "--from-disk"]);
        // Straight from disk, tool calls are not counted.
        for row in stored["rows"].as_array_mut().unwrap() {
            row["tool_calls"] = 0.into();
        }
        stored["total"]["tool_calls"] = 0.into();
        assert_eq!(stored, disk, "{by}");
    }
}

#[test]
fn usage_from_disk_leaves_the_store_alone() {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    let run = environment.run(&["usage", "--from-disk"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("2026-08-20"), "{}", run.stdout);
    assert!(!environment.data().exists());
}

#[test]
fn sessions_are_listed() {
    let environment = imported();
    insta::assert_snapshot!(environment.run(&["sessions"]).stdout);
    let none = environment.json(&["sessions", "--since", "2026-08-21"]);
    assert_eq!(none["total"], 0);
}

#[test]
fn a_session_is_found_by_any_of_its_ids() {
    let environment = imported();
    let id = environment.json(&["sessions"])["sessions"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for name in [id.as_str(), &id[..8], ClaudeSession::default().id] {
        assert_eq!(environment.json(&["show", name])["id"], id.as_str());
    }
    let run = environment.run(&["show", "nothing-like-it"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr, @"error: no session `nothing-like-it`: `dashcam sessions` lists them");
}

#[test]
fn show_prints_every_format() {
    let environment = imported();
    for format in [
        "text", "json", "atif", "otlp", "messages", "html", "markdown",
    ] {
        let run = environment.run(&["show", ClaudeSession::default().id, "--format", format]);
        assert_eq!(run.code, 0, "{format}: {}", run.stderr);
        assert!(
            run.stdout.contains("wc -l CHANGELOG.md"),
            "{format}: {}",
            run.stdout
        );
    }
    insta::assert_snapshot!(
        environment
            .run(&["show", ClaudeSession::default().id])
            .stdout
    );
}

#[test]
fn search_finds_prompts_answers_and_tools() {
    let environment = imported();
    for (text, field) in [
        ("changelog count", "prompt"),
        ("forty", "answer"),
        ("\"wc -l\"", "tool_input"),
        ("\"42 CHANGELOG.md\"", "tool_output"),
    ] {
        let results = environment.json(&["search", text]);
        let fields: Vec<&str> = results["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["field"].as_str().unwrap())
            .collect();
        assert!(fields.contains(&field), "{text}: {results}");
    }
    assert_eq!(
        environment.json(&["search", "elephant"])["hits"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_second_import_has_nothing_to_do() {
    let environment = imported();
    let report = environment.import();
    assert_eq!(
        (&report["sessions"], &report["files_changed"]),
        (&0.into(), &0.into())
    );
    assert_eq!(report["bytes_read"], 0);
}

#[test]
fn an_appended_line_changes_its_turn_only() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let lines = session.lines();
    environment.write(&session.path(), lines[..3].join("\n") + "\n");
    environment.import();
    assert_eq!(environment.json(&["usage"])["total"]["model_calls"], 1);
    environment.write(&session.path(), session.text());
    let report = environment.import();
    assert_eq!(
        (&report["sessions"], &report["turns"]),
        (&1.into(), &1.into())
    );
    assert_eq!(environment.json(&["usage"])["total"]["model_calls"], 2);
}

#[test]
fn the_sample_history_is_marked_and_can_be_removed() {
    let environment = imported();
    let run = environment.run(&["sample", "add"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let page = environment.json(&["sessions"]);
    let sessions = page["sessions"].as_array().unwrap();
    assert!(sessions.len() > 5, "{page}");
    assert_eq!(
        sessions
            .iter()
            .filter(|session| session["sample"] == false)
            .count(),
        1
    );
    environment.run(&["sample", "remove"]);
    assert_eq!(environment.json(&["sessions"])["total"], 1);
}

#[test]
fn completions_are_printed_for_every_shell() {
    let environment = Environment::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = environment.run(&["completions", shell]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("reindex"), "{shell}");
    }
}

#[test]
fn wrong_usage_exits_with_two() {
    let environment = Environment::new();
    for arguments in [vec!["fly"], vec!["usage", "--by", "moon"], vec!["show"]] {
        assert_eq!(environment.run(&arguments).code, 2, "{arguments:?}");
    }
    let run = environment.run(&["sessions", "--since", "soon"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("is not a time"), "{}", run.stderr);
}

#[test]
fn the_configuration_prices_a_model_and_its_faults_are_named() {
    let environment = imported();
    let config = environment.data().join("config.toml");
    std::fs::write(&config, "[prices.\"claude-sonnet-4-5-20250929\"]\ninput = 1.0\noutput = 1.0\ncache_read = 1.0\ncache_write_5m = 1.0\ncache_write_1h = 1.0\n").unwrap();
    let usage = environment.json(&["usage", "--from-disk"]);
    assert!(
        (usage["total"]["cost_usd"].as_f64().unwrap() - 0.0049).abs() < 1e-9,
        "{usage}"
    );
    std::fs::write(&config, "[prices.\"x\"]\ninput = \"much\"\n").unwrap();
    let run = environment.run(&["usage", "--from-disk"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains(config.to_str().unwrap()),
        "{}",
        run.stderr
    );
}
