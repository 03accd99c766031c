//! Projects that are left out: not recorded, not counted, only told of.

use crate::environment::Environment;
use crate::history::ClaudeSession;

const SHOP: &str = "/home/dev/src/shop";

fn environment_with(config: &str) -> Environment {
    let environment = Environment::new();
    std::fs::create_dir_all(environment.data()).unwrap();
    std::fs::write(environment.data().join("config.toml"), config).unwrap();
    environment
}

/// Another session, in a folder of this home.
fn at_home(environment: &Environment, project: &str) -> String {
    let session = ClaudeSession {
        id: "22222222-2222-4222-8222-222222222222",
        ..ClaudeSession::default()
    };
    let folder = environment.home().join(project);
    let folder = folder.to_str().unwrap().to_owned();
    environment.write(&session.path(), session.text().replace(SHOP, &folder));
    folder
}

fn sessions(environment: &Environment) -> usize {
    environment.json(&["sessions"])["sessions"]
        .as_array()
        .unwrap()
        .len()
}

#[test]
fn a_project_that_the_configuration_names_is_nowhere() {
    let environment = environment_with("[privacy]\nignore = [\"/home/dev/src/*\"]\n");
    let session = ClaudeSession::default();
    session.write_to(&environment);
    let report = environment.import();
    assert_eq!(
        (&report["sessions"], &report["left_out"]),
        (&0.into(), &1.into())
    );
    assert_eq!(sessions(&environment), 0);

    // Neither text nor evidence of it is in the data folder.
    for entry in std::fs::read_dir(environment.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(session.prompt.len())
                .any(|window| window == session.prompt.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    let from_disk = environment.json(&["usage", "--from-disk"]);
    assert_eq!(from_disk["total"]["model_calls"], 0);

    let doctor = environment.json(&["doctor"]);
    assert_eq!(
        doctor["left_out"]["sessions"],
        serde_json::json!({"`/home/dev/src/*` in config.toml": 1})
    );
    let told = environment.run(&["doctor"]).stdout;
    assert!(
        told.contains("left out by `/home/dev/src/*` in config.toml: 1 sessions"),
        "{told}"
    );
}

#[test]
fn an_ignore_file_leaves_out_its_project_and_no_other() {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    let folder = at_home(&environment, "work/secret");
    environment.write("work/secret/.dashcamignore", "");
    let report = environment.import();
    assert_eq!(
        (&report["sessions"], &report["left_out"]),
        (&1.into(), &1.into())
    );
    let doctor = environment.json(&["doctor"]);
    assert_eq!(
        doctor["left_out"]["sessions"],
        serde_json::json!({ format!("{folder}/.dashcamignore"): 1 })
    );
}

#[test]
fn what_is_left_out_is_not_read_again_until_it_changes_or_the_rule_goes() {
    let environment = environment_with("[privacy]\nignore = [\"shop\"]\n");
    let session = ClaudeSession::default();
    let path = session.write_to(&environment);
    environment.import();
    let again = environment.import();
    assert_eq!(
        (&again["left_out"], &again["bytes_read"]),
        (&1.into(), &0.into())
    );

    std::fs::write(&path, session.text() + "\n").unwrap();
    assert_eq!(environment.import()["left_out"], 1);
    assert_eq!(sessions(&environment), 0);

    std::fs::write(environment.data().join("config.toml"), "").unwrap();
    let report = environment.import();
    assert_eq!(
        (&report["sessions"], &report["left_out"]),
        (&1.into(), &0.into())
    );
    assert_eq!(sessions(&environment), 1);
    assert_eq!(
        environment.json(&["doctor"])["left_out"]["sessions"],
        serde_json::json!({})
    );
}

#[test]
fn what_was_recorded_before_the_rule_stays_and_does_not_grow() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let lines = session.lines();
    environment.write(&session.path(), lines[..2].join("\n") + "\n");
    environment.import();
    std::fs::write(
        environment.data().join("config.toml"),
        "[privacy]\nignore = [\"shop\"]\n",
    )
    .unwrap();
    environment.write(&session.path(), session.text());
    assert_eq!(environment.import()["left_out"], 1);
    assert_eq!(sessions(&environment), 1);
    let text = environment.run(&["show", session.id]).stdout;
    assert!(!text.contains("forty-two"), "{text}");
    assert_eq!(
        environment.json(&["doctor"])["left_out"]["recorded_before"],
        serde_json::json!({"`shop` in config.toml": 1})
    );
}

#[test]
fn rules_that_cannot_be_read_stop_recording_and_say_so() {
    let environment = environment_with("[privacy]\nignored = [\"shop\"]\n");
    ClaudeSession::default().write_to(&environment);
    let run = environment.run(&["import"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("[privacy]") && run.stderr.contains("ignored"),
        "{}",
        run.stderr
    );
    assert_eq!(sessions(&environment), 0);
    let doctor = environment.run(&["doctor"]);
    assert!(
        doctor.stdout.contains("! nothing is recorded: "),
        "{}",
        doctor.stdout
    );
}
