//! Sessions in a harness's database: found, read, followed, kept.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_harness::{HarnessReader, Home};
use dashcam_insight::Prices;
use dashcam_recorder::{
    Change, Follower, ImportReport, Importer, NoProgress, disk_usage_report, exclusions,
};
use dashcam_store::view::{SessionFilter, SessionSummary, UsageQuery};
use dashcam_store::{Store, Wait};
use dashcam_trace::{Session, SpanBody};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

/// The tables of `opencode.db` (1.18.33), as far as sessions are in them.
const SCHEMA: &str = "
    CREATE TABLE session (id text PRIMARY KEY, project_id text NOT NULL, parent_id text,
        directory text NOT NULL, title text NOT NULL, version text NOT NULL, revert text,
        time_created integer NOT NULL, time_updated integer NOT NULL);
    CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL,
        time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
    CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL,
        time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
    CREATE TABLE event_sequence (aggregate_id text PRIMARY KEY, seq integer NOT NULL);
    CREATE INDEX message_session_time_created_id_idx ON message (session_id, time_created, id);
    CREATE INDEX part_message_id_id_idx ON part (message_id, id);
    CREATE INDEX part_session_idx ON part (session_id);";

const BEGAN: i64 = 1_795_430_000_000;

struct Bench {
    folder: tempfile::TempDir,
    store: Arc<Store>,
    home: Home,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir_all(home.join(".local/share/opencode")).unwrap();
        Self {
            store: Arc::new(Store::open(&folder.path().join("data")).unwrap()),
            home: Home::at(home),
            folder,
        }
    }

    fn path(&self) -> PathBuf {
        self.home.folder.join(".local/share/opencode/opencode.db")
    }

    /// The harness's own connection to its database.
    fn harness(&self) -> OpenCode {
        let connection = Connection::open(self.path()).unwrap();
        connection
            .pragma_update(None, "journal_mode", "wal")
            .unwrap();
        let is_new: bool = connection
            .query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| {
                row.get(0)
            })
            .unwrap();
        if is_new {
            connection.execute_batch(SCHEMA).unwrap();
        }
        OpenCode { connection }
    }

    fn with_importer<T>(&self, work: impl FnOnce(&Importer<'_>) -> T) -> T {
        let readers: Vec<&dyn HarnessReader> = dashcam_harness::all().to_vec();
        let prices = Prices::load("").unwrap();
        let importer = Importer::new(&self.store, &prices, &self.home, &readers);
        let _lock = self.store.import_lock(Wait::PATIENT, || {}).unwrap();
        work(&importer)
    }

    fn import(&self) -> ImportReport {
        self.with_importer(|importer| importer.import(&NoProgress).unwrap())
    }

    fn list(&self) -> Vec<SessionSummary> {
        self.store
            .sessions(&SessionFilter::default())
            .unwrap()
            .sessions
    }

    fn session(&self, native_id: &str) -> Session {
        let list = self.list();
        let found = list.iter().find(|session| session.native_id == native_id);
        self.store.session(found.unwrap().id).unwrap()
    }

    /// The files in the harness's folder, with what is in them.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.path().parent().unwrap()).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect()
    }
}

/// A harness that writes sessions.
struct OpenCode {
    connection: Connection,
}

impl OpenCode {
    fn session(&self, id: &str, parent: Option<&str>) {
        self.connection
            .execute(
                "INSERT INTO session VALUES (?1, 'p', ?2, '/work/shop', 'Shop', '1.18.33', NULL, ?3, ?3)",
                params![id, parent, BEGAN],
            )
            .unwrap();
    }

    /// A prompt and its answer, which used so many tokens.
    fn turn(&self, session: &str, number: i64, output: u64) {
        // No two sessions do the same at the same moment.
        let place = i64::from(session.as_bytes()[session.len() - 1]);
        let at = BEGAN + number * 1000 + place;
        let (prompt, answer) = (
            format!("msg_{number}a_{session}"),
            format!("msg_{number}b_{session}"),
        );
        self.message(
            &prompt,
            session,
            at,
            &json!({ "role": "user", "time": { "created": at } }),
        );
        self.part(
            &prompt,
            session,
            at,
            &json!({ "type": "text", "text": format!("question {number}") }),
        );
        let tokens = json!({ "total": 110 + output, "input": 100, "output": output, "reasoning": 0,
                             "cache": { "read": 10, "write": 0 } });
        let record = json!({
            "role": "assistant", "parentID": prompt, "modelID": "m1", "providerID": "scripted",
            "cost": 0.5, "tokens": tokens, "finish": "stop",
            "time": { "created": at + 100, "completed": at + 500 },
        });
        self.message(&answer, session, at + 100, &record);
        self.part(&answer, session, at + 110, &json!({ "type": "step-start" }));
        self.part(
            &answer,
            session,
            at + 120,
            &json!({ "type": "text", "text": format!("answer {number}") }),
        );
        let finish =
            json!({ "type": "step-finish", "reason": "stop", "cost": 0.5, "tokens": tokens });
        self.part(&answer, session, at + 400, &finish);
    }

