//! Writes every session of the fixtures into `fuzz/corpus`, or the folder that
//! is given, as the fuzz targets read it (`fuzz/README.md`).

#![allow(clippy::print_stdout, reason = "its output is for developers")]

use anyhow::{Context, bail};
use dashcam_fixtures::{all, folder, group};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Ends a file, and a field of what is told of it; neither stands in JSON.
const FILE_END: u8 = 0x1e;
const FIELD_END: u8 = 0x1f;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let corpus = match arguments.as_slice() {
        [] => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus"),
        [corpus] => corpus.clone(),
        _ => bail!("it takes nothing but a folder"),
    };
    let mut written: BTreeMap<String, usize> = BTreeMap::new();
    for fixture in all()? {
        let below = fixture.folder.strip_prefix(folder())?;
        let harness = below.iter().next().context("fixtures lie in folders")?;
        let target = harness.to_string_lossy().replace('-', "_");
        let place = corpus.join(&target);
        fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
        for (number, session) in group([fixture.records()?, fixture.hooks()?].concat())
            .iter()
            .enumerate()
        {
            let mut seed = Vec::new();
            for piece in &session.pieces {
                let parent = piece.parent.as_deref().unwrap_or_default();
                for field in [&piece.path, &piece.native_id, parent] {
                    seed.extend_from_slice(field.as_bytes());
                    seed.push(FIELD_END);
                }
                seed.extend_from_slice(&piece.bytes);
                seed.push(FILE_END);
            }
            let name = format!("fixture-{}-{number}", fixture.name.replace('/', "-"));
            fs::write(place.join(&name), seed).with_context(|| format!("cannot write {name}"))?;
            *written.entry(target.clone()).or_default() += 1;
        }
    }
    for (target, sessions) in written {
        println!("{target}: {sessions} sessions");
    }
    Ok(())
}
