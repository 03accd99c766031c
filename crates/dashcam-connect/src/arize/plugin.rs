//! Arize's plugins, which harnesses load as they are: a file `arize-tracing.ts`
//! that starts `arize-hook-<harness>` (snapshot of August 2026).

use crate::files;
use dashcam_harness::Home;
use std::path::{Path, PathBuf};

/// What its installer calls the file.
const NAME: &str = "arize-tracing.ts";
/// How the file begins; by this its own installer knows it, too.
const FIRST_WORDS: &str = "// Arize ";
/// What it starts.
const STARTS: &str = "arize-hook-";

/// Where the plugin may lie, and the settings that it may be registered in.
/// Its installer heeds no variable; a person may have moved what it wrote.
pub(super) fn files(home: &Home, folder: &Path, harness: &str) -> Vec<PathBuf> {
    let (usual, folders, settings): (_, &[&str], &[&str]) = match harness {
        "opencode" => (
            home.folder.join(".config/opencode"),
            &["plugin", "plugins"],
            &[],
        ),
        _ => (
            home.folder.join(".omp/agent"),
            &["../extensions", "extensions"],
            &["settings.json"],
        ),
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in [usual.as_path(), folder] {
        let plugins = folders.iter().map(|name| within(folder, name).join(NAME));
        let settings = settings.iter().map(|name| folder.join(name));
        for file in plugins.chain(settings) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}

/// A folder below another one, or beside it for `../<name>`.
fn within(folder: &Path, name: &str) -> PathBuf {
    match name.strip_prefix("../") {
        Some(name) => folder.with_file_name(name),
        None => folder.join(name),
    }
}

/// Whether a file is the plugin.
pub(super) fn is_arizes(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    text.starts_with(FIRST_WORDS) && text.contains(STARTS)
}

/// Whether an item of Oh My Pi's `extensions` is the plugin: its full path, at
/// which there is nothing else.
pub(super) fn is_registered(item: &str) -> bool {
    let path = Path::new(item);
    path.is_absolute()
        && path.file_name().is_some_and(|name| name == NAME)
        && match files::read(path) {
            Ok(Some(bytes)) => is_arizes(&bytes),
            Ok(None) => true,
            Err(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: &[u8] = b"// Arize omp tracing hook (shim).\n//\nspawn(\"arize-hook-omp\")\n";

    #[test]
    fn the_plugin_is_known_by_how_it_begins_and_what_it_starts() {
        assert!(is_arizes(PLUGIN));
        for other in [
            &b"// mine: spawns arize-hook-omp\n"[..],
            b"// Arize is what I want to replace\n",
            b"\xff",
            b"",
        ] {
            assert!(!is_arizes(other));
        }
    }

    #[test]
    fn an_item_counts_unless_something_else_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let item = path.to_str().unwrap();
        assert!(is_registered(item));
        std::fs::write(&path, PLUGIN).unwrap();
        assert!(is_registered(item));
        std::fs::write(&path, "// mine\n").unwrap();
        assert!(!is_registered(item));
        let other = folder.path().join("other.ts");
        assert!(!is_registered(other.to_str().unwrap()));
        assert!(!is_registered(NAME));
    }

    #[test]
    fn moved_folders_are_looked_into_as_well() {
        let home = Home::at("/h");
        let files_of = |folder: &str, harness: &str| {
            files(&home, Path::new(folder), harness)
                .iter()
                .map(|file| file.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            files_of("/x/opencode", "opencode"),
            [
                "/h/.config/opencode/plugin/arize-tracing.ts",
                "/h/.config/opencode/plugins/arize-tracing.ts",
                "/x/opencode/plugin/arize-tracing.ts",
                "/x/opencode/plugins/arize-tracing.ts",
            ]
        );
        assert_eq!(
            files_of("/h/.omp/agent", "oh-my-pi"),
            [
                "/h/.omp/extensions/arize-tracing.ts",
                "/h/.omp/agent/extensions/arize-tracing.ts",
                "/h/.omp/agent/settings.json",
            ]
        );
    }
}
