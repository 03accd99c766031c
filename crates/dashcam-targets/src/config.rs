//! Targets as they stand in `config.toml`: `[targets.<name>]`.
//!
//! The file is the person's: it is edited in place, comments and all. Values
//! of headers are kept apart, in a file that only its owner may read.

use crate::credentials::{Credentials, put};
use crate::environment::Environment;
use crate::keyring;
use crate::level::{LevelRules, SendLevel};
use crate::target::{Header, NewTarget, Secrets, Target, TargetError};
use dashcam_otlp::send::{Place, Preset, Profile, basic};
use dashcam_privacy::{Hide, Level};
use dashcam_trace::Harness;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use toml_edit::{DocumentMut, Item, Table};

/// The person's configuration, in the data folder.
const FILE: &str = "config.toml";
/// The table of targets in it.
const TABLE: &str = "targets";

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    targets: BTreeMap<String, Entry>,
}

/// A target as it stands in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    backend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    harnesses: Vec<Harness>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hide: Vec<Hidden>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    projects: BTreeMap<Harness, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, serde_json::Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    levels: BTreeMap<SendLevel, Vec<String>>,
}

/// A kind of content that is hidden.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Hidden {
    Prompts,
    Answers,
    ToolInput,
    ToolOutput,
    Images,
    Parameters,
}

impl Hidden {
    fn field(self, hide: &mut Hide) -> &mut bool {
        match self {
            Self::Prompts => &mut hide.prompts,
            Self::Answers => &mut hide.answers,
            Self::ToolInput => &mut hide.tool_input,
            Self::ToolOutput => &mut hide.tool_output,
            Self::Images => &mut hide.images,
            Self::Parameters => &mut hide.parameters,
        }
    }

    fn of(mut hide: Hide) -> Vec<Self> {
        [
            Self::Prompts,
            Self::Answers,
            Self::ToolInput,
            Self::ToolOutput,
            Self::Images,
            Self::Parameters,
        ]
        .into_iter()
        .filter(|kind| *kind.field(&mut hide))
        .collect()
    }
}

/// The targets of a data folder, by name. `home` is what `~` stands for.
pub fn load(data_dir: &Path, home: Option<&Path>) -> Result<Vec<Target>, TargetError> {
    let path = data_dir.join(FILE);
    let file: File = toml::from_str(&text(&path)?).map_err(|error| TargetError::Broken {
        path: path.clone(),
        message: error.to_string(),
    })?;
    let credentials = Credentials::load(data_dir)?;
    file.targets
        .into_iter()
        .map(|(name, entry)| {
            let secrets = credentials.of(&name);
            target(name, entry, secrets, home, &path)
        })
        .collect()
}

fn text(path: &Path) -> Result<String, TargetError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(TargetError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

fn target(
    name: String,
    entry: Entry,
    secrets: BTreeMap<String, String>,
    home: Option<&Path>,
    path: &Path,
) -> Result<Target, TargetError> {
    let broken = |message: String| TargetError::Broken {
        path: path.to_owned(),
        message: format!("[{TABLE}.{name}]: {message}"),
    };
    // The name of a target is its backend's as a rule.
    let backend: Preset = entry
        .backend
        .as_deref()
        .unwrap_or(&name)
        .parse()
        .map_err(|error| broken(format!("backend: {error}")))?;
    let url = match (&entry.url, backend.place()) {
        (Some(url), _) => backend.endpoint(url),
        (None, Place::Fixed(url)) => url.to_owned(),
        (None, Place::Told(form)) => return Err(broken(format!("url is missing: {form}"))),
    };
    let mut hide = Hide::default();
    for kind in entry.hide {
        *kind.field(&mut hide) = true;
    }
    let levels = LevelRules::new(entry.level.unwrap_or_default(), entry.levels, home);
    let mut headers: BTreeMap<String, Header> = entry
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), Header::parse(value)))
        .collect();
    for (name, value) in secrets {
        headers.insert(name, Header::Value(value));
    }
    Ok(Target {
        backend,
        url,
        headers,
        project: entry.project.unwrap_or_else(|| "{harness}".to_owned()),
        projects: entry.projects,
        levels: levels.map_err(|source| TargetError::Pattern {
            target: name.clone(),
            source,
        })?,
        hide,
        profile: entry.profile.unwrap_or_else(|| usual_profile(backend)),
        user: entry.user,
        attributes: entry.attributes,
        harnesses: entry.harnesses,
        name,
    })
}

/// A backend that takes few attributes gets those that matter.
fn usual_profile(backend: Preset) -> Profile {
    match backend {
        _ if backend.limits().attributes.is_some() => Profile::Compact,
        // These read only OpenTelemetry's names.
        Preset::Signoz | Preset::Grafana | Preset::Observe => Profile::Genai,
        _ => Profile::Openinference,
    }
}

