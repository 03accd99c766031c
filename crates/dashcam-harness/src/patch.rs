//! What an edit changed, as unified hunks.

use similar::{Algorithm, TextDiff};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// How many pairs of lines are compared at most. Beyond, the diff is the plain
/// replacement of all that differs: coarser, but quick, and the same each time
/// (a deadline would not be).
const MOST_COMPARED: usize = 4_000_000;

/// Unified hunks without file headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The hunks.
    pub(crate) text: String,
    /// Lines added.
    pub(crate) added: u32,
    /// Lines removed.
    pub(crate) removed: u32,
}

/// A hunk as a harness gives it: its lines begin with ` `, `+` or `-`.
#[derive(Clone, Debug)]
pub(crate) struct Hunk<'a> {
    pub(crate) old_start: u64,
    pub(crate) old_lines: u64,
    pub(crate) new_start: u64,
    pub(crate) new_lines: u64,
    pub(crate) lines: Vec<Cow<'a, str>>,
}

impl Patch {
    /// The patch of these hunks.
    pub(crate) fn from_hunks(hunks: &[Hunk<'_>]) -> Self {
        let mut patch = Self::default();
        for hunk in hunks {
            let header = HunkHeader {
                old_start: hunk.old_start,
                old_lines: hunk.old_lines,
                new_start: hunk.new_start,
                new_lines: hunk.new_lines,
            };
            patch.header(&header);
            for line in &hunk.lines {
                patch.text.push_str(line);
                patch.text.push('\n');
            }
        }
        patch.counted()
    }

    /// The patch that these hunks, as one text, are.
    pub(crate) fn of_hunks(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            added: 0,
            removed: 0,
        }
        .counted()
    }

    /// The difference between two texts.
    pub(crate) fn between(old: &str, new: &str) -> Self {
        if old.is_empty() {
            return Self::of_all(new, '+');
        }
        if new.is_empty() {
            return Self::of_all(old, '-');
        }
        let (old_lines, new_lines) = (line_count(old), line_count(new));
        if old_lines.saturating_mul(new_lines) > MOST_COMPARED {
            return Self::replacement(old, new);
        }
        let diff = TextDiff::configure()
            .algorithm(Algorithm::Myers)
            .diff_lines(old, new);
        let text = diff
            .unified_diff()
            .context_radius(CONTEXT)
            .missing_newline_hint(false)
            .to_string();
        Self {
            text,
            added: 0,
            removed: 0,
        }
        .counted()
    }

    /// The whole text added (`+`) or removed (`-`).
    fn of_all(text: &str, sign: char) -> Self {
        let mut patch = Self::default();
        if text.is_empty() {
            return patch;
        }
        let count = line_count(text) as u64;
        let header = if sign == '+' {
            HunkHeader {
                old_start: 0,
                old_lines: 0,
                new_start: 1,
                new_lines: count,
            }
        } else {
            HunkHeader {
                old_start: 1,
                old_lines: count,
                new_start: 0,
                new_lines: 0,
            }
        };
        patch.header(&header);
        for line in text.lines() {
            patch.line(sign, line);
        }
        patch.counted()
    }

    /// One hunk that replaces everything between the common beginning and the
    /// common end.
    fn replacement(old: &str, new: &str) -> Self {
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| {
            pairs.take_while(|(old, new)| old == new).count()
        };
        let head = same(&mut old.iter().zip(&new));
        let rest = (&old[head..], &new[head..]);
        let tail = same(&mut rest.0.iter().rev().zip(rest.1.iter().rev()));
        let (from, kept) = (head.saturating_sub(CONTEXT), tail.min(CONTEXT));
        let (old_end, new_end) = (old.len() - tail, new.len() - tail);
        let mut patch = Self::default();
        if head == old_end && head == new_end {
            return patch;
        }
        patch.header(&HunkHeader {
            old_start: from as u64 + 1,
            old_lines: (old_end + kept - from) as u64,
            new_start: from as u64 + 1,
            new_lines: (new_end + kept - from) as u64,
        });
        let before = old[from..head].iter().map(|line| (' ', line));
        let removed = old[head..old_end].iter().map(|line| ('-', line));
        let added = new[head..new_end].iter().map(|line| ('+', line));
        let after = old[old_end..old_end + kept].iter().map(|line| (' ', line));
        for (sign, line) in before.chain(removed).chain(added).chain(after) {
            patch.line(sign, line);
        }
        patch.counted()
    }

    fn header(&mut self, header: &HunkHeader) {
        let HunkHeader {
            old_start,
            old_lines,
            new_start,
            new_lines,
        } = header;
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.text,
            "@@ -{old_start},{old_lines} +{new_start},{new_lines} @@"
        );
    }

    fn line(&mut self, sign: char, line: &str) {
        self.text.push(sign);
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Counts the lines that the hunks add and remove.
    fn counted(mut self) -> Self {
        let mut in_hunk = false;
        for line in self.text.lines() {
            match line.as_bytes().first() {
                Some(b'@') if line.starts_with("@@") => in_hunk = true,
                Some(b'+') if in_hunk => self.added = self.added.saturating_add(1),
                Some(b'-') if in_hunk => self.removed = self.removed.saturating_add(1),
                _ => {}
            }
        }
        self
    }
}

struct HunkHeader {
    old_start: u64,
    old_lines: u64,
    new_start: u64,
    new_lines: u64,
}

fn line_count(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count() + usize::from(!text.ends_with('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_texts_differ_in_hunks() {
        let patch = Patch::between("a\nb\nc\n", "a\nB\nc\nd");
        assert_eq!(patch.text, "@@ -1,3 +1,4 @@\n a\n-b\n+B\n c\n+d\n");
        assert_eq!((patch.added, patch.removed), (2, 1));
    }

    #[test]
    fn a_new_file_is_all_added_and_a_deleted_one_all_removed() {
        assert_eq!(
            Patch::between("", "a\nb\n").text,
            "@@ -0,0 +1,2 @@\n+a\n+b\n"
        );
        assert_eq!(Patch::between("a", "").text, "@@ -1,1 +0,0 @@\n-a\n");
        assert_eq!(Patch::between("", ""), Patch::default());
        assert_eq!(Patch::between("same", "same"), Patch::default());
    }

    #[test]
    fn hunks_are_kept_as_they_are_given() {
        let patch = Patch::from_hunks(&[Hunk {
            old_start: 7,
            old_lines: 2,
            new_start: 7,
            new_lines: 2,
            lines: [" a", "--- b", "+++ c"].map(Cow::from).to_vec(),
        }]);
        assert_eq!(patch.text, "@@ -7,2 +7,2 @@\n a\n--- b\n+++ c\n");
        assert_eq!((patch.added, patch.removed), (1, 1));
    }

    #[test]
    fn huge_texts_are_compared_coarsely_but_rightly() {
        let lines: Vec<_> = (0..5000).map(|line| format!("line {line}\n")).collect();
        let old = lines.concat();
        let new = old
            .replace("line 2000\n", "changed\n")
            .replace("line 2010\n", "changed\n");
        let patch = Patch::between(&old, &new);
        assert_eq!((patch.added, patch.removed), (11, 11));
        assert!(
            patch
                .text
                .starts_with("@@ -1998,17 +1998,17 @@\n line 1997\n")
        );
        assert_eq!(Patch::between(&old, &old.clone()), Patch::default());
    }
}
