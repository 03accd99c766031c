//! The `[privacy]` table of `config.toml`.

use serde::Deserialize;

/// The `[privacy]` table could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is not TOML, or a setting is not what it should be.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
}

/// What the user's configuration says of privacy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Projects that are left out: patterns as in `.gitignore`, matched
    /// against the folder that a session began in.
    pub ignore: Vec<String>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    privacy: PrivacyConfig,
}

impl PrivacyConfig {
    /// Reads the `[privacy]` table of a configuration; other tables are not
    /// looked at.
    pub fn parse(config: &str) -> Result<Self, ConfigError> {
        Ok(toml::from_str::<Config>(config)?.privacy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_and_other_tables_are_not() {
        let config = "[prices]\nx = 1\n[privacy]\nignore = [\"~/secret/*\", \"client-*\"]\n";
        assert_eq!(
            PrivacyConfig::parse(config).unwrap().ignore,
            ["~/secret/*", "client-*"]
        );
        assert_eq!(PrivacyConfig::parse("").unwrap(), PrivacyConfig::default());
    }

    #[test]
    fn a_misspelt_setting_is_told_lest_a_project_be_recorded_by_mistake() {
        let error = PrivacyConfig::parse("[privacy]\nignored = [\"x\"]\n").unwrap_err();
        assert!(error.to_string().contains("ignored"), "{error}");
    }
}
