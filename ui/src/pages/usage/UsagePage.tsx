import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { usageQuery } from "../../api/queries";
import type { UsageKey, UsageRow } from "../../api/vocabulary";
import { EmptyState, ErrorState } from "../../parts/EmptyState";
import { costText, count, harnessTitle } from "../../parts/format";
import { Segments } from "../../parts/Segments";
import { Select } from "../../parts/Select";
import { Skeleton } from "../../parts/Skeleton";

const KEYS: UsageKey[] = [
  "day",
  "week",
  "month",
  "harness",
  "model",
  "project",
  "branch",
  "session",
  "user",
  "tool",
];

function Key({ name, row }: { name: UsageKey; row: UsageRow }) {
  const value = row[name] ?? "";
  if (name === "session")
    return (
      <Link href={`/sessions/${value}`} className="mono">
        {value.slice(0, 8)}
      </Link>
    );
  return (
    <>{name === "harness" ? harnessTitle(value) : value || <span className="quiet">none</span>}</>
  );
}

function Numbers({ row, tools }: { row: UsageRow; tools: boolean }) {
  if (tools) {
    return (
      <>
        <td className="num">{count(row.tool_calls)}</td>
        <td className="num">{count(row.tool_errors)}</td>
      </>
    );
  }
  return (
    <>
      <td className="num">{count(row.sessions)}</td>
      <td className="num">{count(row.model_calls)}</td>
      <td className="num">{count(row.input_tokens)}</td>
      <td className="num">{count(row.tokens.cache_write_5m + row.tokens.cache_write_1h)}</td>
      <td className="num">{count(row.tokens.cache_read)}</td>
      <td className="num">{count(row.tokens.completion)}</td>
      <td className="num">{costText(row.cost_usd, row.unpriced_calls, row.credits)}</td>
    </>
  );
}

const HEADS = ["Sessions", "Model calls", "Input", "Cache write", "Cache read", "Output", "Cost"];

export default function UsagePage() {
  const [params, setParams] = useSearchParams();
  const by = (params.get("by") ?? "day")
    .split(",")
    .filter((key): key is UsageKey => (KEYS as string[]).includes(key))
    .slice(0, 2);
  const [first = "day", second] = by;
  const range = params.get("range") ?? "all";
  const since =
    range === "all"
      ? undefined
      : new Date(
          new Date().setHours(0, 0, 0, 0) - (Number.parseInt(range, 10) - 1) * 86_400_000,
        ).toISOString();
  const usage = useQuery(usageQuery(second ? [first, second] : [first], { since }));
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(params);
    next.set(name, value);
    setParams(next, { replace: true });
  };
  const tools = by.includes("tool");
  return (
    <div className="page">
      <div className="page__head">
        <h1>Usage</h1>
        <Segments
          label="Range"
          value={range}
          choices={["7d", "30d", "90d", "all"].map((value) => ({
            value,
            title: value === "all" ? "All" : value.replace("d", " days"),
          }))}
          onChange={(value) => set("range", value)}
        />
      </div>
      <div className="filters">
        <Select
          label="Group by"
          any="Group by day"
          value={first}
          values={KEYS}
          title={(key) => `By ${key}`}
          onChange={(key) => set("by", [key || "day", ...(second ? [second] : [])].join(","))}
        />
        <Select
          label="Then by"
          any="and no more"
          value={second ?? ""}
          values={KEYS.filter((key) => key !== first)}
          title={(key) => `then by ${key}`}
          onChange={(key) => set("by", key ? `${first},${key}` : first)}
        />
      </div>
      {usage.error && <ErrorState error={usage.error} retry={() => void usage.refetch()} />}
      {usage.isPending && <Skeleton lines={10} label="Loading usage" />}
      {usage.data && usage.data.rows.length === 0 && <EmptyState title="No usage in this range" />}
      {usage.data && usage.data.rows.length > 0 && (
        <section className="card table-scroll" aria-label="Usage">
          <table className="table">
            <thead>
              <tr>
                {usage.data.by.map((key) => (
                  <th key={key} scope="col">
                    {key[0]?.toUpperCase() + key.slice(1)}
                  </th>
                ))}
                {(tools ? ["Tool calls", "Failed"] : HEADS).map((title) => (
                  <th key={title} scope="col" className="num">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {usage.data.rows.map((row, index) => (
                <tr key={index}>
                  {usage.data.by.map((key) => (
                    <td key={key}>
                      <Key name={key} row={row} />
                    </td>
                  ))}
                  <Numbers row={row} tools={tools} />
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <td colSpan={usage.data.by.length}>Total</td>
                <Numbers row={usage.data.total} tools={tools} />
              </tr>
            </tfoot>
          </table>
        </section>
      )}
    </div>
  );
}
