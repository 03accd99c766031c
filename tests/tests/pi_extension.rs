//! pi and Oh My Pi with dashcam's extension: what it tells joins what they
//! write down, no step twice, and nothing that befalls it harms a session.

#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]
#![cfg(unix)]

use dashcam_e2e::{
    Ended, Pi, Recorded, Workbench, check, events, from_log, model_calls, tool_calls,
};
use dashcam_trace::{EventKind, Harness, Session, Source, SpanBody, Status, Timing};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const PROMPT: &str = "Send out the animals, or do what else there is to do.";

/// Runs it once in a bench that is connected.
fn run(pi: &Pi, bench: &mut Workbench, scenario: &str) -> Ended {
    let server = bench.serve(scenario);
    let ended = pi.run(bench, &server, &[], &[PROMPT]);
    bench.finish(server);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended
}

/// Waits until what the session's end was told by is taken in, and compares.
fn recorded(bench: &Workbench) -> Recorded {
    let recorded = bench.wait_for_flush(|recorded| {
        let mut sessions = recorded.sessions.iter();
        sessions.any(|session| {
            let mut tools = tool_calls(session);
            events(session, EventKind::SessionEnd).count() == 1
                && tools.all(|(span, _)| span.sources.contains(Source::Hook))
        })
    });
    check(&recorded, &from_log(Harness::Omp, bench.log()));
    recorded
}

fn coding(pi: &Pi) -> &'static str {
    if pi.is_oh_my_pi() {
        "omp/coding"
    } else {
        "pi/coding"
    }
}

/// Nothing of ours is left in the home.
fn disconnect(bench: &Workbench) {
    bench.dashcam(&["disconnect", "omp"]);
    for folder in [".pi/agent/extensions", ".omp/agent/extensions"] {
        assert!(!bench.home().join(folder).exists(), "{folder}");
    }
}

fn both_sources(session: &Session) {
    let calls = tool_calls(session).map(|(span, _)| span);
    for span in calls.chain([&session.turns[0].spans[0]]) {
        assert!(span.sources.contains(Source::Hook), "{span:#?}");
        assert!(span.sources.contains(Source::Transcript), "{span:#?}");
    }
}

#[test]
fn what_it_measures_joins_the_session_with_nothing_running() {
    for pi in Pi::both() {
        let mut bench = Workbench::new();
        bench.dashcam(&["connect", "omp"]);
        let ended = run(&pi, &mut bench, coding(&pi));
        assert!(bench.file("price.sh").contains("$1 + $2"));
        let recorded = recorded(&bench);
        let session = recorded.session(&Pi::session(&ended));
        both_sources(session);
        assert_eq!(tool_calls(session).count(), 6);
        for (span, _) in tool_calls(session) {
            assert_eq!(span.timing, Timing::Measured, "{span:#?}");
        }
        for (span, call) in model_calls(session) {
            let ttft = call.ttft_ms.unwrap();
            let whole = span.end.unwrap().duration_since(span.start).as_secs_f64();
            assert!((0.0..=whole * 1e3).contains(&ttft), "{ttft} of {whole} s");
        }
        assert_eq!(session.entrypoint.as_deref(), Some("json"));
        let version = pi.is_oh_my_pi().then_some("17.3.5");
        assert_eq!(session.version.as_deref(), version);
        disconnect(&bench);
    }
}

#[test]
fn attempts_that_failed_are_attempts_of_their_call() {
    for pi in Pi::both() {
        let mut bench = Workbench::new();
        bench.dashcam(&["connect", "omp"]);
        // Most failures Oh My Pi's provider repeats without a word to anybody.
        let (scenario, expected): (_, &[_]) = if pi.is_oh_my_pi() {
            ("omp/retries", &[(Some(1), 2), (None, 0)])
        } else {
            ("pi/api-errors", &[(Some(2), 3), (Some(2), 3)])
        };
        let ended = run(&pi, &mut bench, scenario);
        let recorded = recorded(&bench);
        let session = recorded.session(&Pi::session(&ended));
        let attempts: Vec<_> = model_calls(session)
            .map(|(_, call)| (call.retries, call.attempts.len()))
            .collect();
        assert_eq!(attempts, expected);
        let (first, call) = model_calls(session).next().unwrap();
        assert_eq!(call.attempts.last(), Some(&first.start));
        assert!(call.attempts.is_sorted());
        assert!(first.sources.contains(Source::Hook), "{first:#?}");
    }
}

#[test]
fn a_summary_says_when_it_was_begun() {
    for pi in Pi::both() {
        let mut bench = Workbench::new();
        bench.dashcam(&["connect", "omp"]);
        let server = bench.serve("pi/compaction");
        let extension = Pi::extension("sum");
        let arguments: Vec<&str> = extension.iter().map(String::as_str).collect();
        let prompts = ["How many fruits?", "/sum", "Sure?"];
        let ended = pi.run(&bench, &server, &arguments, &prompts);
        bench.finish(server);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let recorded = bench.record();
        let summaries: Vec<_> = events(recorded.only_session(), EventKind::Compaction).collect();
        let [(span, _)] = summaries[..] else {
            panic!("{summaries:#?}")
        };
        assert!(span.sources.contains(Source::Hook), "{span:#?}");
        assert!(Some(span.start) < span.end, "{span:#?}");
    }
}

