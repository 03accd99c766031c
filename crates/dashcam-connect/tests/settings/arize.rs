//! Arize's hooks leave where they are taken over, and only there.

use crate::bench::{Bench, value, write};
use dashcam_connect::{Connectable, Wanted};

const HOOK: &str = "/home/a/.arize/harness/venv/bin/arize-hook-";

fn take_over(harness: Connectable) -> Wanted {
    Wanted {
        take_over_arize: true,
        ..Bench::wanted(harness)
    }
}

#[test]
fn hooks_are_taken_over_and_stay_away() {
    let bench = Bench::new();
    let settings = format!(
        "{{\n  // mine\n  \"hooks\": {{\n    \"BeforeAgent\": [{{\"matcher\": \"\", \"hooks\": [{{\"type\": \"command\", \"name\": \"arize-tracing\", \"command\": \"{HOOK}gemini\"}}]}}],\n    \"AfterTool\": [{{\"hooks\": [{{\"type\": \"command\", \"command\": \"mine\"}}]}}]\n  }}\n}}\n"
    );
    let path = bench.write(Connectable::Gemini, settings.as_bytes());
    assert!(bench.connector.has_arize(Connectable::Gemini));
    // Not unless it is asked for.
    bench.connect(&Bench::wanted(Connectable::Gemini));
    assert!(bench.connector.has_arize(Connectable::Gemini));
    bench.connect(&take_over(Connectable::Gemini));
    assert!(!bench.connector.has_arize(Connectable::Gemini));
    assert_eq!(bench.events(Connectable::Gemini), 7);
    bench.disconnect(Connectable::Gemini);
    let left = std::fs::read_to_string(&path).unwrap();
    assert!(
        left.contains("// mine") && left.contains("\"mine\"") && !left.contains("arize"),
        "{left}"
    );
    // What the file held stays in the backups.
    let backups = std::fs::read_dir(bench.connector.data_dir.join("connect/backups")).unwrap();
    assert!(
        backups
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .any(|bytes| bytes == settings.as_bytes())
    );
}

#[test]
fn the_notify_of_codex_and_the_repository_file_of_copilot_are_cleared() {
    let bench = Bench::new();
    let config = bench.home().join(".codex/config.toml");
    write(
        &config,
        format!("model = \"m\" # x\nnotify = [\"{HOOK}codex-notify\"]\n").as_bytes(),
    );
    bench.connect(&take_over(Connectable::Codex));
    assert_eq!(
        std::fs::read_to_string(&config).unwrap(),
        "model = \"m\" # x\n"
    );

    let hooks = bench.connector.folder.join(".github/hooks/hooks.json");
    write(&hooks, format!("{{\"hooks\": {{\"Stop\": [{{\"type\": \"command\", \"command\": \"{HOOK}copilot\"}}, {{\"type\": \"command\", \"command\": \"mine\"}}]}}}}\n").as_bytes());
    bench.connect(&take_over(Connectable::Copilot));
    let left = value(&std::fs::read(&hooks).unwrap());
    assert_eq!(
        left,
        serde_json::json!({"hooks": {"Stop": [{"type": "command", "command": "mine"}]}})
    );
}
