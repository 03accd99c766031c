//! Hooks registered by `dashcam connect`, run by real harnesses: what is told,
//! and that a hook that is missing or mad harms no session.

#![expect(clippy::unwrap_used, reason = "a test stops at what should not be")]
#![cfg(unix)]

use dashcam_e2e::{ClaudeCode, Codex, Copilot, Ended, Gemini, Workbench};
use dashcam_model_server::ModelServer;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const PROMPT: &str = "Do what there is to do.";

/// Runs a harness once in a workbench, against a model server.
type RunOnce = dyn Fn(&Workbench, &ModelServer) -> Ended;

/// One harness, as these tests use it.
struct Subject {
    name: &'static str,
    /// A file of settings that the person has, and what it holds.
    settings: (&'static str, &'static str),
    run: Box<RunOnce>,
    /// Events that the scenario cannot do without.
    events: &'static [&'static str],
}

fn claude_code() -> Option<Subject> {
    let claude = ClaudeCode::find()?;
    Some(Subject {
        name: "claude-code",
        settings: (
            ".claude/settings.json",
            "{\n\t\"cleanupPeriodDays\": 90,\n\t\"hooks\": {}\n}",
        ),
        run: Box::new(move |bench, server| claude.run(bench, server, &[], PROMPT)),
        events: &[
            "SessionStart",
            "UserPromptSubmit",
            "PreToolUse",
            "PostToolUse",
            "PostToolUseFailure",
            "Stop",
            "SessionEnd",
        ],
    })
}

fn codex() -> Option<Subject> {
    let codex = Codex::find()?;
    Some(Subject {
        name: "codex",
        settings: (".codex/hooks.json", ""),
        run: Box::new(move |bench, server| {
            // A person trusts hooks once with /hooks, which needs a terminal.
            codex.run(bench, server, &["--dangerously-bypass-hook-trust"], PROMPT)
        }),
        events: &[
            "SessionStart",
            "UserPromptSubmit",
            "PreToolUse",
            "PostToolUse",
            "Stop",
        ],
    })
}

fn gemini() -> Option<Subject> {
    let gemini = Gemini::find()?;
    Some(Subject {
        name: "gemini",
        settings: (".gemini/settings.json", Gemini::SETTINGS),
        run: Box::new(move |bench, server| gemini.run(bench, server, PROMPT)),
        events: &[
            "SessionStart",
            "BeforeAgent",
            "BeforeTool",
            "AfterTool",
            "AfterAgent",
            "SessionEnd",
        ],
    })
}

fn copilot() -> Option<Subject> {
    let copilot = Copilot::find()?;
    Some(Subject {
        name: "copilot",
        settings: (
            ".copilot/hooks/mine.json",
            "{\"version\": 1, \"hooks\": {}}\n",
        ),
        run: Box::new(move |bench, server| copilot.run(bench, server, PROMPT)),
        events: &[
            "sessionStart",
            "userPromptSubmitted",
            "preToolUse",
            "permissionRequest",
            "postToolUse",
            "agentStop",
            "sessionEnd",
        ],
    })
}

/// Connected all at once, as some harnesses read the settings of others.
const ALL: [&str; 5] = ["claude-code", "codex", "cursor", "gemini", "copilot"];

/// A bench with the person's settings, connected to a program.
fn connected(subject: &Subject, program: &str) -> (Workbench, PathBuf) {
    let bench = Workbench::new();
    let settings = bench.home().join(subject.settings.0);
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    fs::write(&settings, subject.settings.1).unwrap();
    let program = bench.folder().join(program);
    let path = program.to_str().unwrap();
    let connect = [&["connect"], &ALL[..], &["--hook-program", path]].concat();
    bench.dashcam(&connect);
    (bench, program)
}

/// Runs the session to its end: every tool did its work.
fn run_to_the_end(subject: &Subject, bench: &mut Workbench) {
    let server = bench.serve(&format!("{}/coding", subject.name));
    let ended = (subject.run)(bench, &server);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    assert!(bench.file("price.sh").contains("$1 + $2"), "{ended:#?}");
}

/// Disconnects, after which settings are what they were.
fn disconnect(subject: &Subject, bench: &Workbench) {
    bench.dashcam(&["disconnect", "--all"]);
    let settings = fs::read_to_string(bench.home().join(subject.settings.0)).unwrap();
    assert_eq!(settings, subject.settings.1);
}

fn a_missing_program_harms_nothing(subject: Option<Subject>) {
    let Some(subject) = subject else { return };
    let (mut bench, program) = connected(&subject, "gone/dashcam-hook");
    assert!(!program.exists());
    run_to_the_end(&subject, &mut bench);
    disconnect(&subject, &bench);
}

/// Every event is told, and a program that talks and fails is not listened to.
fn events_are_told(subject: Option<Subject>) {
    let Some(subject) = subject else { return };
    let (mut bench, program) = connected(&subject, "dashcam-hook");
    let script = "#!/bin/sh\n\
        payload=$(cat)\n\
        printf '%s %s %s\\n' \"$1\" \"$2\" \"$(printf %s \"$payload\" | wc -c)\" >> \"$0.log\"\n\
        echo '{\"decision\": \"block\", \"continue\": false, \"permissionDecision\": \"deny\"}'\n\
        echo 'no, do not' >&2\n\
        exit 2\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    run_to_the_end(&subject, &mut bench);
    let log = fs::read_to_string(program.with_file_name("dashcam-hook.log")).unwrap();
    let told: Vec<Vec<&str>> = log
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    // Nothing is told twice, under another harness's name.
    assert!(told.iter().all(|call| call[0] == subject.name), "{log}");
    for event in subject.events {
        let calls: Vec<_> = told.iter().filter(|call| call[1] == *event).collect();
        assert!(!calls.is_empty(), "{event} is not in\n{log}");
        for call in calls {
            assert!(
                call[2].parse::<usize>().unwrap() > 20,
                "no payload: {call:?}"
            );
        }
    }
    // One call of a tool, one event.
    let tools = told
        .iter()
        .filter(|call| matches!(call[1], "PreToolUse" | "preToolUse" | "BeforeTool"))
        .count();
    let served = bench.log().iter().map(|entry| entry.reply.tool_calls.len());
    assert_eq!(tools, served.sum::<usize>(), "{log}");
    disconnect(&subject, &bench);
}

#[test]
fn claude_code_is_not_harmed_by_a_missing_hook() {
    a_missing_program_harms_nothing(claude_code());
}

#[test]
fn codex_is_not_harmed_by_a_missing_hook() {
    a_missing_program_harms_nothing(codex());
}

#[test]
fn gemini_is_not_harmed_by_a_missing_hook() {
    a_missing_program_harms_nothing(gemini());
}

#[test]
fn copilot_is_not_harmed_by_a_missing_hook() {
    a_missing_program_harms_nothing(copilot());
}

#[test]
fn claude_code_tells_its_events() {
    events_are_told(claude_code());
}

#[test]
fn codex_tells_its_events() {
    events_are_told(codex());
}

#[test]
fn gemini_tells_its_events() {
    events_are_told(gemini());
}

#[test]
fn copilot_tells_its_events() {
    events_are_told(copilot());
}