/// Adds a target to the configuration, and returns it. What `new` leaves open
/// is taken from the environment, else it is the backend's usual. Values of
/// headers go into the file of credentials.
pub fn add(
    data_dir: &Path,
    home: Option<&Path>,
    name: &str,
    backend: Preset,
    new: NewTarget,
    environment: &Environment,
) -> Result<Target, TargetError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(TargetError::Name(name.to_owned()));
    }
    let path = data_dir.join(FILE);
    let text = text(&path)?;
    let mut document: DocumentMut = text.parse().map_err(|error| TargetError::Broken {
        path: path.clone(),
        message: format!("{error}"),
    })?;
    if document
        .get(TABLE)
        .is_some_and(|targets| targets.get(name).is_some())
    {
        return Err(TargetError::Taken(name.to_owned()));
    }
    let (mut headers, mut secrets) = headers(backend, new.headers, environment)?;
    if new.secrets == Secrets::Keyring {
        keyring::write(name, &secrets)?;
        for header in std::mem::take(&mut secrets).into_keys() {
            let account = keyring::account(name, &header);
            headers.insert(header, format!("keyring:{account}"));
        }
    }
    let url = new
        .url
        .as_deref()
        .or_else(|| environment.first(backend.url_variables()))
        .map(|url| backend.endpoint(url));
    if let (None, Place::Told(form)) = (&url, backend.place()) {
        return Err(TargetError::NoUrl(form));
    }
    let project = new.project.or_else(|| {
        let project = environment.first(backend.project_variables());
        project.map(str::to_owned)
    });
    let entry = Entry {
        backend: Some(backend.as_str().to_owned()),
        url,
        project,
        level: new.level,
        profile: new.profile,
        user: new.user,
        harnesses: new.harnesses,
        hide: Hidden::of(new.hide),
        headers,
        projects: new.projects,
        attributes: new.attributes,
        levels: BTreeMap::new(),
    };
    let broken = |message: String| TargetError::Broken {
        path: path.clone(),
        message,
    };
    let table = toml_edit::ser::to_document(&entry).map_err(|error| broken(error.to_string()))?;
    // What stands at the end of the file stands before the new table then.
    let end = document.trailing().as_str().unwrap_or_default().to_owned();
    document.set_trailing("");
    let is_first = document.is_empty() && end.is_empty();
    let separator = if is_first { end } else { end + "\n" };
    let targets = document
        .entry(TABLE)
        .or_insert_with(|| {
            let mut targets = toml_edit::Table::new();
            targets.set_implicit(true);
            Item::Table(targets)
        })
        .as_table_mut()
        .ok_or_else(|| broken(format!("`{TABLE}` is no table")))?;
    let mut table = table.as_table().clone();
    table.decor_mut().set_prefix(separator);
    targets.insert(name, Item::Table(table));
    // The secrets first: a target without its key would be refused.
    let mut credentials = Credentials::load(data_dir)?;
    credentials.set(name, secrets);
    credentials.save(data_dir)?;
    put(&path, &document.to_string())?;
    let targets = load(data_dir, home)?;
    let added = targets.into_iter().find(|target| target.name == name);
    added.ok_or_else(|| broken(format!("[{TABLE}.{name}] was not written")))
}

/// Removes a target and its secrets from the configuration.
pub fn remove(data_dir: &Path, name: &str) -> Result<(), TargetError> {
    let path = data_dir.join(FILE);
    let mut document: DocumentMut = text(&path)?.parse().map_err(|error| TargetError::Broken {
        path: path.clone(),
        message: format!("{error}"),
    })?;
    let targets = document.get_mut(TABLE).and_then(Item::as_table_like_mut);
    let known: Vec<String> = targets.as_ref().map_or_else(Vec::new, |targets| {
        targets.iter().map(|(name, _)| name.to_owned()).collect()
    });
    let removed = targets.and_then(|targets| targets.remove(name));
    let Some(removed) = removed else {
        return Err(TargetError::unknown(name, &known));
    };
    if let Item::Table(removed) = &removed {
        keep_comments(&mut document, removed);
    }
    for account in own_accounts(name, &removed) {
        keyring::remove(&account)?;
    }
    put(&path, &document.to_string())?;
    let mut credentials = Credentials::load(data_dir)?;
    credentials.set(name, BTreeMap::new());
    credentials.save(data_dir)
}

/// The accounts in the keyring that were made for a target.
fn own_accounts(name: &str, target: &Item) -> Vec<String> {
    let headers = target.get("headers").and_then(Item::as_table_like);
    let values = headers.into_iter().flat_map(|headers| headers.iter());
    values
        .filter_map(|(header, value)| match Header::parse(value.as_str()?) {
            Header::Keyring(account) => {
                (account == keyring::account(name, header)).then_some(account)
            }
            _ => None,
        })
        .collect()
}

