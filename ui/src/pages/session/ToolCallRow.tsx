import type { Span } from "../../api/vocabulary";
import { spanDuration } from "../../parts/format";
import { Icon, type IconName } from "../../parts/Icon";
import type { Entry } from "./entries";
import { ToolCallDetail } from "./ToolCallDetail";
import { useSpan } from "./useSpan";
import { useView } from "./view";

function changed(span: Span | undefined) {
  const diffs = span?.diff ?? [];
  if (diffs.length === 0) return null;
  const added = diffs.reduce((sum, diff) => sum + diff.added, 0);
  const removed = diffs.reduce((sum, diff) => sum + diff.removed, 0);
  return (
    <span className="tool__change">
      <span className="tool__added">+{added}</span>{" "}
      <span className="tool__removed">−{removed}</span>
    </span>
  );
}

/** A tool call in one line; open, it shows what went in and what came out. */
export function ToolCallRow({ entry }: { entry: Entry }) {
  const { session, isOpen, toggle } = useView();
  const { span, error } = useSpan(session, entry.turn, entry.span.id);
  const open = isOpen(entry.span.id);
  const { tool_kind, name, target, status } = entry.span;
  const title = span?.mcp ? `${span.mcp.server} · ${span.mcp.tool}` : name;
  return (
    <div className="tool" data-open={open} data-status={status}>
      <button
        type="button"
        className="tool__line"
        aria-expanded={open}
        onClick={() => toggle(entry.span.id)}
      >
        <span className="tool__icon">
          <Icon name={(tool_kind ?? "other") as IconName} size={14} />
        </span>
        <span className="tool__name">{title}</span>
        <span className="tool__target ellipsis">{target}</span>
        {changed(span)}
        {span?.exit_code != null && span.exit_code !== 0 && (
          <span className="tag tag--error">exit {span.exit_code}</span>
        )}
        {status === "error" && !(span?.exit_code != null && span.exit_code !== 0) && (
          <span className="tag tag--error">error</span>
        )}
        {status === "interrupted" && <span className="tag tag--warn">stopped</span>}
        {status === "unfinished" && <span className="tag">no end seen</span>}
        <span
          className="tool__time"
          title={
            entry.span.timing === "derived" ? "Estimated from neighbouring records" : "Measured"
          }
        >
          {entry.span.timing === "derived" && entry.span.end ? "~" : ""}
          {spanDuration(entry.span)}
        </span>
      </button>
      {open &&
        (span ? (
          <ToolCallDetail span={span} />
        ) : (
          <p className="tool__wait">{error ? error.message : "Loading…"}</p>
        ))}
    </div>
  );
}
