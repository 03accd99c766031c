import type { EventKind } from "../../api/vocabulary";
import { time } from "../../parts/format";
import type { Entry } from "./entries";
import { useSpan } from "./useSpan";
import { useView } from "./view";

const TITLES: Record<EventKind, string> = {
  permission: "Permission",
  compaction: "Compaction",
  interruption: "Interrupted",
  notification: "Notice",
  api_error: "API error",
  command: "Command",
  shell_line: "Shell",
  context: "Context",
  hook: "Hook",
  settings: "Settings",
  session_end: "Session ended",
  other: "Event",
};

/** A slim marker for what happened besides model and tool calls. */
export function EventRow({ entry }: { entry: Entry }) {
  const { session, isOpen, toggle } = useView();
  const { span } = useSpan(session, entry.turn, entry.span.id);
  const kind = entry.span.event ?? "other";
  const open = isOpen(entry.span.id);
  const text = span?.text ?? span?.error ?? "";
  return (
    <div className={`marker marker--${kind}`}>
      <button
        type="button"
        className="marker__line"
        aria-expanded={open}
        onClick={() => toggle(entry.span.id)}
      >
        <span className="marker__kind">{TITLES[kind] ?? kind}</span>
        <span className="ellipsis">{text.slice(0, 300)}</span>
        <time dateTime={entry.span.start}>{time(entry.span.start)}</time>
      </button>
      {open && text && <div className="marker__text plain">{text}</div>}
    </div>
  );
}
