//! Puts a fixture's records where its harness would have left them: files in
//! their places, rows in databases of the harness's layout.

use crate::fixture::{Fixture, entries, name_of};
use crate::records::{content, homes, is_rows, loose_files, place_of_rows};
use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dashcam_trace::Harness;
use rusqlite::types::Value as Column;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The tables of `opencode.db` that sessions are in (1.18.33).
const OPENCODE: &str = "
    CREATE TABLE session (id text PRIMARY KEY, project_id text, workspace_id text, parent_id text,
        slug text, directory text, path text, title text, version text, share_url text,
        summary_additions integer, summary_deletions integer, summary_files integer,
        summary_diffs text, metadata text, cost real, tokens_input integer,
        tokens_output integer, tokens_reasoning integer, tokens_cache_read integer,
        tokens_cache_write integer, revert text, permission text, agent text, model text,
        time_created integer, time_updated integer, time_compacting integer,
        time_archived integer);
    CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer,
        time_updated integer, data text);
    CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text,
        time_created integer, time_updated integer, data text);
    CREATE TABLE event_sequence (aggregate_id text PRIMARY KEY, seq integer NOT NULL);
    CREATE INDEX message_session_time_created_id_idx ON message (session_id, time_created, id);
    CREATE INDEX part_message_id_id_idx ON part (message_id, id);
    CREATE INDEX part_session_idx ON part (session_id);";

/// The tables of Cursor's `state.vscdb` (3.21).
const EDITOR: &str = "
    CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
    CREATE TABLE composerHeaders (composerId TEXT PRIMARY KEY, lastUpdatedAt INTEGER,
        value TEXT);";

/// Those of its `store.db` (CLI of 2026.09).
const TERMINAL: &str = "
    CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);";

/// The table of Kiro's `data.sqlite3` that conversations are in (before 2).
const KIRO: &str = "
    CREATE TABLE conversations_v2 (key TEXT NOT NULL, conversation_id TEXT NOT NULL,
        value TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        PRIMARY KEY (key, conversation_id));";

/// A row of a fixture: the JSON of each column, as it was written.
type Row<'a> = BTreeMap<String, &'a RawValue>;

