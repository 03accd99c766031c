import { Link } from "wouter";
import {
  between,
  costText,
  duration,
  full,
  plural,
  short,
  time,
  totalTokens,
} from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { PlainText } from "../../parts/PlainText";
import { TranscriptImages } from "../../parts/TranscriptImages";
import type { Entry } from "./entries";
import { useSpan } from "./useSpan";
import { useView } from "./view";

/** Where a turn begins: its numbers and the person's prompt. */
export function TurnRow({ entry }: { entry: Entry }) {
  const { session, fold, isOpen, toggle } = useView();
  const { turn } = useSpan(session, entry.turn, entry.span.id);
  const outline = entry.turn;
  const prompt = turn?.prompt.text ?? outline.prompt;
  const unpriced = outline.spans.filter(
    (span) => span.kind === "model_call" && span.cost == null && span.tokens != null,
  ).length;
  return (
    <>
      <div className="turn__head">
        <button
          type="button"
          className="fold"
          aria-expanded={!entry.folded}
          aria-label={`Turn ${outline.index + 1}`}
          onClick={() => fold(entry.span.id)}
        >
          <Icon name="chevron" size={12} />
          <span>Turn {outline.index + 1}</span>
        </button>
        {outline.abandoned && (
          <span
            className="tag tag--warn"
            title="An edited prompt took this turn out of the conversation"
          >
            abandoned
          </span>
        )}
        {outline.copied_from && (
          <Link
            href={`/sessions/${outline.copied_from}`}
            className="tag"
            title="Counted in the session it was copied from"
          >
            copied
          </Link>
        )}
        {outline.status === "interrupted" && <span className="tag tag--warn">interrupted</span>}
        {outline.status === "failed" && <span className="tag tag--error">failed</span>}
        {outline.status === "unfinished" && <span className="tag">no end seen</span>}
        <span className="turn__facts">
          <time dateTime={outline.start} title={full(outline.start)}>
            {time(outline.start)}
          </time>
          {outline.end && <span>{duration(between(outline.start, outline.end))}</span>}
          <span>{short(totalTokens(outline.tokens))} tokens</span>
          <span>{costText(outline.cost, unpriced, outline.credits)}</span>
        </span>
      </div>
      {(prompt || turn?.prompt.images?.length) && (
        <div className="prompt">
          <PlainText
            text={prompt}
            open={isOpen(entry.span.id)}
            onToggle={() => toggle(entry.span.id)}
          />
          <TranscriptImages images={turn?.prompt.images ?? []} />
        </div>
      )}
      {entry.folded && <p className="turn__hidden">{plural(entry.inside, "step")} folded</p>}
    </>
  );
}
