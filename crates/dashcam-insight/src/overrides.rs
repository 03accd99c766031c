//! The user's own prices: the `[prices]` table of `config.toml`.

use dashcam_trace::{Money, Timestamp, Tokens};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// The `[prices]` table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum OverrideError {
    /// It is not TOML, or a price is not what it should be.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// A price below nothing, or not a number.
    #[error("prices.\"{model}\".{field} is {value}: give US dollars per million tokens, 0 or more")]
    Price {
        /// The model it stands under.
        model: String,
        /// Which price.
        field: &'static str,
        /// What it says.
        value: f64,
    },
}

/// The user's prices, by model names that may hold `*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides(Vec<(String, Override)>);

/// A price in US dollars per million tokens.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    /// Prompt tokens that are in no cache.
    input: f64,
    /// Completion tokens, reasoning included.
    output: f64,
    /// Prompt tokens read from the cache; as `input` where absent.
    cache_read: Option<f64>,
    /// Prompt tokens written to the cache for five minutes; as `input` where absent.
    cache_write_5m: Option<f64>,
    /// Prompt tokens written to the cache for an hour; as `cache_write_5m` where absent.
    cache_write_1h: Option<f64>,
    /// The first day (UTC) that it holds for.
    from: Option<Date>,
    /// The day (UTC) from which it no longer holds.
    until: Option<Date>,
}

/// One price, or several for different times.
struct OneOrMore(Vec<Override>);

// By hand: serde's untagged enums forget what was wrong and where.
impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of prices, or several")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMore, A::Error> {
                let price = Override::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OneOrMore(vec![price]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMore, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(OneOrMore)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    prices: BTreeMap<String, OneOrMore>,
}

impl Overrides {
    /// Reads the `[prices]` table of a configuration; other tables are not
    /// looked at.
    pub(crate) fn parse(config: &str) -> Result<Self, OverrideError> {
        let config: Config = toml::from_str(config)?;
        let mut overrides = Vec::new();
        for (model, prices) in config.prices {
            for price in prices.0 {
                price.check(&model)?;
                overrides.push((model.clone(), price));
            }
        }
        // An exact name before a pattern, a longer pattern before a shorter.
        overrides.sort_by_key(|(model, _)| (model.contains('*'), std::cmp::Reverse(model.len())));
        Ok(Self(overrides))
    }

    /// What the tokens cost, if the user has a price for the model at that time.
    pub(crate) fn cost(&self, model: &str, at: Timestamp, tokens: &Tokens) -> Option<Money> {
        let day = at.to_zoned(TimeZone::UTC).date();
        self.0
            .iter()
            .find(|(name, price)| matches(name, model) && price.holds_on(day))
            .map(|(_, price)| price.of(tokens))
    }
}

impl Override {
    fn check(&self, model: &str) -> Result<(), OverrideError> {
        let prices = [
            ("input", Some(self.input)),
            ("output", Some(self.output)),
            ("cache_read", self.cache_read),
            ("cache_write_5m", self.cache_write_5m),
            ("cache_write_1h", self.cache_write_1h),
        ];
        match prices
            .into_iter()
            .find(|(_, price)| price.is_some_and(|price| price.is_nan() || price < 0.0))
        {
            Some((field, Some(value))) => Err(OverrideError::Price {
                model: model.to_owned(),
                field,
                value,
            }),
            _ => Ok(()),
        }
    }

    fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }

    fn of(&self, tokens: &Tokens) -> Money {
        let write_5m = self.cache_write_5m.unwrap_or(self.input);
        let dollars_per_million = tokens.input() as f64 * self.input
            + tokens.cache_read as f64 * self.cache_read.unwrap_or(self.input)
            + tokens.cache_write_5m as f64 * write_5m
            + tokens.cache_write_1h as f64 * self.cache_write_1h.unwrap_or(write_5m)
            + tokens.completion as f64 * self.output;
        Money::from_usd(dollars_per_million / 1e6)
    }
}

/// Whether a name matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(prefix) else {
        return false;
    };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        let Some(at) = left.find(piece) else {
            return false;
        };
        left = &left[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: Tokens = Tokens {
        prompt: 4_000_000,
        cache_read: 1_000_000,
        cache_write_5m: 1_000_000,
        cache_write_1h: 1_000_000,
        completion: 1_000_000,
        reasoning: 500_000,
    };

    fn cost(config: &str, model: &str, at: &str) -> Option<f64> {
        let overrides = Overrides::parse(config).unwrap();
        overrides
            .cost(model, at.parse().unwrap(), &TOKENS)
            .map(Money::usd)
    }

    #[test]
    fn every_kind_of_token_has_its_price() {
        let config = "[prices.m]\ninput = 1\noutput = 16\ncache_read = 2\n\
                      cache_write_5m = 4\ncache_write_1h = 8\n";
        assert_eq!(cost(config, "m", "2026-08-01T00:00:00Z"), Some(31.0));
        assert_eq!(cost(config, "other", "2026-08-01T00:00:00Z"), None);
    }

    #[test]
    fn absent_cache_prices_fall_back() {
        let config = "[prices.m]\ninput = 1\noutput = 0\n";
        assert_eq!(cost(config, "m", "2026-08-01T00:00:00Z"), Some(4.0));
    }

    #[test]
    fn prices_change_with_the_day() {
        let config = "[[prices.m]]\ninput = 1\noutput = 0\nuntil = \"2026-08-01\"\n\
                      [[prices.m]]\ninput = 2\noutput = 0\nfrom = \"2026-08-01\"\n";
        assert_eq!(cost(config, "m", "2026-07-31T23:59:59Z"), Some(4.0));
        assert_eq!(cost(config, "m", "2026-08-01T00:00:00Z"), Some(8.0));
    }

    #[test]
    fn the_closest_name_wins() {
        let config = "[prices.\"claude-*\"]\ninput = 1\noutput = 0\n\
                      [prices.\"claude-opus-*\"]\ninput = 2\noutput = 0\n\
                      [prices.claude-opus-5]\ninput = 3\noutput = 0\n";
        let at = "2026-08-01T00:00:00Z";
        assert_eq!(cost(config, "claude-haiku-5", at), Some(4.0));
        assert_eq!(cost(config, "claude-opus-4", at), Some(8.0));
        assert_eq!(cost(config, "claude-opus-5", at), Some(12.0));
    }

    #[test]
    fn patterns_match_as_people_expect() {
        assert!(matches("*", "anything"));
        assert!(matches("a*c*e", "abcde"));
        assert!(!matches("a*c", "abcd"));
        assert!(!matches("ab*b", "ab"));
    }

    #[test]
    fn faults_are_named() {
        let fault = |config: &str| Overrides::parse(config).unwrap_err().to_string();
        assert!(fault("[prices.m]\ninput = -1\noutput = 1\n").contains("prices.\"m\".input is -1"));
        assert!(fault("[prices.m\n").contains("line 1"));
        assert!(fault("[prices.m]\ninpt = 1\noutput = 1\n").contains("inpt"));
        assert!(fault("[prices.m]\ninput = 1\n").contains("missing field `output`"));
        assert!(fault("[[prices.m]]\ninput = 1\noutput = 1\nfrom = 3\n").contains("line 4"));
        assert!(Overrides::parse("[server]\nport = 1\n").is_ok());
    }
}
