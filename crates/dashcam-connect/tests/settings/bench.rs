//! A home with settings, and a connector for it.

use dashcam_connect::{Connectable, Connector, HookProgram, Plan, Scope, Wanted};
use dashcam_harness::Home;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A scratch home, project and data folder.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) connector: Connector,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let project = folder.path().join("project");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::create_dir_all(&project).unwrap();
        let connector = Connector {
            home: Home::at(home),
            folder: project,
            data_dir: folder.path().join("data"),
            program: HookProgram {
                path: "/opt/dashcam/dashcam-hook".into(),
                is_dashcam: false,
                data_dir: None,
            },
            versions: std::collections::BTreeMap::new(),
            environment: std::collections::BTreeMap::new(),
        };
        Self { folder, connector }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.connector.home.folder
    }

    pub(crate) fn user_file(&self, harness: Connectable) -> PathBuf {
        harness.user_file(&self.connector.home)
    }

    /// Writes the user's settings of a harness.
    pub(crate) fn write(&self, harness: Connectable, bytes: &[u8]) -> PathBuf {
        let path = self.user_file(harness);
        write(&path, bytes);
        path
    }

    pub(crate) fn wanted(harness: Connectable) -> Wanted {
        Wanted {
            harnesses: vec![harness],
            scope: Scope::User,
            telemetry: false,
            take_over_arize: false,
        }
    }

    /// Connects; nothing may be refused.
    pub(crate) fn connect(&self, wanted: &Wanted) -> Plan {
        let plan = self.connector.plan_connect(wanted).unwrap();
        assert!(
            plan.refused.is_empty(),
            "{:?} {:?}",
            plan.refused,
            self.home_files()
                .iter()
                .map(|(_, b)| String::from_utf8_lossy(b)
                    .chars()
                    .take(3000)
                    .collect::<String>())
                .collect::<Vec<_>>()
        );
        let failed = self.connector.carry_out(&plan).unwrap();
        assert!(failed.is_empty(), "{failed:?}");
        plan
    }

    /// Disconnects; nothing may be refused.
    pub(crate) fn disconnect(&self, harness: Connectable) -> Plan {
        let plan = self.connector.plan_disconnect(&[harness], None).unwrap();
        assert!(
            plan.refused.is_empty(),
            "{:?} {:?}",
            plan.refused,
            self.home_files()
                .iter()
                .map(|(_, b)| String::from_utf8_lossy(b)
                    .chars()
                    .take(3000)
                    .collect::<String>())
                .collect::<Vec<_>>()
        );
        let failed = self.connector.carry_out(&plan).unwrap();
        assert!(failed.is_empty(), "{failed:?}");
        plan
    }

    /// Loses the record of what was connected.
    pub(crate) fn lose_record(&self) {
        std::fs::remove_dir_all(&self.connector.data_dir).unwrap();
    }

    /// How many events have a hook of ours.
    pub(crate) fn events(&self, harness: Connectable) -> usize {
        let status = self.connector.status(harness, None);
        assert_eq!(status.user.problem, None);
        status.user.events.len()
    }

    /// Every file below the home, with its content.
    pub(crate) fn home_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.home().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), std::fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// JSON with comments and trailing commas as plain data.
pub(crate) fn value(bytes: &[u8]) -> serde_json::Value {
    let text = std::str::from_utf8(bytes).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    jsonc_parser::parse_to_serde_value::<Option<serde_json::Value>>(
        text,
        &jsonc_parser::ParseOptions::default(),
    )
    .unwrap_or_else(|problem| panic!("{problem} in {text}"))
    .unwrap_or_default()
}
