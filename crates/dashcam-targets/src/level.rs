//! How much of which project may leave.

use dashcam_privacy::{Exclusions, Level, PatternError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How much of a project may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendLevel {
    /// Nothing.
    None,
    /// Numbers, kinds and names.
    Metadata,
    /// Everything but secrets.
    Redacted,
    /// Everything.
    Full,
}

impl From<Level> for SendLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Metadata => Self::Metadata,
            Level::Redacted => Self::Redacted,
            Level::Full => Self::Full,
        }
    }
}

/// How much may leave, and where projects differ.
#[derive(Clone, Debug, Default)]
pub struct LevelRules {
    usual: Level,
    patterns: BTreeMap<SendLevel, Vec<String>>,
    rules: Vec<(SendLevel, Exclusions)>,
}

impl PartialEq for LevelRules {
    fn eq(&self, other: &Self) -> bool {
        (self.usual, &self.patterns) == (other.usual, &other.patterns)
    }
}

impl LevelRules {
    /// Rules: the usual level, and patterns as in `.gitignore` for folders
    /// with another. `home` is what `~` stands for.
    pub fn new(
        usual: Level,
        patterns: BTreeMap<SendLevel, Vec<String>>,
        home: Option<&Path>,
    ) -> Result<Self, PatternError> {
        // The strictest rule that names a folder holds: they are in this order.
        let rules = patterns
            .iter()
            .map(|(level, patterns)| Ok((*level, Exclusions::new(home, patterns, |_| None)?)))
            .collect::<Result<_, PatternError>>()?;
        Ok(Self {
            usual,
            patterns,
            rules,
        })
    }

    /// The level where no rule names the folder.
    pub const fn usual(&self) -> Level {
        self.usual
    }

    /// The patterns by level.
    pub const fn patterns(&self) -> &BTreeMap<SendLevel, Vec<String>> {
        &self.patterns
    }

    /// How much may leave of sessions that began in a folder; `None`: nothing.
    pub fn of(&self, cwd: Option<&str>) -> Option<Level> {
        let named = self
            .rules
            .iter()
            .find(|(_, rule)| cwd.is_some_and(|cwd| rule.excluded(cwd).is_some()))
            .map(|(level, _)| *level);
        match named.unwrap_or_else(|| self.usual.into()) {
            SendLevel::None => None,
            SendLevel::Metadata => Some(Level::Metadata),
            SendLevel::Redacted => Some(Level::Redacted),
            SendLevel::Full => Some(Level::Full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_rule_that_names_a_folder_holds() {
        let patterns = BTreeMap::from([
            (
                SendLevel::Full,
                vec!["~/open/**".to_owned(), "~/open".to_owned()],
            ),
            (SendLevel::None, vec!["**/client".to_owned()]),
        ]);
        let rules =
            LevelRules::new(Level::Redacted, patterns, Some(Path::new("/home/ada"))).unwrap();
        assert_eq!(rules.of(Some("/home/ada/open/x")), Some(Level::Full));
        assert_eq!(rules.of(Some("/home/ada/open/client")), None);
        assert_eq!(rules.of(Some("/srv/other")), Some(Level::Redacted));
        assert_eq!(rules.of(None), Some(Level::Redacted));
    }
}
