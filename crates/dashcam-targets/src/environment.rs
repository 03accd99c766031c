//! What the environment says of sending.
//!
//! The names are those that people who come from Arize's hooks have set, and
//! OpenTelemetry's own.

use dashcam_privacy::Hide;
use serde_json::Value;
use std::collections::BTreeMap;

/// The environment of a process, as far as sending is concerned.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        // Variables that are no text hold nothing that we read.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// One with these variables.
    pub const fn of(variables: BTreeMap<String, String>) -> Self {
        Self { variables }
    }

    /// All variables.
    pub const fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// A variable that is set to something.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The first of these that is set to something.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The variable that forbids sending, if one does: `ARIZE_TRACE_ENABLED`,
    /// `ARIZE_DRY_RUN`, and OpenTelemetry's `OTEL_SDK_DISABLED`. What waits
    /// goes on waiting.
    pub fn forbids(&self) -> Option<&'static str> {
        [
            ("ARIZE_TRACE_ENABLED", false),
            ("ARIZE_DRY_RUN", true),
            ("OTEL_SDK_DISABLED", true),
        ]
        .into_iter()
        .find(|(name, word)| self.says(name, *word))
        .map(|(name, _)| name)
    }

    /// What is hidden because of the environment.
    pub fn hide(&self) -> Hide {
        Hide::from_environment(|name| self.get(name).map(str::to_owned))
    }

    /// The user: `ARIZE_USER_ID` wins over what is configured, and blanks it
    /// when it is set to nothing.
    pub fn user<'a>(&'a self, configured: Option<&'a str>) -> Option<&'a str> {
        match self.variables.get("ARIZE_USER_ID") {
            Some(user) => Some(user.trim()).filter(|user| !user.is_empty()),
            None => configured,
        }
    }

    /// The attributes of `OTEL_RESOURCE_ATTRIBUTES`: `name=value` and commas,
    /// percent-encoded. What cannot be read is left out.
    pub fn resource_attributes(&self) -> BTreeMap<String, Value> {
        let text = self.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        text.split(',')
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let name = name.trim();
                (!name.is_empty()).then(|| (name.to_owned(), decoded(value.trim())))
            })
            .collect()
    }

    fn says(&self, name: &str, wanted: bool) -> bool {
        let words: &[&str] = if wanted {
            &["true", "1", "yes", "on"]
        } else {
            &["false", "0", "no", "off"]
        };
        self.get(name)
            .is_some_and(|value| words.iter().any(|word| value.eq_ignore_ascii_case(word)))
    }
}

fn decoded(text: &str) -> Value {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter();
        Environment::of(
            variables
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn the_master_switch_stops_everything() {
        for (name, value, forbids) in [
            ("ARIZE_TRACE_ENABLED", "true", false),
            ("ARIZE_TRACE_ENABLED", "False", true),
            ("ARIZE_DRY_RUN", "true", true),
            ("OTEL_SDK_DISABLED", "1", true),
            ("OTEL_SDK_DISABLED", "", false),
        ] {
            let told = environment(&[(name, value)]).forbids();
            assert_eq!(told, forbids.then_some(name), "{name}={value}");
        }
    }

    #[test]
    fn the_user_of_the_environment_wins_even_when_it_is_nobody() {
        let set = environment(&[("ARIZE_USER_ID", "ada")]);
        assert_eq!(set.user(Some("grace")), Some("ada"));
        assert_eq!(
            environment(&[("ARIZE_USER_ID", "")]).user(Some("grace")),
            None
        );
        assert_eq!(environment(&[]).user(Some("grace")), Some("grace"));
    }

    #[test]
    fn resource_attributes_are_pairs() {
        let set = environment(&[(
            "OTEL_RESOURCE_ATTRIBUTES",
            "team=red, place=a%20b,broken,=x,zero=,odd=100%",
        )]);
        let attributes = set.resource_attributes();
        let pairs: Vec<(&str, &str)> = attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("odd", "100%"),
                ("place", "a b"),
                ("team", "red"),
                ("zero", "")
            ]
        );
    }
}
