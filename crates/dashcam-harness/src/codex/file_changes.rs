//! What `apply_patch` changed: from the patch that the model wrote, and from
//! the changes that Codex notes once they are made.

use super::records::{Text, shaped, string};
use dashcam_trace::{Change, FileDiff};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt::Write as _;

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";

/// The patch inside a text: a whole patch, or a shell line that feeds one to
/// `apply_patch` as a here-document.
pub(super) fn patch_in(text: &str) -> Option<&str> {
    let start = text.find(BEGIN)?;
    let before = text[..start].trim();
    if !before.is_empty() && !before.contains("apply_patch") && !before.contains("applypatch") {
        return None;
    }
    let rest = &text[start..];
    let end = rest.find(END).map_or(rest.len(), |end| end + END.len());
    Some(&rest[..end])
}

/// The changes that a patch asks for. The patch names no line numbers, so
/// neither do the hunks. Lines that are no part of a patch are passed over.
pub(crate) fn parse_patch(patch: &str) -> Vec<FileDiff> {
    let mut diffs: Vec<FileDiff> = Vec::new();
    for line in patch.lines() {
        if let Some(path) = line.strip_prefix("*** Add File: ") {
            diffs.push(empty(path, Change::Add));
        } else if let Some(path) = line.strip_prefix("*** Delete File: ") {
            diffs.push(empty(path, Change::Delete));
        } else if let Some(path) = line.strip_prefix("*** Update File: ") {
            diffs.push(empty(path, Change::Update));
        } else if let (Some(path), Some(diff)) =
            (line.strip_prefix("*** Move to: "), diffs.last_mut())
        {
            let old_path = std::mem::replace(&mut diff.path, path.trim().to_owned());
            diff.old_path = Some(old_path);
        } else if let Some(diff) = diffs.last_mut().filter(|_| !line.starts_with("*** ")) {
            add_line(diff, line);
        }
    }
    for diff in &mut diffs {
        if diff.change == Change::Add && !diff.patch.is_empty() {
            diff.patch
                .insert_str(0, &format!("@@ -0,0 +1,{} @@\n", diff.added));
        }
    }
    diffs
}

fn empty(path: &str, change: Change) -> FileDiff {
    FileDiff {
        path: path.trim().to_owned(),
        change,
        old_path: None,
        patch: String::new(),
        added: 0,
        removed: 0,
    }
}

fn add_line(diff: &mut FileDiff, line: &str) {
    if diff.change == Change::Update {
        if let Some(header) = line.strip_prefix("@@") {
            let header = header.trim();
            let space = if header.is_empty() { "" } else { " " };
            // Writing to a string cannot fail.
            let _ = writeln!(diff.patch, "@@ @@{space}{header}");
            return;
        }
        if diff.patch.is_empty() {
            diff.patch.push_str("@@ @@\n");
        }
    }
    match line.as_bytes().first() {
        Some(b'+') => diff.added += 1,
        Some(b'-') => diff.removed += 1,
        Some(b' ') => {}
        // An empty line of context, whose blank an editor took away.
        None => diff.patch.push(' '),
        Some(_) => return,
    }
    diff.patch.push_str(line);
    diff.patch.push('\n');
}

/// The changes that Codex noted, by path, in the order in which it wrote them.
pub(super) fn noted_changes(changes: Option<&RawValue>) -> Vec<FileDiff> {
    let Some(Changes(changes)) = shaped::<Changes<'_>>(changes) else {
        return Vec::new();
    };
    changes
        .into_iter()
        .filter_map(|(path, change)| noted_change(&path, change))
        .collect()
}

fn noted_change(path: &str, raw: &RawValue) -> Option<FileDiff> {
    let change = serde_json::from_str::<NotedChange<'_>>(raw.get()).ok()?;
    // Versions before 0.60 or so wrote `{"add": {"content": …}}`.
    let (kind, body) = match (&change.kind, change.add, change.delete, change.update) {
        (Some(kind), ..) => (
            kind.as_str().to_owned(),
            shaped::<ChangeBody<'_>>(Some(raw))?,
        ),
        (None, Some(body), ..) => ("add".to_owned(), body),
        (None, _, Some(body), _) => ("delete".to_owned(), body),
        (None, _, _, Some(body)) => ("update".to_owned(), body),
        _ => return None,
    };
    match kind.as_str() {
        "add" => Some(whole_file(path, Change::Add, &string(body.content)?)),
        "delete" => Some(whole_file(
            path,
            Change::Delete,
            &string(body.content).unwrap_or_default(),
        )),
        "update" => {
            let mut diff = empty(path, Change::Update);
            for line in string(body.unified_diff)?.lines() {
                if line.starts_with("--- ") || line.starts_with("+++ ") || line.starts_with('\\') {
                    continue;
                }
                diff.added += u32::from(line.starts_with('+'));
                diff.removed += u32::from(line.starts_with('-'));
                diff.patch.push_str(line);
                diff.patch.push('\n');
            }
            if let Some(new_path) = string(body.move_path) {
                diff.old_path = Some(std::mem::replace(&mut diff.path, new_path.into_owned()));
            }
            Some(diff)
        }
        _ => None,
    }
}

