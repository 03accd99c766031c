//! Cursor's databases and hooks, recorded together.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_harness::{HarnessReader, Home};
use dashcam_insight::Prices;
use dashcam_recorder::{ImportReport, Importer, NoProgress};
use dashcam_store::view::{SessionFilter, SessionSummary};
use dashcam_store::{Store, Wait};
use dashcam_trace::{AgentRun, Session, Source, Span, SpanBody, ToolCall};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The tables of `state.vscdb` (3.21).
const EDITOR: &str = "
    CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
    CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
    CREATE TABLE composerHeaders (composerId TEXT PRIMARY KEY, workspaceId TEXT,
        createdAt INTEGER, lastUpdatedAt INTEGER, isArchived INTEGER, isSubagent INTEGER,
        recency INTEGER, checkpointAt INTEGER, value TEXT);";

/// Those of `store.db` (CLI of 2026.09).
const TERMINAL: &str = "
    CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);";

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    home: Home,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self {
            store: Store::open(&data).unwrap(),
            home: Home::at(folder.path().join("home")),
            folder,
        }
    }

    fn database(&self, path: &str, schema: &str) -> Connection {
        let path: PathBuf = self.home.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let connection = Connection::open(path).unwrap();
        connection
            .pragma_update(None, "journal_mode", "wal")
            .unwrap();
        connection.execute_batch(schema).unwrap();
        connection
    }

    fn editor(&self) -> Connection {
        self.database(".config/Cursor/User/globalStorage/state.vscdb", EDITOR)
    }

    /// What a hook is told, by way of the spool.
    fn told(&self, event: &str, seconds: u64, payload: &Value) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let header = json!({
            "time_ns": seconds * 1_000_000_000,
            "harness": "cursor",
            "event": event,
            "session": payload["conversation_id"],
        });
        let (header, payload) = (header.to_string(), payload.to_string());
        let frame = dashcam_spool::encode(header.as_bytes(), payload.as_bytes());
        dashcam_spool::append(&self.folder.path().join("data"), at, &frame).unwrap();
    }

    fn import(&self) -> ImportReport {
        let readers: Vec<&dyn HarnessReader> = dashcam_harness::all().to_vec();
        let prices = Prices::load("").unwrap();
        let importer = Importer::new(&self.store, &prices, &self.home, &readers);
        let _lock = self.store.import_lock(Wait::PATIENT, || {}).unwrap();
        let report = importer.import(&NoProgress).unwrap();
        importer.take_in_hooks().unwrap();
        report
    }

    fn list(&self) -> Vec<SessionSummary> {
        let filter = SessionFilter::default();
        self.store.sessions(&filter).unwrap().sessions
    }

    fn only_session(&self) -> Session {
        let list = self.list();
        assert_eq!(list.len(), 1);
        self.store.session(list[0].id).unwrap()
    }
}

fn put(connection: &Connection, key: &str, value: &Value) {
    let insert = "INSERT INTO cursorDiskKV VALUES (?, ?)";
    connection
        .execute(insert, params![key, value.to_string()])
        .unwrap();
}

fn composer(connection: &Connection, id: &str, parent: Option<&str>, bubbles: &[&str]) {
    let headers: Vec<Value> = bubbles.iter().map(|id| json!({ "bubbleId": id })).collect();
    let subagent =
        parent.map(|parent| json!({ "parentComposerId": parent, "toolCallId": "task-1" }));
    let value = json!({
        "_v": 18, "composerId": id, "name": "Shop", "createdAt": 1_795_430_000_000_i64,
        "status": "completed", "blobEncryptionKey": "c2VjcmV0", "subagentInfo": subagent,
        "fullConversationHeadersOnly": headers,
    });
    put(connection, &format!("composerData:{id}"), &value);
    let header = json!({ "composerId": id, "subagentInfo": subagent });
    connection
        .execute(
            "INSERT OR REPLACE INTO composerHeaders (composerId, lastUpdatedAt, value)
             VALUES (?, 1795430000000, ?)",
            params![id, header.to_string()],
        )
        .unwrap();
}

