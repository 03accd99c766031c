//! Whatever lies in the home or befalls the data folder: a message that says
//! what and where, and nothing else is lost.

use crate::environment::{Environment, Run, give_to, is_root};
use crate::history::ClaudeSession;
use std::fs::Permissions;
use std::io::{Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

const NOBODY: u32 = 65_534;

/// A second session beside the one that a test spoils.
const OTHER: ClaudeSession = ClaudeSession {
    id: "22222222-2222-4222-8222-222222222222",
    prompt: "Something else",
    answer: "Done.",
    day: "2026-08-21",
};

/// Runs as a user to whom permissions apply.
fn run_unprivileged(environment: &Environment, arguments: &[&str]) -> Run {
    let mut command: Command = environment.command(arguments);
    if is_root() {
        give_to(NOBODY, environment.home().parent().unwrap());
        command.uid(NOBODY).gid(NOBODY);
    }
    Run::of(&mut command)
}

fn sessions(environment: &Environment) -> usize {
    environment.json(&["sessions"])["sessions"]
        .as_array()
        .unwrap()
        .len()
}

#[test]
fn an_empty_home_gives_an_empty_list_and_says_what_to_do() {
    let environment = Environment::new();
    let report = environment.import();
    assert_eq!(report["sessions"], 0);
    let run = environment.run(&["sessions"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert!(run.stderr.contains("dashcam import"), "{}", run.stderr);
}

#[test]
fn a_home_that_is_no_folder_is_refused() {
    let environment = Environment::new();
    let run = environment.run(&["import", "--home", "/nonexistent/home"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("/nonexistent/home is not a folder"),
        "{}",
        run.stderr
    );
}

#[test]
fn commands_before_any_import_say_what_to_run() {
    let environment = Environment::new();
    for command in [
        vec!["sessions"],
        vec!["usage"],
        vec!["search", "x"],
        vec!["show", "x"],
    ] {
        let run = environment.run(&command);
        assert_eq!(run.code, 1, "{command:?}");
        assert!(
            run.stderr.contains("dashcam import"),
            "{command:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_file_without_permission_is_named_and_the_others_are_imported() {
    let environment = Environment::new();
    let closed = ClaudeSession::default().write_to(&environment);
    OTHER.write_to(&environment);
    std::fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    let run = run_unprivileged(&environment, &["import"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains(closed.to_str().unwrap()),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("permission denied"), "{}", run.stderr);
    assert_eq!(sessions(&environment), 1);
    let doctor = run_unprivileged(&environment, &["doctor"]);
    assert!(
        doctor.stdout.contains("permission denied"),
        "{}",
        doctor.stdout
    );
}

#[test]
fn a_folder_without_permission_is_named_and_the_others_are_imported() {
    let environment = Environment::new();
    let closed = environment.write(".claude/projects/-closed/x.jsonl", "{}\n");
    OTHER.write_to(&environment);
    let folder = closed.parent().unwrap();
    std::fs::set_permissions(folder, Permissions::from_mode(0o000)).unwrap();
    let run = run_unprivileged(&environment, &["import"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains(folder.to_str().unwrap()),
        "{}",
        run.stderr
    );
    assert_eq!(sessions(&environment), 1);
}

#[test]
fn lines_that_are_no_json_cost_only_themselves_and_doctor_names_them() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let mut lines = session.lines();
    lines.insert(1, "{ this is no json".to_owned());
    let mut bytes = lines.join("\n").into_bytes();
    bytes.extend_from_slice(b"\n\"\xff\xfe not utf-8\"\n{\"type\":\"user\",\"half\":");
    environment.write(&session.path(), bytes);
    let report = environment.import();
    assert_eq!(report["sessions"], 1);
    let shown = environment.json(&["show", session.id]);
    assert_eq!(shown["turns"][0]["prompt"]["text"], session.prompt);
    let doctor = environment.run(&["doctor"]);
    assert!(
        doctor.stdout.contains(&format!("{}.jsonl:2: ", session.id)),
        "{}",
        doctor.stdout
    );
    assert!(
        doctor.stdout.contains(&format!("{}.jsonl:6: ", session.id)),
        "{}",
        doctor.stdout
    );
}

#[test]
fn an_unknown_record_type_is_counted_and_shown() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let mut lines = session.lines();
    lines.push(r#"{"type":"hologram","payload":1}"#.to_owned());
    environment.write(&session.path(), lines.join("\n") + "\n");
    environment.import();
    let doctor = environment.run(&["doctor"]);
    assert!(doctor.stdout.contains("hologram (1)"), "{}", doctor.stdout);
}

#[test]
fn a_line_of_200_megabytes_is_read_and_its_neighbours_too() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let lines = session.lines();
    let path = environment.write(&session.path(), "");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for line in &lines[..2] {
        writeln!(file, "{line}").unwrap();
    }
    let (before, after) = lines[2].split_once("42 CHANGELOG.md").unwrap();
    file.write_all(before.as_bytes()).unwrap();
    for _ in 0..200 {
        file.write_all(&vec![b'x'; 1_000_000]).unwrap();
    }
    writeln!(file, "{after}").unwrap();
    writeln!(file, "{}", lines[3]).unwrap();
    drop(file);
    environment.import();
    let usage = environment.json(&["usage"]);
    assert_eq!(usage["total"]["model_calls"], 2);
    assert_eq!(
        environment.json(&["usage", "--from-disk"])["total"]["model_calls"],
        2
    );
    let shown = environment.json(&["show", session.id]);
    let spans = shown["turns"][0]["spans"].as_array().unwrap();
    let tool = spans
        .iter()
        .find(|span| span["kind"] == "tool_call")
        .unwrap();
    assert!(tool["output"]["omitted_bytes"].as_u64().unwrap() > 100_000_000);
}

#[test]
fn a_file_of_two_gigabytes_is_taken_in() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let path = session.write_to(&environment);
    // A hole of zeros: one line that is no JSON, and then a good one.
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(std::io::SeekFrom::Start(2 << 30)).unwrap();
    writeln!(
        file,
        "\n{{\"type\":\"summary\",\"summary\":\"A large one\",\"leafUuid\":\"x\"}}"
    )
    .unwrap();
    drop(file);
    OTHER.write_to(&environment);
    let report = environment.import();
    assert_eq!(report["sessions"], 2);
    assert_eq!(environment.json(&["usage"])["total"]["model_calls"], 4);
}

#[test]
fn a_read_only_data_folder_can_be_read_but_not_imported_into() {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    let run = run_unprivileged(&environment, &["import"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for entry in std::fs::read_dir(environment.data()).unwrap() {
        std::fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o400)).unwrap();
    }
    std::fs::set_permissions(environment.data(), Permissions::from_mode(0o500)).unwrap();
    let import = run_unprivileged(&environment, &["import"]);
    assert_eq!(import.code, 1);
    assert!(
        import.stderr.contains(environment.data().to_str().unwrap()),
        "{}",
        import.stderr
    );
    let list = run_unprivileged(&environment, &["sessions", "--json"]);
    std::fs::set_permissions(environment.data(), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(list.code, 0, "{}", list.stderr);
    assert!(list.stdout.contains("Count the lines"));
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let environment = Environment::new();
    let file = environment.write("occupied", "");
    let run = environment.run(&["import", "--data-dir", file.to_str().unwrap()]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains(file.to_str().unwrap()),
        "{}",
        run.stderr
    );
}

#[test]
fn a_full_disk_is_said_to_be_full_and_what_was_imported_stays() {
    let environment = Environment::new();
    std::fs::create_dir(environment.data()).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
        .arg(environment.data())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("SKIPPED: mounting a small file system needs root");
        return;
    }
    ClaudeSession::default().write_to(&environment);
    let small = environment.run(&["import"]);
    // Noise does not compress, so that the archive outgrows the file system.
    let mut noise = String::new();
    for number in 0_u64..400_000 {
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17);
        noise.push_str(&format!("{mixed:016x}"));
    }
    let mut lines = OTHER.lines();
    lines[0] = lines[0].replace("Something else", &noise);
    environment.write(&OTHER.path(), lines.join("\n"));
    let full = environment.run(&["import"]);
    let list = environment.run(&["sessions", "--json"]);
    let unmounted = Command::new("umount")
        .arg(environment.data())
        .status()
        .unwrap();
    assert!(unmounted.success());
    assert_eq!(small.code, 0, "{}", small.stderr);
    assert_eq!(full.code, 1, "{}", full.stderr);
    assert!(
        full.stderr.contains("no room left on the disk"),
        "{}",
        full.stderr
    );
    assert!(
        list.stdout.contains("Count the lines"),
        "{} {}",
        list.stdout,
        list.stderr
    );
}

#[test]
fn a_file_that_vanishes_loses_nothing() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    let path = session.write_to(&environment);
    environment.import();
    let before = environment.json(&["show", session.id]);
    std::fs::remove_file(path).unwrap();
    environment.import();
    assert_eq!(environment.json(&["show", session.id]), before);
    let doctor = environment.run(&["doctor"]);
    assert!(
        doctor.stdout.contains("1 files are gone from disk"),
        "{}",
        doctor.stdout
    );
    let run = environment.run(&["reindex"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(environment.json(&["show", session.id]), before);
}

#[test]
fn a_rewritten_file_is_decoded_anew() {
    let environment = Environment::new();
    let session = ClaudeSession::default();
    session.write_to(&environment);
    environment.import();
    let changed = ClaudeSession {
        prompt: "Another question",
        ..ClaudeSession::default()
    };
    changed.write_to(&environment);
    environment.import();
    let shown = environment.json(&["show", session.id]);
    assert_eq!(shown["turns"][0]["prompt"]["text"], "Another question");
    assert_eq!(environment.json(&["usage"])["total"]["model_calls"], 2);
    // Cut short: what is gone from the file is gone from the session.
    environment.write(&session.path(), changed.lines()[..2].join("\n") + "\n");
    environment.import();
    assert_eq!(environment.json(&["usage"])["total"]["model_calls"], 1);
}

#[test]
fn links_in_a_circle_are_followed_once() {
    let environment = Environment::new();
    ClaudeSession::default().write_to(&environment);
    let projects = environment.home().join(".claude/projects");
    std::os::unix::fs::symlink(&projects, projects.join("again")).unwrap();
    let run = environment.run(&["import", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sessions(&environment), 1);
    assert_eq!(environment.json(&["usage"])["total"]["model_calls"], 2);
}
