//! Token counts of a model call.

use serde::{Deserialize, Serialize};
use std::iter::Sum;
use std::ops::{Add, AddAssign};

/// Tokens of one model call, or a sum of several.
///
/// `prompt` is the whole prompt: what was read from and written to the cache
/// is part of it. `completion` includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Tokens {
    /// The whole prompt, cached parts included.
    pub prompt: u64,
    /// The part of the prompt that was read from the cache.
    pub cache_read: u64,
    /// The part of the prompt written to the cache for five minutes, or for
    /// the provider's only duration.
    pub cache_write_5m: u64,
    /// The part of the prompt written to the cache for one hour.
    pub cache_write_1h: u64,
    /// Everything the model wrote, reasoning included.
    pub completion: u64,
    /// The part of the completion that was reasoning; 0 where the harness
    /// does not tell it apart.
    pub reasoning: u64,
}

impl Tokens {
    /// The part of the prompt that was neither read from nor written to a cache.
    pub const fn input(&self) -> u64 {
        self.prompt
            .saturating_sub(self.cache_read)
            .saturating_sub(self.cache_write_5m)
            .saturating_sub(self.cache_write_1h)
    }

    /// Both durations of cache writes.
    pub const fn cache_write(&self) -> u64 {
        self.cache_write_5m.saturating_add(self.cache_write_1h)
    }

    /// Prompt and completion.
    pub const fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            prompt: self.prompt.saturating_add(other.prompt),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write_5m: self.cache_write_5m.saturating_add(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            completion: self.completion.saturating_add(other.completion),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}
