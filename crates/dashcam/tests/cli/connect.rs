//! `connect`, `disconnect` and `status` as a person runs them.

use crate::environment::Environment;

const PROGRAM: &str = "/opt/dashcam-hook";

fn connect<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["connect", "--hook-program", PROGRAM], more].concat()
}

#[test]
fn connecting_all_takes_what_is_found_and_disconnecting_gives_it_back() {
    let environment = Environment::new();
    let claude = environment.write(
        ".claude/settings.json",
        "{\n\t\"model\": \"opus\", // best\n}\n",
    );
    environment.write(".gemini/settings.json", "");
    let outcome = environment.json(&connect(&["--all"]));
    let changed = outcome["changed"].as_array().unwrap();
    assert!(
        changed
            .iter()
            .any(|change| change["harness"] == "claude-code" && change["action"] == "changed")
    );
    assert!(std::fs::read_to_string(&claude).unwrap().contains(PROGRAM));
    let again = environment.json(&connect(&["--all"]));
    assert_eq!(again["changed"].as_array().unwrap().len(), 0);

    let status = environment.json(&["status"]);
    let claude_status = &status["harnesses"][0];
    assert_eq!(claude_status["harness"], "claude-code");
    assert_eq!(claude_status["is_connected"], true);
    assert_eq!(
        claude_status["user"]["events"].as_array().unwrap().len(),
        16
    );
    assert_eq!(claude_status["user"]["programs"][0]["exists"], false);
    assert_eq!(claude_status["telemetry"]["to"], "off");
    assert!(status["last_hook_at"].is_null());
    let text = environment.run(&["status"]).stdout;
    assert!(
        text.contains("Claude Code: connected") && text.contains("is missing"),
        "{text}"
    );

    environment.json(&["disconnect", "--all"]);
    assert_eq!(
        std::fs::read_to_string(&claude).unwrap(),
        "{\n\t\"model\": \"opus\", // best\n}\n"
    );
    assert_eq!(
        environment.json(&["status"])["harnesses"][0]["is_connected"],
        false
    );
}

#[test]
fn a_dry_run_shows_the_change_and_makes_none() {
    let environment = Environment::new();
    let config = environment.write(".codex/config.toml", "model = \"m\"\n");
    let run = environment.run(&connect(&["codex", "--telemetry", "--dry-run"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let added = "+exporter = { otlp-http = { endpoint = \"http://127.0.0.1:4318/v1/logs\"";
    assert!(run.stdout.contains(added), "{}", run.stdout);
    assert!(run.stdout.contains("--- /dev/null\n"), "{}", run.stdout);
    assert!(run.stderr.contains("/hooks"), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(config).unwrap(), "model = \"m\"\n");
    assert!(!environment.home().join(".codex/hooks.json").exists());
    assert!(!environment.data().exists());
}

#[test]
fn a_broken_file_fails_and_the_others_are_connected() {
    let environment = Environment::new();
    let broken = environment.write(".claude/settings.json", "{\n  \"a\": 1,\n  oops\n}\n");
    let run = environment.run(&connect(&["claude-code", "gemini"]));
    assert_eq!(run.code, 1);
    let place = format!("{}:3:3:", broken.display());
    assert!(
        run.stderr.contains(&place) && run.stderr.contains("mend the file"),
        "{}",
        run.stderr
    );
    assert_eq!(
        std::fs::read_to_string(broken).unwrap(),
        "{\n  \"a\": 1,\n  oops\n}\n"
    );
    assert!(environment.home().join(".gemini/settings.json").exists());
}

#[test]
fn what_is_asked_for_wrongly_is_told() {
    let environment = Environment::new();
    let run = environment.run(&["connect"]);
    assert_eq!(run.code, 2);
    let run = environment.run(&["connect", "emacs"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .contains("known are claude-code, codex, cursor, gemini, copilot"),
        "{}",
        run.stderr
    );
}

#[test]
fn hooks_are_told_a_data_folder_of_their_own() {
    let environment = Environment::new();
    environment.json(&connect(&["copilot"]));
    let hooks =
        std::fs::read_to_string(environment.home().join(".copilot/hooks/dashcam.json")).unwrap();
    let data = format!("DASHCAM_DATA_DIR='{}'", environment.data().display());
    assert!(hooks.contains(&data), "{hooks}");
}

#[test]
fn a_project_keeps_its_own() {
    let environment = Environment::new();
    let project = environment.home().join("work");
    std::fs::create_dir(&project).unwrap();
    let mut command = environment.command(&connect(&["claude-code", "--project"]));
    assert!(
        command
            .current_dir(&project)
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(project.join(".claude/settings.local.json").exists());
    assert!(!environment.home().join(".claude").exists());
    let mut command = environment.command(&["disconnect", "claude-code", "--project"]);
    assert!(
        command
            .current_dir(&project)
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(!project.join(".claude").exists());
}

#[test]
fn arize_is_described_without_its_key_and_taken_over_on_request() {
    let environment = Environment::new();
    environment.write(
        ".arize/harness/config.json",
        r#"{"harnesses": {"claude-code": {"project_name": "mine", "target": "arize", "endpoint": "otlp.arize.com", "api_key": "ak-secret", "space_id": "space"}}, "user_id": "ada"}"#,
    );
    let hook = r#"{"type": "command", "command": "/x/.arize/harness/venv/bin/arize-hook-stop"}"#;
    let settings = environment.write(
        ".claude/settings.json",
        format!("{{\"hooks\": {{\"Stop\": [{{\"hooks\": [{hook}]}}]}}}}\n"),
    );
    let run = environment.run(&connect(&["claude-code"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    for said in [
        "otlp.arize.com",
        "space",
        "project mine",
        "user ada",
        "--take-over-arize",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("ak-secret"));
    assert!(
        std::fs::read_to_string(&settings)
            .unwrap()
            .contains("arize-hook")
    );
    let run = environment.run(&connect(&["claude-code", "--take-over-arize"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(
        text.contains(PROGRAM) && !text.contains("arize-hook"),
        "{text}"
    );
}
