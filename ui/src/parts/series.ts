/** From the days of the API to the columns of a chart. */
import type { DayTotals, Overview } from "../api/vocabulary";
import { totalTokens } from "./format";

export type Metric = "cost" | "tokens" | "sessions" | "model_calls" | "tool_calls";

export interface Series {
  name: string;
  values: number[];
}

export interface Chart {
  days: string[];
  series: Series[];
}

const OWN_COLOURS = 6;

export function metricOf(day: DayTotals, metric: Metric): number {
  return metric === "tokens" ? totalTokens(day.totals.tokens) : day.totals[metric];
}

/** Every calendar day from the first to the last, those without activity too. */
export function everyDay(days: DayTotals[], first: string | undefined, last: string): string[] {
  const from = first ?? days[0]?.day;
  if (!from) return [];
  const all: string[] = [];
  const end = Date.parse(`${last}T00:00:00Z`);
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= end && all.length < 4000; at += 86_400_000) {
    all.push(new Date(at).toISOString().slice(0, 10));
  }
  return all;
}

/** One series a model where a day says what its models took, else one in all. */
export function chartOf(overview: Overview, metric: Metric, days: string[]): Chart {
  const byDay = new Map(overview.days.map((day) => [day.day, day]));
  if (metric !== "cost" && metric !== "tokens") {
    const values = days.map((day) => {
      const found = byDay.get(day);
      return found ? metricOf(found, metric) : 0;
    });
    return { days, series: [{ name: "all", values }] };
  }
  const sums = new Map<string, number>();
  const share = (day: DayTotals) =>
    day.models.map(
      ({ model, cost, tokens }) => [model, metric === "cost" ? cost : totalTokens(tokens)] as const,
    );
  for (const day of overview.days) {
    for (const [model, value] of share(day)) sums.set(model, (sums.get(model) ?? 0) + value);
  }
  const ranked = [...sums].sort((a, b) => b[1] - a[1]).filter(([, value]) => value > 0);
  const own = ranked.slice(0, OWN_COLOURS).map(([model]) => model);
  const rest = ranked.length > OWN_COLOURS;
  const series = [...own, ...(rest ? ["other models"] : [])].map((name) => ({
    name,
    values: days.map(() => 0),
  }));
  days.forEach((day, column) => {
    const found = byDay.get(day);
    for (const [model, value] of found ? share(found) : []) {
      const place = own.indexOf(model);
      const target = series[place >= 0 ? place : series.length - 1];
      if (target && (place >= 0 || rest))
        target.values[column] = (target.values[column] ?? 0) + value;
    }
  });
  return { days, series };
}

/** For each series, the sum with all series below it: how stacked bars are drawn. */
export function stacked(series: Series[]): number[][] {
  const sums: number[][] = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, column) => value + (below?.[column] ?? 0)));
  }
  return sums;
}
