import { between, duration, modelTitle, plural } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { PlainText } from "../../parts/PlainText";
import type { Entry } from "./entries";
import { useSpan } from "./useSpan";
import { useView } from "./view";

/** Where a subagent begins; folding hides its work. */
export function AgentRow({ entry }: { entry: Entry }) {
  const { session, fold, isOpen, toggle } = useView();
  const { span } = useSpan(session, entry.turn, entry.span.id);
  const agent = span?.agent;
  return (
    <div className="agent">
      <button
        type="button"
        className="agent__head"
        aria-expanded={!entry.folded}
        onClick={() => fold(entry.span.id)}
      >
        <Icon name="chevron" size={12} />
        <span className="agent__icon">
          <Icon name="agent" size={14} />
        </span>
        <span className="agent__name">{agent?.agent_type ?? entry.span.name}</span>
        <span className="ellipsis agent__for">{agent?.description}</span>
        {agent?.background && <span className="tag">background</span>}
        {entry.span.status !== "ok" && (
          <span className={entry.span.status === "error" ? "tag tag--error" : "tag tag--warn"}>
            {entry.span.status}
          </span>
        )}
        <span className="call__facts">
          {agent?.model && <span>{modelTitle(agent.model)}</span>}
          <span>{plural(entry.inside, "step")}</span>
          {entry.span.end && <span>{duration(between(entry.span.start, entry.span.end))}</span>}
        </span>
      </button>
      {!entry.folded && agent?.prompt && (
        <div className="prompt prompt--agent">
          <PlainText
            text={agent.prompt}
            open={isOpen(entry.span.id)}
            onToggle={() => toggle(entry.span.id)}
          />
        </div>
      )}
      {entry.folded && agent?.answer && <p className="agent__answer ellipsis">{agent.answer}</p>}
    </div>
  );
}
