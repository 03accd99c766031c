import { Link } from "wouter";
import type { SessionSummary } from "../../api/vocabulary";
import { ago, costText, modelTitle, plural } from "../../parts/format";
import { HarnessBadge } from "../../parts/HarnessBadge";

/** A short list of sessions, each a link. */
export function SessionBriefs({
  title,
  sessions,
  live = false,
}: {
  title: string;
  sessions: SessionSummary[];
  live?: boolean;
}) {
  return (
    <section className="card" aria-label={title}>
      <div className="card__head">
        <h2>{title}</h2>
        {!live && <Link href="/sessions">All sessions</Link>}
      </div>
      <div className="brief">
        {sessions.map((session) => (
          <Link key={session.id} href={`/sessions/${session.id}`} className="brief__row">
            <span className="brief__title">
              {live && <span className="dot dot--live" />}
              <HarnessBadge harness={session.harness} compact />
              <span className="ellipsis">{session.title || "Untitled session"}</span>
            </span>
            <span className="brief__side">
              {costText(session.cost, session.unpriced_calls, session.credits)}
            </span>
            <span className="brief__meta">
              <span className="ellipsis">{session.project}</span>
              <span>{session.models[0] ? modelTitle(session.models[0]) : "no model"}</span>
              <span>{plural(session.turns, "turn")}</span>
            </span>
            <span className="brief__side quiet">{ago(session.ended_at)}</span>
          </Link>
        ))}
      </div>
    </section>
  );
}
