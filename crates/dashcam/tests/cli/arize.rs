//! Coming from Arize's hooks: what they were set to is taken over, and they go.

use crate::environment::Environment;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CONFIG: &str = r#"{
  "harnesses": {
    "claude-code": {"project_name": "shop", "target": "phoenix", "endpoint": "http://127.0.0.1:6006", "api_key": "px-secret"},
    "opencode": {"project_name": "shed", "target": "phoenix", "endpoint": "http://127.0.0.1:6006", "api_key": "px-secret"},
    "omp": {"project_name": "barn", "target": "arize", "endpoint": "otlp.arize.com:443", "api_key": "ak-secret", "space_id": "U3BhY2U6", "user_id": "grace", "attributes": {"team": "red"}}
  },
  "user_id": "ada",
  "logging": {"prompts": false, "tool_details": true, "tool_content": false}
}
"#;
const HOOK: &str = "/h/.arize/harness/venv/bin/arize-hook-stop";
const SHIM: &str = "// Arize tracing (shim).\nspawn(\"arize-hook-opencode\")\n";

/// What Arize's installer wrote, beside what is the person's own.
fn home() -> Environment {
    let environment = Environment::new();
    environment.write(".arize/harness/config.json", CONFIG);
    environment.write(
        ".claude/settings.json",
        format!(
            r#"{{
  "env": {{"ARIZE_TRACE_ENABLED": "true", "EDITOR": "vi"}},
  "hooks": {{
    "Stop": [
      {{"hooks": [{{"type": "command", "command": "say done"}}]}},
      {{"hooks": [{{"type": "command", "command": "{HOOK}"}}]}}
    ]
  }}
}}
"#
        ),
    );
    environment.write(".config/opencode/plugin/arize-tracing.ts", SHIM);
    environment.write(".config/opencode/plugin/mine.ts", "export const Mine = 1\n");
    environment.write(
        ".config/opencode/opencode.json",
        "{ \"theme\": \"arize\" }\n",
    );
    let shim = environment.write(".omp/extensions/arize-tracing.ts", SHIM);
    environment.write(".omp/extensions/mine.ts", "export default () => {}\n");
    let registered = serde_json::json!({ "extensions": [shim], "theme": "dark" });
    environment.write(".omp/agent/settings.json", registered.to_string());
    environment.write(".gemini/settings.json", "{ \"a\": 1 } // arize is next\n");
    environment
}

fn has_key(text: &str) -> bool {
    text.contains("px-secret") || text.contains("ak-secret")
}

/// Every file of the home, with what it holds.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

const TAKE_OVER: [&str; 7] = [
    "connect",
    "--hook-program",
    "/opt/dashcam-hook",
    "claude-code",
    "opencode",
    "omp",
    "--take-over-arize",
];

#[test]
fn targets_come_hooks_and_plugins_go_and_the_rest_stays_byte_for_byte() {
    let environment = home();
    let before = files(&environment.home());
    let run = environment.run(&TAKE_OVER);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!has_key(&said), "{said}");

    let after = files(&environment.home());
    let at = |path: &str| environment.home().join(path);
    let changed = [
        ".claude/settings.json",
        ".omp/agent/settings.json",
        ".config/opencode/plugin/arize-tracing.ts",
        ".omp/extensions/arize-tracing.ts",
    ]
    .map(at);
    for (path, bytes) in &before {
        if !changed.contains(path) {
            assert_eq!(after.get(path), Some(bytes), "{}", path.display());
        }
    }
    let came: Vec<_> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .collect();
    let expected = [
        at(".config/opencode/plugin/dashcam.js"),
        at(".omp/agent/extensions/dashcam.js"),
    ];
    assert_eq!(came, expected.iter().collect::<Vec<_>>());
    for gone in &changed[2..] {
        assert!(!after.contains_key(gone), "{}", gone.display());
    }
    let claude = String::from_utf8(after[&changed[0]].clone()).unwrap();
    assert!(
        !claude.contains("arize") && !claude.contains("ARIZE"),
        "{claude}"
    );
    assert!(
        claude.contains("say done") && claude.contains("EDITOR"),
        "{claude}"
    );
    let omp: Value = serde_json::from_slice(&after[&changed[1]]).unwrap();
    assert_eq!(omp, serde_json::json!({ "theme": "dark" }));

    // Each is kept where the run says.
    for path in &changed {
        let name = path.to_str().unwrap();
        let line = said
            .lines()
            .find(|line| line.contains(name) && line.contains("kept in"));
        let (_, kept) = line
            .unwrap_or_else(|| panic!("{name}: {said}"))
            .split_once("kept in ")
            .unwrap();
        assert_eq!(std::fs::read(kept).unwrap(), before[path], "{kept}");
    }
}

#[test]
fn backends_projects_users_and_choices_become_targets_once() {
    let environment = home();
    assert_eq!(environment.run(&TAKE_OVER).code, 0);
    let listed = environment.json(&["target", "list"]);
    let targets: Vec<Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|target| {
            let keys = [
                "name",
                "backend",
                "url",
                "headers",
                "projects",
                "user",
                "harnesses",
            ];
            keys.iter().map(|key| (*key, target[key].clone())).collect()
        })
        .collect();
    let expected = serde_json::json!([
        {
            "name": "arize", "backend": "arize", "url": "https://otlp.arize.com:443/v1/traces",
            "headers": ["arize-space-id", "authorization"],
            "projects": { "omp": "barn" }, "user": "grace", "harnesses": ["omp"],
        },
        {
            "name": "phoenix", "backend": "phoenix", "url": "http://127.0.0.1:6006/v1/traces",
            "headers": ["authorization"],
            "projects": { "claude-code": "shop", "opencode": "shed" }, "user": "ada",
            "harnesses": ["claude-code", "opencode"],
        },
    ]);
    assert_eq!(Value::from(targets), expected);
    let config = std::fs::read_to_string(environment.data().join("config.toml")).unwrap();
    assert!(!has_key(&config), "{config}");
    let choices = "hide = [\"prompts\", \"answers\", \"tool_output\"]";
    assert_eq!(config.matches(choices).count(), 2, "{config}");

    // Again: there is nothing more to take over.
    let run = environment.run(&TAKE_OVER);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("nothing to change"), "{}", run.stderr);
    assert_eq!(
        environment
            .json(&["target", "list"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_dry_run_shows_what_would_go_and_takes_nothing() {
    let environment = home();
    let before = files(&environment.home());
    let run = environment.run(&[&TAKE_OVER[..], &["--dry-run"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(files(&environment.home()), before);
    assert!(!environment.data().join("connect").exists());
    assert!(
        run.stdout.contains("-spawn(\"arize-hook-opencode\")"),
        "{}",
        run.stdout
    );
    for said in ["arize-tracing.ts goes", "kept in", "Arize's hooks go from"] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    assert!(!has_key(&run.stdout) && !has_key(&run.stderr));
    assert_eq!(environment.json(&["target", "list"]), serde_json::json!([]));
}
