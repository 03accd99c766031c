import type { Overview } from "../api/vocabulary";
import { type Metric, metricOf } from "./series";

const COLUMNS = 30;

/** A measure's course in thirty small bars. */
export function Spark({
  overview,
  metric,
  days,
}: {
  overview: Overview;
  metric: Metric;
  days: string[];
}) {
  const columns = Math.min(COLUMNS, days.length);
  if (columns === 0) return null;
  const place = new Map(
    days.map((day, index) => [day, Math.floor((index * columns) / days.length)]),
  );
  const sums = Array.from({ length: columns }, () => 0);
  for (const day of overview.days) {
    const column = place.get(day.day);
    if (column !== undefined) sums[column] = (sums[column] ?? 0) + metricOf(day, metric);
  }
  const greatest = Math.max(...sums, Number.MIN_VALUE);
  return (
    <svg
      className="tile__spark"
      viewBox={`0 0 ${columns * 4} 24`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {sums.map((sum, index) => {
        const height = sum > 0 ? Math.max(1, (24 * sum) / greatest) : 0;
        return (
          <rect key={index} x={index * 4} y={24 - height} width={3} height={height} rx={0.5} />
        );
      })}
    </svg>
  );
}