#[test]
fn an_agent_is_told_of_as_part_of_its_session() {
    let Some(omp) = Pi::find_oh_my_pi() else {
        return;
    };
    let mut bench = Workbench::new();
    bench.dashcam(&["connect", "oh-my-pi"]);
    let ended = run(&omp, &mut bench, "omp/agents");
    let recorded = recorded(&bench);
    assert_eq!(recorded.sessions.len(), 1);
    let session = recorded.session(&Pi::session(&ended));
    let runs = session
        .spans()
        .filter(|span| matches!(span.body, SpanBody::AgentRun(_)))
        .map(|span| span.status);
    assert_eq!(runs.collect::<Vec<_>>(), [Status::Ok, Status::Ok]);
}

/// With nobody to ask, Oh My Pi refuses by itself.
#[test]
fn who_was_asked_for_permission_is_an_event_below_the_call() {
    let Some(omp) = Pi::find_oh_my_pi() else {
        return;
    };
    let mut bench = Workbench::new();
    bench.dashcam(&["connect", "oh-my-pi"]);
    let server = bench.serve("omp/permission");
    let arguments = ["--approval-mode", "always-ask"];
    let ended = omp.run(&bench, &server, &arguments, &[PROMPT]);
    bench.finish(server);
    let recorded = recorded(&bench);
    let session = recorded.session(&Pi::session(&ended));
    let permissions: Vec<_> = events(session, EventKind::Permission).collect();
    let [(permission, event)] = permissions[..] else {
        panic!("{permissions:#?}")
    };
    assert_eq!(event.text.as_deref(), Some("reject"));
    assert!(permission.end >= Some(permission.start));
    let (call, _) = tool_calls(session).next().unwrap();
    assert_eq!(permission.parent, Some(call.id));
    assert_eq!(call.status, Status::Error);
}

#[test]
fn a_project_alone_can_be_connected() {
    // pi asks first whether a project is to be trusted; Oh My Pi does not.
    let Some(omp) = Pi::find_oh_my_pi() else {
        return;
    };
    let mut bench = Workbench::new();
    bench.dashcam_in_repository(&["connect", "oh-my-pi", "--project"]);
    assert!(!bench.home().join(".omp").exists());
    run(&omp, &mut bench, "omp/coding");
    let recorded = recorded(&bench);
    both_sources(recorded.only_session());
    bench.dashcam_in_repository(&["disconnect", "oh-my-pi", "--project"]);
    assert!(!bench.repository().join(".omp").exists());
}

#[test]
fn a_program_that_is_gone_harms_nothing() {
    for pi in Pi::both() {
        let mut bench = Workbench::new();
        let program = bench.folder().join("dashcam-hook");
        fs::write(&program, "#!/bin/sh\n").unwrap();
        let path = program.to_str().unwrap();
        bench.dashcam(&["connect", "omp", "--hook-program", path]);
        fs::remove_file(&program).unwrap();
        let ended = run(&pi, &mut bench, coding(&pi));
        assert!(bench.file("price.sh").contains("$1 + $2"), "{ended:#?}");
        check(&bench.record(), &from_log(Harness::Omp, bench.log()));
        disconnect(&bench);
    }
}

/// A program that cannot be started, and one that talks, fails and lingers.
#[test]
fn a_program_that_misbehaves_is_not_listened_to() {
    let scripts = [
        ("no program\n", 0o644),
        (
            "#!/bin/sh\n\
             cat > /dev/null\n\
             echo \"$1 $2\" >> \"$0.log\"\n\
             echo '{\"block\": true, \"cancel\": true, \"decision\": \"block\"}'\n\
             echo 'no, do not' >&2\n\
             sleep 3\n\
             exit 2\n",
            0o755,
        ),
    ];
    for pi in Pi::both() {
        for (script, mode) in scripts {
            let mut bench = Workbench::new();
            let program = bench.folder().join("dashcam-hook");
            fs::write(&program, script).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
            let path = program.to_str().unwrap();
            bench.dashcam(&["connect", "omp", "--hook-program", path]);
            let ended = run(&pi, &mut bench, coding(&pi));
            assert!(bench.file("price.sh").contains("$1 + $2"));
            assert!(!ended.stderr.contains("dashcam"), "{}", ended.stderr);
            check(&bench.record(), &from_log(Harness::Omp, bench.log()));
            if mode == 0o755 {
                let log = fs::read_to_string(program.with_file_name("dashcam-hook.log")).unwrap();
                for event in ["session_start", "measured", "agent_end", "session_shutdown"] {
                    assert!(log.contains(&format!("omp {event}\n")), "{log}");
                }
            }
        }
    }
}