/// What stood before a table that was removed is the person's: it stands
/// before the next one then, or at the end.
fn keep_comments(document: &mut DocumentMut, removed: &Table) {
    let before = removed.decor().prefix().and_then(|prefix| prefix.as_str());
    let before = before.unwrap_or_default();
    // The empty line that parted it from what stood before goes with it.
    let before = match before.strip_suffix('\n') {
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => rest.to_owned(),
        _ => before.to_owned(),
    };
    let position = removed.position().unwrap_or_default();
    if let Some(next) = table_after(document.as_table_mut(), position) {
        let own = next.decor().prefix().and_then(|prefix| prefix.as_str());
        let both = before + own.unwrap_or_default();
        next.decor_mut().set_prefix(both);
    } else {
        let own = document.trailing().as_str().unwrap_or_default();
        let both = before + own;
        document.set_trailing(both);
    }
}

/// The table that comes next in the file.
fn table_after(table: &mut Table, position: isize) -> Option<&mut Table> {
    let mut next: Option<&mut Table> = None;
    for (_, item) in table.iter_mut() {
        let Item::Table(below) = item else { continue };
        let is_after = !below.is_implicit() && below.position() > Some(position);
        let found = if is_after {
            Some(below)
        } else {
            table_after(below, position)
        };
        if let Some(found) = found {
            let is_nearer = next
                .as_ref()
                .is_none_or(|next| found.position() < next.position());
            if is_nearer {
                next = Some(found);
            }
        }
    }
    next
}

/// The headers that go into the configuration, and those that are secret.
type Headers = (BTreeMap<String, String>, BTreeMap<String, String>);

fn headers(
    backend: Preset,
    given: BTreeMap<String, Header>,
    environment: &Environment,
) -> Result<Headers, TargetError> {
    let mut plain = BTreeMap::new();
    let mut secret = BTreeMap::new();
    for (name, header) in given {
        match header {
            Header::Variable(variable) => {
                plain.insert(name.to_ascii_lowercase(), format!("env:{variable}"));
            }
            Header::Keyring(account) => {
                plain.insert(name.to_ascii_lowercase(), format!("keyring:{account}"));
            }
            Header::Value(value) => drop(secret.insert(name.to_ascii_lowercase(), value)),
        }
    }
    for credential in backend.credentials() {
        if plain.contains_key(credential.header) || secret.contains_key(credential.header) {
            continue;
        }
        // A name and a password make one header.
        let found = match (credential.prefix, credential.variables) {
            ("Basic ", [user, password]) => environment
                .get(user)
                .zip(environment.get(password))
                .map(|(user, password)| basic(user, password)),
            (_, variables) => environment.first(variables).map(str::to_owned),
        };
        match found {
            Some(value) => {
                let value = format!("{}{value}", credential.prefix);
                secret.insert(credential.header.to_owned(), value);
            }
            None if credential.required => {
                return Err(TargetError::NoCredential {
                    backend: backend.as_str(),
                    header: credential.header,
                    variables: credential.variables.join(" and "),
                });
            }
            None => {}
        }
    }
    if backend == Preset::Otlp {
        let given = environment.first(&[
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "OTEL_EXPORTER_OTLP_HEADERS",
        ]);
        for pair in given.unwrap_or_default().split(',') {
            if let Some((name, value)) = pair.split_once('=') {
                let name = name.trim().to_ascii_lowercase();
                secret
                    .entry(name)
                    .or_insert_with(|| value.trim().to_owned());
            }
        }
    }
    Ok((plain, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_accounts_that_were_made_for_a_target_are_its_own() {
        let document: DocumentMut = r#"
            [targets.t]
            headers = { a = "keyring:t/a", b = "keyring:shared/b", c = "env:C", d = "plain" }
        "#
        .parse()
        .unwrap();
        assert_eq!(own_accounts("t", &document["targets"]["t"]), ["t/a"]);
    }

    #[test]
    fn what_stood_before_a_removed_table_stands_before_the_next() {
        let text = "# mine\n[a]\nx = 1\n\n# of b\n[b]\ny = 1\n\n# of c\n[c]\nz = 1\n";
        let mut document: DocumentMut = text.parse().unwrap();
        let Some(Item::Table(removed)) = document.remove("b") else {
            panic!("b is a table")
        };
        keep_comments(&mut document, &removed);
        let left = document.to_string();
        let (of_b, of_c) = (left.find("# of b").unwrap(), left.find("# of c").unwrap());
        assert!(of_b < of_c && of_c < left.find("[c]").unwrap(), "{left}");
        assert!(left.starts_with("# mine\n[a]\nx = 1\n"), "{left}");
    }

    #[test]
    fn what_stood_before_the_last_table_stays_at_the_end() {
        let mut document: DocumentMut = "[a]\nx = 1\n\n# of b\n[b]\ny = 1\n".parse().unwrap();
        let Some(Item::Table(removed)) = document.remove("b") else {
            panic!("b is a table")
        };
        keep_comments(&mut document, &removed);
        assert!(document.to_string().ends_with("# of b\n"), "{document}");
    }
}
