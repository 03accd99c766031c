//! Plugins that are programs of their own: a file of ours, whole.
//!
//! The first line says whose it is, the second what it runs; what follows is
//! the same on every machine.

use crate::error::Error;
use crate::hooks::Found;
use crate::program::HookProgram;
use crate::registrations::Registration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How the first line begins.
const MARK: &str = "// Written by dashcam";
/// How the second line begins.
const HOOK: &str = "const HOOK = ";

/// What a plugin runs.
#[derive(Debug, Deserialize, Serialize)]
struct Runs {
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// The whole file.
pub(crate) fn render(text: &str, harness: &str, program: &HookProgram) -> String {
    let data_dir = program.data_dir.as_ref();
    let runs = Runs {
        program: program.path.clone(),
        arguments: program
            .is_dashcam
            .then(|| "hook".to_owned())
            .into_iter()
            .collect(),
        environment: data_dir
            .map(|folder| {
                let folder = folder.to_string_lossy().into_owned();
                ("DASHCAM_DATA_DIR".to_owned(), folder)
            })
            .into_iter()
            .collect(),
    };
    let runs = serde_json::to_string(&runs).unwrap_or_default();
    format!("{MARK}: `dashcam disconnect {harness}` removes it.\n{HOOK}{runs}\n\n{text}")
}

/// The program that a file of ours runs; `None` for a file that is not ours.
pub(crate) fn recognise(bytes: &[u8]) -> Option<PathBuf> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    lines.next()?.strip_prefix(MARK)?;
    let runs = lines.next()?.strip_prefix(HOOK)?;
    serde_json::from_str::<Runs>(runs)
        .ok()
        .map(|runs| runs.program)
}

/// What a file registers: all events, or nothing.
pub(crate) fn find(registration: &Registration, bytes: &[u8]) -> Found {
    let Some(program) = recognise(bytes) else {
        return Found::default();
    };
    let events = registration.events.iter();
    Found {
        events: events.map(|event| ((*event).to_owned(), 1)).collect(),
        programs: vec![program],
    }
}

/// Refuses to write over a file that is not ours.
pub(crate) fn check(path: &Path, before: Option<&[u8]>) -> Result<(), Error> {
    match before {
        Some(bytes) if recognise(bytes).is_none() => Err(Error::NotOurs(path.to_owned())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(data_dir: Option<&str>) -> HookProgram {
        HookProgram {
            path: "/opt/a \"b\"/dashcam-hook".into(),
            is_dashcam: false,
            data_dir: data_dir.map(PathBuf::from),
        }
    }

    #[test]
    fn a_plugin_is_known_by_its_first_lines() {
        let text = render("export const X = 1\n", "opencode", &program(Some("/d")));
        assert_eq!(
            recognise(text.as_bytes()),
            Some(program(None).path),
            "{text}"
        );
        assert!(text.ends_with("\nexport const X = 1\n"));
        assert!(text.contains(r#""DASHCAM_DATA_DIR":"/d""#));
    }

    #[test]
    fn a_file_of_somebody_elses_is_not_written_over() {
        let path = Path::new("/h/plugin/dashcam.js");
        assert!(check(path, None).is_ok());
        assert!(check(path, Some(b"// mine\nexport const X = 1\n")).is_err());
        let text = render("", "opencode", &program(None));
        assert!(check(path, Some(text.as_bytes())).is_ok());
    }
}
