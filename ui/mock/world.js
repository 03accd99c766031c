/** Names and texts that the generated history is made of. */
export const MODELS = {
  "claude-code": ["claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5"],
  codex: ["gpt-5.5-codex", "gpt-5.5", "gpt-5.4-mini"],
};

/** Dollars per million tokens: prompt, cache read, cache write, completion. */
export const PRICES = {
  "claude-opus-4-7": [5, 0.5, 6.25, 25],
  "claude-sonnet-4-6": [3, 0.3, 3.75, 15],
  "claude-haiku-4-5": [1, 0.1, 1.25, 5],
  "gpt-5.5-codex": [1.75, 0.175, 1.75, 14],
  "gpt-5.5": [1.75, 0.175, 1.75, 14],
};

export const PROJECTS = [
  ["atlas-api", "main", "feat/cursor-pagination", "fix/flaky-retry"],
  ["storefront", "main", "redesign/checkout", "fix/price-rounding"],
  ["ingest-pipeline", "main", "perf/zero-copy-parse", "chore/deps"],
  ["infra", "main", "terraform-1.14"],
  ["mobile-app", "develop", "feat/offline-sync", "fix/ios-keyboard"],
  ["design-system", "main", "tokens-v3"],
  ["notebooks", "main"],
];

export const TITLES = [
  "Add cursor pagination to the orders endpoint",
  "Why does the retry test fail every third run?",
  "Move price rounding into Money and cover it with property tests",
  "Replace the hand-written parser with a zero-copy one",
  "Upgrade the provider and fix what it breaks",
  "Make the checkout form work with a screen reader",
  "Find the memory leak in the worker pool",
  "Write a migration that backfills tenant ids without locking",
  "Review my branch before I open the pull request",
  "Explain how the cache invalidation works",
  "Rename Customer to Account everywhere, carefully",
  "Add a dark theme to the settings page",
  "Speed up the CI build; it takes 14 minutes",
  "Handle expired tokens in the sync engine",
  "Turn the notebook into a tested module",
  "Add rate limiting per tenant",
];

export const THOUGHTS = [
  "The test fails only when the clock crosses a second boundary. The retry policy reads the time twice, once for the deadline and once for the delay. If I pass a clock in, both read the same instant.\n\nI should check who else constructs `RetryPolicy` before I change its signature.",
  "Let me look at how the existing endpoint builds its query before changing anything. An index on (tenant_id, created_at, id) probably exists already.",
  "Two failures share one cause. I will fix the fixture first and run the suite again.",
];

export const ANSWERS = [
  `I found the cause. The handler reads the page **before** it takes the tenant's lock, so two requests can see the same cursor.

### What I changed
1. \`orders/list.rs\` now encodes \`(created_at, id)\` as the cursor.
2. The query uses a row comparison, which the existing index answers:

\`\`\`rust
pub fn page(&self, after: Option<Cursor>, limit: u32) -> Result<Page<Order>, StoreError> {
    let mut query = self.orders.of_tenant(self.tenant);
    if let Some(cursor) = after {
        // A row comparison keeps ties in order.
        query = query.filter((created_at, id).lt((cursor.at, cursor.id)));
    }
    query.limit(limit.min(MAX_PAGE) + 1).load()
}
\`\`\`

| case | before | after |
|---|---:|---:|
| 10,000 orders, page 1 | 41 ms | 3 ms |
| 10,000 orders, page 200 | 380 ms | 3 ms |

All 214 tests pass. I did **not** touch the deprecated \`offset\` parameter; it still works, see [the guide](https://example.com/guide).`,
  "I'll start by reading how the retry policy decides when to stop.",
  "The suite passes now. One more thing to check: the same pattern appears in `sync/engine.ts`, so I'll look at that too.",
  `Done. In short:

- the deadline and the delay now come from **one** clock reading
- the test uses a fixed clock and no longer sleeps
- \`npm test\` went from 38 s to 12 s

> The old behaviour can be had back with \`RETRY_LEGACY=1\`; nothing in the repository sets it.

\`\`\`ts
export function nextDelay(attempt: number, clock: Clock): Duration {
  const elapsed = clock.now().since(started);
  return elapsed > deadline ? Duration.zero : backoff(attempt);
}
\`\`\``,
];

