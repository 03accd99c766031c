/** Draws the rows of the tree that are in view. */
import type { SpanOutline } from "../../api/vocabulary";
import { dollars, modelTitle, short, spanDuration } from "../../parts/format";
import type { Entry } from "./entries";

export const ROW = 24;
export const INDENT = 12;
const LEFT = 10;

export interface Colours {
  ink: string;
  quiet: string;
  line: string;
  selected: string;
  hover: string;
  error: string;
  surface: string;
  font: string;
  kinds: Record<SpanOutline["kind"], string>;
}

export interface Frame {
  width: number;
  height: number;
  scroll: number;
  selected: string | null;
  hovered: number;
}

export function labelOf({ span, turn }: Entry): string {
  if (span.kind === "turn")
    return `${turn.index + 1}  ${turn.prompt.replace(/\s+/g, " ") || "no prompt"}`;
  if (span.kind === "model_call") return modelTitle(span.name);
  return span.target ? `${span.name}  ${span.target.replace(/\s+/g, " ")}` : span.name;
}

/** Where the row's bar begins and how long it is, as shares of its turn. */
export function barOf({ span, turn }: Entry, turnEnd: number): [number, number] {
  const start = Date.parse(turn.start);
  const whole = Math.max(1, turnEnd - start);
  const from = (Date.parse(span.start) - start) / whole;
  const to = span.end ? (Date.parse(span.end) - start) / whole : 1;
  const clamp = (share: number) => Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  return [clamp(from), Math.max(0, clamp(to) - clamp(from))];
}

export function caretAt(entry: Entry): number {
  return LEFT + Math.min(entry.depth, 10) * INDENT;
}

function cut(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (width < 8) return "";
  // One glyph takes about 6 px: measuring whole prompts would cost more than drawing.
  const enough = text.slice(0, Math.ceil(width / 4));
  if (context.measureText(enough).width <= width && enough.length === text.length) return text;
  let [low, high] = [0, enough.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${enough.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low > 0 ? `${enough.slice(0, low)}…` : "";
}

function note({ span, turn }: Entry): string {
  if (span.kind === "model_call" && span.tokens)
    return `${short(span.tokens.prompt + span.tokens.completion)}`;
  // A turn without a known price has no cost to show.
  if (span.kind === "turn") return turn.cost > 0 ? dollars(turn.cost) : "";
  return "";
}

function drawRow(
  context: CanvasRenderingContext2D,
  entry: Entry,
  y: number,
  frame: Frame,
  colours: Colours,
  turnEnd: number,
) {
  const { span } = entry;
  const x = caretAt(entry);
  const middle = y + ROW / 2;
  const barsFrom = Math.round(frame.width * 0.6);
  const barsWidth = frame.width - barsFrom - 78;
  const faded = entry.turn.abandoned || entry.turn.copied_from ? 0.5 : 1;
  context.globalAlpha = faded;
  if (entry.inside > 0) {
    context.strokeStyle = colours.quiet;
    context.lineWidth = 1.4;
    context.beginPath();
    if (entry.folded) {
      context.moveTo(x - 1, middle - 3.5);
      context.lineTo(x + 2.5, middle);
      context.lineTo(x - 1, middle + 3.5);
    } else {
      context.moveTo(x - 3, middle - 1.5);
      context.lineTo(x + 0.5, middle + 2);
      context.lineTo(x + 4, middle - 1.5);
    }
    context.stroke();
  }
  context.fillStyle = span.status === "error" ? colours.error : colours.kinds[span.kind];
  context.beginPath();
  context.roundRect(x + 9, middle - 3.5, 7, 7, span.kind === "event" ? 4 : 2);
  context.fill();
  const noteText = note(entry);
  context.font = `11px ${colours.font}`;
  context.textAlign = "right";
  const noteWidth = noteText ? context.measureText(noteText).width + 8 : 0;
  context.fillStyle = colours.quiet;
  if (noteText) context.fillText(noteText, barsFrom - 8, middle + 0.5);
  context.textAlign = "left";
  context.font = `${span.kind === "turn" ? "600 " : ""}12px ${colours.font}`;
  context.fillStyle =
    span.status === "error" && span.kind !== "turn"
      ? colours.error
      : span.kind === "model_call"
        ? colours.quiet
        : colours.ink;
  context.fillText(
    cut(context, labelOf(entry), barsFrom - 12 - noteWidth - (x + 21)),
    x + 21,
    middle + 0.5,
  );

  const [from, long] = barOf(entry, turnEnd);
  context.fillStyle =
    span.status === "error" && span.kind !== "turn" ? colours.error : colours.kinds[span.kind];
  context.globalAlpha =
    faded * (span.kind === "turn" ? 0.45 : span.kind === "agent_run" ? 0.55 : 0.9);
  context.beginPath();
  context.roundRect(
    barsFrom + from * barsWidth,
    middle - (span.kind === "turn" ? 2 : 4),
    Math.max(2, long * barsWidth),
    span.kind === "turn" ? 4 : 8,
    2,
  );
  context.fill();
  context.globalAlpha = faded;
  if (span.end && span.kind !== "event") {
    context.font = `11px ${colours.font}`;
    context.textAlign = "right";
    context.fillStyle = colours.quiet;
    context.fillText(spanDuration(span), frame.width - 8, middle + 0.5);
    context.textAlign = "left";
  }
  context.globalAlpha = 1;
}

function endOf(entry: Entry): number {
  if (entry.turn.end) return Date.parse(entry.turn.end);
  return entry.turn.spans.reduce(
    (last, span) => Math.max(last, Date.parse(span.end ?? span.start)),
    0,
  );
}

export function drawTree(
  context: CanvasRenderingContext2D,
  entries: Entry[],
  frame: Frame,
  colours: Colours,
) {
  const scale = window.devicePixelRatio || 1;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, frame.width, frame.height);
  context.textBaseline = "middle";
  const first = Math.max(0, Math.floor(frame.scroll / ROW));
  const last = Math.min(entries.length, Math.ceil((frame.scroll + frame.height) / ROW));
  let turn: Entry["turn"] | null = null;
  let turnEnd = 0;
  for (let index = first; index < last; index++) {
    const entry = entries[index];
    if (!entry) continue;
    if (entry.turn !== turn) [turn, turnEnd] = [entry.turn, endOf(entry)];
    const y = index * ROW - frame.scroll;
    const chosen = entry.span.id === frame.selected;
    if (chosen || index === frame.hovered) {
      context.fillStyle = chosen ? colours.selected : colours.hover;
      context.fillRect(0, y, frame.width, ROW);
    }
    if (entry.span.kind === "turn" && index > 0) {
      context.fillStyle = colours.line;
      context.fillRect(0, Math.round(y), frame.width, 1);
    }
    drawRow(context, entry, y, frame, colours, turnEnd);
  }
}
