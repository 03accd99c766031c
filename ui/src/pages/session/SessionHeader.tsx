import { Link } from "wouter";
import type { SessionDetail } from "../../api/vocabulary";
import {
  ago,
  between,
  costText,
  count,
  duration,
  freshTokens,
  full,
  plural,
  short,
} from "../../parts/format";
import { HarnessBadge } from "../../parts/HarnessBadge";
import { Icon } from "../../parts/Icon";
import { ProblemList } from "../../parts/ProblemList";
import { ExportMenu } from "./ExportMenu";

const LIVE_MS = 120_000;

function Numbers({ detail }: { detail: SessionDetail }) {
  const { summary } = detail;
  const { tokens } = summary;
  const numbers: [string, string, string?][] = [
    [
      "Cost",
      costText(summary.cost, summary.unpriced_calls, summary.credits),
      summary.unpriced_calls > 0
        ? `${count(summary.unpriced_calls)} model calls have no known price`
        : undefined,
    ],
    [
      "Input",
      short(freshTokens(tokens)),
      `${count(freshTokens(tokens))} prompt tokens that were in no cache`,
    ],
    ["Cache read", short(tokens.cache_read), count(tokens.cache_read)],
    [
      "Cache write",
      short(tokens.cache_write_5m + tokens.cache_write_1h),
      `${count(tokens.cache_write_5m)} for 5 minutes, ${count(tokens.cache_write_1h)} for 1 hour`,
    ],
    [
      "Output",
      short(tokens.completion),
      `${count(tokens.completion)}, of which ${count(tokens.reasoning)} reasoning`,
    ],
    ["Model calls", count(summary.model_calls)],
    ["Tool calls", count(summary.tool_calls)],
    ["Errors", count(summary.errors)],
  ];
  return (
    <dl className="numbers">
      {numbers.map(([name, value, title]) => (
        <div key={name} title={title} data-bad={name === "Errors" && summary.errors > 0}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What a session was, in three lines; the rest on demand. */
export function SessionHeader({
  detail,
  tree,
  onTree,
  onFind,
  onHelp,
}: {
  detail: SessionDetail;
  tree: boolean;
  onTree: () => void;
  onFind: () => void;
  onHelp: () => void;
}) {
  const { summary, children, problems, files } = detail;
  const live =
    summary.status === "unfinished" && Date.now() - Date.parse(summary.ended_at) < LIVE_MS;
  return (
    <header className="head">
      <div className="head__line">
        <HarnessBadge harness={summary.harness} compact />
        <h1 className="head__title ellipsis" title={summary.title}>
          {summary.title || "Untitled session"}
        </h1>
        {live && (
          <span className="tag tag--good">
            <span className="dot dot--live" />
            live
          </span>
        )}
        {summary.sample && <span className="tag tag--warn">sample</span>}
        <div className="head__actions">
          <button
            type="button"
            className="icon-button"
            onClick={onFind}
            aria-label="Search in this session"
            title="Search in this session (/)"
          >
            <Icon name="search" />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-pressed={tree}
            onClick={onTree}
            aria-label="Tree of steps"
            title="Tree of steps (t)"
          >
            <Icon name="tree" />
          </button>
          <ExportMenu session={summary.id} />
          <button
            type="button"
            className="icon-button head__help"
            onClick={onHelp}
            aria-label="Keys"
            title="Keys (?)"
          >
            <Icon name="help" />
          </button>
        </div>
      </div>
      <div className="head__meta">
        <Link href={`/sessions?project=${encodeURIComponent(summary.project)}`}>
          {summary.project}
        </Link>
        {summary.git.branch && (
          <span className="head__item">
            <Icon name="branch" size={12} />
            {summary.git.branch}
          </span>
        )}
        <span>{summary.models.join(", ") || "no model answered"}</span>
        <time
          dateTime={summary.started_at}
          title={`${full(summary.started_at)} to ${full(summary.ended_at)}`}
        >
          {ago(summary.started_at)}
        </time>
        <span>{duration(between(summary.started_at, summary.ended_at))}</span>
        <span>{plural(summary.turns, "turn")}</span>
        <span title="Nothing in the evidence says how it ended">
          outcome {summary.outcome?.label ?? "unknown"}
        </span>
        {summary.parent && (
          <Link
            className="head__item"
            href={`/sessions/${summary.parent.session}${summary.parent.span ? `?span=${summary.parent.span}` : ""}`}
          >
            <Icon name="fork" size={12} />
            {summary.parent.relation} of another session
          </Link>
        )}
        <details className="head__more">
          <summary>
            Details
            {problems.length > 0 && (
              <span className="tag tag--warn">{plural(problems.length, "problem")}</span>
            )}
          </summary>
          <div className="head__panel">
            <dl className="facts">
              <dt>Harness</dt>
              <dd>
                <HarnessBadge harness={summary.harness} /> {summary.version}{" "}
                {summary.entrypoint && <span className="quiet">({summary.entrypoint})</span>}
              </dd>
              <dt>Session</dt>
              <dd className="mono">{summary.native_id}</dd>
              <dt>Folder</dt>
              <dd className="mono">{summary.cwd ?? "unknown"}</dd>
              {summary.git.commit && (
                <>
                  <dt>Commit</dt>
                  <dd className="mono">{summary.git.commit.slice(0, 12)}</dd>
                </>
              )}
              {summary.git.remote && (
                <>
                  <dt>Remote</dt>
                  <dd className="mono">{summary.git.remote}</dd>
                </>
              )}
              <dt>Time</dt>
              <dd>
                {full(summary.started_at)} to {full(summary.ended_at)}
              </dd>
              <dt>Outcome</dt>
              <dd>
                {summary.outcome
                  ? `${summary.outcome.label}: ${summary.outcome.evidence}`
                  : "unknown"}
              </dd>
              <dt>Files</dt>
              <dd className="mono">
                {files.map((file) => (
                  <div key={file}>{file}</div>
                ))}
              </dd>
              {children.length > 0 && (
                <>
                  <dt>Children</dt>
                  <dd>
                    {children.map((child) => (
                      <div key={child.id}>
                        <Link href={`/sessions/${child.id}`}>{child.title}</Link>{" "}
                        <span className="quiet">{child.parent?.relation}</span>
                      </div>
                    ))}
                  </dd>
                </>
              )}
            </dl>
            {problems.length > 0 && <ProblemList problems={problems} />}
          </div>
        </details>
      </div>
      <Numbers detail={detail} />
    </header>
  );
}
