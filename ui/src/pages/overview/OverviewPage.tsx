import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { overviewQuery } from "../../api/queries";
import type { NamedTotals } from "../../api/vocabulary";
import { type Bar, Bars } from "../../parts/Bars";
import { ErrorState } from "../../parts/EmptyState";
import { costText, count, harnessTitle, plural, short, totalTokens } from "../../parts/format";
import { Segments } from "../../parts/Segments";
import { Skeleton } from "../../parts/Skeleton";
import type { Metric } from "../../parts/series";
import { NoHistory } from "./NoHistory";
import { SampleNote } from "./SampleNote";
import { SessionBriefs } from "./SessionBriefs";
import { Trends } from "./Trends";

type Range = "7d" | "30d" | "90d" | "all";
const RANGES: { value: Range; title: string }[] = [
  { value: "7d", title: "7 days" },
  { value: "30d", title: "30 days" },
  { value: "90d", title: "90 days" },
  { value: "all", title: "All" },
];

function firstDay(range: Range): Date | null {
  if (range === "all") return null;
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - Number.parseInt(range, 10) + 1);
  return day;
}

function byCost(
  rows: NamedTotals[],
  link: (name: string) => string,
  title = (name: string) => name,
): Bar[] {
  return rows.map(({ name, totals }) => ({
    name: title(name),
    href: link(name),
    note: `${short(totalTokens(totals.tokens))} tokens · ${plural(totals.sessions, "session")}`,
    value: totals.cost,
    text: costText(totals.cost, totals.unpriced_calls, totals.credits),
  }));
}

export function OverviewPage() {
  const [params, setParams] = useSearchParams();
  const range = (RANGES.find(({ value }) => value === params.get("range"))?.value ??
    "30d") as Range;
  const metric = (params.get("chart") ?? "cost") as Metric;
  const since = useMemo(() => firstDay(range), [range]);
  const overview = useQuery(overviewQuery({ since: since?.toISOString() }));
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(params);
    next.set(name, value);
    setParams(next, { replace: true });
  };

  if (overview.error)
    return <ErrorState error={overview.error} retry={() => void overview.refetch()} />;
  const { data } = overview;
  if (data && data.recent.length === 0 && range === "all") return <NoHistory />;
  if (data && data.recent.length === 0 && data.total.sessions === 0)
    return <NoHistory otherwise={() => set("range", "all")} />;
  return (
    <div className="page">
      <div className="page__head">
        <h1>Overview</h1>
        <Segments
          label="Range"
          value={range}
          choices={RANGES}
          onChange={(value) => set("range", value)}
        />
      </div>
      {!data && <Skeleton lines={12} label="Loading the overview" />}
      {data && (
        <>
          {data.recent.some((session) => session.sample) && <SampleNote />}
          <Trends
            overview={data}
            metric={metric}
            since={since}
            onMetric={(value) => set("chart", value)}
          />
          <div className="halves">
            <div className="column">
              {data.live.length > 0 && <SessionBriefs title="Live now" sessions={data.live} live />}
              <SessionBriefs title="Recent sessions" sessions={data.recent} />
            </div>
            <div className="column">
              <Bars
                title="Models"
                rows={byCost(data.models, (name) => `/sessions?model=${encodeURIComponent(name)}`)}
              />
              <Bars
                title="Projects"
                rows={byCost(
                  data.projects,
                  (name) => `/sessions?project=${encodeURIComponent(name)}`,
                )}
              />
              <Bars
                title="Harnesses"
                rows={byCost(data.harnesses, (name) => `/sessions?harness=${name}`, harnessTitle)}
              />
              <Bars
                title="Tools"
                rows={data.tools.map(({ name, totals }) => ({
                  name,
                  note:
                    totals.tool_errors > 0
                      ? `${count(totals.tool_errors)} failed (${((100 * totals.tool_errors) / Math.max(1, totals.tool_calls)).toFixed(1)} %)`
                      : "",
                  value: totals.tool_calls,
                  text: count(totals.tool_calls),
                  colour: "var(--kind-tool)",
                }))}
              />
            </div>
          </div>
        </>
      )}
    </div>
  );
}