    fn message(&self, id: &str, session: &str, at: i64, data: &Value) {
        self.connection
            .execute(
                "INSERT INTO message VALUES (?1, ?2, ?3, ?3, ?4)",
                params![id, session, at, data.to_string()],
            )
            .unwrap();
    }

    fn part(&self, message: &str, session: &str, at: i64, data: &Value) {
        let id = format!("prt_{at}_{message}");
        self.connection
            .execute(
                "INSERT INTO part VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
                params![id, message, session, at, data.to_string()],
            )
            .unwrap();
        self.connection
            .execute(
                "UPDATE session SET time_updated = max(time_updated, ?2) WHERE id = ?1",
                params![session, at],
            )
            .unwrap();
    }
}

fn prompts(session: &Session) -> Vec<&str> {
    session
        .turns
        .iter()
        .map(|turn| turn.prompt.text.as_str())
        .collect()
}

#[test]
fn only_sessions_that_changed_are_read_again() {
    let bench = Bench::new();
    let harness = bench.harness();
    for session in ["ses_a", "ses_b", "ses_c"] {
        harness.session(session, None);
        harness.turn(session, 1, 7);
    }
    assert_eq!(bench.import().sessions, 3);
    assert_eq!(bench.session("ses_b").tokens().completion, 7);

    let report = bench.import();
    assert_eq!(
        (report.files_seen, report.sessions, report.bytes_read),
        (0, 0, 0)
    );

    harness.turn("ses_b", 2, 8);
    let report = bench.import();
    assert_eq!(
        (report.files_seen, report.files_changed, report.sessions),
        (3, 1, 1)
    );
    assert_eq!(
        prompts(&bench.session("ses_b")),
        ["question 1", "question 2"]
    );
    assert_eq!(bench.session("ses_b").tokens().completion, 15);
}

#[test]
fn a_row_that_changes_in_place_is_noticed() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    bench.import();
    let changed = harness
        .connection
        .execute(
            "UPDATE part SET data = json_set(data, '$.text', 'another answer'), time_updated = ?1
             WHERE data LIKE '%answer 1%'",
            [BEGAN + 90_000],
        )
        .unwrap();
    assert_eq!(changed, 1);
    assert_eq!(bench.import().sessions, 1);
    let session = bench.session("ses_a");
    let shown = serde_json::to_string(&session.turns).unwrap();
    assert!(shown.contains("another answer"), "{shown}");
}

#[test]
fn the_harness_finds_its_files_as_it_left_them() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    // While it runs: all is in the log.
    let before = bench.files();
    assert!(before["opencode.db-wal"].len() > 1000);
    assert_eq!(bench.import().sessions, 1);
    let after = bench.files();
    for name in ["opencode.db", "opencode.db-wal"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    // The reader left no lock behind.
    harness.turn("ses_a", 2, 7);
    harness
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            assert_eq!(row.get::<_, i64>(0).unwrap(), 0, "a reader is in the way");
            Ok(())
        })
        .unwrap();
    drop(harness);

    // And when it has ended: one file, and nothing beside it.
    let before = bench.files();
    assert_eq!(before.len(), 1);
    assert_eq!(bench.import().sessions, 1);
    assert_eq!(bench.files(), before);
}

#[test]
fn a_database_is_read_while_it_is_being_written() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    harness.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    harness.turn("ses_a", 2, 7);
    let report = bench.import();
    assert!(report.unreadable.is_empty(), "{:?}", report.unreadable);
    assert_eq!(prompts(&bench.session("ses_a")), ["question 1"]);
    harness.connection.execute_batch("COMMIT").unwrap();
    bench.import();
    assert_eq!(
        prompts(&bench.session("ses_a")),
        ["question 1", "question 2"]
    );
}

