//! What a model call costs.
//!
//! The cost that a harness reports is the best there is; then the user's own
//! price; then the bundled table, dated by the call. A model that none of them
//! knows has no cost, never a cost of 0.

use crate::overrides::{OverrideError, Overrides};
use crate::rates::Rates;
use dashcam_trace::{Cost, CostSource, ModelCall, Money, Session, SpanBody, Timestamp, Tokens};
use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use std::time::{Duration, SystemTime};

/// Every price that dashcam knows.
#[derive(Debug)]
pub struct Prices {
    overrides: Overrides,
    rates: Rates,
}

impl Prices {
    /// The bundled table, with the `[prices]` of a configuration above it.
    /// The table itself is read when it is first asked, which takes some tens
    /// of milliseconds and megabytes.
    pub fn load(config: &str) -> Result<Self, OverrideError> {
        Ok(Self {
            overrides: Overrides::parse(config)?,
            rates: Rates::default(),
        })
    }

    /// Which table it is, for people who wonder where a price comes from.
    pub const fn version() -> &'static str {
        "genai-prices 0.2.1"
    }

    /// What a call of these tokens costs. `parameters` are those of the model
    /// call; `None` where no price is known.
    pub fn cost(
        &self,
        model: &str,
        provider: Option<&str>,
        at: Timestamp,
        tokens: &Tokens,
        parameters: &[(String, String)],
    ) -> Option<Cost> {
        if let Some(usd) = self.overrides.cost(model, at, tokens) {
            return Some(Cost {
                usd,
                source: CostSource::Override,
            });
        }
        // The table has no rates for it, and would silently give the plain one.
        if parameters
            .iter()
            .any(|(name, value)| name == "speed" && value == "fast")
        {
            return None;
        }
        let usd = self.table_price(model, provider, at, tokens, parameters)?;
        Some(Cost {
            usd,
            source: CostSource::PriceTable,
        })
    }

    /// Gives every model call of a session its cost, where one is known. A
    /// cost that the harness reported stays.
    pub fn price_session(&self, session: &mut Session) {
        let spans = session.turns.iter_mut().flat_map(|turn| &mut turn.spans);
        for span in spans {
            let at = span.end.unwrap_or(span.start);
            if let SpanBody::ModelCall(call) = &mut span.body {
                self.price_call(call, at);
            }
        }
    }

    fn price_call(&self, call: &mut ModelCall, at: Timestamp) {
        if call.cost.is_some() {
            return;
        }
        if let Some(tokens) = &call.tokens {
            call.cost = self.cost(
                &call.model,
                call.provider.as_deref(),
                at,
                tokens,
                &call.parameters,
            );
        }
    }

    fn table_price(
        &self,
        model: &str,
        provider: Option<&str>,
        at: Timestamp,
        tokens: &Tokens,
        parameters: &[(String, String)],
    ) -> Option<Money> {
        let tier = parameters
            .iter()
            .find(|(name, _)| name == "service_tier")
            .map(|(_, tier)| tier.as_str());
        let table = |tokens: &Tokens| ask_table(model, provider, at, tokens, tier);
        if [Some(model), provider]
            .into_iter()
            .flatten()
            .any(varies_within_a_day)
        {
            return table(tokens).map(Money::from_usd);
        }
        let key = [
            model,
            provider.unwrap_or_default(),
            tier.unwrap_or_default(),
        ]
        .join("\0");
        let day = at.as_second().div_euclid(SECONDS_PER_DAY);
        self.rates.price(&key, day, tokens, table)
    }
}

const SECONDS_PER_DAY: i64 = 86_400;

/// Whether a model's price may depend on the hour. A test looks through the
/// whole table for others.
fn varies_within_a_day(name: &str) -> bool {
    name.to_ascii_lowercase().contains("deepseek")
}

fn ask_table(
    model: &str,
    provider: Option<&str>,
    at: Timestamp,
    tokens: &Tokens,
    tier: Option<&str>,
) -> Option<f64> {
    let usage = Usage::from([
        (UsageKey::INPUT_TOKENS, tokens.prompt as f64),
        (UsageKey::CACHE_READ_TOKENS, tokens.cache_read as f64),
        (UsageKey::CACHE_WRITE_TOKENS, tokens.cache_write() as f64),
        (
            UsageKey::CACHE_WRITE_1H_TOKENS,
            tokens.cache_write_1h as f64,
        ),
        (UsageKey::OUTPUT_TOKENS, tokens.completion as f64),
    ]);
    // A provider that the table does not know (a proxy, a test server) may
    // still serve a model that it does.
    [provider.and_then(known_provider), hosted_by(model)]
        .into_iter()
        .flatten()
        .find_map(|provider| {
            let mut request = PriceRequest::new(model, &usage)
                .with_provider_id(provider)
                .with_timestamp(system_time(at));
            if let Some(tier) = tier {
                request = request.with_price_context("service_tier", tier);
            }
            Some(Calculator::bundled().calculate(&request).ok()?.total_price)
        })
}