/// Adds a row of a session to a database.
type AddRow = fn(&Connection, &str, &Row<'_>) -> anyhow::Result<()>;

impl Fixture {
    /// Makes a home of this folder in which the fixture's records lie.
    pub fn build_home(&self, home: &Path) -> anyhow::Result<()> {
        for from in homes(self)? {
            copy(&from, home)?;
        }
        for path in loose_files(self)? {
            let bytes = content(&path)?;
            if is_rows(&bytes) {
                self.add_rows(home, &path, &bytes)
                    .with_context(|| format!("the rows of {}", path.display()))?;
                continue;
            }
            let place = home.join(self.place_of_file(&path)?);
            make_folder_of(&place)?;
            fs::copy(&path, &place).with_context(|| format!("to {}", place.display()))?;
        }
        Ok(())
    }

    /// Where a file would lie that lies in the fixture itself.
    fn place_of_file(&self, path: &Path) -> anyhow::Result<PathBuf> {
        let name = name_of(path);
        let stem = path.file_stem().unwrap_or_default();
        Ok(match self.harness {
            Harness::Codex => Path::new(".codex/sessions/2026/11/23").join(name),
            // With a folder of its own since there are subagents.
            Harness::Cursor => {
                let transcripts = Path::new(".cursor/projects/shop/agent-transcripts");
                if path
                    .extension()
                    .is_some_and(|extension| extension == "jsonl")
                {
                    transcripts.join(stem).join(name)
                } else {
                    transcripts.join(name)
                }
            }
            _ => bail!(
                "{}: put it into a folder `home`, where it would lie",
                path.display()
            ),
        })
    }

    fn add_rows(&self, home: &Path, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let (database, native_id) = place_of_rows(self.harness, path)?;
        let place = home.join(&database);
        make_folder_of(&place)?;
        let is_new = !place.exists();
        let connection = Connection::open(&place)?;
        let (schema, add): (_, AddRow) = match name_of(&place).as_str() {
            "opencode.db" => (OPENCODE, add_to_opencode),
            "state.vscdb" => (EDITOR, add_to_editor),
            "store.db" => (TERMINAL, add_to_terminal),
            "data.sqlite3" => (KIRO, add_to_kiro),
            _ => bail!("say in {} what tables {database} has", file!()),
        };
        if is_new {
            connection.execute_batch(schema)?;
        }
        let lines = bytes.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            add(&connection, &native_id, &serde_json::from_slice(line)?)?;
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for path in entries(from)? {
        let place = to.join(name_of(&path));
        if path.is_dir() {
            copy(&path, &place)?;
        } else {
            fs::copy(&path, &place).with_context(|| format!("to {}", place.display()))?;
        }
    }
    Ok(())
}

fn make_folder_of(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

fn table<'r>(row: &Row<'r>) -> anyhow::Result<&'r str> {
    let table = row.get("table").context("a row has a table")?;
    Ok(table.get().trim_matches('"'))
}

/// A column as the harness would have stored it: JSON of more than one value
/// stays as it was written.
fn column(json: &RawValue) -> anyhow::Result<Column> {
    Ok(match serde_json::from_str(json.get())? {
        Value::Null => Column::Null,
        Value::Bool(is) => Column::Integer(is.into()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Column::Integer(number),
            None => Column::Real(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Column::Text(text),
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("base64") => {
            let text = fields["base64"].as_str().unwrap_or_default();
            Column::Blob(STANDARD.decode(text)?)
        }
        Value::Array(_) | Value::Object(_) => Column::Text(json.get().to_owned()),
    })
}

/// The same as bytes, for a column of blobs.
fn blob(json: &RawValue) -> anyhow::Result<Column> {
    Ok(match column(json)? {
        Column::Text(text) => Column::Blob(text.into_bytes()),
        other => other,
    })
}

fn cell<'r>(row: &Row<'r>, name: &str) -> anyhow::Result<&'r RawValue> {
    let cell = row.get(name).copied();
    cell.with_context(|| format!("a row has {name}"))
}

fn add_to_kiro(connection: &Connection, _session: &str, row: &Row<'_>) -> anyhow::Result<()> {
    let columns = [
        "key",
        "conversation_id",
        "value",
        "created_at",
        "updated_at",
    ];
    let values = columns.map(|name| column(cell(row, name)?));
    let values: Vec<Column> = values.into_iter().collect::<anyhow::Result<_>>()?;
    let insert = "INSERT INTO conversations_v2 VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.execute(insert, params_from_iter(values))?;
    Ok(())
}

fn add_to_opencode(connection: &Connection, session: &str, row: &Row<'_>) -> anyhow::Result<()> {
    let table = table(row)?;
    if table == "begin" {
        return Ok(());
    }
    let mut columns = vec![];
    let mut values = vec![];
    for (name, json) in row {
        // The query's, not the table's.
        if name != "table" && name != "timestamp" {
            columns.push(name.as_str());
            values.push(column(json)?);
        }
    }
    if table != "session" && !columns.contains(&"session_id") {
        columns.push("session_id");
        values.push(Column::Text(session.to_owned()));
    }
    let places = vec!["?"; columns.len()].join(", ");
    let columns = columns.join(", ");
    let insert = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
    connection.execute(&insert, params_from_iter(values))?;
    Ok(())
}

fn add_to_editor(connection: &Connection, _: &str, row: &Row<'_>) -> anyhow::Result<()> {
    let insert = match table(row)? {
        // What it says stands in the conversation.
        "begin" => return Ok(()),
        "header" => "INSERT INTO composerHeaders (composerId, value) VALUES (?, ?)",
        _ => "INSERT INTO cursorDiskKV VALUES (?, ?)",
    };
    let value = cell(row, "data").or_else(|_| cell(row, "text"))?;
    let values = [column(cell(row, "id")?)?, column(value)?];
    connection.execute(insert, params_from_iter(values))?;
    Ok(())
}

fn add_to_terminal(connection: &Connection, _: &str, row: &Row<'_>) -> anyhow::Result<()> {
    let (insert, values) = match table(row)? {
        "begin" => return Ok(()),
        "meta" => {
            let digits = cell(row, "data")?.get().bytes();
            let digits = digits.fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            let values = [Column::Text("0".to_owned()), Column::Text(digits)];
            ("INSERT INTO meta VALUES (?, ?)", values)
        }
        _ => {
            let values = [column(cell(row, "id")?)?, blob(cell(row, "data")?)?];
            ("INSERT INTO blobs VALUES (?, ?)", values)
        }
    };
    connection.execute(insert, params_from_iter(values))?;
    Ok(())
}
