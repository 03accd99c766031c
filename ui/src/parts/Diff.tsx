import { useMemo, useState } from "react";
import type { FileDiff } from "../api/vocabulary";
import { count } from "./format";
import { diffLines } from "./hunks";

const LINES = 120;
const SIGNS = { added: "+", removed: "−", same: "", hunk: "" };
const CHANGES = { add: "new file", update: "", delete: "deleted" };

/** What a call changed in one file. */
export function Diff({ diff }: { diff: FileDiff }) {
  const [all, setAll] = useState(false);
  const lines = useMemo(() => diffLines(diff.patch), [diff.patch]);
  const hidden = Math.max(0, lines.length - LINES);
  return (
    <figure className="block diff">
      <figcaption>
        <span className="ellipsis mono">
          {diff.old_path ? `${diff.old_path} → ` : ""}
          {diff.path}
        </span>
        {CHANGES[diff.change] && <span className="tag">{CHANGES[diff.change]}</span>}
        <span className="tool__change">
          <span className="tool__added">+{diff.added}</span>{" "}
          <span className="tool__removed">−{diff.removed}</span>
        </span>
      </figcaption>
      {diff.patch && (
        <div className="diff__scroll">
          <table className="diff__lines">
            <tbody>
              {(all ? lines : lines.slice(0, LINES)).map((line, index) => (
                <tr key={index} data-kind={line.kind}>
                  <td className="diff__number">{line.old}</td>
                  <td className="diff__number">{line.new}</td>
                  <td className="diff__sign">{SIGNS[line.kind]}</td>
                  <td className="diff__text">
                    {line.kind === "hunk" ? `⋯ ${line.text}` : line.text}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hidden > 0 && (
        <button type="button" className="more" onClick={() => setAll(!all)}>
          {all ? "Show less" : `Show ${count(hidden)} more lines`}
        </button>
      )}
    </figure>
  );
}
