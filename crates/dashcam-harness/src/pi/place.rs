//! Where sessions lie, and what their paths tell.
//!
//! `<sessions>/<folder of a project>/<time>_<id>.jsonl` is a session;
//! `<time>_<id>/<name>.jsonl` beside it the work of its subagent `<name>`,
//! whose own subagents lie in `<time>_<id>/<name>/` (Oh My Pi 17.3.5).

use super::records::Record;
use crate::{Home, Membership};
use std::path::{Path, PathBuf};

/// The folders below which sessions lie.
pub(super) fn roots(home: &Home) -> Vec<PathBuf> {
    let variable = |name: &str| {
        let path = home.variables.get(name).filter(|path| !path.is_empty());
        path.map(PathBuf::from)
    };
    let mut roots = vec![
        home.folder.join(".pi/agent/sessions"),
        home.folder.join(".omp/agent/sessions"),
        // Named profiles of Oh My Pi: `profiles/<name>/agent/sessions`.
        home.folder.join(".omp/profiles"),
    ];
    // What Oh My Pi is told to call `.omp`.
    if let Some(own) = variable("PI_CONFIG_DIR") {
        let own = home.folder.join(own);
        roots.extend([own.join("agent/sessions"), own.join("profiles")]);
    }
    // Both programs heed these.
    roots.extend(variable("PI_CODING_AGENT_DIR").map(|folder| folder.join("sessions")));
    roots.extend(variable("PI_CODING_AGENT_SESSION_DIR"));
    // Where Oh My Pi was told to move its data to.
    roots.extend(variable("XDG_DATA_HOME").map(|folder| folder.join("omp/sessions")));
    roots
}

/// Whether a file below a root is a session's or a subagent's. A profile
/// holds more than sessions.
pub(super) fn is_session_file(root: &Path, path: &Path) -> bool {
    let is_profile = root.file_name().is_some_and(|name| name == "profiles");
    let below = path.strip_prefix(root).unwrap_or(path);
    path.extension().is_some_and(|kind| kind == "jsonl")
        && (!is_profile || below.iter().any(|folder| folder == "sessions"))
}

/// Which session a file belongs to.
pub(super) fn membership(path: &Path, first_line: &[u8]) -> Option<Membership> {
    if let Some(agent) = agent(path) {
        return Some(agent);
    }
    let stem = path.file_stem()?.to_str()?;
    let native_id = match session_id(stem) {
        Some(id) => id.to_owned(),
        // A file that the person named: it says itself what it is.
        None => Record::read(first_line)
            .filter(|record| record.kind.as_str() == "session")
            .and_then(|record| record.id.owned())
            .unwrap_or_else(|| stem.to_owned()),
    };
    Some(Membership {
        native_id,
        parent: None,
    })
}

/// The subagent whose work a file is.
fn agent(path: &Path) -> Option<Membership> {
    let folders: Vec<&str> = path
        .parent()?
        .iter()
        .map(|part| part.to_str())
        .collect::<Option<_>>()?;
    let session = folders
        .iter()
        .rposition(|folder| session_id(folder).is_some())?;
    let mut parent = session_id(folders[session])?.to_owned();
    for folder in &folders[session + 1..] {
        parent = format!("{parent}/{folder}");
    }
    let name = path.file_stem()?.to_str()?;
    Some(Membership {
        native_id: format!("{parent}/{name}"),
        parent: Some(parent),
    })
}

/// The session's id in the path of its file, wherever it lies.
pub(super) fn id_of_path(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next()?;
    session_id(name.strip_suffix(".jsonl")?).map(str::to_owned)
}

/// The id in `2026-11-23T20-24-38-293Z_<id>`. People choose ids with
/// `--session-id`; times hold no `_`.
fn session_id(stem: &str) -> Option<&str> {
    let (time, id) = stem.split_once('_')?;
    let is_time = time.len() >= 19
        && time.as_bytes()[..4].iter().all(u8::is_ascii_digit)
        && time.as_bytes()[4] == b'-'
        && time.as_bytes()[10] == b'T';
    (is_time && !id.is_empty()).then_some(id)
}

/// The session whose file, or whose subagent's file, this is.
pub(super) fn root_of(path: &Path) -> Option<String> {
    let membership = membership(path, b"")?;
    let root = match membership.parent {
        Some(parent) => parent.split('/').next()?.to_owned(),
        None => membership.native_id,
    };
    Some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "/h/.pi/agent/sessions/--w--/2026-11-23T20-24-38-293Z_01a2-b";

    fn of(path: &str, first_line: &str) -> (String, Option<String>) {
        let membership = membership(Path::new(path), first_line.as_bytes()).unwrap();
        (membership.native_id, membership.parent)
    }

    #[test]
    fn a_path_names_the_session() {
        assert_eq!(
            of(&format!("{SESSION}.jsonl"), ""),
            ("01a2-b".to_owned(), None)
        );
        assert_eq!(
            id_of_path(&format!("{SESSION}.jsonl")).as_deref(),
            Some("01a2-b")
        );
    }

    #[test]
    fn oh_my_pi_may_keep_its_data_under_another_name() {
        let mut home = Home::at("/h");
        let usual = roots(&home);
        home.variables
            .insert("PI_CONFIG_DIR".into(), ".mine".into());
        let mut more = roots(&home);
        more.retain(|root| !usual.contains(root));
        let expected = ["/h/.mine/agent/sessions", "/h/.mine/profiles"];
        assert_eq!(more, expected.map(PathBuf::from));
    }

    #[test]
    fn a_file_in_a_sessions_folder_is_a_subagents() {
        let heron = of(&format!("{SESSION}/Heron.jsonl"), "");
        assert_eq!(
            heron,
            ("01a2-b/Heron".to_owned(), Some("01a2-b".to_owned()))
        );
        let wren = of(&format!("{SESSION}/Heron/Wren.jsonl"), "");
        assert_eq!(
            wren,
            (
                "01a2-b/Heron/Wren".to_owned(),
                Some("01a2-b/Heron".to_owned())
            )
        );
        assert_eq!(
            root_of(Path::new(&format!("{SESSION}/Heron/Wren.jsonl"))).as_deref(),
            Some("01a2-b")
        );
    }

    #[test]
    fn a_file_with_a_name_of_ones_own_says_itself_what_it_is() {
        let header = r#"{"type":"session","version":3,"id":"abc","cwd":"/w"}"#;
        assert_eq!(of("/elsewhere/my_work.jsonl", header).0, "abc");
        assert_eq!(of("/elsewhere/my_work.jsonl", "not JSON").0, "my_work");
    }
}
