//! What a model call costs.
//!
//! The cost that a harness reports is the best there is; then the user's own
//! price; then the bundled table, dated by the call. A model that none of them
//! knows has no cost, never a cost of 0.

use crate::overrides::{OverrideError, Overrides};
use dashcam_trace::{Cost, CostSource, ModelCall, Money, Session, SpanBody, Timestamp, Tokens};
use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use std::time::{Duration, SystemTime};

/// Every price that dashcam knows.
#[derive(Debug)]
pub struct Prices {
    overrides: Overrides,
    table: &'static Calculator,
}

impl Prices {
    /// The bundled table, with the `[prices]` of a configuration above it.
    /// Takes some tens of milliseconds the first time.
    pub fn load(config: &str) -> Result<Self, OverrideError> {
        Ok(Self {
            overrides: Overrides::parse(config)?,
            table: Calculator::bundled(),
        })
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
        let tier = parameters.iter().find(|(name, _)| name == "service_tier");
        // A provider that the table does not know (a proxy, a test server) may
        // still serve a model that it does.
        [provider.and_then(known_provider), hosted_by(model)]
            .into_iter()
            .flatten()
            .find_map(|provider| {
                let mut request = PriceRequest::new(model, &usage)
                    .with_provider_id(provider)
                    .with_timestamp(system_time(at));
                if let Some((_, tier)) = tier {
                    request = request.with_price_context("service_tier", tier);
                }
                let price = self.table.calculate(&request).ok()?.total_price;
                Some(Money::from_usd(price))
            })
    }
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
    const BY_PREFIX: [(&str, &str); 16] = [
        ("us.anthropic.", "aws"),
        ("eu.anthropic.", "aws"),
        ("apac.anthropic.", "aws"),
        ("global.anthropic.", "aws"),
        ("anthropic.", "aws"),
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
    ];
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
        assert_eq!(
            usd("gpt-99-nonsense-zz", Some("openai"), tokens).is_some_and(|usd| usd == 0.0),
            false
        );
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
}
