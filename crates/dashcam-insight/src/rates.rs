//! Rates taken from the price table once a day and model, instead of a search
//! through the table for every call.
//!
//! The table answers a question about one call in some microseconds; a history
//! has hundreds of thousands. Within one day the price of a model is a rate
//! for each kind of token, with other rates above some sizes of the prompt, so
//! a few questions tell all of it. Wherever that is not certain, the table
//! itself is asked: the answers are always the table's.

use dashcam_trace::{Money, Tokens};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Sizes of prompts between which at most one step of prices is looked for.
/// Larger prompts are priced by the table.
const SIZES: [u64; 14] = [
    1, 1_000, 8_000, 16_000, 32_000, 64_000, 100_000, 128_000, 200_000, 256_000, 300_000, 500_000,
    1_000_000, 4_000_000,
];
const LARGEST: u64 = SIZES[SIZES.len() - 1];

/// What the table says about one call, in dollars.
pub(crate) trait Table: Fn(&Tokens) -> Option<f64> {}
impl<F: Fn(&Tokens) -> Option<f64>> Table for F {}

/// The rates found so far: by model and what else decides on them, by day.
#[derive(Debug, Default)]
pub(crate) struct Rates(RwLock<HashMap<String, HashMap<i64, Known>>>);

/// What is known of a model's price on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Unpriced,
    Steps(Vec<Step>),
    /// Something that rates cannot express.
    OnlyTheTable,
}

/// What tokens cost from a size of the prompt upwards.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    from: u64,
    rates: [Rate; 5],
}

/// Billionths of a dollar per million tokens.
type Rate = u64;
/// How many of what rate times tokens gives make a nano-dollar.
const PER_NANO: u128 = 1_000_000;

impl Rates {
    /// What a call costs on a day, by the rates of that day where they are
    /// certain. `key` names all that decides on the price but time and tokens.
    pub(crate) fn price(
        &self,
        key: &str,
        day: i64,
        tokens: &Tokens,
        table: impl Table,
    ) -> Option<Money> {
        let from_table = || table(tokens).map(Money::from_usd);
        if tokens.prompt > LARGEST
            || tokens.completion > LARGEST
            || tokens.cache_read.saturating_add(tokens.cache_write()) > tokens.prompt
        {
            return from_table();
        }
        let (priced, earlier) = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let days = known.get(key);
            let priced = days
                .and_then(|days| days.get(&day))
                .map(|known| known.price(tokens));
            // Prices rarely change: those of any other day are a good guess.
            let earlier = days
                .filter(|_| priced.is_none())
                .and_then(|days| days.values().next());
            (priced, earlier.cloned())
        };
        let priced = priced.unwrap_or_else(|| {
            let known = earlier
                .filter(|earlier| earlier.still_holds(&table))
                .unwrap_or_else(|| Known::find(&table));
            let priced = known.price(tokens);
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(key.to_owned()).or_default().insert(day, known);
            priced
        });
        match priced {
            Price::None => None,
            Price::Exact(money) => Some(money),
            Price::AskTheTable => from_table(),
        }
    }
}

/// What rates say about one call.
enum Price {
    None,
    Exact(Money),
    AskTheTable,
}

impl Known {
    fn price(&self, tokens: &Tokens) -> Price {
        let steps = match self {
            Self::Unpriced => return Price::None,
            Self::OnlyTheTable => return Price::AskTheTable,
            Self::Steps(steps) => steps,
        };
        let Some(step) = steps.iter().rev().find(|step| step.from <= tokens.prompt) else {
            return Price::AskTheTable;
        };
        let price = dot(&step.rates, tokens);
        let (nanos, rest) = (price / PER_NANO, price % PER_NANO);
        // Half a nano-dollar is rounded as the last digit of the table's sum
        // falls out, and that depends on the order of adding up.
        if rest.abs_diff(PER_NANO / 2) < PER_NANO / 1_000 {
            return Price::AskTheTable;
        }
        let nanos = nanos + u128::from(rest > PER_NANO / 2);
        i64::try_from(nanos).map_or(Price::AskTheTable, |nanos| {
            Price::Exact(Money::from_nanos(nanos))
        })
    }

