//! What a command will change, before anything is changed.

use crate::error::Error;
use crate::files;
use crate::manifest::{Archive, Entry, hash};
use crate::registrations::Connectable;
use std::fs;
use std::path::{Path, PathBuf};

/// What a command will change.
#[derive(Debug, Default)]
pub struct Plan {
    /// Files that change, in order.
    pub changes: Vec<Change>,
    /// What to tell the person, by harness.
    pub notes: Vec<Note>,
    /// Files that are left as they are, and why.
    pub refused: Vec<(Connectable, Error)>,
    /// Entries of the record that speak of files that are no more.
    pub(crate) stale: Vec<PathBuf>,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// About which harness.
    pub harness: Connectable,
    /// In words.
    pub text: String,
}

/// A file that changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose settings it holds.
    pub harness: Connectable,
    /// The file.
    pub path: PathBuf,
    /// What it holds; `None`: there is no such file.
    pub before: Option<Vec<u8>>,
    /// What it is to hold; `None`: it goes.
    pub after: Option<Vec<u8>>,
    pub(crate) record: Record,
}

/// What the record says after a change.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// What the file is to become again, and the telemetry settings added.
    Connected {
        project: Option<PathBuf>,
        baseline: Option<Vec<u8>>,
        telemetry: Vec<String>,
    },
    /// Nothing any more. The folders were made for the file.
    Forgotten { made_folders: Vec<PathBuf> },
    /// Nothing: an edit that is not taken back.
    Untouched,
}

impl Change {
    /// The change as a unified diff.
    pub fn diff(&self) -> String {
        let text = |bytes: &Option<Vec<u8>>| {
            String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
        };
        let name = |bytes: &Option<Vec<u8>>| {
            bytes.as_ref().map_or_else(
                || "/dev/null".to_owned(),
                |_| self.path.display().to_string(),
            )
        };
        let (before, after) = (text(&self.before), text(&self.after));
        similar::TextDiff::from_lines(&before, &after)
            .unified_diff()
            .header(&name(&self.before), &name(&self.after))
            .to_string()
    }

    fn carry_out(&self, archive: &mut Archive) -> Result<(), Error> {
        if let Some(before) = &self.before {
            archive.keep(&self.path, before)?;
        }
        match &self.record {
            Record::Connected {
                project,
                baseline,
                telemetry,
            } => {
                let after = self.after.as_deref().unwrap_or_default();
                if let Some(baseline) = baseline {
                    archive.keep(&self.path, baseline)?;
                }
                let earlier = archive.entry(&self.path).cloned();
                let mut made_folders = files::make_folders(&self.path)?;
                if made_folders.is_empty() {
                    made_folders = earlier
                        .as_ref()
                        .map(|entry| entry.made_folders.clone())
                        .unwrap_or_default();
                }
                // The record first: should the process die before the file is
                // written, the record speaks of hooks that are not there, which
                // harms nothing.
                archive.put(Entry {
                    path: self.path.clone(),
                    harness: self.harness,
                    project: project.clone(),
                    before: baseline.as_deref().map(hash),
                    after: hash(after),
                    made_folders: made_folders.clone(),
                    telemetry: telemetry.clone(),
                })?;
                let written = files::replace(&self.path, self.before.as_deref(), after);
                if written.is_err() {
                    if let Some(entry) = earlier {
                        archive.put(entry)?;
                    } else {
                        archive.forget(&self.path)?;
                        remove_folders(&made_folders);
                    }
                }
                written
            }
            Record::Forgotten { made_folders } => {
                self.write()?;
                if self.after.is_none() {
                    remove_folders(made_folders);
                }
                archive.forget(&self.path)
            }
            Record::Untouched => self.write(),
        }
    }

    fn write(&self) -> Result<(), Error> {
        if let Some(after) = &self.after {
            return files::replace(&self.path, self.before.as_deref(), after);
        }
        if files::read(&self.path)? != self.before {
            return Err(Error::Changed(self.path.clone()));
        }
        fs::remove_file(&self.path).map_err(Error::file("remove", &self.path))
    }
}

/// Removes folders that we made, where nothing else lies in them.
fn remove_folders(folders: &[PathBuf]) {
    for folder in folders.iter().rev() {
        // A folder that is in use stays.
        let _ = fs::remove_dir(folder);
    }
}

/// Makes a plan's changes. A file that cannot be changed stops no other.
pub(crate) fn carry_out(plan: &Plan, data_dir: &Path) -> Result<Vec<(Connectable, Error)>, Error> {
    if plan.changes.is_empty() && plan.stale.is_empty() {
        return Ok(Vec::new());
    }
    let mut archive = Archive::hold(data_dir)?;
    let mut failed = Vec::new();
    for change in &plan.changes {
        if let Err(error) = change.carry_out(&mut archive) {
            failed.push((change.harness, error));
        }
    }
    for path in &plan.stale {
        archive.forget(path)?;
    }
    Ok(failed)
}
