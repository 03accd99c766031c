/** A small seeded generator, so that every run of the mock shows the same history. */
export function random(seed) {
  let state = seed >>> 0 || 1;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    int: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (list) => list[Math.floor(next() * list.length)],
    chance: (share) => next() < share,
    /** Long-tailed: most values are small, a few are large. */
    skewed: (low, high) => Math.round(low + (high - low) * next() ** 4),
  };
}

export function hex(seed, digits) {
  const draw = random(seed);
  let text = "";
  while (text.length < digits) text += Math.floor(draw.next() * 16).toString(16);
  return text;
}
