//! Projects that are left out of everything.
//!
//! Two places say so: `[privacy] ignore` in `config.toml`, and a file
//! `.dashcamignore` in a project's folder or in any folder above it up to the
//! home. Both have the patterns of `.gitignore`, matched against the folder
//! that a session began in. A `.dashcamignore` without any pattern leaves out
//! its whole folder, so that an empty file is all it takes.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The file that leaves a project out.
pub const IGNORE_FILE: &str = ".dashcamignore";

/// Why a project is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A pattern of the configuration matches its folder.
    Config {
        /// The pattern, as it is written there.
        pattern: String,
    },
    /// A `.dashcamignore` holds for its folder.
    File {
        /// The file.
        file: PathBuf,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config { pattern } => write!(f, "`{pattern}` in config.toml"),
            Self::File { file } => f.write_str(&file.to_string_lossy()),
        }
    }
}

/// A pattern that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("privacy.ignore: `{pattern}` is no pattern: {source}; write it as in .gitignore")]
pub struct PatternError {
    pattern: String,
    source: ignore::Error,
}

/// Reads a `.dashcamignore`; `None` where there is none.
type ReadFile = dyn Fn(&Path) -> Option<String> + Send + Sync;

/// The rules by which projects are left out.
#[derive(Clone)]
pub struct Exclusions {
    home: Option<PathBuf>,
    config: Arc<Gitignore>,
    patterns: Arc<HashMap<String, String>>,
    read: Arc<ReadFile>,
    /// What was found out about a folder. Sessions share few folders.
    known: Arc<Mutex<HashMap<String, Option<Reason>>>>,
}

impl fmt::Debug for Exclusions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exclusions")
            .field("home", &self.home)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Default for Exclusions {
    /// Leaves out nothing.
    fn default() -> Self {
        Self {
            home: None,
            config: Arc::new(Gitignore::empty()),
            patterns: Arc::default(),
            read: Arc::new(|_| None),
            known: Arc::default(),
        }
    }
}

impl Exclusions {
    /// The rules of the configuration, and of the files that `read` reads: it
    /// gets the path of a possible `.dashcamignore` and returns its text if
    /// there is one.
    ///
    /// `home` is what `~` stands for, and the last folder that is looked in
    /// for a `.dashcamignore`; folders outside it are looked through to the
    /// root.
    pub fn new(
        home: Option<&Path>,
        patterns: &[String],
        read: impl Fn(&Path) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Self, PatternError> {
        let mut builder = GitignoreBuilder::new("/");
        let mut written = HashMap::new();
        for pattern in patterns {
            let anchored = anchored(pattern, home);
            builder
                .add_line(None, &anchored)
                .map_err(|source| PatternError {
                    pattern: pattern.clone(),
                    source,
                })?;
            written.insert(anchored, pattern.clone());
        }
        let config = builder.build().map_err(|source| PatternError {
            pattern: patterns.join("`, `"),
            source,
        })?;
        Ok(Self {
            home: home.map(Path::to_owned),
            config: Arc::new(config),
            patterns: Arc::new(written),
            read: Arc::new(read),
            known: Arc::default(),
        })
    }

    /// Why sessions that began in this folder are left out; `None`: they are
    /// not. What was once found out about a folder holds as long as the value
    /// lives: make a new one to see files that were written since.
    pub fn excluded(&self, cwd: &str) -> Option<Reason> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = known.get(cwd) {
            return reason.clone();
        }
        let reason = self.decide(cwd);
        known.insert(cwd.to_owned(), reason.clone());
        reason
    }

    fn decide(&self, cwd: &str) -> Option<Reason> {
        let folder = Path::new(cwd);
        // Relative folders say nothing of where they are.
        if cwd.is_empty() || !is_absolute(cwd) || has_parent_parts(folder) {
            return None;
        }
        self.by_config(cwd).or_else(|| self.by_file(folder))
    }

