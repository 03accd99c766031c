//! Numbers as people read them: tokens, money, durations, times.

use dashcam_trace::{
    CreditSum, Credits, Harness, ModelCall, Money, Span, SpanBody, Timestamp, Timing, Tokens, Turn,
};

/// What a turn used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) tokens: Tokens,
    pub(crate) cost: Money,
    pub(crate) credits: Credits,
    /// Calls with tokens but without a known price.
    pub(crate) unpriced: usize,
    pub(crate) calls: usize,
}

impl Usage {
    /// What all of these calls used.
    pub(crate) fn of<'a>(calls: impl IntoIterator<Item = &'a ModelCall>) -> Self {
        let mut usage = Self::default();
        for call in calls {
            usage.calls += 1;
            usage.tokens += call.tokens.unwrap_or_default();
            usage.credits += call.credits.unwrap_or_default();
            match &call.cost {
                Some(cost) => usage.cost += cost.usd,
                None => usage.unpriced += usize::from(call.tokens.is_some()),
            }
        }
        usage
    }

    /// What all calls of a turn used, those of its subagents included.
    pub(crate) fn of_turn(turn: &Turn) -> Self {
        Self::of(turn.spans.iter().filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some(call),
            _ => None,
        }))
    }

    /// The usage in one line, or nothing when nothing was used.
    pub(crate) fn line(&self, harness: Harness) -> Option<String> {
        let lines = [self.tokens_and_cost(), self.credits_of(harness)];
        let lines: Vec<String> = lines.into_iter().flatten().collect();
        (!lines.is_empty()).then(|| lines.join(" · "))
    }

    fn credits_of(&self, harness: Harness) -> Option<String> {
        let sum = CreditSum::of(harness, self.credits)?;
        Some(format!("{:.4} {}", sum.amount.amount(), sum.unit))
    }

    fn tokens_and_cost(&self) -> Option<String> {
        if self.calls == 0 || self.tokens == Tokens::default() && self.cost == Money::ZERO {
            return None;
        }
        let mut line = tokens(&self.tokens);
        line.push_str(" · ");
        if self.unpriced < self.calls {
            line.push_str(&money(self.cost));
        }
        match self.unpriced {
            0 => {}
            all if all >= self.calls => line.push_str("price unknown"),
            1 => line.push_str(" + 1 unpriced call"),
            some => line.push_str(&format!(" + {some} unpriced calls")),
        }
        Some(line)
    }
}

/// Tokens in words.
pub(crate) fn tokens(tokens: &Tokens) -> String {
    let mut parts = Vec::new();
    if tokens.cache_read > 0 {
        parts.push(format!("{} from cache", grouped(tokens.cache_read)));
    }
    if tokens.cache_write() > 0 {
        parts.push(format!("{} to cache", grouped(tokens.cache_write())));
    }
    let cached = if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    };
    let prompt = grouped(tokens.prompt);
    let completion = grouped(tokens.completion);
    format!("{prompt} prompt{cached} + {completion} completion tokens")
}

/// Dollars, with as many decimals as a small amount needs.
pub(crate) fn money(amount: Money) -> String {
    let usd = amount.usd();
    if usd == 0.0 || usd.abs() >= 1.0 {
        format!("${usd:.2}")
    } else {
        format!("${usd:.4}")
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long it took; nothing while it runs.
pub(crate) fn duration(start: Timestamp, end: Option<Timestamp>) -> Option<String> {
    let milliseconds = end?
        .as_millisecond()
        .saturating_sub(start.as_millisecond())
        .max(0);
    let seconds = milliseconds / 1000;
    Some(match seconds {
        0 => format!("{milliseconds} ms"),
        1..=59 => format!("{:.1} s", milliseconds as f64 / 1000.0),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    })
}

/// How long a span took, marked where that is only an estimate; nothing where
/// its record has no times at all.
pub(crate) fn span_duration(span: &Span) -> Option<String> {
    if span.timing == Timing::Derived && span.end == Some(span.start) {
        return None;
    }
    let took = duration(span.start, span.end)?;
    Some(match span.timing {
        Timing::Measured => took,
        Timing::Derived => format!("≈ {took}"),
    })
}

/// A moment, in UTC to the second.
pub(crate) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `1 turn`, `2 turns`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn an_unknown_price_is_not_a_price_of_nothing() {
        let call = ModelCall {
            tokens: Some(Tokens {
                prompt: 10,
                ..Tokens::default()
            }),
            ..ModelCall::default()
        };
        let line = Usage::of([&call]).line(Harness::Codex).unwrap();
        assert_eq!(line, "10 prompt + 0 completion tokens · price unknown");
    }

    #[test]
    fn credits_stand_by_themselves() {
        let call = ModelCall {
            credits: Some(Credits::from_amount(0.5)),
            ..ModelCall::default()
        };
        let usage = Usage::of([&call, &call]);
        assert_eq!(usage.line(Harness::Kiro).unwrap(), "1.0000 credits");
        assert_eq!(usage.line(Harness::Codex), None);
    }
}
