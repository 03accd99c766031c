//! A random source that gives the same numbers on every machine.
//!
//! Integers only: logarithms and powers of floating-point numbers differ
//! between platforms in the last bit, and one bit changes everything after it.

/// xoshiro256++, seeded by splitmix64.
pub(crate) struct Random {
    state: [u64; 4],
}

impl Random {
    /// A source that is wholly decided by `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut mixed = seed;
        let state = std::array::from_fn(|_| {
            mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = mixed;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        });
        Self { state }
    }

    /// Sixty-four random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let [first, second, third, fourth] = self.state;
        let result = first
            .wrapping_add(fourth)
            .rotate_left(23)
            .wrapping_add(first);
        let mut next = [first, second, third ^ first, fourth ^ second];
        next[1] ^= next[2];
        next[0] ^= next[3];
        next[2] ^= second << 17;
        next[3] = next[3].rotate_left(45);
        self.state = next;
        result
    }

    /// A number below `limit`, which is at least 1.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `per_thousand` of a thousand cases.
    pub(crate) fn chance(&mut self, per_thousand: u64) -> bool {
        self.below(1000) < per_thousand
    }

    /// One of `choices`, which are not empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// The place of one of `count` things; 0 if there is none.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }

    /// One of `choices`, each as often as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(T, u64)]) -> T {
        let total = choices.iter().map(|(_, weight)| weight).sum();
        let mut rest = self.below(total);
        for (choice, weight) in choices {
            if rest < *weight {
                return *choice;
            }
            rest -= weight;
        }
        choices[0].0
    }

    /// A number around `median` whose logarithm is spread like a bell: from
    /// an eighth to eight times as much.
    pub(crate) fn long_tailed(&mut self, median: u64) -> u64 {
        let heads = (self.bits() & 0b11_1111).count_ones();
        let middle = (median << heads) >> 3;
        middle * self.between(70, 140) / 100
    }

    /// How often something happens that goes on with a chance of `per_thousand`.
    pub(crate) fn runs(&mut self, per_thousand: u64, most: u64) -> u64 {
        let mut count = 0;
        while count < most && self.chance(per_thousand) {
            count += 1;
        }
        count
    }

    /// `count` characters of `alphabet`.
    pub(crate) fn word_of(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count)
            .map(|_| char::from(self.pick(alphabet)))
            .collect()
    }

    /// `count` hexadecimal digits.
    pub(crate) fn hex(&mut self, count: usize) -> String {
        self.word_of(b"0123456789abcdef", count)
    }

    /// A random (version 4) UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }

    /// A UUID that begins with a time in milliseconds (version 7).
    pub(crate) fn timed_uuid(&mut self, milliseconds: i64) -> String {
        let time = milliseconds as u64 & 0xffff_ffff_ffff;
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-7{:03x}-9{:03x}-{:012x}",
            time >> 16,
            time & 0xffff,
            high & 0xfff,
            (high >> 12) & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_gives_the_numbers_of_the_published_algorithm() {
        // First output of xoshiro256++ for a state seeded by splitmix64(0).
        assert_eq!(Random::new(0).bits(), 0x5317_5d61_490b_23df);
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(7);
        let often = (0..4000)
            .filter(|_| random.weighted(&[(true, 3), (false, 1)]))
            .count();
        assert!((2800..3200).contains(&often), "{often}");
    }

    #[test]
    fn uuids_carry_their_version() {
        let mut random = Random::new(1);
        assert_eq!(&random.uuid()[14..15], "4");
        assert_eq!(&random.timed_uuid(1_795_429_934_000)[14..15], "7");
    }
}