#[test]
fn what_vanishes_is_kept() {
    let bench = Bench::new();
    let harness = bench.harness();
    for session in ["ses_a", "ses_b"] {
        harness.session(session, None);
        harness.turn(session, 1, 7);
    }
    bench.import();
    // The harness deletes a session; the other goes on.
    harness
        .connection
        .execute_batch(
            "DELETE FROM part WHERE session_id = 'ses_a'; DELETE FROM message WHERE session_id = 'ses_a';
             DELETE FROM session WHERE id = 'ses_a'",
        )
        .unwrap();
    bench.import();
    assert_eq!(bench.list().len(), 2);
    drop(harness);
    for name in bench.files().keys() {
        std::fs::remove_file(bench.path().with_file_name(name)).unwrap();
    }
    bench.import();
    let (a, b) = (bench.session("ses_a"), bench.session("ses_b"));
    let states = bench.store.files().unwrap();
    assert_eq!(states.len(), 3);
    assert!(states.iter().all(|state| state.vanished));
    bench.with_importer(|importer| importer.reindex(&NoProgress).unwrap());
    assert_eq!((bench.session("ses_a"), bench.session("ses_b")), (a, b));
}

#[test]
fn a_turn_that_is_taken_back_and_deleted_still_counts() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    harness.turn("ses_a", 2, 8);
    bench.import();
    // As OpenCode does with the next prompt after `/undo`.
    harness
        .connection
        .execute_batch(
            "DELETE FROM part WHERE message_id LIKE 'msg_2%'; DELETE FROM message WHERE id LIKE 'msg_2%'",
        )
        .unwrap();
    harness.turn("ses_a", 3, 9);
    let shown = |bench: &Bench| {
        let session = bench.session("ses_a");
        let turns = session.turns.iter();
        let turns: Vec<_> = turns
            .map(|turn| (turn.prompt.text.clone(), turn.abandoned))
            .collect();
        (turns, session.tokens().completion)
    };
    let question = |number: u32, abandoned| (format!("question {number}"), abandoned);
    let expected = (
        vec![question(1, false), question(2, true), question(3, false)],
        24,
    );
    bench.import();
    assert_eq!(shown(&bench), expected);
    harness.turn("ses_a", 4, 0);
    bench.import();
    bench.with_importer(|importer| importer.reindex(&NoProgress).unwrap());
    assert_eq!(shown(&bench).0[..3], expected.0);
}

#[test]
fn a_long_session_that_changes_is_archived_as_it_is() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.connection.execute_batch("BEGIN").unwrap();
    for turn in 1..400 {
        harness.turn("ses_a", turn, 7);
    }
    let long = |letter: &str| letter.repeat(1 << 20);
    let text = |at: i64, letter: &str| {
        let data = json!({ "type": "text", "text": long(letter) });
        harness.part("msg_1b_ses_a", "ses_a", BEGAN + at, &data);
    };
    text(2000, "a");
    text(3000, "b");
    harness.connection.execute_batch("COMMIT").unwrap();
    bench.import();
    let archived = || {
        let states = bench.store.files().unwrap();
        let state = states.iter().find(|state| !state.is_database()).unwrap();
        String::from_utf8(bench.store.archived(state.id).unwrap()).unwrap()
    };
    for (turn, change) in [
        (500, ""),
        (
            501,
            "UPDATE part SET data = json_set(data, '$.text', 'short') WHERE data LIKE '%bbbbb%'",
        ),
        (502, "DELETE FROM part WHERE data LIKE '%aaaaa%'"),
        (
            503,
            "UPDATE part SET data = json_set(data, '$.text', 'other') WHERE data LIKE '%question 1\"%'",
        ),
    ] {
        harness.connection.execute_batch(change).unwrap();
        harness.turn("ses_a", turn, 7);
        let report = bench.import();
        assert!(report.unreadable.is_empty(), "{:?}", report.unreadable);
        let text = archived();
        assert!(text.contains(&format!("answer {turn}")), "{turn}");
        assert_eq!(text.contains(&long("b")), turn == 500);
        // What is gone from the database is still there, marked.
        assert!(text.contains(&long("a")));
        let ids: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split("\"id\":").nth(1))
            .collect();
        let distinct: std::collections::BTreeSet<_> =
            ids.iter().map(|id| id.split([',', '}']).next()).collect();
        // `begin` and `session` share their id.
        assert_eq!(distinct.len() + 1, ids.len(), "{turn}");
        assert_eq!(
            bench.session("ses_a").turns.len(),
            400 + turn as usize - 500
        );
    }
}