fn system_time(at: Timestamp) -> SystemTime {
    let since = u64::try_from(at.as_second()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since)
}

/// The table's id of a provider that a harness names.
fn known_provider(name: &str) -> Option<&str> {
    match name {
        "anthropic" | "openai" | "google" | "aws" | "azure" | "x-ai" | "deepseek" | "mistral"
        | "groq" | "openrouter" | "cerebras" | "fireworks" | "together" | "moonshotai" => {
            Some(name)
        }
        "bedrock" | "amazon-bedrock" => Some("aws"),
        "vertex" | "gemini" => Some("google"),
        _ => None,
    }
}

/// The provider whose model a name is.
fn hosted_by(model: &str) -> Option<&'static str> {
    const BY_PREFIX: [(&str, &str); 12] = [
        ("claude", "anthropic"),
        ("gpt", "openai"),
        ("chatgpt", "openai"),
        ("codex", "openai"),
        ("o1", "openai"),
        ("o3", "openai"),
        ("o4", "openai"),
        ("gemini", "google"),
        ("grok", "x-ai"),
        ("deepseek", "deepseek"),
        ("kimi", "moonshotai"),
        ("mistral", "mistral"),
    ];
    // Bedrock's names, with or without a region: `us.anthropic.claude-…`.
    if model.starts_with("anthropic.") || model.contains(".anthropic.") {
        return Some("aws");
    }
    BY_PREFIX
        .iter()
        .find(|(prefix, _)| model.starts_with(prefix))
        .map(|(_, provider)| *provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-08-20T10:00:00Z";

    fn usd(model: &str, provider: Option<&str>, tokens: Tokens) -> Option<f64> {
        let prices = Prices::load("").unwrap();
        let cost = prices.cost(model, provider, AT.parse().unwrap(), &tokens, &[])?;
        assert_eq!(cost.source, CostSource::PriceTable);
        Some(cost.usd.usd())
    }

    #[test]
    fn both_durations_of_cache_writes_have_their_rates() {
        let plain = Tokens {
            prompt: 1_000,
            ..Tokens::default()
        };
        let input = usd("claude-sonnet-4-5-20250929", None, plain).unwrap();
        let rate = |tokens| usd("claude-sonnet-4-5-20250929", None, tokens).unwrap() / input;
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        close(input, 0.003);
        close(
            rate(Tokens {
                cache_read: 1_000,
                ..plain
            }),
            0.1,
        );
        close(
            rate(Tokens {
                cache_write_5m: 1_000,
                ..plain
            }),
            1.25,
        );
        close(
            rate(Tokens {
                cache_write_1h: 1_000,
                ..plain
            }),
            2.0,
        );
        close(
            rate(Tokens {
                completion: 1_000,
                ..Tokens::default()
            }),
            5.0,
        );
    }

    #[test]
    fn an_unknown_model_has_no_cost() {
        let tokens = Tokens {
            prompt: 1_000,
            ..Tokens::default()
        };
        assert_eq!(usd("some-model-of-tomorrow", None, tokens), None);
        assert_eq!(usd("gpt-99-nonsense-zz", Some("openai"), tokens), None);
    }

    #[test]
    fn a_proxy_in_between_does_not_hide_the_price() {
        let tokens = Tokens {
            prompt: 1_000,
            ..Tokens::default()
        };
        assert_eq!(
            usd("gpt-5", Some("scripted"), tokens),
            usd("gpt-5", Some("openai"), tokens)
        );
        assert!(usd("gpt-5", None, tokens).is_some());
    }

    #[test]
    fn fast_mode_is_not_sold_at_the_plain_rate() {
        let prices = Prices::load("").unwrap();
        let fast = [("speed".to_owned(), "fast".to_owned())];
        let tokens = Tokens {
            prompt: 1_000,
            ..Tokens::default()
        };
        let at = AT.parse().unwrap();
        assert_eq!(
            prices.cost("claude-opus-4-5", None, at, &tokens, &fast),
            None
        );
        let own = Prices::load("[prices.claude-opus-4-5]\ninput = 1\noutput = 1\n").unwrap();
        let cost = own
            .cost("claude-opus-4-5", None, at, &tokens, &fast)
            .unwrap();
        assert_eq!(
            (cost.usd, cost.source),
            (Money::from_usd(0.001), CostSource::Override)
        );
    }

    #[test]
    fn every_region_of_bedrock_has_its_price() {
        let tokens = Tokens {
            prompt: 1_000,
            ..Tokens::default()
        };
        for region in ["", "us.", "eu.", "apac.", "global.", "jp.", "us-gov."] {
            let model = format!("{region}anthropic.claude-sonnet-4-5-20250929-v1:0");
            assert!(usd(&model, None, tokens).is_some(), "{model}");
        }
    }

    #[test]
    fn the_version_is_that_of_the_table() {
        let (name, version) = Prices::version().split_once(' ').unwrap();
        let locked = format!("name = \"{name}\"\nversion = \"{version}\"");
        assert!(include_str!("../../../Cargo.lock").contains(&locked));
    }

    /// Every model of the table that can be asked for, with its provider.
    fn models() -> Vec<(String, String)> {
        let providers = Calculator::bundled().providers();
        providers
            .flat_map(|provider| {
                let id = provider.id().to_owned();
                let model =
                    move |model: genai_prices::ModelInfo<'_>| (id.clone(), model.id().to_owned());
                provider.models().map(model)
            })
            .collect()
    }

    fn from_table(model: &str, provider: &str, at: Timestamp, tokens: &Tokens) -> Option<Money> {
        ask_table(model, Some(provider), at, tokens, None).map(Money::from_usd)
    }

    #[test]
    fn rates_give_the_prices_of_the_table_for_every_model() {
        let prices = Prices::load("").unwrap();
        let at: Timestamp = AT.parse().unwrap();
        let mut priced = 0;
        for (provider, model) in models() {
            if known_provider(&provider).is_none() {
                continue;
            }
            for prompt in [
                0, 1, 999, 31_999, 128_001, 200_000, 200_001, 272_001, 900_001, 9_000_001,
            ] {
                let tokens = Tokens {
                    prompt,
                    cache_read: prompt / 3,
                    cache_write_5m: prompt / 7,
                    cache_write_1h: prompt / 11,
                    completion: 1_234,
                    reasoning: 0,
                };
                let cost = prices.cost(&model, Some(&provider), at, &tokens, &[]);
                let expected = from_table(&model, &provider, at, &tokens);
                assert_eq!(
                    cost.map(|cost| cost.usd),
                    expected,
                    "{provider} {model} {prompt}"
                );
                priced += usize::from(expected.is_some());
            }
        }
        assert!(priced > 3_000, "{priced}");
    }

    #[test]
    fn only_the_named_models_change_their_price_within_a_day() {
        let tokens = Tokens {
            prompt: 1_000,
            cache_read: 500,
            completion: 1_000,
            ..Tokens::default()
        };
        let usage = Usage::from([
            (UsageKey::INPUT_TOKENS, tokens.prompt as f64),
            (UsageKey::CACHE_READ_TOKENS, tokens.cache_read as f64),
            (UsageKey::OUTPUT_TOKENS, tokens.completion as f64),
        ]);
        let price = |provider: &str, model: &str, at: Timestamp| {
            let request = PriceRequest::new(model, &usage)
                .with_provider_id(provider)
                .with_timestamp(system_time(at));
            Calculator::bundled()
                .calculate(&request)
                .map(|price| price.total_price)
                .ok()
        };
        let mut varying = 0;
        for (provider, model) in models() {
            for day in ["2025-06-01T00:45:00Z", AT] {
                let day: Timestamp = day.parse().unwrap();
                let midnight = day.as_second() - day.as_second().rem_euclid(SECONDS_PER_DAY);
                let at =
                    |hour: i64| Timestamp::from_second(midnight + hour * 3_600 + 2_700).unwrap();
                let first = price(&provider, &model, at(0));
                if (1..24).any(|hour| price(&provider, &model, at(hour)) != first) {
                    varying += 1;
                    assert!(
                        varies_within_a_day(&provider) || varies_within_a_day(&model),
                        "{provider} {model}"
                    );
                }
            }
        }
        assert!(varying > 0);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

        #[test]
        fn rates_give_the_prices_of_the_table_at_any_time(
            calls in proptest::collection::vec(
                (0..MODELS.len(), 0..1_100_i64, 0..1_500_000_u64, 0..5_u64, 0..5_u64, 0..200_000_u64),
                1..40,
            ),
        ) {
            let prices = Prices::load("").unwrap();
            for (model, day, prompt, read, write, completion) in calls {
                let (provider, model) = MODELS[model];
                let at = Timestamp::from_second(1_700_000_000 + day * SECONDS_PER_DAY).unwrap();
                let tokens = Tokens {
                    prompt,
                    cache_read: prompt * read / 10,
                    cache_write_5m: prompt * write / 20,
                    cache_write_1h: prompt * write / 25,
                    completion,
                    reasoning: 0,
                };
                let cost = prices.cost(model, Some(provider), at, &tokens, &[]);
                let expected = from_table(model, provider, at, &tokens);
                proptest::prop_assert_eq!(cost.map(|cost| cost.usd), expected);
            }
        }
    }

    /// Models with steps of prices, with changes of price, and with neither.
    const MODELS: [(&str, &str); 10] = [
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-opus-5-5"),
        ("anthropic", "claude-haiku-5-5"),
        ("openai", "gpt-5.5"),
        ("openai", "o3"),
        ("openai", "gpt-5-codex"),
        ("google", "gemini-2.5-pro"),
        ("deepseek", "deepseek-chat"),
        ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("openai", "a-model-of-tomorrow"),
    ];
}
