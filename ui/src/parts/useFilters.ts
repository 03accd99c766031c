/** Filters of sessions, kept in the address so that a view can be sent on. */
import { useCallback, useMemo } from "react";
import { useSearchParams } from "wouter";
import type { SessionOrder } from "../api/vocabulary";

export const FILTERS = [
  "harness",
  "project",
  "model",
  "branch",
  "since",
  "until",
  "errors",
  "query",
] as const;
export type FilterName = (typeof FILTERS)[number];

export interface Filters {
  values: Partial<Record<FilterName, string>>;
  order: SessionOrder;
  ascending: boolean;
  text: string;
  mode: "list" | "text";
}

/** A day of the date field as the moment it begins, here. */
export function dayStart(day: string, offset = 0): string | undefined {
  const moment = new Date(`${day}T00:00:00`);
  if (Number.isNaN(moment.getTime())) return undefined;
  moment.setDate(moment.getDate() + offset);
  return moment.toISOString();
}

export function readFilters(params: URLSearchParams): Filters {
  const values: Filters["values"] = {};
  for (const name of FILTERS) {
    const value = params.get(name);
    if (value) values[name] = value;
  }
  return {
    values,
    order: (params.get("order") ?? "ended_at") as SessionOrder,
    ascending: params.get("ascending") === "true",
    text: params.get("text") ?? "",
    mode: params.get("mode") === "text" ? "text" : "list",
  };
}

/** The filters as the API wants them. */
export function toQuery({ values }: Filters): Record<string, string | undefined> {
  return {
    ...values,
    since: values.since && dayStart(values.since),
    until: values.until && dayStart(values.until, 1),
  };
}

export function useFilters() {
  const [params, setParams] = useSearchParams();
  const filters = useMemo(() => readFilters(params), [params]);
  const change = useCallback(
    (changes: Record<string, string | null>) => {
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: true },
      );
    },
    [setParams],
  );
  return { filters, change };
}
