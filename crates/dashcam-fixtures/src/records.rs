//! What a harness itself kept: files, and rows of databases.

use crate::evidence::Piece;
use crate::fixture::{Fixture, entries, name_of};
use anyhow::{Context, bail};
use dashcam_harness::{HarnessReader, Home, database, reader};
use dashcam_trace::Harness;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// How the lines of a session's rows begin.
const ROW: &[u8] = b"{\"table\":";

/// Reads all of a fixture's records.
pub(crate) fn read(fixture: &Fixture) -> anyhow::Result<Vec<Piece>> {
    let reader = reader(fixture.harness);
    let mut pieces = Vec::new();
    for home in homes(fixture)? {
        pieces.extend(below_home(reader, &home)?);
    }
    for path in loose_files(fixture)? {
        let bytes = content(&path)?;
        let piece = if is_rows(&bytes) {
            rows(fixture.harness, &path, bytes)?
        } else {
            let Some(member) = reader.membership(&path, head(&path, &bytes)) else {
                bail!("{} belongs to no session", path.display());
            };
            Piece {
                path: name_of(&path),
                native_id: member.native_id,
                parent: member.parent,
                bytes,
            }
        };
        pieces.push(piece);
    }
    Ok(pieces)
}

/// The home folders of a fixture: at most one.
pub(crate) fn homes(fixture: &Fixture) -> anyhow::Result<Vec<PathBuf>> {
    let entries = entries(&fixture.folder)?;
    let is_home = |path: &&PathBuf| path.is_dir() && name_of(path) == "home";
    if let Some(home) = entries.iter().find(is_home) {
        return Ok(vec![home.clone()]);
    }
    let is_hidden = |path: &PathBuf| path.is_dir() && name_of(path).starts_with('.');
    Ok(if entries.iter().any(is_hidden) {
        vec![fixture.folder.clone()]
    } else {
        Vec::new()
    })
}

/// Files that lie in the fixture itself.
pub(crate) fn loose_files(fixture: &Fixture) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = entries(&fixture.folder)?;
    files.retain(|path| {
        let name = name_of(path);
        path.is_file() && name != "truth.json" && !name.starts_with("hook")
    });
    Ok(files)
}

/// Whether a file's content is rows of a database.
pub(crate) fn is_rows(bytes: &[u8]) -> bool {
    bytes.starts_with(ROW)
}

/// The files of a harness's below a home, wherever that lies.
pub fn below_home(reader: &dyn HarnessReader, home: &Path) -> anyhow::Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut found = Vec::new();
    for root in reader.roots(&Home::at(home)) {
        let mut files = Vec::new();
        walk(&root, &mut files)?;
        found.extend(
            files
                .into_iter()
                .filter(|path| reader.is_evidence(&root, path)),
        );
    }
    found.sort();
    found.dedup();
    for path in found {
        let bytes = content(&path)?;
        let Some(member) = reader.membership(&path, head(&path, &bytes)) else {
            continue;
        };
        let shown = path.strip_prefix(home).unwrap_or(&path);
        pieces.push(Piece {
            path: shown.to_string_lossy().replace('\\', "/"),
            native_id: member.native_id,
            parent: member.parent,
            bytes,
        });
    }
    Ok(pieces)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for path in entries(folder)? {
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's content, decompressed.
pub(crate) fn content(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = || -> std::io::Result<Vec<u8>> {
        let bytes = fs::read(path)?;
        if path.extension().is_some_and(|extension| extension == "zst") {
            zstd::decode_all(bytes.as_slice())
        } else {
            Ok(bytes)
        }
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}

/// What tells a file's session: its first line, or all of a `.json` file.
fn head<'b>(path: &Path, bytes: &'b [u8]) -> &'b [u8] {
    if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        return bytes;
    }
    let line = bytes.split(|byte| *byte == b'\n').next();
    line.unwrap_or_default()
}

/// The rows of one session, under the name that the recorder gives them.
fn rows(harness: Harness, path: &Path, bytes: Vec<u8>) -> anyhow::Result<Piece> {
    let (database, native_id) = place_of_rows(harness, path)?;
    Ok(Piece {
        parent: parent_in_rows(&bytes)?,
        path: database::evidence_path(&database, &native_id),
        native_id,
        bytes,
    })
}

/// The database whose rows a file holds, below the home, and the session: the
/// file is named after both, where a harness has more than one database.
pub(crate) fn place_of_rows(harness: Harness, path: &Path) -> anyhow::Result<(String, String)> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let (kind, id) = stem.split_once('-').unwrap_or(("", &stem));
    let (database, id) = match (harness, kind) {
        (Harness::OpenCode, _) => (".local/share/opencode/opencode.db".to_owned(), &*stem),
        (Harness::Cursor, "editor") => {
            let database = ".config/Cursor/User/globalStorage/state.vscdb";
            (database.to_owned(), id)
        }
        (Harness::Kiro, _) => (".local/share/kiro-cli/data.sqlite3".to_owned(), &*stem),
        // Each conversation has its own.
        (Harness::Cursor, "terminal") => (format!(".cursor/chats/0a1b/{id}/store.db"), id),
        _ => bail!(
            "{}: say in {} which database these rows are of",
            path.display(),
            file!()
        ),
    };
    Ok((database, id.to_owned()))
}

/// Who started a session, as one of its rows tells.
fn parent_in_rows(bytes: &[u8]) -> anyhow::Result<Option<String>> {
    for line in bytes.split(|byte| *byte == b'\n') {
        if line.is_empty() {
            continue;
        }
        let row: Value = serde_json::from_slice(line).context("a row is no JSON")?;
        let parent = match row["table"].as_str() {
            Some("session") => &row["parent_id"],
            Some("composer" | "header") => &row["data"]["subagentInfo"]["parentComposerId"],
            _ => continue,
        };
        if let Some(parent) = parent.as_str() {
            return Ok(Some(parent.to_owned()));
        }
    }
    Ok(None)
}