#[test]
fn a_database_that_comes_back_is_read_again() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    drop(harness);
    bench.import();
    let aside = bench.folder.path().join("aside.db");
    std::fs::rename(bench.path(), &aside).unwrap();
    bench.import();
    std::fs::rename(&aside, bench.path()).unwrap();
    bench.import();
    let states = bench.store.files().unwrap();
    assert!(states.iter().all(|state| !state.vanished), "{states:?}");
}

#[test]
fn what_is_no_database_of_sessions_is_told_and_costs_nothing_else() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    let beside = |name: &str| bench.path().with_file_name(name);
    std::fs::write(beside("opencode-garbage.db"), vec![7; 5000]).unwrap();
    std::fs::write(beside("opencode-empty.db"), "").unwrap();
    let foreign = Connection::open(beside("opencode-foreign.db")).unwrap();
    foreign
        .execute_batch("CREATE TABLE session (name text)")
        .unwrap();
    drop(foreign);

    let report = bench.import();
    assert_eq!(report.sessions, 1);
    let troubles: Vec<(String, String)> = report
        .unreadable
        .into_iter()
        .map(|trouble| {
            let name = Path::new(&trouble.path).file_name().unwrap();
            (name.to_str().unwrap().to_owned(), trouble.message)
        })
        .collect();
    assert_eq!(troubles.len(), 2, "{troubles:?}");
    assert_eq!(troubles[0].0, "opencode-foreign.db");
    assert!(troubles[0].1.contains("no such"), "{troubles:?}");
    assert_eq!(troubles[1].0, "opencode-garbage.db");
    assert!(troubles[1].1.contains("no SQLite database"), "{troubles:?}");
    // It is told again as long as it lies there.
    assert_eq!(bench.import().unreadable.len(), 2);
    let health = bench.store.health().unwrap();
    assert_eq!(health.unreadable.len(), 2);
}

#[test]
fn a_damaged_database_keeps_what_was_recorded() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.connection.execute_batch("BEGIN").unwrap();
    for turn in 1..200 {
        harness.turn("ses_a", turn, 7);
    }
    harness.connection.execute_batch("COMMIT").unwrap();
    harness
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(harness);
    bench.import();
    let whole = bench.session("ses_a");
    let mut bytes = std::fs::read(bench.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[8192..middle].fill(0xA5);
    std::fs::write(bench.path(), bytes).unwrap();
    let report = bench.import();
    assert!(!report.unreadable.is_empty());
    assert_eq!(bench.session("ses_a"), whole);
}

#[test]
fn a_subagents_session_is_part_of_its_parents() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    bench.import();
    harness.session("ses_b", Some("ses_a"));
    harness.turn("ses_b", 2, 9);
    bench.import();
    assert_eq!(bench.list().len(), 1);
    let session = bench.session("ses_a");
    assert_eq!(session.tokens().completion, 16);
    let is_run = |body: &SpanBody| matches!(body, SpanBody::AgentRun(_));
    assert_eq!(session.spans().filter(|span| is_run(&span.body)).count(), 1);
}

