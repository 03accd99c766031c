//! Codex's `config.toml`, edited in place.

use crate::bench::{Bench, write};
use dashcam_connect::{Connectable, State, Wanted};

const HARNESS: Connectable = Connectable::Codex;

fn wanted() -> Wanted {
    Wanted {
        telemetry: true,
        ..Bench::wanted(HARNESS)
    }
}

const SOUND: [(&str, &str); 14] = [
    ("empty", ""),
    ("a comment", "# mine\n"),
    ("no line end", "model = \"m\""),
    (
        "settings",
        "model = \"m\"\napproval_policy  =  'never'   # trust me\n\n[tools]\nweb_search = true\n",
    ),
    (
        "windows line ends",
        "model = \"m\"\r\n\r\n[tools]\r\nweb_search = true\r\n",
    ),
    ("a byte order mark", "\u{feff}model = \"m\"\n"),
    (
        "tabs and blank lines",
        "\t model\t=\t\"m\"\n\n\n\n[ tools ]\n\tweb_search = true\n\n\n",
    ),
    (
        "numbers and dates",
        "a = 0xFF\nb = 1_000.50\nc = 2026-01-01 00:00:00Z\nd = [ 1,\n 2, # two\n]\n",
    ),
    (
        "long strings",
        "a = \"\"\"\n[otel]\nexporter = 1\n\"\"\"\nb = '''x'''\n",
    ),
    (
        "lists of tables",
        "[[mcp]]\nname = \"a\"\n[[mcp]]\nname = \"b\"\n",
    ),
    (
        "other telemetry settings",
        "[otel]\nlog_user_prompt = true # yes\n\n[tools]\nweb_search = true\n",
    ),
    ("an empty table", "[otel] # later\n"),
    (
        "an empty table without a line end",
        "[tools]\na = 1\n[otel]",
    ),
    (
        "a table below it",
        "[otel.span_attributes]\nteam = \"red\"\n",
    ),
];

#[test]
fn a_sound_file_is_pointed_here_once_and_comes_back_byte_for_byte() {
    for (name, text) in SOUND {
        for lose_record in [false, true] {
            let bench = Bench::new();
            let path = bench.home().join(".codex/config.toml");
            write(&path, text.as_bytes());
            bench.connect(&wanted());
            let state = bench.connector.status(HARNESS, None).telemetry;
            assert_eq!(state, Some(State::Dashcam), "{name}");
            let connected = std::fs::read_to_string(&path).unwrap();
            let table: toml_edit::DocumentMut =
                connected.trim_start_matches('\u{feff}').parse().unwrap();
            assert_eq!(
                table["otel"]["exporter"]["otlp-http"]["endpoint"].as_str(),
                Some("http://127.0.0.1:4318/v1/logs"),
                "{name}"
            );
            assert!(bench.connect(&wanted()).changes.is_empty(), "{name}");
            if lose_record {
                bench.lose_record();
            }
            bench.disconnect(HARNESS);
            let left = std::fs::read_to_string(&path).unwrap();
            if lose_record {
                // A line end that was missing is not missed.
                assert_eq!(left.trim_end(), text.trim_end(), "{name}");
            } else {
                assert_eq!(left, text, "{name}");
            }
        }
    }
}

#[test]
fn a_missing_file_goes_again() {
    let bench = Bench::new();
    bench.connect(&wanted());
    assert_eq!(bench.home_files().len(), 2);
    bench.disconnect(HARNESS);
    assert!(bench.home_files().is_empty());
}

#[test]
fn what_codex_wrote_since_stays() {
    let bench = Bench::new();
    let path = bench.home().join(".codex/config.toml");
    write(&path, b"model = \"m\"\n");
    bench.connect(&wanted());
    let trust = "\n[hooks.state.\"x:stop:0:0\"]\ntrusted_hash = \"sha256:1\"\n";
    let text = std::fs::read_to_string(&path).unwrap() + trust;
    std::fs::write(&path, text).unwrap();
    bench.disconnect(HARNESS);
    let left = std::fs::read_to_string(&path).unwrap();
    assert_eq!(left, format!("model = \"m\"\n\n{trust}"));
}

#[test]
fn a_target_that_the_person_set_stays() {
    for text in [
        "[otel]\nexporter = \"none\"\n",
        "[otel.exporter.otlp-http]\nendpoint = \"https://mine/v1/logs\"\nprotocol = \"json\"\n",
        "[otel]\ntrace_exporter = { otlp-grpc = { endpoint = \"https://mine\" } }\n",
        "otel = { log_user_prompt = true }\n",
        "otel.log_user_prompt = true\n",
    ] {
        let bench = Bench::new();
        let path = bench.home().join(".codex/config.toml");
        write(&path, text.as_bytes());
        let plan = bench.connect(&wanted());
        assert!(
            plan.notes
                .iter()
                .any(|note| note.text.contains("stays as it is")),
            "{text}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_broken_file_is_refused_with_its_place_and_nothing_is_connected() {
    for (text, place) in [
        ("model = \n", "1:9"),
        ("a = 1\na = 2\n", "2:1"),
        ("[otel\n", "1:6"),
        ("a = 1\n\"b = 2\n", "2:"),
    ] {
        let bench = Bench::new();
        let path = bench.home().join(".codex/config.toml");
        write(&path, text.as_bytes());
        let plan = bench.connector.plan_connect(&wanted()).unwrap();
        let message = plan.refused[0].1.to_string();
        assert!(
            message.starts_with(&format!("{}:{place}", path.display())),
            "{message}"
        );
        assert!(!message.contains('\n'), "{message}");
        bench.connector.carry_out(&plan).unwrap();
        assert_eq!(bench.home_files(), [(path, text.as_bytes().to_vec())]);
    }
}
