import { useEffect, useLayoutEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { date } from "./format";
import { type Chart, stacked } from "./series";

const COLOURS = [
  "--series-1",
  "--series-2",
  "--series-3",
  "--series-4",
  "--series-5",
  "--series-6",
];

export function seriesColour(index: number, name: string): string {
  return `var(${name === "other models" ? "--series-rest" : (COLOURS[index] ?? "--series-rest")})`;
}

function resolved(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable.slice(4, -1)).trim();
}

interface Tip {
  column: number;
  left: number;
}

function options(
  chart: Chart,
  width: number,
  height: number,
  text: (value: number) => string,
  onTip: (tip: Tip | null) => void,
): uPlot.Options {
  const bars = uPlot.paths.bars?.({
    size: [0.72, 28],
    radius: chart.series.length === 1 ? [0.2, 0] : 0,
  });
  const ink = resolved("var(--ink-3)");
  const line = resolved("var(--line)");
  const font = `11px ${resolved("var(--font)")}`;
  return {
    width,
    height,
    legend: { show: false },
    padding: [12, 18, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: () => [-0.6, chart.days.length - 0.4] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : 1] },
    },
    axes: [
      {
        stroke: ink,
        font,
        size: 26,
        grid: { show: false },
        ticks: { show: false },
        splits: () => {
          const step = Math.max(
            1,
            Math.ceil(chart.days.length / Math.max(2, Math.floor(width / 84))),
          );
          return chart.days
            .map((_, index) => index)
            .filter((index) => (chart.days.length - 1 - index) % step === 0);
        },
        values: (_, splits) => splits.map((index) => date(`${chart.days[index]}T12:00:00`)),
      },
      {
        stroke: ink,
        font,
        size: 52,
        gap: 6,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        space: 44,
        values: (_, splits) => splits.map(text),
      },
    ],
    // Greatest sum first, so that each smaller one is drawn over it.
    series: [
      {},
      ...chart.series
        .map((series, index) => ({
          fill: resolved(seriesColour(index, series.name)),
          width: 0,
          paths: bars,
          points: { show: false },
        }))
        .reverse(),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const { idx, left } = plot.cursor;
          onTip(
            idx === null || idx === undefined || (left ?? -1) < 0
              ? null
              : { column: idx, left: left ?? 0 },
          );
        },
      ],
    },
  };
}

/** Bars by day, one colour a series; the numbers of a day show under the pointer. */
export function StackedBars({
  chart,
  text,
  axisText,
  label,
}: {
  chart: Chart;
  text: (value: number) => string;
  axisText: (value: number) => string;
  label: string;
}) {
  const host = useRef<HTMLDivElement>(null);
  const [tip, setTip] = useState<Tip | null>(null);
  const [width, setWidth] = useState(0);
  const [theme, setTheme] = useState(0);

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const repaint = () => setTheme((count) => count + 1);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    window.addEventListener("dashcam:theme", repaint);
    dark.addEventListener("change", repaint);
    return () => {
      window.removeEventListener("dashcam:theme", repaint);
      dark.removeEventListener("change", repaint);
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme means new colours in the canvas
  useEffect(() => {
    const element = host.current;
    if (!element || width === 0) return;
    const sums = stacked(chart.series).reverse();
    const data = [chart.days.map((_, index) => index), ...sums] as uPlot.AlignedData;
    const plot = new uPlot(
      options(chart, width, element.clientHeight, axisText, setTip),
      data,
      element,
    );
    return () => plot.destroy();
  }, [chart, width, theme, axisText]);

  const rows = tip
    ? chart.series.map((series, index) => ({
        name: series.name,
        value: series.values[tip.column] ?? 0,
        colour: seriesColour(index, series.name),
      }))
    : [];
  const total = rows.reduce((sum, row) => sum + row.value, 0);
  return (
    <div className="chart">
      <div ref={host} className="chart__plot" role="img" aria-label={label} />
      {tip && (
        <div
          className="chart__tip"
          style={{
            top: 8,
            ...(tip.left > width / 2 ? { right: width - tip.left - 12 } : { left: tip.left + 84 }),
          }}
        >
          <table>
            <caption>
              {date(`${chart.days[tip.column]}T12:00:00`)} · {text(total)}
            </caption>
            <tbody>
              {chart.series.length > 1 &&
                rows
                  .filter((row) => row.value > 0)
                  .map((row) => (
                    <tr key={row.name}>
                      <td>
                        <span
                          className="swatch"
                          style={{ "--colour": row.colour } as React.CSSProperties}
                        />
                        {row.name}
                      </td>
                      <td>{text(row.value)}</td>
                    </tr>
                  ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