#[test]
fn usage_from_disk_is_what_the_store_counts() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.session("ses_b", Some("ses_a"));
    harness.turn("ses_a", 1, 7);
    harness.turn("ses_b", 2, 9);
    // A tool that ran over midnight: its call was answered before.
    let day = 86_400_000;
    let midnight = (BEGAN / day + 1) * day;
    let (created, completed) = (midnight - 60_000, midnight + 60_000);
    let record = json!({
        "role": "assistant", "parentID": "msg_1a_ses_a", "modelID": "m1", "providerID": "scripted",
        "time": { "created": created, "completed": completed }, "finish": "tool-calls",
    });
    harness.message("msg_3b_ses_a", "ses_a", created, &record);
    let state = json!({ "status": "completed", "input": { "command": "sleep 90" }, "output": "",
                        "time": { "start": midnight - 50_000, "end": completed } });
    let tool = json!({ "type": "tool", "tool": "bash", "callID": "c", "state": state });
    harness.part("msg_3b_ses_a", "ses_a", created + 1, &tool);
    let tokens = json!({ "input": 5, "output": 3, "reasoning": 0 });
    let finish = json!({ "type": "step-finish", "tokens": tokens });
    harness.part("msg_3b_ses_a", "ses_a", completed, &finish);
    harness.part("msg_3b_ses_a", "ses_a", completed + 1, &json!("no object"));
    bench.import();
    let session = bench.session("ses_a");
    let load = || Prices::load("");
    let exclusions = exclusions(bench.folder.path(), &bench.home).unwrap();
    let query = UsageQuery::default();
    let from_disk = disk_usage_report(&bench.home, &query, &exclusions, load).unwrap();
    assert!(
        from_disk.unreadable.is_empty(),
        "{:?}",
        from_disk.unreadable
    );
    let mut stored = bench.store.usage(&query).unwrap();
    // Tool calls are only in the store.
    for row in stored.rows.iter_mut().chain([&mut stored.total]) {
        row.tool_calls = 0;
    }
    assert_eq!(session.tokens().completion, 19);
    assert_eq!(stored.rows.len(), 1, "{stored:#?}");
    assert_eq!(from_disk.report, stored);
}

#[test]
fn a_running_session_is_followed() {
    let bench = Bench::new();
    let harness = bench.harness();
    harness.session("ses_a", None);
    harness.turn("ses_a", 1, 7);
    bench.import();
    let (sender, changes) = channel();
    let follower = Follower::start(
        Arc::clone(&bench.store),
        Arc::new(Prices::load("").unwrap()),
        bench.home.clone(),
        dashcam_harness::all().to_vec(),
        move |change| drop(sender.send(change)),
    )
    .unwrap();
    harness.turn("ses_a", 2, 7);
    // Steps of a turn are transactions of their own: the last tells all.
    loop {
        match changes.recv_timeout(Duration::from_mins(1)).unwrap() {
            Change::Sessions(_) if bench.session("ses_a").tokens().completion == 14 => break,
            Change::Sessions(_) => {}
            Change::Trouble(trouble) => panic!("{trouble}"),
        }
    }
    drop(follower);
    assert_eq!(
        prompts(&bench.session("ses_a")),
        ["question 1", "question 2"]
    );
}

#[test]
fn sessions_in_files_of_older_versions_are_recorded() {
    let bench = Bench::new();
    let storage = bench.path().with_file_name("storage");
    let write = |path: &str, record: &Value| {
        let path = storage.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, serde_json::to_string_pretty(record).unwrap()).unwrap();
    };
    let at = BEGAN;
    for (session, parent) in [("ses_a", None), ("ses_b", Some("ses_a"))] {
        let record = json!({ "id": session, "parentID": parent, "directory": "/work/shop",
                             "time": { "created": at } });
        write(&format!("session/project/{session}.json"), &record);
        let (prompt, answer) = (format!("msg_1_{session}"), format!("msg_2_{session}"));
        let record = json!({ "role": "user", "time": { "created": at } });
        write(&format!("message/{session}/{prompt}.json"), &record);
        let text = json!({ "type": "text", "text": format!("ask {session}") });
        write(&format!("part/{prompt}/prt_1_{session}.json"), &text);
        let output = session.len() as u64 + u64::from(parent.is_some());
        let record = json!({
            "sessionID": session, "role": "assistant", "parentID": prompt, "modelID": "m1",
            "tokens": { "input": 1, "output": output, "reasoning": 0 }, "finish": "stop",
            "path": { "cwd": "/work/shop" }, "time": { "created": at + 1, "completed": at + 9 },
        });
        write(&format!("message/{session}/{answer}.json"), &record);
    }
    let report = bench.import();
    assert!(report.unreadable.is_empty(), "{:?}", report.unreadable);
    let session = bench.session("ses_a");
    assert_eq!(bench.list().len(), 1);
    assert_eq!(prompts(&session), ["ask ses_a"]);
    assert_eq!(session.tokens().completion, 11);
    let load = || Prices::load("");
    let exclusions = exclusions(bench.folder.path(), &bench.home).unwrap();
    let query = UsageQuery::default();
    let from_disk = disk_usage_report(&bench.home, &query, &exclusions, load).unwrap();
    assert_eq!(from_disk.report.total.tokens.completion, 11);
}
