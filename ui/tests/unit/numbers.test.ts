import { expect, test } from "vitest";
import { toSearch } from "../../src/api/client";
import type { DayTotals, Overview } from "../../src/api/vocabulary";
import { ago, costText, dollars, duration, short } from "../../src/parts/format";
import { chartOf, everyDay, stacked } from "../../src/parts/series";
import { readFilters, toQuery } from "../../src/parts/useFilters";

test("an unknown cost is never shown as nothing", () => {
  expect(costText(0, 3)).toBe("unpriced");
  expect(costText(1.5, 3)).toBe("≥ $1.50");
  expect(costText(1.5, 0)).toBe("$1.50");
});

test("numbers are short, and exact where they are small", () => {
  expect([0, 999, 1234, 99_950, 1_000_000, 2.5e9].map(short)).toEqual([
    "0",
    "999",
    "1.2k",
    "100k",
    "1.0M",
    "2.5B",
  ]);
  expect(dollars(0.0012)).toBe("$0.0012");
  expect([40, 1500, 61_000, 7_260_000].map(duration)).toEqual([
    "40 ms",
    "1.5 s",
    "1 min 1 s",
    "2 h 1 min",
  ]);
  expect(duration(Number.NaN)).toBe("–");
});

test("a moment is told as people say it", () => {
  const now = new Date(2026, 7, 20, 18, 0).getTime();
  expect(ago(new Date(now - 5 * 60_000).toISOString(), now)).toBe("5 min ago");
  expect(ago(new Date(2026, 7, 19, 9, 5).toISOString(), now)).toBe("yesterday 09:05");
});

test("empty filters are left out of the address", () => {
  expect(toSearch({ a: "", b: null, c: false, d: 0, e: ["x", "y"], f: true })).toBe(
    "?d=0&e=x%2Cy&f=true",
  );
});

test("filters come from the address, and the last day is included", () => {
  const filters = readFilters(new URLSearchParams("harness=codex&until=2026-08-20&order=cost"));
  expect(filters.order).toBe("cost");
  expect(toQuery(filters).until).toBe(new Date(2026, 7, 21).toISOString());
  expect(toQuery(readFilters(new URLSearchParams("until=nonsense"))).until).toBeUndefined();
});

const TOKENS = {
  prompt: 0,
  cache_read: 0,
  cache_write_5m: 0,
  cache_write_1h: 0,
  completion: 0,
  reasoning: 0,
};
const day = (name: string, models: [string, number][]): DayTotals => ({
  day: name,
  totals: {
    sessions: 1,
    model_calls: 1,
    tool_calls: 0,
    tool_errors: 0,
    tokens: TOKENS,
    cost: models.reduce((sum, [, cost]) => sum + cost, 0),
    unpriced_calls: 0,
  },
  models: models.map(([model, cost]) => ({ model, cost, tokens: TOKENS })),
});

test("days without activity are columns too, and models beyond six become one", () => {
  const days = [
    day("2026-08-18", [
      ["a", 9],
      ["b", 8],
      ["c", 7],
      ["d", 6],
      ["e", 5],
      ["f", 4],
      ["g", 3],
      ["h", 2],
    ]),
    day("2026-08-20", [["a", 1]]),
  ];
  const chart = chartOf({ days } as Overview, "cost", everyDay(days, undefined, "2026-08-20"));
  expect(chart.days).toEqual(["2026-08-18", "2026-08-19", "2026-08-20"]);
  expect(chart.series.map((series) => series.name)).toEqual([
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "other models",
  ]);
  expect(chart.series.at(-1)?.values).toEqual([5, 0, 0]);
  expect(stacked(chart.series).at(-1)).toEqual([44, 0, 1]);
});