fn bubble(connection: &Connection, composer: &str, id: &str, more: &Value) {
    let mut value = json!({ "_v": 3, "bubbleId": id, "createdAt": "2026-11-23T12:00:00Z" });
    for (name, field) in more.as_object().unwrap() {
        value[name] = field.clone();
    }
    put(connection, &format!("bubbleId:{composer}:{id}"), &value);
}

fn call(id: &str, name: &str, arguments: &Value) -> Value {
    json!({ "type": 2, "toolFormerData": {
        "toolCallId": id, "name": name, "status": "completed",
        "rawArgs": arguments.to_string(), "result": json!({ "output": "done" }).to_string(),
    } })
}

fn tool_calls(session: &Session) -> Vec<(&Span, &ToolCall)> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ToolCall(call) => Some((span, call)),
            _ => None,
        })
        .collect()
}

fn agents(session: &Session) -> Vec<&AgentRun> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::AgentRun(run) => Some(run),
            _ => None,
        })
        .collect()
}

/// A conversation with one command, in the editor that is still open.
fn one_command(editor: &Connection) {
    bubble(
        editor,
        "a",
        "1",
        &json!({ "type": 1, "text": "Test it", "requestId": "g1" }),
    );
    bubble(
        editor,
        "a",
        "2",
        &call(
            "call-1",
            "run_terminal_command_v2",
            &json!({ "command": "make" }),
        ),
    );
    composer(editor, "a", None, &["1", "2"]);
}

#[test]
fn the_editors_record_and_its_hooks_make_one_session() {
    let bench = Bench::new();
    let editor = bench.editor();
    one_command(&editor);
    let common = json!({ "conversation_id": "a", "generation_id": "g1", "model": "composer-2.5" });
    let with = |more: Value| {
        let mut payload = common.clone();
        for (name, field) in more.as_object().unwrap() {
            payload[name] = field.clone();
        }
        payload
    };
    bench.told(
        "beforeSubmitPrompt",
        1_795_435_200,
        &with(json!({ "prompt": "Test it" })),
    );
    let ended = json!({ "tool_name": "Shell", "tool_use_id": "call-1", "duration": 1500,
        "tool_input": { "command": "make" }, "tool_output": "{\"output\":\"done\",\"exitCode\":0}" });
    bench.told("postToolUse", 1_795_435_203, &with(ended));
    let stop = json!({ "status": "completed", "input_tokens": 900, "output_tokens": 30 });
    bench.told("stop", 1_795_435_204, &with(stop));
    bench.import();
    let session = bench.only_session();
    let calls = tool_calls(&session);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].1.exit_code, Some(0));
    assert!(calls[0].0.sources.contains(Source::Hook));
    assert!(calls[0].0.sources.contains(Source::Transcript));
    assert_eq!(session.tokens().prompt, 900);
}

#[test]
fn only_conversations_that_changed_are_read_again() {
    let bench = Bench::new();
    let editor = bench.editor();
    one_command(&editor);
    bubble(&editor, "b", "1", &json!({ "type": 1, "text": "Another" }));
    composer(&editor, "b", None, &["1"]);
    put(&editor, "checkpointId:a:1", &json!({}));
    bench.import();
    assert_eq!(bench.list().len(), 2);
    assert_eq!(bench.import().files_changed, 0);
    // Written anew in its place, with not a byte more.
    bubble(&editor, "b", "1", &json!({ "type": 1, "text": "Changed" }));
    assert_eq!(bench.import().files_changed, 1);
    let list = bench.list();
    let found = list
        .iter()
        .find(|session| session.native_id == "b")
        .unwrap();
    let session = bench.store.session(found.id).unwrap();
    assert_eq!(session.turns[0].prompt.text, "Changed");
}

#[test]
fn a_message_that_the_editor_empties_stays() {
    let bench = Bench::new();
    let editor = bench.editor();
    one_command(&editor);
    bench.import();
    editor
        .execute("INSERT INTO cursorDiskKV VALUES ('bubbleId:a:2', NULL)", [])
        .unwrap();
    bench.import();
    assert_eq!(tool_calls(&bench.only_session()).len(), 1);
}

