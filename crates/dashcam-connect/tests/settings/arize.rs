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

const SHIM: &str = "// Arize omp tracing hook (shim).\n//\nspawn(\"arize-hook-omp\")\n";

#[test]
fn the_plugin_for_oh_my_pi_goes_with_its_registration() {
    let bench = Bench::new();
    let shim = bench.home().join(".omp/extensions/arize-tracing.ts");
    write(&shim, SHIM.as_bytes());
    let mine = bench.home().join(".omp/extensions/mine.ts");
    write(&mine, b"// Arize is not what this is about\n");
    let settings = bench.home().join(".omp/agent/settings.json");
    let item = |path: &std::path::Path| serde_json::to_string(path).unwrap();
    let text = format!(
        "{{\n  // mine\n  \"extensions\": [{}, {}],\n  \"theme\": \"dark\"\n}}\n",
        item(&mine),
        item(&shim),
    );
    write(&settings, text.as_bytes());
    assert!(bench.connector.has_arize(Connectable::OhMyPi));

    // Nothing goes unasked.
    bench.connect(&Bench::wanted(Connectable::OhMyPi));
    assert!(bench.connector.has_arize(Connectable::OhMyPi));
    let plan = bench.connect(&take_over(Connectable::OhMyPi));
    assert!(!bench.connector.has_arize(Connectable::OhMyPi));
    assert!(!shim.exists() && mine.is_file());
    assert_eq!(
        std::fs::read_to_string(&settings).unwrap(),
        format!(
            "{{\n  // mine\n  \"extensions\": [{}],\n  \"theme\": \"dark\"\n}}\n",
            item(&mine)
        )
    );
    // What was there is where it is said to be.
    for (file, text) in [(&shim, SHIM), (&settings, text.as_str())] {
        let name = file.to_str().unwrap();
        let note = plan.notes.iter().find(|note| note.text.contains(name));
        let (_, kept) = note.unwrap().text.split_once("kept in ").unwrap();
        assert_eq!(std::fs::read_to_string(kept).unwrap(), text, "{kept}");
    }

    bench.disconnect(Connectable::OhMyPi);
    assert!(!shim.exists(), "what went is not brought back");
}

#[test]
fn the_plugin_for_opencode_goes_wherever_it_lies_and_others_stay() {
    let mut bench = Bench::new();
    let moved = bench.folder().join("moved");
    bench.connector.home.variables.insert(
        "XDG_CONFIG_HOME".to_owned(),
        moved.to_string_lossy().into_owned(),
    );
    let shim = SHIM.replace("omp", "opencode");
    let usual = bench
        .home()
        .join(".config/opencode/plugin/arize-tracing.ts");
    let other = moved.join("opencode/plugins/arize-tracing.ts");
    write(&usual, shim.as_bytes());
    write(&other, shim.as_bytes());
    // Of the same name, but the person's own.
    let mine = moved.join("opencode/plugin/arize-tracing.ts");
    write(
        &mine,
        b"export const Mine = async () => ({}) // not arize-hook-opencode\n",
    );
    bench.connect(&take_over(Connectable::OpenCode));
    assert!(!usual.exists() && !other.exists());
    assert!(mine.is_file());
    assert_eq!(bench.events(Connectable::OpenCode), 6);
}
