/** Unified hunks as lines with their numbers. */

export interface DiffLine {
  kind: "hunk" | "same" | "added" | "removed";
  old: number | null;
  new: number | null;
  text: string;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/;

export function diffLines(patch: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let [old, fresh] = [1, 1];
  for (const line of patch.replace(/\n$/, "").split("\n")) {
    const hunk = HUNK.exec(line);
    if (hunk) {
      [old, fresh] = [Number(hunk[1]), Number(hunk[2])];
      const text = (hunk[3] ?? "").trim();
      // Nothing is left out above a file's first line.
      if (lines.length > 0 || Math.max(old, fresh) > 1 || text !== "")
        lines.push({ kind: "hunk", old: null, new: null, text });
    } else if (line.startsWith("@@")) {
      lines.push({
        kind: "hunk",
        old: null,
        new: null,
        text: line.replace(/^@@ ?|@@$/g, "").trim(),
      });
    } else if (line.startsWith("+"))
      lines.push({ kind: "added", old: null, new: fresh++, text: line.slice(1) });
    else if (line.startsWith("-"))
      lines.push({ kind: "removed", old: old++, new: null, text: line.slice(1) });
    else if (!line.startsWith("\\"))
      lines.push({ kind: "same", old: old++, new: fresh++, text: line.slice(1) });
  }
  return lines;
}
