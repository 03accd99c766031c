//! The bundled sample history: a few recorded sessions for a machine that has
//! none of its own yet. They are marked as samples everywhere and can be
//! removed; nothing of them is archived as evidence.

use crate::databases::Databases;
use crate::group::{Place, Roots};
use crate::import::ImportError;
use crate::plan::{PlannedFile, PlannedSession, Source};
use crate::process::Workshop;
use dashcam_harness::HarnessReader;
use dashcam_insight::Prices;
use dashcam_store::{ImportBatch, SessionChange, Store};
use rust_embed::RustEmbed;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(RustEmbed)]
#[folder = "sample/"]
struct SampleFiles;

/// Adds the sample history. Hold the store's import lock.
pub fn add(store: &Store, prices: &Prices) -> Result<Vec<SessionChange>, ImportError> {
    let readers = dashcam_harness::all();
    let workshop = Workshop {
        store,
        prices,
        readers: &readers,
        databases: &Databases::default(),
        sample: true,
    };
    let mut batch = ImportBatch::default();
    for reader in readers {
        for (session, contents) in sessions(reader) {
            let contents: Vec<_> = session.files.iter().zip(contents).collect();
            batch
                .sessions
                .extend(workshop.decode(&session, &contents, None).session);
        }
    }
    Ok(store.write(batch)?)
}

/// Removes the sample history. Returns how many sessions that were.
pub fn remove(store: &Store) -> Result<u64, ImportError> {
    Ok(store.remove_sample()?)
}

/// A harness's sample sessions with the contents of their files.
fn sessions(reader: &dyn HarnessReader) -> Vec<(PlannedSession, Vec<Vec<u8>>)> {
    let harness = reader.harness();
    let files: Vec<(PlannedFile, Vec<u8>)> = SampleFiles::iter()
        .filter(|path| path.split('/').next() == Some(harness.as_str()))
        .filter_map(|path| {
            let bytes = SampleFiles::get(&path)?.data.into_owned();
            let path = PathBuf::from("sample").join(&*path);
            Some((sample_file(reader, &path, &bytes)?, bytes))
        })
        .collect();
    let roots: Vec<String> = {
        let roots = Roots::new(files.iter().map(|(file, _)| Place {
            harness,
            native_id: &file.native_id,
            parent: file.parent.as_deref(),
        }));
        files
            .iter()
            .map(|(file, _)| roots.root_of(harness, &file.native_id).to_owned())
            .collect()
    };
    let mut sessions: BTreeMap<String, (PlannedSession, Vec<Vec<u8>>)> = BTreeMap::new();
    for ((file, bytes), root) in files.into_iter().zip(roots) {
        let (session, contents) = sessions.entry(root.clone()).or_insert_with(|| {
            (
                PlannedSession {
                    harness,
                    native_id: root,
                    files: Vec::new(),
                },
                Vec::new(),
            )
        });
        session.files.push(file);
        contents.push(bytes);
    }
    sessions.into_values().collect()
}

fn sample_file(reader: &dyn HarnessReader, path: &Path, bytes: &[u8]) -> Option<PlannedFile> {
    // Below `sample/<harness>/` lies what lies in the harness's own folder:
    // `projects`, `sessions`.
    let root: PathBuf = path.components().take(3).collect();
    if !reader.is_evidence(&root, path) {
        return None;
    }
    let first_line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let membership = reader.membership(path, first_line)?;
    Some(PlannedFile {
        path: path.to_owned(),
        native_id: membership.native_id,
        parent: membership.parent,
        stamp: crate::discover::Stamp::default(),
        known: None,
        source: Source::Archive,
        changed: false,
    })
}