    fn by_config(&self, cwd: &str) -> Option<Reason> {
        if self.config.is_empty() {
            return None;
        }
        let path = below_root(cwd);
        let found = self
            .config
            .matched_path_or_any_parents(Path::new(&path), true);
        let glob = found.inner().filter(|_| found.is_ignore())?;
        let pattern = self.patterns.get(glob.original());
        Some(Reason::Config {
            pattern: pattern.map_or_else(|| glob.original().to_owned(), String::clone),
        })
    }

    fn by_file(&self, folder: &Path) -> Option<Reason> {
        let stops = self.home.as_deref().filter(|home| folder.starts_with(home));
        for parent in folder.ancestors() {
            let file = parent.join(IGNORE_FILE);
            // The nearest file decides, so that it can make an exception.
            if let Some(verdict) =
                (self.read)(&file).and_then(|text| verdict(&text, parent, folder))
            {
                return verdict.then_some(Reason::File { file });
            }
            if stops == Some(parent) {
                break;
            }
        }
        None
    }
}

/// Why sessions that began in this folder are left out; `None`: they are not.
pub fn excluded(cwd: &str, rules: &Exclusions) -> Option<Reason> {
    rules.excluded(cwd)
}

/// What a `.dashcamignore` says of a folder at or below its own; `None`:
/// nothing.
fn verdict(text: &str, root: &Path, folder: &Path) -> Option<bool> {
    let lines: Vec<&str> = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let takes_all = |line: &&str| matches!(*line, "*" | "**" | "/" | "/*" | "." | "./");
    let below = folder.strip_prefix(root).ok()?;
    if lines.is_empty() || (below.as_os_str().is_empty() && lines.iter().any(takes_all)) {
        return Some(true);
    }
    if below.as_os_str().is_empty() {
        return None;
    }
    let mut builder = GitignoreBuilder::new("/");
    for line in lines {
        let line = if matches!(line, "/" | "." | "./") {
            "*"
        } else {
            line
        };
        // A line that is no pattern is left out, as Git does it.
        let _ = builder.add_line(None, line);
    }
    let matcher = builder.build().ok()?;
    let path = Path::new("/").join(below);
    let found = matcher.matched_path_or_any_parents(&path, true);
    match (found.is_ignore(), found.is_whitelist()) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// A pattern of the configuration as one below the root.
fn anchored(pattern: &str, home: Option<&Path>) -> String {
    let (not, pattern) = pattern
        .strip_prefix('!')
        .map_or(("", pattern), |rest| ("!", rest));
    let path = match (pattern.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            let home = escaped(&below_root(&home.to_string_lossy()));
            format!("{home}{}", rest.replace('\\', "/"))
        }
        _ if is_absolute(pattern) && !pattern.starts_with('/') => below_root(pattern),
        _ => pattern.to_owned(),
    };
    format!("{not}{path}")
}

/// A path whose characters mean nothing but themselves.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for character in path.chars() {
        if "*?[]\\!#".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// An absolute path with one kind of slash, and drives as folders below the root.
fn below_root(path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    format!("/{}", path.replace('\\', "/"))
}

/// Absolute on either kind of system, whichever this one is.
fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    matches!(bytes, [b'/', ..] | [b'\\', b'\\', ..])
        || matches!(bytes, [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic())
}

