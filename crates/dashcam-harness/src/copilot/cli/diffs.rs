//! What a tool changed in files, from the diff that people are shown.
//!
//! Tools that read files show a diff as well, of nothing: only the files named
//! in `fileEdits` were changed (seen in 1.0.102).

use super::records::FileEdit;
use dashcam_trace::{Change, FileDiff};

/// The changes of a call.
pub(super) fn diffs(shown: &str, edits: &[FileEdit<'_>]) -> Vec<FileDiff> {
    let mut sections = sections(shown);
    let diffs = edits.iter().filter_map(|edit| {
        let path = edit.path.get()?;
        let at = sections.iter().position(|section| section.is_of(path));
        // Of one file and one section it is clear which belongs to which.
        let at = at.or((edits.len() == 1 && sections.len() == 1).then_some(0));
        let section = at.map(|at| sections.remove(at)).unwrap_or_default();
        Some(FileDiff {
            path: path.to_owned(),
            change: match edit.kind.get() {
                Some("create") => Change::Add,
                Some("delete") => Change::Delete,
                _ => Change::Update,
            },
            old_path: None,
            patch: section.patch,
            added: section.added,
            removed: section.removed,
        })
    });
    diffs.collect()
}

/// Mends what `apply_patch` shows of files that it adds or deletes: it counts
/// the nothing after the last line's end as a line (seen in 1.0.102).
pub(super) fn without_line_after_the_end(diff: &mut FileDiff) {
    let (sign, count) = match diff.change {
        Change::Add => ('+', &mut diff.added),
        Change::Delete => ('-', &mut diff.removed),
        Change::Update => return,
    };
    let Some((_, lines)) = diff.patch.split_once('\n') else {
        return;
    };
    let Some(rest) = lines.strip_suffix(&format!("{sign}\n")) else {
        return;
    };
    if !rest.is_empty() && !rest.ends_with('\n') {
        return; // The line only ends so.
    }
    *count = count.saturating_sub(1);
    let header = match diff.change {
        Change::Add => format!("@@ -0,0 +1,{count} @@\n"),
        _ => format!("@@ -1,{count} +0,0 @@\n"),
    };
    diff.patch = header + rest;
}

/// The part of a diff that is of one file.
#[derive(Debug, Default)]
struct Section<'a> {
    names: Vec<&'a str>,
    patch: String,
    added: u32,
    removed: u32,
}

impl Section<'_> {
    /// Paths stand behind `a` and `b`, absolute ones without a further slash.
    fn is_of(&self, path: &str) -> bool {
        self.names.iter().any(|name| {
            let name = name.strip_prefix(['a', 'b']).unwrap_or(name);
            name == path || name.strip_prefix('/') == Some(path)
        })
    }
}

fn sections(diff: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut in_hunk = false;
    for line in diff.lines() {
        if line.starts_with("diff --git ") {
            sections.push(Section::default());
            in_hunk = false;
            continue;
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        in_hunk |= line.starts_with("@@ ");
        // Between files there are lines of nothing.
        if in_hunk && !line.is_empty() {
            section.added += u32::from(line.starts_with('+'));
            section.removed += u32::from(line.starts_with('-'));
            section.patch.push_str(line);
            section.patch.push('\n');
        } else if let Some(name) = line
            .strip_prefix("--- ")
            .or_else(|| line.strip_prefix("+++ "))
        {
            section.names.push(name);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\ndiff --git a/w/x.py b/w/x.py\nindex 0..0 100644\n--- a/w/x.py\n+++ b/w/x.py\n@@ -1,2 +1,2 @@\n a\n--- b\n+++ c\n\ndiff --git a/w/y b/w/y\nnew file mode 100644\n--- /dev/null\n+++ b/w/y\n@@ -0,0 +1 @@\n+one\n";

    fn edits(json: &str) -> Vec<FileEdit<'_>> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_file_gets_its_part() {
        let edits = edits(r#"[{"path":"/w/y","kind":"create"},{"path":"/w/x.py","kind":"edit"}]"#);
        let found = diffs(TWO, &edits);
        assert_eq!(found[0].path, "/w/y");
        assert_eq!((found[0].change, found[0].added), (Change::Add, 1));
        assert_eq!(found[1].patch, "@@ -1,2 +1,2 @@\n a\n--- b\n+++ c\n");
        assert_eq!((found[1].added, found[1].removed), (1, 1));
    }

    #[test]
    fn a_patch_adds_no_line_after_the_end() {
        let edits = edits(r#"[{"path":"/w/n","kind":"create"}]"#);
        let shown =
            "diff --git a/w/n b/w/n\n--- a/dev/null\n+++ b/w/n\n@@ -1,0 +1,2 @@\n+one +\n+\n\n";
        let mut diff = diffs(shown, &edits).remove(0);
        without_line_after_the_end(&mut diff);
        let mended = ("@@ -0,0 +1,1 @@\n+one +\n", 1);
        assert_eq!((diff.patch.as_str(), diff.added), mended);
        without_line_after_the_end(&mut diff);
        assert_eq!((diff.patch.as_str(), diff.added), mended);
    }

    #[test]
    fn what_only_was_read_did_not_change() {
        assert_eq!(diffs(TWO, &[]), []);
    }

    #[test]
    fn a_change_without_a_diff_is_still_a_change() {
        let edits = edits(r#"[{"path":"/w/z","kind":"delete"}]"#);
        let found = diffs("", &edits);
        assert_eq!(
            (found[0].change, found[0].patch.as_str()),
            (Change::Delete, "")
        );
    }
}