#[test]
fn the_editors_keys_are_not_archived() {
    let bench = Bench::new();
    one_command(&bench.editor());
    bench.import();
    for file in bench.store.files().unwrap() {
        let archived = bench.store.archived(file.id).unwrap();
        assert!(!String::from_utf8_lossy(&archived).contains("blobEncryptionKey"));
    }
}

#[test]
fn a_subagents_conversation_is_part_of_its_parents() {
    let bench = Bench::new();
    let editor = bench.editor();
    bubble(&editor, "a", "1", &json!({ "type": 1, "text": "Delegate" }));
    let task = json!({ "description": "look", "prompt": "Look", "subagent_type": "explore" });
    bubble(&editor, "a", "2", &call("task-1", "task_v2", &task));
    composer(&editor, "a", None, &["1", "2"]);
    bubble(&editor, "child", "1", &json!({ "type": 1, "text": "Look" }));
    bubble(
        &editor,
        "child",
        "2",
        &call("r1", "read_file_v2", &json!({ "path": "x" })),
    );
    composer(&editor, "child", Some("a"), &["1", "2"]);
    bench.import();
    let session = bench.only_session();
    assert_eq!(agents(&session).len(), 1);
    assert_eq!(agents(&session)[0].id, "child");
    assert_eq!(tool_calls(&session).len(), 2);
}

#[test]
fn a_subagent_of_which_only_hooks_tell_is_part_of_its_parents() {
    let bench = Bench::new();
    let told = |event, at, payload: Value| bench.told(event, at, &payload);
    told(
        "beforeSubmitPrompt",
        1_795_435_200,
        json!({ "conversation_id": "a", "prompt": "Delegate" }),
    );
    told(
        "postToolUse",
        1_795_435_201,
        json!({ "conversation_id": "child", "tool_name": "Read",
        "tool_input": { "path": "x" }, "tool_use_id": "r1", "parent_tool_call_id": "task-1" }),
    );
    bench.import();
    assert_eq!(bench.list().len(), 2);
    told(
        "subagentStop",
        1_795_435_202,
        json!({ "conversation_id": "a", "status": "completed",
        "tool_call_id": "task-1", "child_conversation_id": "child", "task": "Look" }),
    );
    bench.import();
    let session = bench.only_session();
    assert_eq!(agents(&session)[0].id, "child");
    assert_eq!(tool_calls(&session).len(), 1);
}

#[test]
fn a_database_without_the_list_of_conversations_is_read() {
    let bench = Bench::new();
    let editor = bench.editor();
    one_command(&editor);
    editor.execute("DROP TABLE composerHeaders", []).unwrap();
    bench.import();
    assert_eq!(tool_calls(&bench.only_session()).len(), 1);
}

#[test]
fn a_conversation_of_the_terminal_is_recorded() {
    let bench = Bench::new();
    let store = bench.database(".cursor/chats/0a1b/t1/store.db", TERMINAL);
    let ids = ["01".repeat(32), "02".repeat(32)];
    let messages = [
        json!({ "role": "user", "content": "<user_query>Hello</user_query>" }),
        json!({ "role": "assistant", "content": [{ "type": "text", "text": "Hi" }] }),
    ];
    let mut root = Vec::new();
    let insert = "INSERT INTO blobs VALUES (?, ?)";
    for (number, (id, message)) in ids.iter().zip(&messages).enumerate().rev() {
        let text = message.to_string().into_bytes();
        store.execute(insert, params![id, text]).unwrap();
        let mut item = vec![0x0a, 32];
        item.extend([number as u8 + 1; 32]);
        root.splice(0..0, item);
    }
    store.execute(insert, params!["ff", root]).unwrap();
    let meta = json!({ "agentId": "t1", "name": "Greeting", "latestRootBlobId": "ff",
        "createdAt": 1_795_430_000_000_i64 });
    let digits = meta
        .to_string()
        .bytes()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    store
        .execute("INSERT INTO meta VALUES ('0', ?)", [digits])
        .unwrap();
    bench.import();
    let session = bench.only_session();
    assert_eq!(session.title.as_deref(), Some("Greeting"));
    assert_eq!(session.turns[0].prompt.text, "Hello");
    assert_eq!(session.turns.len(), 1);
}
