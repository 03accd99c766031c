//! Calls the built binary.

use super::history::History;
use crate::workspace;
use anyhow::Context;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The built binary, with a data folder of its own.
pub(super) struct Dashcam {
    binary: PathBuf,
    home: PathBuf,
    data: PathBuf,
}

impl Dashcam {
    /// The binary that reads this history.
    pub(super) fn new(binary: PathBuf, history: &History) -> anyhow::Result<Self> {
        let data = workspace::cache().join("data");
        let dashcam = Self {
            binary,
            home: history.home.clone(),
            data,
        };
        dashcam.forget()?;
        Ok(dashcam)
    }

    /// Empties the data folder.
    pub(super) fn forget(&self) -> anyhow::Result<()> {
        if self.data.exists() {
            fs::remove_dir_all(&self.data)
                .with_context(|| format!("cannot clear {}", self.data.display()))?;
        }
        Ok(())
    }

    /// The data folder.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// A command on the history.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        self.command_on(&self.home, &self.data, arguments)
    }

    /// A command on another home, with another data folder.
    pub(super) fn command_on(&self, home: &Path, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(["--quiet", "--json", "--data-dir"])
            .arg(data)
            .arg("--home")
            .arg(home)
            .args(arguments);
        // Days are counted in UTC, as in the manifest.
        command.env("TZ", "UTC").env("NO_COLOR", "1");
        for name in [
            "CLAUDE_CONFIG_DIR",
            "CODEX_HOME",
            "DASHCAM_HOME",
            "DASHCAM_DATA_DIR",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// What a command prints.
    pub(super) fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut command = self.command(arguments);
        let printed = crate::process::output(&mut command)?;
        serde_json::from_str(&printed)
            .with_context(|| format!("dashcam {} printed no JSON", arguments.join(" ")))
    }
}