export const HOSTILE = `<img src=x onerror="window.__hacked=1"><script>window.__hacked=1</script>
[click me](javascript:window.__hacked=1) and [data](data:text/html,<script>window.__hacked=1</script>)

<svg onload="window.__hacked=1"></svg> <iframe src="https://example.com"></iframe> <style>body{display:none}</style>

![tracking pixel](https://example.com/pixel.png) <a href="https://example.com" onclick="window.__hacked=1">a real link</a>

<form action="https://example.com"><input name=q><button>send</button></form>`;

export const TEST_OUTPUT = `\u001b[1m\u001b[46m RUN \u001b[0m \u001b[36mv4.1.12\u001b[0m /home/sam/atlas-api

 \u001b[32m✓\u001b[0m src/retry/policy.test.ts \u001b[2m(14 tests)\u001b[22m \u001b[33m38\u001b[2mms\u001b[22m\u001b[39m
 \u001b[32m✓\u001b[0m src/orders/list.test.ts \u001b[2m(31 tests)\u001b[22m \u001b[33m112\u001b[2mms\u001b[22m\u001b[39m
 \u001b[31m❯\u001b[0m src/sync/engine.test.ts \u001b[2m(9 tests | \u001b[22m\u001b[31m1 failed\u001b[39m\u001b[2m)\u001b[22m
   \u001b[31m×\u001b[0m retries an expired token once
     \u001b[31m→ expected 2 to be 1 // Object.is equality\u001b[39m

\u001b[41m\u001b[1m FAIL \u001b[22m\u001b[49m src/sync/engine.test.ts > retries an expired token once
\u001b[31m\u001b[1mAssertionError\u001b[22m: expected 2 to be 1\u001b[39m
 \u001b[36m❯\u001b[39m src/sync/engine.test.ts:\u001b[2m88:24\u001b[22m

\u001b[2m Test Files \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m | \u001b[1m\u001b[32m2 passed\u001b[39m\u001b[22m (3)
\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m | \u001b[1m\u001b[32m53 passed\u001b[39m\u001b[22m (54)
`;

export const SOURCE = `use std::time::{Duration, Instant};

/// Decides how long to wait before the next attempt.
pub struct RetryPolicy {
    deadline: Duration,
    base: Duration,
}

impl RetryPolicy {
    pub fn next_delay(&self, attempt: u32, started: Instant) -> Option<Duration> {
        if started.elapsed() > self.deadline {
            return None;
        }
        Some(self.base * 2_u32.saturating_pow(attempt))
    }
}
`;

export const PATCH = `@@ -8,9 +8,10 @@ impl RetryPolicy {
 impl RetryPolicy {
-    pub fn next_delay(&self, attempt: u32, started: Instant) -> Option<Duration> {
-        if started.elapsed() > self.deadline {
+    pub fn next_delay(&self, attempt: u32, clock: &impl Clock) -> Option<Duration> {
+        let elapsed = clock.now().duration_since(self.started);
+        if elapsed > self.deadline {
             return None;
         }
-        Some(self.base * 2_u32.saturating_pow(attempt))
+        Some((self.base * 2_u32.saturating_pow(attempt)).min(self.deadline - elapsed))
     }
 }
@@ -41,4 +42,6 @@ mod tests {
     #[test]
     fn gives_up_after_the_deadline() {
-        std::thread::sleep(Duration::from_millis(1100));
+        let clock = FixedClock::at(Instant::now());
+        clock.advance(Duration::from_millis(1100));
+        assert_eq!(policy().next_delay(1, &clock), None);
     }
`;
