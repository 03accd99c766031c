//! Telemetry comes here only where it goes nowhere yet.

use crate::bench::{Bench, value};
use dashcam_connect::{Connectable, RECEIVER, State, Wanted};

fn wanted(harness: Connectable) -> Wanted {
    Wanted {
        telemetry: true,
        ..Bench::wanted(harness)
    }
}

#[test]
fn claude_code_and_gemini_are_pointed_here_and_back() {
    for (harness, object, other) in [
        (
            Connectable::ClaudeCode,
            "env",
            "{\n  \"env\": {\"FOO\": \"1\"} // mine\n}\n",
        ),
        (
            Connectable::Gemini,
            "telemetry",
            "{\n\t\"telemetry\": {\"logPrompts\": false},\n}\n",
        ),
        (Connectable::ClaudeCode, "env", "{\"a\":1}"),
        (Connectable::Gemini, "telemetry", ""),
    ] {
        for lose_record in [false, true] {
            let bench = Bench::new();
            let path = bench.write(harness, other.as_bytes());
            // In one step or in two.
            if lose_record {
                bench.connect(&Bench::wanted(harness));
                assert_eq!(
                    bench.connector.status(harness, None).telemetry,
                    Some(State::Off)
                );
            }
            bench.connect(&wanted(harness));
            assert_eq!(
                bench.connector.status(harness, None).telemetry,
                Some(State::Dashcam)
            );
            assert!(
                value(&std::fs::read(&path).unwrap())[object]
                    .to_string()
                    .contains(RECEIVER)
            );
            assert!(bench.connect(&wanted(harness)).changes.is_empty());
            // Connecting without the wish does not take it away.
            assert!(bench.connect(&Bench::wanted(harness)).changes.is_empty());
            if lose_record && !other.is_empty() {
                bench.lose_record();
            }
            bench.disconnect(harness);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), other, "{harness}");
        }
    }
}

#[test]
fn what_the_person_set_stays_and_is_told() {
    for (harness, settings) in [
        (
            Connectable::ClaudeCode,
            r#"{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example.com"}}"#,
        ),
        (
            Connectable::ClaudeCode,
            r#"{"env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "0"}}"#,
        ),
        (
            Connectable::Gemini,
            r#"{"telemetry": {"enabled": true, "outfile": "/tmp/x"}}"#,
        ),
        (Connectable::Gemini, r#"{"telemetry": {"enabled": false}}"#),
    ] {
        let bench = Bench::new();
        let path = bench.write(harness, settings.as_bytes());
        let plan = bench.connect(&wanted(harness));
        assert!(
            plan.notes
                .iter()
                .any(|note| note.text.contains("stays as it is")),
            "{settings}"
        );
        let now = value(&std::fs::read(&path).unwrap());
        let before = value(settings.as_bytes());
        for object in ["env", "telemetry"] {
            assert_eq!(now.get(object), before.get(object));
        }
        bench.disconnect(harness);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), settings);
    }
}

#[test]
fn a_variable_of_the_environment_that_points_elsewhere_counts() {
    let mut bench = Bench::new();
    let endpoint = (
        "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
        "https://otel.example.com".to_owned(),
    );
    bench.connector.environment = [endpoint].into();
    let plan = bench.connect(&wanted(Connectable::ClaudeCode));
    assert!(
        plan.notes
            .iter()
            .any(|note| note.text.contains("otel.example.com"))
    );
    let path = bench.user_file(Connectable::ClaudeCode);
    assert_eq!(value(&std::fs::read(path).unwrap()).get("env"), None);
}

#[test]
fn the_persons_own_settings_that_happen_to_be_ours_stay() {
    let bench = Bench::new();
    let original = format!(
        "{{\"telemetry\": {{\"enabled\": true, \"target\": \"local\", \"otlpEndpoint\": \"{RECEIVER}\", \"otlpProtocol\": \"http\"}}}}"
    );
    let path = bench.write(Connectable::Gemini, original.as_bytes());
    bench.connect(&wanted(Connectable::Gemini));
    // Edited since, so that the exact copy does not count.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.clone() + "\n").unwrap();
    bench.disconnect(Connectable::Gemini);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), original + "\n");
}

#[test]
fn a_setting_that_the_person_changed_since_stays() {
    let bench = Bench::new();
    let path = bench.write(Connectable::ClaudeCode, b"{\"a\": 1}\n");
    bench.connect(&wanted(Connectable::ClaudeCode));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(RECEIVER, "https://mine")).unwrap();
    bench.disconnect(Connectable::ClaudeCode);
    let left = value(&std::fs::read(&path).unwrap());
    assert_eq!(
        left,
        serde_json::json!({"a": 1, "env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://mine"}})
    );
}

#[test]
fn copilot_gets_lines_for_the_shell() {
    let bench = Bench::new();
    let plan = bench.connect(&wanted(Connectable::Copilot));
    assert!(
        plan.notes[0]
            .text
            .contains("export COPILOT_OTEL_ENABLED=true")
    );
    assert_eq!(bench.home_files().len(), 1);
}
