//! `workspace.yaml`: what a session is called, and which client runs it.
//!
//! The file is a flat map of plain values (seen in 1.0.102). Only that much of
//! YAML is read: plain, single-quoted and double-quoted text, and folded or
//! literal blocks, which its writer uses for long names.

/// What the file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Workspace {
    pub(super) name: Option<String>,
    pub(super) client_name: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) branch: Option<String>,
}

impl Workspace {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut workspace = Self::default();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let mut block = Vec::new();
            while let Some(next) = lines.next_if(|next| next.starts_with(' ')) {
                block.push(next.trim());
            }
            let value = scalar(value.trim(), &block);
            match key {
                "name" => workspace.name = value,
                "client_name" => workspace.client_name = value,
                "cwd" => workspace.cwd = value,
                "branch" => workspace.branch = value,
                _ => {}
            }
        }
        workspace
    }
}

/// A value; `None` for nothing, and for what is not understood.
fn scalar(value: &str, block: &[&str]) -> Option<String> {
    let text = match value.as_bytes().first() {
        None => return None,
        Some(b'|') => block.join("\n"),
        Some(b'>') => block.join(" "),
        Some(b'\'') => {
            let whole = joined(value, block);
            whole
                .strip_prefix('\'')?
                .strip_suffix('\'')?
                .replace("''", "'")
        }
        Some(b'"') => serde_json::from_str(&joined(value, block)).ok()?,
        Some(_) if value == "null" || value == "~" => return None,
        Some(_) => joined(value, block),
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

fn joined(value: &str, block: &[&str]) -> String {
    let mut whole = value.to_owned();
    for line in block {
        whole.push(' ');
        whole.push_str(line);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(yaml: &str) -> Option<String> {
        Workspace::read(yaml.as_bytes()).name
    }

    #[test]
    fn names_are_read_however_they_are_quoted() {
        assert_eq!(
            name("id: 1\nname: Count lines\ncwd: /w\n").unwrap(),
            "Count lines"
        );
        assert_eq!(
            name("name: 'Ask: what''s up?'\n").unwrap(),
            "Ask: what's up?"
        );
        assert_eq!(name("name: \"a\\nb\"\n").unwrap(), "a\nb");
        assert_eq!(name("name: >-\n  one\n  two\nid: 1\n").unwrap(), "one two");
        assert_eq!(name("name: |-\n  one\n  two\n").unwrap(), "one\ntwo");
        assert_eq!(name("name: 'one\n  two'\nid: 1\n").unwrap(), "one two");
    }

    #[test]
    fn what_says_nothing_is_absent() {
        for yaml in [
            "",
            "name:\n",
            "name: null\n",
            "name: '\n",
            "name: \"\n",
            "\u{0}",
        ] {
            assert_eq!(name(yaml), None, "{yaml:?}");
        }
    }
}
