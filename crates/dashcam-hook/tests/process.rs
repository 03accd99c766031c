//! The hook as harnesses run it: a process that never fails and never speaks.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dashcam_spool::{Header, Item, Items, Lock, segments};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn hook(data: &Path) -> Command {
    hook_at("PreToolUse", data)
}

fn hook_at(event: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dashcam-hook"));
    command
        .args(["claude-code", event])
        .env_clear()
        .env("DASHCAM_DATA_DIR", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn tell(mut child: Child, payload: &[u8]) -> Output {
    let mut stdin = child.stdin.take().unwrap();
    // A hook that has given up closes its end.
    let _ = stdin.write_all(payload);
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// The hook ended well and said nothing.
fn assert_silent(output: &Output) {
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&[][..], &[][..])
    );
}

/// What stands in the spool, and how many bytes are no record.
fn spooled(data: &Path) -> (Vec<(Header, Vec<u8>)>, usize) {
    let (mut records, mut skipped) = (Vec::new(), 0);
    for segment in segments(data).unwrap() {
        let bytes = std::fs::read(segment.path).unwrap();
        let mut items = Items::new(&bytes);
        for item in &mut items {
            match item {
                Item::Record { header, payload } => records.push((header, payload.to_vec())),
                Item::Skipped(range) => skipped += range.len(),
            }
        }
        skipped += bytes.len() - items.consumed();
    }
    (records, skipped)
}

#[test]
fn an_event_is_kept_with_where_it_came_from() {
    let data = tempfile::tempdir().unwrap();
    let payload = br#"{"session_id":"s-1","tool_name":"Bash"}"#;
    let child = hook(data.path())
        .env(
            "TRACEPARENT",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .env("CI", "true")
        .env("SECRET_TOKEN", "hush")
        .spawn()
        .unwrap();
    assert_silent(&tell(child, payload));
    let (records, skipped) = spooled(data.path());
    assert_eq!((records.len(), skipped), (1, 0));
    let (header, kept) = &records[0];
    assert_eq!(kept, payload);
    assert_eq!(header.harness, "claude-code");
    assert_eq!(header.event, "PreToolUse");
    assert_eq!(header.session.as_deref(), Some("s-1"));
    assert_eq!(header.parent_pid, Some(std::process::id()));
    assert!(header.time_ns > 1_700_000_000_000_000_000);
    assert!(!header.cut);
    let env: Vec<_> = header.env.keys().map(String::as_str).collect();
    assert_eq!(env, ["CI", "TRACEPARENT"]);
}

#[test]
fn fifty_agents_at_once_lose_nothing() {
    let data = tempfile::tempdir().unwrap();
    let sizes = [10, 900, 60_000, 300_000, 4_000_000];
    let payload = |number: usize| {
        let mut payload = format!("{{\"session_id\":\"s{number}\",\"x\":\"").into_bytes();
        payload.resize(
            payload.len() + sizes[number % sizes.len()],
            b'a' + (number % 26) as u8,
        );
        payload.extend_from_slice(b"\"}");
        payload
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..50)
            .map(|number| {
                let data = data.path();
                scope.spawn(move || {
                    let payload = payload(number);
                    let child = hook_at(&number.to_string(), data).spawn().unwrap();
                    tell(child, &payload)
                })
            })
            .collect();
        for run in running {
            assert_silent(&run.join().unwrap());
        }
    });
    let (records, skipped) = spooled(data.path());
    assert_eq!((records.len(), skipped), (50, 0));
    for (header, kept) in records {
        let number: usize = header.event.parse().unwrap();
        let sent = payload(number);
        // Fifty processes on few cores may run out of time.
        assert!(
            kept == sent || header.cut && sent.starts_with(&kept),
            "{number}"
        );
    }
}

#[test]
fn a_kill_at_any_moment_harms_no_other_event() {
    let data = tempfile::tempdir().unwrap();
    let payload = vec![b'x'; 2_000_000];
    for round in 0..20 {
        let mut child = hook(data.path()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let payload = payload.clone();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&payload)));
        std::thread::sleep(Duration::from_micros(round * 300));
        child.kill().unwrap();
        child.wait().unwrap();
        writer.join().unwrap();
        assert_silent(&tell(hook(data.path()).spawn().unwrap(), b"whole"));
    }
    let (records, _) = spooled(data.path());
    let whole = records.iter().filter(|(_, kept)| kept == b"whole");
    assert_eq!(whole.count(), 20);
}

