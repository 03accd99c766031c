//! Which fixtures there are.

use crate::evidence::Piece;
use crate::{records, told};
use anyhow::{Context, bail};
use dashcam_trace::Harness;
use std::fs;
use std::path::{Path, PathBuf};

/// One recorded run: a folder.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Whose run it is.
    pub harness: Harness,
    /// Its path below the harness's fixtures.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
}

impl Fixture {
    /// The fixture of a harness with a name.
    pub fn named(harness: Harness, name: &str) -> anyhow::Result<Self> {
        let mut fixtures = of(harness)?.into_iter();
        let found = fixtures.find(|fixture| fixture.name == name);
        found.with_context(|| format!("no fixture {name} of {harness}"))
    }

    /// The fixture in a folder.
    pub fn at(folder: &Path) -> anyhow::Result<Self> {
        let found = all()?.into_iter().find(|fixture| {
            let is_same = |folder: &Path| Some(fixture.folder.canonicalize().ok()? == folder);
            let folder = folder.canonicalize().ok();
            folder.as_deref().and_then(is_same) == Some(true)
        });
        found.with_context(|| format!("no fixture lies in {}", folder.display()))
    }

    /// What the harness itself kept: files, and sessions' rows of databases.
    pub fn records(&self) -> anyhow::Result<Vec<Piece>> {
        records::read(self).with_context(|| format!("the records of {}", self.folder.display()))
    }

    /// What hooks were told, as it is archived.
    pub fn hooks(&self) -> anyhow::Result<Vec<Piece>> {
        told::hooks(self).with_context(|| format!("the hooks of {}", self.folder.display()))
    }

    /// What was sent over OTLP, as it is archived.
    pub fn telemetry(&self) -> anyhow::Result<Vec<Piece>> {
        told::telemetry(self).with_context(|| format!("the telemetry of {}", self.folder.display()))
    }
}

/// The folder of all fixtures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashcam-harness/fixtures")
}

/// Every fixture of every harness, by harness and name.
pub fn all() -> anyhow::Result<Vec<Fixture>> {
    let mut fixtures = Vec::new();
    for path in entries(&folder())? {
        let name = name_of(&path);
        let Ok(harness) = name.parse::<Harness>() else {
            bail!("{}: the folder is named after no harness", path.display());
        };
        find(harness, &path, &path, &mut fixtures)?;
    }
    fixtures.sort_by(|a, b| (a.harness, &a.name).cmp(&(b.harness, &b.name)));
    Ok(fixtures)
}

/// The fixtures of one harness, by name.
pub fn of(harness: Harness) -> anyhow::Result<Vec<Fixture>> {
    let mut fixtures = all()?;
    fixtures.retain(|fixture| fixture.harness == harness);
    Ok(fixtures)
}

fn find(
    harness: Harness,
    top: &Path,
    folder: &Path,
    fixtures: &mut Vec<Fixture>,
) -> anyhow::Result<()> {
    let entries = entries(folder)?;
    // Folders that only hold fixtures hold nothing else.
    let is_fixture = entries.iter().any(|path| {
        let name = name_of(path);
        path.is_file() || name == "home" || name == "otlp" || name.starts_with('.')
    });
    if !is_fixture {
        for path in entries {
            find(harness, top, &path, fixtures)?;
        }
        return Ok(());
    }
    let name = folder.strip_prefix(top).unwrap_or(folder);
    fixtures.push(Fixture {
        harness,
        name: name.to_string_lossy().replace('\\', "/"),
        folder: folder.to_owned(),
    });
    Ok(())
}

/// What is in a folder, by name.
pub(crate) fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = || -> std::io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = list().with_context(|| format!("cannot list {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// The last part of a path.
pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