fn whole_file(path: &str, change: Change, content: &str) -> FileDiff {
    let mut diff = empty(path, change);
    let lines = content.lines().count() as u32;
    let sign = if change == Change::Add { '+' } else { '-' };
    if change == Change::Add {
        diff.added = lines;
    } else {
        diff.removed = lines;
    }
    if lines > 0 {
        let range = match change {
            Change::Add => format!("@@ -0,0 +1,{lines} @@"),
            _ => format!("@@ -1,{lines} +0,0 @@"),
        };
        diff.patch = range + "\n";
        for line in content.lines() {
            diff.patch.push(sign);
            diff.patch.push_str(line);
            diff.patch.push('\n');
        }
    }
    diff
}

/// A map of changes that keeps its order.
struct Changes<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Changes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map from path to change")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut changes = Vec::new();
                while let Some((path, change)) = map.next_entry()? {
                    changes.push((path, change));
                }
                Ok(changes)
            }
        }
        deserializer.deserialize_map(InOrder).map(Changes)
    }
}

#[derive(Deserialize)]
struct NotedChange<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    add: Option<ChangeBody<'a>>,
    #[serde(borrow)]
    delete: Option<ChangeBody<'a>>,
    #[serde(borrow)]
    update: Option<ChangeBody<'a>>,
}

#[derive(Deserialize)]
struct ChangeBody<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    unified_diff: Option<&'a RawValue>,
    #[serde(borrow)]
    move_path: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "*** Begin Patch\n*** Add File: new.txt\n+one\n+two\n*** Update File: a.py\n\
        *** Move to: b.py\n@@ def add(a, b):\n-    return a - b\n+    return a + b\n\n x\n\
        *** End of File\n*** Delete File: notes.txt\n*** End Patch\n";

    #[test]
    fn a_patch_tells_of_every_file() {
        let diffs = parse_patch(PATCH);
        assert_eq!(diffs.len(), 3);
        assert_eq!(diffs[0].patch, "@@ -0,0 +1,2 @@\n+one\n+two\n");
        assert_eq!(
            (diffs[1].path.as_str(), diffs[1].old_path.as_deref()),
            ("b.py", Some("a.py"))
        );
        assert_eq!(
            diffs[1].patch,
            "@@ @@ def add(a, b):\n-    return a - b\n+    return a + b\n \n x\n"
        );
        assert_eq!((diffs[1].added, diffs[1].removed), (1, 1));
        assert_eq!(
            (diffs[2].change, diffs[2].path.as_str()),
            (Change::Delete, "notes.txt")
        );
    }

    #[test]
    fn a_here_document_holds_a_patch_and_a_printed_patch_does_not() {
        let shell = format!("cd /x && apply_patch <<'EOF'\n{PATCH}EOF");
        assert_eq!(patch_in(&shell), Some(PATCH.trim_end()));
        assert_eq!(
            patch_in(&format!("cat <<'EOF' > fix.patch\n{PATCH}EOF")),
            None
        );
        assert_eq!(patch_in("echo hello"), None);
        assert_eq!(parse_patch("no patch at all"), Vec::new());
    }

    #[test]
    fn both_forms_of_noted_changes_are_read() {
        for json in [
            r#"{"/r/z":{"type":"add","content":"x\n"},"/r/a":{"type":"update","unified_diff":"@@ -1 +1 @@\n-a\n+b\n","move_path":"/r/b"}}"#,
            r#"{"/r/z":{"add":{"content":"x\n"}},"/r/a":{"update":{"unified_diff":"@@ -1 +1 @@\n-a\n+b\n","move_path":"/r/b"}}}"#,
        ] {
            let raw = serde_json::from_str::<&RawValue>(json).unwrap();
            let diffs = noted_changes(Some(raw));
            assert_eq!(diffs.len(), 2, "{json}");
            assert_eq!(diffs[0].path, "/r/z");
            assert_eq!(diffs[0].patch, "@@ -0,0 +1,1 @@\n+x\n");
            assert_eq!(diffs[1].path, "/r/b");
            assert_eq!(diffs[1].old_path.as_deref(), Some("/r/a"));
            assert_eq!((diffs[1].added, diffs[1].removed), (1, 1));
        }
    }
}