#[test]
fn an_input_that_never_ends_is_given_up() {
    let data = tempfile::tempdir().unwrap();
    let mut child = hook(data.path()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"session_id\":\"s\",").unwrap();
    stdin.flush().unwrap();
    // Its input stays open all the while.
    assert_silent(&child.wait_with_output().unwrap());
    let (records, _) = spooled(data.path());
    assert_eq!(records.len(), 1);
    assert!(records[0].0.cut);
    drop(stdin);
}

#[test]
fn a_closed_input_is_an_empty_one() {
    let data = tempfile::tempdir().unwrap();
    let child = hook(data.path()).stdin(Stdio::null()).spawn().unwrap();
    assert_silent(&child.wait_with_output().unwrap());
    assert_eq!(spooled(data.path()).0[0].1, b"");
}

#[test]
fn nowhere_to_write_is_nobodys_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let in_the_way = file.join("data");
    for data in [
        in_the_way.as_path(),
        Path::new("/proc/none"),
        Path::new("/dev/null"),
    ] {
        assert_silent(&tell(hook(data).spawn().unwrap(), b"{}"));
    }
    let mut homeless = hook(folder.path());
    homeless
        .env_remove("DASHCAM_DATA_DIR")
        .env("HOME", "/nonexistent");
    assert_silent(&tell(homeless.spawn().unwrap(), b"{}"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_only_what_does_not_fit() {
    let data = tempfile::tempdir().unwrap();
    let command = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{}' claude-code PreToolUse",
        env!("CARGO_BIN_EXE_dashcam-hook")
    );
    let limited = |payload: &[u8]| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &command])
            .env("DASHCAM_DATA_DIR", data.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        tell(shell.spawn().unwrap(), payload)
    };
    assert_silent(&limited(b"first"));
    assert_silent(&limited(&vec![b'x'; 100_000]));
    assert_silent(&limited(b"no room"));
    // There is room again.
    assert_silent(&tell(hook(data.path()).spawn().unwrap(), b"last"));
    let (records, skipped) = spooled(data.path());
    let kept: Vec<_> = records.iter().map(|(_, kept)| kept.as_slice()).collect();
    assert_eq!(kept, [b"first".as_slice(), b"last"]);
    assert!(skipped > 0);
}

#[test]
fn words_that_are_missing_keep_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dashcam-hook"));
    command
        .env("DASHCAM_DATA_DIR", data.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    assert_silent(&tell(command.spawn().unwrap(), b"{}"));
    assert_eq!(spooled(data.path()).0.len(), 0);
}

#[cfg(unix)]
#[test]
fn the_end_of_a_turn_starts_a_flush_unless_someone_works() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let own = bin.join("dashcam-hook");
    std::fs::copy(env!("CARGO_BIN_EXE_dashcam-hook"), &own).unwrap();
    let flush = bin.join("dashcam");
    let told = folder.path().join("told");
    let script = format!("#!/bin/sh\necho \"$@\" >> '{}'\n", told.display());
    std::fs::write(&flush, script).unwrap();
    std::fs::set_permissions(&flush, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |event: &str| {
        let mut command = Command::new(&own);
        command
            .args(["codex", event])
            .env("DASHCAM_DATA_DIR", &data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        assert_silent(&tell(command.spawn().unwrap(), b"{}"));
    };
    run("PreToolUse");
    run("Stop");
    let expected = format!("flush --data-dir {}\n", data.display());
    let mut seen = String::new();
    for _ in 0..600 {
        seen = std::fs::read_to_string(&told).unwrap_or_default();
        if !seen.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(seen, expected);
    for lock in [Lock::Watching, Lock::Flush] {
        let _held = lock.take(&data).unwrap().unwrap();
        run("Stop");
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(std::fs::read_to_string(&told).unwrap(), expected);
    assert_eq!(spooled(&data).0.len(), 4);
}