fn has_parent_parts(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(patterns: &[&str], files: &[(&str, &str)]) -> Exclusions {
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        let files: HashMap<PathBuf, String> = files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
            .collect();
        Exclusions::new(Some(Path::new("/home/ann")), &patterns, move |path| {
            files.get(path).cloned()
        })
        .unwrap()
    }

    fn is_out(rules: &Exclusions, cwd: &str) -> bool {
        excluded(cwd, rules).is_some()
    }

    #[test]
    fn patterns_of_the_configuration_are_those_of_gitignore() {
        let rules = rules(
            &["~/secret/*", "client-*", "/srv/**/private", "!client-open"],
            &[],
        );
        for out in [
            "/home/ann/secret/a",
            "/home/ann/secret/a/b/c",
            "/work/client-x",
            "/work/client-x/src",
            "/srv/a/b/private",
            "/srv/private/c",
        ] {
            assert!(is_out(&rules, out), "{out}");
        }
        for kept in [
            "/home/ann/secret",
            "/home/ann/secrets/a",
            "/home/bob/secret/a",
            "/work/client-open",
            "/work/my-client-x",
            "/opt/srv/a/private",
            "/",
        ] {
            assert!(!is_out(&rules, kept), "{kept}");
        }
    }

    #[test]
    fn the_reason_names_the_rule() {
        let by_config = rules(&["~/secret/*"], &[]);
        assert_eq!(
            excluded("/home/ann/secret/a", &by_config)
                .unwrap()
                .to_string(),
            "`~/secret/*` in config.toml"
        );
        let by_file = rules(&[], &[("/home/ann/w/.dashcamignore", "")]);
        assert_eq!(
            excluded("/home/ann/w/p", &by_file).unwrap().to_string(),
            "/home/ann/w/.dashcamignore"
        );
    }

    #[test]
    fn an_empty_file_leaves_out_its_folder_and_all_below() {
        for text in ["", "\n# only a note\n", "*\n", "/\r\n"] {
            let rules = rules(&[], &[("/home/ann/p/.dashcamignore", text)]);
            assert!(is_out(&rules, "/home/ann/p"), "{text:?}");
            assert!(is_out(&rules, "/home/ann/p/a/b"), "{text:?}");
            assert!(!is_out(&rules, "/home/ann"), "{text:?}");
            assert!(!is_out(&rules, "/home/ann/pp"), "{text:?}");
        }
    }

    #[test]
    fn a_file_with_patterns_holds_for_folders_below_it() {
        let rules = rules(
            &[],
            &[(
                "/home/ann/work/.dashcamignore",
                "clients/*\n!clients/open\n/tmp\n",
            )],
        );
        assert!(is_out(&rules, "/home/ann/work/clients/a/src"));
        assert!(is_out(&rules, "/home/ann/work/tmp"));
        assert!(!is_out(&rules, "/home/ann/work/clients/open/src"));
        assert!(!is_out(&rules, "/home/ann/work/x/tmp"));
        assert!(!is_out(&rules, "/home/ann/work"));
    }

    #[test]
    fn the_nearest_file_that_says_something_decides() {
        let rules = rules(
            &[],
            &[
                ("/home/ann/work/.dashcamignore", "*\n"),
                ("/home/ann/work/open/.dashcamignore", "!*\n"),
            ],
        );
        assert!(is_out(&rules, "/home/ann/work/closed/x"));
        assert!(!is_out(&rules, "/home/ann/work/open/x"));
    }

    #[test]
    fn files_above_the_home_are_not_looked_at() {
        let rules = rules(
            &[],
            &[("/home/.dashcamignore", ""), ("/mnt/.dashcamignore", "")],
        );
        assert!(!is_out(&rules, "/home/ann/p"));
        assert!(is_out(&rules, "/mnt/a/p"));
    }

    #[test]
    fn odd_folders_are_no_trouble() {
        let rules = rules(&["*", "["], &[]);
        for cwd in ["", "relative/p", "~", "/a/../b", "\0", "//", "C:"] {
            let _ = excluded(cwd, &rules);
        }
        assert!(is_out(&rules, "/any"));
    }

    #[test]
    fn folders_of_windows_match_with_either_slash() {
        let patterns = ["~/secret/*".to_owned(), "D:\\clients".to_owned()];
        let rules =
            Exclusions::new(Some(Path::new("C:\\Users\\Ann")), &patterns, |_| None).unwrap();
        assert!(is_out(&rules, "C:\\Users\\Ann\\secret\\a"));
        assert!(is_out(&rules, "C:/Users/Ann/secret/a"));
        assert!(is_out(&rules, "D:\\clients\\x"));
        assert!(!is_out(&rules, "C:\\Users\\Ann\\open\\a"));
    }
}
