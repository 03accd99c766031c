//! `~/.arize/harness/config.json`, as Arize's installer writes it (snapshot of
//! August 2026).

use crate::error::{Error, decode};
use crate::files;
use dashcam_harness::Home;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What Arize's hooks were configured with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArizeConfig {
    /// The file.
    pub path: PathBuf,
    /// By harness, under Arize's names, which are dashcam's where dashcam knows
    /// the harness.
    pub harnesses: BTreeMap<String, ArizeHarness>,
    /// The user that traces are of, where a harness says nothing else.
    pub user_id: Option<String>,
    /// Attributes on every span.
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// What may leave the machine.
    pub logging: Logging,
}

/// What is configured for one harness.
#[derive(Clone, Debug, PartialEq)]
pub struct ArizeHarness {
    /// Where its traces go; `None` where the file does not say.
    pub target: Option<ArizeTarget>,
    /// The project they are filed under.
    pub project: Option<String>,
    /// The user that its traces are of.
    pub user_id: Option<String>,
    /// Attributes on its spans.
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArizeTarget {
    /// A Phoenix.
    Phoenix {
        /// Its address.
        endpoint: String,
        /// The key, where it asks for one.
        api_key: Option<Secret>,
    },
    /// Arize AX.
    Arize {
        /// Its address.
        endpoint: String,
        /// The key.
        api_key: Option<Secret>,
        /// The space.
        space_id: Option<String>,
    },
}

/// What may leave the machine. Arize's default is everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logging {
    /// Prompts and answers.
    pub prompts: bool,
    /// Commands, paths, queries.
    pub tool_details: bool,
    /// What tools gave back.
    pub tool_content: bool,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            prompts: true,
            tool_details: true,
            tool_content: true,
        }
    }
}

/// A key, which is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The key itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl ArizeTarget {
    /// What it is and where, without its key.
    pub fn describe(&self) -> String {
        match self {
            Self::Phoenix { endpoint, .. } => format!("Phoenix at {endpoint}"),
            Self::Arize {
                endpoint, space_id, ..
            } => match space_id {
                Some(space) => format!("Arize AX at {endpoint}, space {space}"),
                None => format!("Arize AX at {endpoint}"),
            },
        }
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    harnesses: BTreeMap<String, Entry>,
    user_id: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    logging: Switches,
}

#[derive(Deserialize)]
struct Entry {
    project_name: Option<String>,
    target: Option<String>,
    endpoint: Option<String>,
    api_key: Option<String>,
    space_id: Option<String>,
    user_id: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct Switches {
    prompts: Option<bool>,
    tool_details: Option<bool>,
    tool_content: Option<bool>,
}

/// The configuration in a home; `None` where there is none or it cannot be
/// read.
pub fn read(home: &Home) -> Option<ArizeConfig> {
    find(home).ok().flatten()
}

/// The configuration in a home, or why it cannot be read.
pub fn find(home: &Home) -> Result<Option<ArizeConfig>, Error> {
    let path = home.folder.join(".arize/harness/config.json");
    let Some(bytes) = files::read(&path)? else {
        return Ok(None);
    };
    let (text, _) = decode(&path, &bytes)?;
    let file: File = serde_json::from_str(&text).map_err(|problem| Error::Broken {
        path: path.clone(),
        line: problem.line(),
        column: problem.column(),
        message: problem.to_string(),
    })?;
    let defaults = Logging::default();
    Ok(Some(ArizeConfig {
        path,
        harnesses: file
            .harnesses
            .into_iter()
            .map(|(name, entry)| (name, harness(entry)))
            .collect(),
        user_id: given(file.user_id),
        attributes: file.attributes,
        logging: Logging {
            prompts: file.logging.prompts.unwrap_or(defaults.prompts),
            tool_details: file.logging.tool_details.unwrap_or(defaults.tool_details),
            tool_content: file.logging.tool_content.unwrap_or(defaults.tool_content),
        },
    }))
}

fn harness(entry: Entry) -> ArizeHarness {
    let api_key = given(entry.api_key).map(Secret);
    let target = match (entry.target.as_deref(), given(entry.endpoint)) {
        (Some("phoenix"), Some(endpoint)) => Some(ArizeTarget::Phoenix { endpoint, api_key }),
        (Some("arize"), Some(endpoint)) => Some(ArizeTarget::Arize {
            endpoint,
            api_key,
            space_id: given(entry.space_id),
        }),
        _ => None,
    };
    ArizeHarness {
        target,
        project: given(entry.project_name),
        user_id: given(entry.user_id),
        attributes: entry.attributes,
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(config: &str) -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".arize/harness")).unwrap();
        std::fs::write(folder.path().join(".arize/harness/config.json"), config).unwrap();
        let home = Home::at(folder.path());
        (folder, home)
    }

    #[test]
    fn targets_projects_users_and_choices_are_read() {
        let (_folder, home) = home(
            r#"{
  "harnesses": {
    "claude-code": {"project_name": "mine", "target": "phoenix", "endpoint": "http://localhost:6006", "api_key": ""},
    "codex": {"target": "arize", "endpoint": "otlp.arize.com:443", "api_key": "ak-secret", "space_id": "U3BhY2U6", "user_id": "ada", "attributes": {"team": "red"}},
    "kiro": {}
  },
  "user_id": "grace",
  "logging": {"prompts": false}
}"#,
        );
        let config = read(&home).unwrap();
        let claude = &config.harnesses["claude-code"];
        assert_eq!(claude.project.as_deref(), Some("mine"));
        let phoenix = ArizeTarget::Phoenix {
            endpoint: "http://localhost:6006".to_owned(),
            api_key: None,
        };
        assert_eq!(claude.target, Some(phoenix));
        let codex = &config.harnesses["codex"];
        let Some(ArizeTarget::Arize { api_key, .. }) = &codex.target else {
            panic!("{codex:?}")
        };
        assert_eq!(api_key.as_ref().unwrap().reveal(), "ak-secret");
        assert_eq!(codex.attributes["team"], "red");
        assert_eq!(config.harnesses["kiro"].target, None);
        assert_eq!(config.user_id.as_deref(), Some("grace"));
        assert!(!config.logging.prompts && config.logging.tool_content);
        assert!(!format!("{config:?}").contains("ak-secret"));
        assert!(
            !codex
                .target
                .as_ref()
                .unwrap()
                .describe()
                .contains("ak-secret")
        );
    }

    #[test]
    fn a_broken_one_is_told_and_a_missing_one_is_none() {
        let (_folder, home) = home("{\n  \"harnesses\": oops\n}");
        let problem = find(&home).unwrap_err().to_string();
        assert!(problem.contains("config.json:2:"), "{problem}");
        assert!(read(&home).is_none());
        assert!(find(&Home::at("/no/such/home")).unwrap().is_none());
    }
}
