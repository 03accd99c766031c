import {
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
} from "react";
import { type Colours, caretAt, drawTree, labelOf, ROW } from "./drawTree";
import type { Entry } from "./entries";

export interface WaterfallHandle {
  show: (span: string) => void;
}

function coloursNow(): Colours {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    quiet: colour("ink-3"),
    line: colour("line"),
    selected: colour("selected"),
    hover: colour("hover"),
    error: colour("error"),
    surface: colour("surface"),
    font: colour("font"),
    kinds: {
      turn: colour("kind-turn"),
      model_call: colour("kind-model"),
      tool_call: colour("kind-tool"),
      agent_run: colour("kind-agent"),
      event: colour("kind-event"),
    },
  };
}

const LEGEND = [
  ["kind-model", "model"],
  ["kind-tool", "tool"],
  ["kind-agent", "agent"],
  ["kind-event", "event"],
  ["error", "error"],
] as const;

/** The tree of steps with their times: drawn, because a session has thousands. */
export function Waterfall({
  handle,
  entries,
  selected,
  onSelect,
  onFold,
}: {
  handle: Ref<WaterfallHandle>;
  entries: Entry[];
  selected: string | null;
  onSelect: (span: string) => void;
  onFold: (span: string) => void;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const hovered = useRef(-1);
  const colours = useRef<Colours | null>(null);
  const pending = useRef(0);
  const latest = useRef({ entries, selected });
  latest.current = { entries, selected };

  const draw = useCallback(() => {
    pending.current = 0;
    const [box, element] = [scroll.current, canvas.current];
    const context = element?.getContext("2d");
    if (!box || !element || !context) return;
    const [width, height] = [box.clientWidth, box.clientHeight];
    const scale = window.devicePixelRatio || 1;
    if (
      element.width !== Math.round(width * scale) ||
      element.height !== Math.round(height * scale)
    ) {
      element.width = Math.round(width * scale);
      element.height = Math.round(height * scale);
      element.style.width = `${width}px`;
      element.style.height = `${height}px`;
    }
    colours.current ??= coloursNow();
    drawTree(
      context,
      latest.current.entries,
      {
        width,
        height,
        scroll: box.scrollTop,
        selected: latest.current.selected,
        hovered: hovered.current,
      },
      colours.current,
    );
  }, []);
  const redraw = useCallback(() => {
    if (pending.current === 0) pending.current = requestAnimationFrame(draw);
  }, [draw]);

  useEffect(() => {
    const box = scroll.current;
    if (!box) return;
    const repaint = () => {
      colours.current = null;
      redraw();
    };
    const observer = new ResizeObserver(redraw);
    observer.observe(box);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", repaint);
    window.addEventListener("dashcam:theme", repaint);
    return () => {
      observer.disconnect();
      dark.removeEventListener("change", repaint);
      window.removeEventListener("dashcam:theme", repaint);
      cancelAnimationFrame(pending.current);
      pending.current = 0;
    };
  }, [redraw]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew when these change
  useLayoutEffect(draw, [entries, selected]);

  const show = (span: string) => {
    const box = scroll.current;
    const place = latest.current.entries.findIndex((entry) => entry.span.id === span);
    if (!box || place < 0) return;
    const top = place * ROW;
    if (top < box.scrollTop || top + ROW > box.scrollTop + box.clientHeight)
      box.scrollTop = top - box.clientHeight / 2;
  };
  useImperativeHandle(handle, () => ({ show }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tree that opens shows the selected step
  useEffect(() => {
    if (selected) show(selected);
  }, []);

  const rowAt = (event: React.MouseEvent) => {
    const box = scroll.current;
    if (!box) return -1;
    return Math.floor((event.clientY - box.getBoundingClientRect().top + box.scrollTop) / ROW);
  };
  const press = (event: React.MouseEvent) => {
    const entry = entries[rowAt(event)];
    const box = scroll.current;
    if (!entry || !box) return;
    const x = event.clientX - box.getBoundingClientRect().left;
    if (entry.inside > 0 && Math.abs(x - caretAt(entry)) < 9) onFold(entry.span.id);
    else onSelect(entry.span.id);
  };
  const chosen = entries.find((entry) => entry.span.id === selected);
  return (
    <>
      <div className="tree__legend" aria-hidden="true">
        {LEGEND.map(([token, name]) => (
          <span key={name} className="legend__item">
            <span
              className="swatch"
              style={{ "--colour": `var(--${token})` } as React.CSSProperties}
            />
            {name}
          </span>
        ))}
        <span className="tree__scale">bars: share of the turn</span>
      </div>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter do the same by keyboard */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: as above */}
      <div
        ref={scroll}
        className="tree__scroll"
        onScroll={redraw}
        onClick={press}
        onMouseMove={(event) => {
          hovered.current = rowAt(event);
          redraw();
        }}
        onMouseLeave={() => {
          hovered.current = -1;
          redraw();
        }}
      >
        <canvas
          ref={canvas}
          className="tree__canvas"
          role="img"
          aria-label={`Tree of ${entries.length} steps. Keys j and k move through it.`}
        />
        <div className="tree__space" style={{ height: Math.max(0, entries.length * ROW) }} />
      </div>
      <p className="visually-hidden" role="status">
        {chosen
          ? `${chosen.span.kind.replace("_", " ")}: ${labelOf(chosen)}, ${chosen.span.status}`
          : ""}
      </p>
    </>
  );
}
