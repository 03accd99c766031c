/** Numbers, times and names as the page writes them. */
import type { CreditSum, Harness, SpanOutline, Tokens } from "../api/vocabulary";

const whole = new Intl.NumberFormat("en-US");
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
});

export function count(value: number): string {
  return whole.format(value);
}

/** 1,234 → 1.2k: for places too narrow for the whole number. */
export function short(value: number): string {
  if (value < 1000) return String(Math.round(value));
  for (const [size, unit] of [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= size * 0.9995) {
      const scaled = value / size;
      return `${scaled >= 99.95 ? scaled.toFixed(0) : scaled.toFixed(1)}${unit}`;
    }
  }
  return String(Math.round(value));
}

export function dollars(value: number): string {
  if (value === 0) return "$0.00";
  if (Math.abs(value) < 0.01) return `$${value.toFixed(4)}`;
  if (Math.abs(value) >= 10_000) return `$${whole.format(Math.round(value))}`;
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** A sum in a unit of a harness's maker. */
export function creditText({ amount, unit }: CreditSum): string {
  return `${amount.toLocaleString("en-US", { maximumFractionDigits: amount < 1 ? 3 : 2 })} ${unit}`;
}

/**
 * A cost that may be partly or wholly unknown: unknown is never shown as nothing. What was charged
 * in credits stands beside it, or in its place where there are no dollars.
 */
export function costText(
  usd: number,
  unpricedCalls: number,
  credits?: CreditSum | readonly CreditSum[] | null,
): string {
  const sums = [credits ?? []].flat().map(creditText);
  if (sums.length > 0 && usd === 0 && unpricedCalls === 0) return sums.join(" + ");
  let money = unpricedCalls > 0 ? `≥ ${dollars(usd)}` : dollars(usd);
  if (unpricedCalls > 0 && usd === 0) money = "unpriced";
  return [money, ...sums].join(" + ");
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  for (const [size, unit] of [
    [1024 ** 3, "GB"],
    [1024 ** 2, "MB"],
    [1024, "kB"],
  ] as const) {
    if (value >= size) return `${(value / size).toFixed(value / size >= 100 ? 0 : 1)} ${unit}`;
  }
  return `${value} B`;
}

export function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return "–";
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long a span took; nothing while it runs, and where its record has no times at all. */
export function spanDuration({ start, end, timing }: SpanOutline): string {
  return end && !(timing === "derived" && end === start) ? duration(between(start, end)) : "";
}

export function between(start: string, end?: string | null): number {
  return end ? Date.parse(end) - Date.parse(start) : Number.NaN;
}

export function time(moment: string): string {
  return clock.format(new Date(moment));
}

export function date(moment: string, now = Date.now()): string {
  const then = new Date(moment);
  return then.getFullYear() === new Date(now).getFullYear()
    ? day.format(then)
    : dayAndYear.format(then);
}

/** `2 min ago`, `yesterday 14:02`, `3 Aug 14:02`. */
export function ago(moment: string, now = Date.now()): string {
  const passed = now - Date.parse(moment);
  if (passed < 45_000) return "just now";
  if (passed < 3_600_000) return `${Math.max(1, Math.round(passed / 60_000))} min ago`;
  if (passed < 12 * 3_600_000) return `${Math.round(passed / 3_600_000)} h ago`;
  const then = new Date(moment);
  const today = new Date(now);
  const days = Math.round(
    (new Date(today.toDateString()).getTime() - new Date(then.toDateString()).getTime()) /
      86_400_000,
  );
  if (days === 0) return `today ${time(moment)}`;
  if (days === 1) return `yesterday ${time(moment)}`;
  return `${date(moment, now)} ${time(moment)}`;
}

export function full(moment: string): string {
  return `${dayAndYear.format(new Date(moment))}, ${new Date(moment).toLocaleTimeString("en-GB")}`;
}

export function harnessTitle(harness: Harness | string): string {
  return (
    {
      "claude-code": "Claude Code",
      codex: "Codex",
      copilot: "GitHub Copilot",
      cursor: "Cursor",
      gemini: "Gemini CLI",
      omp: "Oh My Pi / pi",
      kiro: "Kiro",
      opencode: "OpenCode",
      program: "Other program",
    }[harness] ?? harness
  );
}

/** Drops the vendor's prefix where the column is narrow. */
export function modelTitle(model: string): string {
  return model.replace(/^claude-/, "").replace(/-\d{8}$/, "");
}

export function totalTokens(tokens: Tokens): number {
  return tokens.prompt + tokens.completion;
}

export function freshTokens(tokens: Tokens): number {
  return Math.max(
    0,
    tokens.prompt - tokens.cache_read - tokens.cache_write_5m - tokens.cache_write_1h,
  );
}

/** `1 session`, `2 sessions`. */
export function plural(amount: number, noun: string): string {
  return `${count(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}
