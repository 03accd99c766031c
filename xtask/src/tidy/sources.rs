//! Rules for single files: length, name, notes left behind, module docs,
//! blanks at line ends.

use super::Source;

/// A file with more lines holds two concepts.
const MOST_LINES: usize = 800;

/// Names that say nothing of what is inside.
const VAGUE_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "types", "misc",
];

/// Checks one file.
pub(super) fn check(source: &Source, complaints: &mut Vec<String>) {
    let Some((stem, extension)) = name_of(&source.path) else {
        return;
    };
    let is_rust = extension == "rs";
    let is_page = matches!(extension, "ts" | "tsx" | "css");
    let is_text = matches!(extension, "md" | "toml" | "html" | "mjs" | "js" | "sh");
    if !(is_rust || is_page || is_text) {
        return;
    }
    let is_generated = source
        .text
        .lines()
        .take(5)
        .any(|line| line.contains("generated") || line.contains("auto-generated"));

    if (is_rust || is_page) && !is_generated {
        let count = source.text.lines().count();
        if count > MOST_LINES {
            complaints.push(format!(
                "{}: {count} lines are more than {MOST_LINES}: split it by concept",
                source.path
            ));
        }
        if VAGUE_NAMES.contains(&stem) {
            complaints.push(format!(
                "{}: the name says nothing of what is inside",
                source.path
            ));
        }
        check_notes(source, complaints);
    }
    if is_rust && !is_generated {
        check_module_docs(source, complaints);
    }
    if extension != "md" && !is_generated {
        check_line_ends(source, complaints);
    }
}

fn name_of(path: &str) -> Option<(&str, &str)> {
    path.rsplit('/').next()?.rsplit_once('.')
}

/// Notes to oneself are finished before they are merged.
fn check_notes(source: &Source, complaints: &mut Vec<String>) {
    // Put together so that this file does not hold them.
    let marks = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["XX", "X:"].concat(),
        ["to", "do!("].concat(),
    ];
    for (at, line) in source.text.lines().enumerate() {
        for mark in &marks {
            if holds_word(line, mark) {
                complaints.push(format!(
                    "{}:{}: finish what `{mark}` says, or open an issue",
                    source.path,
                    at + 1
                ));
            }
        }
    }
}

/// Whether `line` holds `mark` as a word of its own.
fn holds_word(line: &str, mark: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + mark.len()..].chars().next();
        let ends_open = mark.ends_with(|letter: char| !is_letter(letter));
        !before.is_some_and(is_letter) && (ends_open || !after.is_some_and(is_letter))
    })
}

/// Every module begins with what it is for.
fn check_module_docs(source: &Source, complaints: &mut Vec<String>) {
    let begins_with_docs = source
        .text
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.starts_with("//!") || line.starts_with("#!["));
    let has_docs = source.text.lines().any(|line| line.starts_with("//!"));
    if !begins_with_docs || !has_docs {
        complaints.push(format!(
            "{}:1: begin with `//!` and what the module is for",
            source.path
        ));
    }
}

fn check_line_ends(source: &Source, complaints: &mut Vec<String>) {
    for (at, line) in source.text.lines().enumerate() {
        if line.ends_with(' ') || line.ends_with('\t') {
            complaints.push(format!(
                "{}:{}: blanks at the end of the line",
                source.path,
                at + 1
            ));
        }
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        complaints.push(format!("{}: the last line has no end", source.path));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::source;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        check(&source(path, text), &mut complaints);
        complaints
    }

    #[test]
    fn a_tidy_file_passes() {
        assert!(complaints("a/session.rs", "//! What it is for.\n\nfn main() {}\n").is_empty());
        assert!(complaints("a/b.md", "two blanks make a break  \nhere\n").is_empty());
    }

    #[test]
    fn each_rule_finds_what_breaks_it() {
        let note = ["TO", "DO"].concat();
        for (path, text) in [
            ("a/utils.rs", "//! Docs.\n".to_owned()),
            ("a/b.rs", "fn main() {}\n".to_owned()),
            ("a/b.rs", format!("//! Docs.\n// {note}: later\n")),
            ("a/b.rs", "//! Docs.\nfn main() {} \n".to_owned()),
            ("a/b.rs", "//! Docs.\nfn main() {}".to_owned()),
            ("a/b.ts", "let x = 1;\n".repeat(801)),
        ] {
            assert_eq!(
                complaints(path, &text).len(),
                1,
                "{path}: {:?}",
                complaints(path, &text)
            );
        }
    }

    #[test]
    fn the_tool_that_writes_tasks_is_no_note() {
        let name = ["TO", "DO"].concat();
        assert!(complaints("a/b.rs", &format!("//! {name}S and {name}_list.\n")).is_empty());
    }
}
