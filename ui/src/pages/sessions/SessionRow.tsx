import { memo } from "react";
import { Link } from "wouter";
import type { SessionSummary } from "../../api/vocabulary";
import {
  ago,
  between,
  costText,
  count,
  duration,
  full,
  modelTitle,
  plural,
  short,
  totalTokens,
} from "../../parts/format";
import { HarnessBadge } from "../../parts/HarnessBadge";

/** One line of the list; the whole line is the link. */
export const SessionRow = memo(function SessionRow({
  session,
  offset,
  index,
}: {
  session: SessionSummary;
  offset: number;
  index: number;
}) {
  return (
    <Link
      href={`/sessions/${session.id}`}
      className="list__row list__line"
      style={{ transform: `translateY(${offset}px)` }}
      aria-rowindex={index + 2}
      role="row"
    >
      <span className="list__two">
        <span className="list__title">
          <HarnessBadge harness={session.harness} compact />
          <span className="ellipsis">{session.title || "Untitled session"}</span>
          {session.sample && <span className="tag tag--warn">sample</span>}
          {session.parent && <span className="tag">{session.parent.relation}</span>}
          {session.status === "interrupted" && <span className="tag tag--warn">interrupted</span>}
          {session.status === "failed" && <span className="tag tag--error">failed</span>}
        </span>
        <span className="list__sub ellipsis">
          {plural(session.turns, "turn")} · {plural(session.model_calls, "model call")} ·{" "}
          {plural(session.tool_calls, "tool call")}
          {session.agent_runs > 0 && ` · ${plural(session.agent_runs, "subagent")}`}
        </span>
      </span>
      <span className="list__two list__narrow">
        <span className="ellipsis">{session.project}</span>
        <span className="list__sub ellipsis">{session.git.branch ?? ""}</span>
      </span>
      <span className="list__narrow list__wide ellipsis" title={session.models.join(", ")}>
        {session.models[0] ? modelTitle(session.models[0]) : <span className="quiet">none</span>}
        {session.models.length > 1 && <span className="quiet"> +{session.models.length - 1}</span>}
      </span>
      <time
        className="list__narrow quiet"
        dateTime={session.ended_at}
        title={full(session.ended_at)}
      >
        {ago(session.ended_at)}
      </time>
      <span className="num list__narrow list__wide">
        {duration(between(session.started_at, session.ended_at))}
      </span>
      <span className="num list__narrow">{short(totalTokens(session.tokens))}</span>
      <span className="num list__cost">
        {costText(session.cost, session.unpriced_calls, session.credits)}
        <span className="list__sub list__only-narrow">{ago(session.ended_at)}</span>
      </span>
      <span className={`num list__narrow ${session.errors > 0 ? "errors" : "quiet"}`}>
        {session.errors > 0 ? count(session.errors) : "–"}
      </span>
    </Link>
  );
});
