import { useMemo } from "react";
import type { Overview } from "../../api/vocabulary";
import { costText, count, dollars, freshTokens, short, totalTokens } from "../../parts/format";
import { Spark } from "../../parts/Spark";
import { StackedBars, seriesColour } from "../../parts/StackedBars";
import { chartOf, everyDay, type Metric } from "../../parts/series";

const TITLES: Record<Metric, string> = {
  cost: "Cost",
  tokens: "Tokens",
  sessions: "Sessions",
  model_calls: "Model calls",
  tool_calls: "Tool calls",
};
const METRICS = Object.keys(TITLES) as Metric[];

function localDay(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

function value(overview: Overview, metric: Metric): string {
  const { total } = overview;
  if (metric === "cost") return costText(total.cost, total.unpriced_calls, total.credits);
  return metric === "tokens" ? short(totalTokens(total.tokens)) : count(total[metric]);
}

function note(overview: Overview, metric: Metric): string {
  const { total } = overview;
  if (metric === "cost")
    return total.unpriced_calls > 0
      ? `${count(total.unpriced_calls)} calls without a price`
      : "all calls priced";
  if (metric === "tokens") {
    const cached =
      total.tokens.prompt > 0 ? (100 * total.tokens.cache_read) / total.tokens.prompt : 0;
    return `${cached.toFixed(0)} % cached · ${short(freshTokens(total.tokens))} new`;
  }
  if (metric === "sessions")
    return total.sessions > 0 ? `${dollars(total.cost / total.sessions)} each` : "";
  if (metric === "model_calls")
    return total.model_calls > 0
      ? `${short(total.tokens.completion / total.model_calls)} tokens out each`
      : "";
  return total.tool_calls > 0
    ? `${((100 * total.tool_errors) / total.tool_calls).toFixed(1)} % failed`
    : "";
}

/** Five totals; the chosen one is drawn by day below. */
export function Trends({
  overview,
  metric,
  since,
  onMetric,
}: {
  overview: Overview;
  metric: Metric;
  since: Date | null;
  onMetric: (metric: Metric) => void;
}) {
  const days = useMemo(
    () => everyDay(overview.days, since ? localDay(since) : undefined, localDay(new Date())),
    [overview, since],
  );
  const chart = useMemo(() => chartOf(overview, metric, days), [overview, metric, days]);
  const money = metric === "cost";
  return (
    <>
      <div className="tiles">
        {METRICS.map((name) => (
          <button
            key={name}
            type="button"
            className="card tile"
            aria-pressed={name === metric}
            onClick={() => onMetric(name)}
          >
            <span className="tile__name">{TITLES[name]}</span>
            <span className="tile__value">{value(overview, name)}</span>
            <span className="tile__note ellipsis">{note(overview, name)}</span>
            <Spark overview={overview} metric={name} days={days} />
          </button>
        ))}
      </div>
      <section className="card" aria-label={`${TITLES[metric]} by day`}>
        <div className="card__head">
          <h2>{TITLES[metric]} by day</h2>
          {chart.series.length > 1 && (
            <div className="legend">
              {chart.series.map((series, index) => (
                <span key={series.name} className="legend__item">
                  <span
                    className="swatch"
                    style={{ "--colour": seriesColour(index, series.name) } as React.CSSProperties}
                  />
                  {series.name}
                </span>
              ))}
            </div>
          )}
        </div>
        <StackedBars
          chart={chart}
          text={money ? dollars : short}
          axisText={money ? axisDollars : short}
          label={`${TITLES[metric]} by day, ${days.length} days`}
        />
      </section>
    </>
  );
}

function axisDollars(amount: number): string {
  if (amount >= 1000) return `$${short(amount)}`;
  if (amount >= 10 || amount % 1 === 0) return `$${Math.round(amount)}`;
  return `$${Number(amount.toPrecision(2))}`;
}
