//! Rules for the crates' manifests.

use super::Source;

/// Checks every crate's manifest.
pub(super) fn check(sources: &[Source], complaints: &mut Vec<String>) {
    let manifests = sources
        .iter()
        .filter(|source| source.path.ends_with("/Cargo.toml"));
    // The fuzz package is a workspace of its own, as cargo-fuzz wants it.
    for manifest in manifests.filter(|manifest| !manifest.path.starts_with("fuzz/")) {
        if !has_section_line(&manifest.text, "[lints]", "workspace = true") {
            complaints.push(format!(
                "{}: add `[lints]` with `workspace = true`",
                manifest.path
            ));
        }
        for (at, line) in manifest.text.lines().enumerate() {
            if is_own_version(line) {
                complaints.push(format!(
                    "{}:{}: name the version in the workspace's Cargo.toml, with the reason for the dependency",
                    manifest.path,
                    at + 1
                ));
            }
        }
    }
}

fn has_section_line(text: &str, section: &str, line: &str) -> bool {
    let mut lines = text
        .lines()
        .skip_while(|found| found.trim() != section)
        .skip(1);
    lines
        .by_ref()
        .take_while(|found| !found.starts_with('['))
        .any(|found| found.trim() == line)
}

/// A dependency with a version of its own: `serde = "1"`, or inside `{ … }`.
fn is_own_version(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else {
        return false;
    };
    let (name, value) = (name.trim(), value.trim());
    let is_package_field = [
        "name",
        "description",
        "version",
        "edition",
        "license",
        "readme",
        "homepage",
    ]
    .contains(&name);
    let looks_like_version = |text: &str| {
        text.trim()
            .trim_start_matches(['^', '=', '~'])
            .starts_with(|letter: char| letter.is_ascii_digit())
    };
    if let Some(text) = value.strip_prefix('"') {
        return !is_package_field
            && looks_like_version(text)
            && !name.contains('.')
            && !name.contains("rust-version");
    }
    value.starts_with('{') && value.contains("version = \"")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::source;

    #[test]
    fn a_crate_without_the_lints_or_with_its_own_versions_is_found() {
        let good = "[package]\nname = \"a\"\n\n[dependencies]\nserde.workspace = true\n\n[lints]\nworkspace = true\n";
        let bad = "[package]\nname = \"a\"\n\n[dependencies]\nserde = \"1\"\nzstd = { version = \"0.13\" }\n";
        let mut complaints = Vec::new();
        check(&[source("crates/a/Cargo.toml", good)], &mut complaints);
        assert!(complaints.is_empty(), "{complaints:?}");
        check(&[source("crates/b/Cargo.toml", bad)], &mut complaints);
        assert_eq!(complaints.len(), 3, "{complaints:?}");
    }
}
