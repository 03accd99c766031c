/** The session as one list: conversation and tree show the same entries in the
 * same order, so that a place in one is a place in the other. */
import type { SpanOutline, TurnOutline } from "../../api/vocabulary";

export interface Entry {
  turn: TurnOutline;
  span: SpanOutline;
  /** Steps from the turn's own span: how far the tree indents. */
  depth: number;
  /** Agent runs around it: how far the conversation indents. */
  nest: number;
  /** Entries that folding hides, 0 where nothing can be folded. */
  inside: number;
  folded: boolean;
}

const MAX_DEPTH = 64;

function childrenOf(turn: TurnOutline): Map<string, SpanOutline[]> {
  const root = turn.spans[0];
  const known = new Set(turn.spans.map((span) => span.id));
  const children = new Map<string, SpanOutline[]>();
  for (const span of turn.spans) {
    if (span === root || !root) continue;
    // A span whose parent is not in the evidence hangs below the turn.
    const parent =
      span.parent && known.has(span.parent) && span.parent !== span.id ? span.parent : root.id;
    const siblings = children.get(parent);
    if (siblings) siblings.push(span);
    else children.set(parent, [span]);
  }
  return children;
}

function isFoldable(span: SpanOutline): boolean {
  return span.kind === "turn" || span.kind === "agent_run";
}

/** All entries that are not folded away, parents before children. */
export function entriesOf(turns: TurnOutline[], folded: ReadonlySet<string>): Entry[] {
  const entries: Entry[] = [];
  for (const turn of turns) {
    const root = turn.spans[0];
    if (!root) continue;
    const children = childrenOf(turn);
    const seen = new Set<string>();
    const sizeOf = (span: SpanOutline, level: number): number =>
      level > MAX_DEPTH
        ? 0
        : (children.get(span.id) ?? []).reduce(
            (sum, child) => sum + 1 + sizeOf(child, level + 1),
            0,
          );
    const visit = (span: SpanOutline, depth: number, nest: number) => {
      if (seen.has(span.id) || depth > MAX_DEPTH) return;
      seen.add(span.id);
      const foldable = isFoldable(span);
      const isFolded = foldable && folded.has(span.id);
      const inside = span.kind === "turn" ? turn.spans.length - 1 : foldable ? sizeOf(span, 0) : 0;
      entries.push({ turn, span, depth, nest, inside, folded: isFolded });
      if (isFolded) return;
      const deeper = span.kind === "agent_run" ? nest + 1 : nest;
      for (const child of children.get(span.id) ?? []) visit(child, depth + 1, deeper);
    };
    visit(root, 0, 0);
  }
  return entries;
}

/** Spans around a span that can be folded: all must be open for it to be seen. */
export function foldsAround(turns: TurnOutline[], span: string): string[] {
  for (const turn of turns) {
    const byId = new Map(turn.spans.map((one) => [one.id, one]));
    if (!byId.has(span)) continue;
    const around = turn.spans[0] && turn.spans[0].id !== span ? [turn.spans[0].id] : [];
    let at = byId.get(span)?.parent;
    for (let level = 0; at && level < MAX_DEPTH; level++) {
      const parent = byId.get(at);
      if (parent && isFoldable(parent)) around.push(parent.id);
      at = parent?.parent;
    }
    return around;
  }
  return [];
}

/** The next entry of a kind after a place, going round at the end. */
export function nextWhere(entries: Entry[], from: number, test: (entry: Entry) => boolean): number {
  for (let step = 1; step <= entries.length; step++) {
    const index = (from + step + entries.length) % entries.length;
    const entry = entries[index];
    if (entry && test(entry)) return index;
  }
  return -1;
}
