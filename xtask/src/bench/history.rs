//! The history that everything is measured on, made once and kept outside the
//! checkout.

use crate::workspace;
use anyhow::Context;
use dashcam_history_gen::{HarnessChoice, Manifest, Options, generate};
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use walkdir::WalkDir;

/// Generated history, in the page cache.
pub(super) struct History {
    /// The home that holds it.
    pub(super) home: PathBuf,
    /// The truth about it.
    pub(super) manifest: Manifest,
}

impl History {
    /// Makes the history, or takes the one made before, and reads it once so
    /// that no measurement waits for the disk.
    pub(super) fn prepare(megabytes: u64, harness: HarnessChoice) -> anyhow::Result<Self> {
        let version = dashcam_history_gen::VERSION;
        let home = workspace::cache().join(format!("history-v{version}-{megabytes}-{harness:?}"));
        let manifest = if let Some(manifest) = read_manifest(&home) {
            manifest
        } else {
            eprintln!("making {megabytes} MB of history in {}", home.display());
            if home.exists() {
                fs::remove_dir_all(&home)
                    .with_context(|| format!("cannot clear {}", home.display()))?;
            }
            generate(&Options {
                harness,
                ..Options::new(&home, megabytes)
            })?
        };
        let history = Self { home, manifest };
        history.warm()?;
        Ok(history)
    }

    /// Megabytes on disk.
    pub(super) fn megabytes(&self) -> f64 {
        self.manifest.bytes as f64 / 1e6
    }

    fn warm(&self) -> anyhow::Result<()> {
        let mut buffer = vec![0; 1 << 20];
        for folder in [".claude", ".codex"].map(|name| self.home.join(name)) {
            for entry in WalkDir::new(&folder).into_iter().filter_map(Result::ok) {
                if entry.file_type().is_file() {
                    let mut file = fs::File::open(entry.path())?;
                    while file.read(&mut buffer)? > 0 {}
                }
            }
        }
        Ok(())
    }
}

fn read_manifest(home: &std::path::Path) -> Option<Manifest> {
    let text = fs::read_to_string(home.join("manifest.json")).ok()?;
    serde_json::from_str(&text).ok()
}