    fn find(table: &impl Table) -> Self {
        let Some(nothing) = table(&Tokens::default()) else {
            return Self::Unpriced;
        };
        // A price by the request.
        if nothing != 0.0 {
            return Self::OnlyTheTable;
        }
        Self::steps(table).map_or(Self::OnlyTheTable, Self::Steps)
    }

    fn steps(table: &impl Table) -> Option<Vec<Step>> {
        // A prompt of nothing is priced as one of a single token.
        let mut steps = vec![Step {
            from: 0,
            rates: rates_at(SIZES[0], table)?,
        }];
        for sizes in SIZES.windows(2) {
            let above = rates_at(sizes[1], table)?;
            if steps.last().is_some_and(|step| step.rates == above) {
                continue;
            }
            // The smallest prompt with other rates than the step below.
            let (mut low, mut high) = (sizes[0], sizes[1]);
            while high - low > 1 {
                let middle = low.midpoint(high);
                if rates_at(middle, table)? == above {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            steps.push(Step {
                from: high,
                rates: above,
            });
        }
        Some(steps)
    }

    /// Whether the table says the same on the day that it answers for.
    fn still_holds(&self, table: &impl Table) -> bool {
        match self {
            Self::Unpriced => table(&Tokens::default()).is_none(),
            Self::OnlyTheTable => false,
            Self::Steps(steps) => {
                table(&Tokens::default()) == Some(0.0)
                    && SIZES.iter().all(|size| self.agrees(*size, table))
                    && steps.iter().all(|step| {
                        let edge = step.from.max(1);
                        rates_at(edge, table).as_ref() == Some(&step.rates)
                            && (edge == 1 || self.agrees(edge - 1, table))
                    })
            }
        }
    }

    /// Whether both say the same about one prompt that has tokens of all kinds.
    fn agrees(&self, size: u64, table: &impl Table) -> bool {
        let fifth = size / 5;
        let tokens = Tokens {
            prompt: size,
            cache_read: fifth,
            cache_write_5m: fifth,
            cache_write_1h: fifth,
            completion: size,
            reasoning: 0,
        };
        let Self::Steps(steps) = self else {
            return false;
        };
        let step = steps.iter().rev().find(|step| step.from <= size);
        let expected = step.map(|step| dot(&step.rates, &tokens) as f64 / 1e15);
        match (expected, table(&tokens)) {
            (Some(expected), Some(usd)) => (expected - usd).abs() <= 1e-9 * usd.abs(),
            _ => false,
        }
    }
}

/// Rates times tokens.
fn dot(rates: &[Rate; 5], tokens: &Tokens) -> u128 {
    let counts = [
        tokens.input(),
        tokens.cache_read,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.completion,
    ];
    counts
        .iter()
        .zip(rates)
        .map(|(count, rate)| u128::from(*count) * u128::from(*rate))
        .sum()
}

/// The rates that the table has for prompts of a size; none where it cannot
/// be asked for one kind of token alone.
fn rates_at(size: u64, table: &impl Table) -> Option<[Rate; 5]> {
    let prompt = Tokens {
        prompt: size,
        ..Tokens::default()
    };
    let input = table(&prompt)?;
    let per_million = |usd: f64| usd / size as f64 * 1e6;
    Some([
        rate(per_million(input))?,
        rate(per_million(table(&Tokens {
            cache_read: size,
            ..prompt
        })?))?,
        rate(per_million(table(&Tokens {
            cache_write_5m: size,
            ..prompt
        })?))?,
        rate(per_million(table(&Tokens {
            cache_write_1h: size,
            ..prompt
        })?))?,
        rate(
            table(&Tokens {
                completion: 1_000_000,
                ..prompt
            })? - input,
        )?,
    ])
}

/// A price in dollars per million tokens as a whole number of billionths.
/// Prices have few digits, and what sums and divisions leave behind them is
/// cut off; a price of more digits is none.
fn rate(usd: f64) -> Option<Rate> {
    let whole = (usd * 1e9).round();
    let is_exact = (usd - whole / 1e9).abs() <= 1e-12 * usd.abs().max(0.1);
    (is_exact && whole >= 0.0).then_some(whole as Rate)
}
