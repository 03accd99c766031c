import type { Part } from "../../api/vocabulary";
import { creditText, dollars, modelTitle, short, spanDuration } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Markdown } from "../../parts/Markdown";
import { TranscriptImages } from "../../parts/TranscriptImages";
import type { Entry } from "./entries";
import { useSpan } from "./useSpan";
import { useView } from "./view";

function Thinking({ span, text }: { span: string; text: string }) {
  const { isOpen, toggle } = useView();
  const key = `${span}:thinking`;
  const open = isOpen(key);
  if (text === "") return <p className="thinking__none">Thought without showing it</p>;
  return (
    <div className="thinking">
      <button type="button" className="fold" aria-expanded={open} onClick={() => toggle(key)}>
        <Icon name="chevron" size={12} />
        <span>Thinking</span>
        {!open && (
          <span className="thinking__start ellipsis">
            {text.slice(0, 160).replaceAll("**", "")}
          </span>
        )}
      </button>
      {open && <div className="thinking__text plain">{text}</div>}
    </div>
  );
}

function AnswerPart({ span, part }: { span: string; part: Part }) {
  switch (part.type) {
    case "text":
      return <Markdown text={part.text} />;
    case "thinking":
      return <Thinking span={span} text={part.text} />;
    case "image":
      return <TranscriptImages images={[part.image]} />;
    case "other":
      return <p className="quiet mono ellipsis">{part.name}</p>;
    default:
      // A tool call has a row of its own.
      return null;
  }
}

/** What a model answered; its numbers stand beside its name. */
export function ModelCallRow({ entry }: { entry: Entry }) {
  const { session } = useView();
  const { span, error } = useSpan(session, entry.turn, entry.span.id);
  const { tokens, cost, credits } = entry.span;
  const parts = (span?.output ?? []) as Part[];
  return (
    <>
      <div className="call__head">
        <span className="call__mark" />
        <span className="call__model">{modelTitle(entry.span.name)}</span>
        {entry.span.status !== "ok" && (
          <span className={entry.span.status === "error" ? "tag tag--error" : "tag tag--warn"}>
            {entry.span.status}
          </span>
        )}
        <span className="call__facts">
          <span>{spanDuration(entry.span)}</span>
          {tokens && (
            <span
              title={`${tokens.cache_read.toLocaleString("en-US")} of ${tokens.prompt.toLocaleString("en-US")} prompt tokens from the cache`}
            >
              {short(tokens.prompt)} in · {short(tokens.completion)} out
            </span>
          )}
          {credits && <span>{creditText(credits)}</span>}
          {cost != null && <span>{dollars(cost)}</span>}
          {cost == null && tokens && <span>unpriced</span>}
        </span>
      </div>
      {parts.map((part, index) => (
        <AnswerPart key={index} span={entry.span.id} part={part} />
      ))}
      {span?.error && <p className="failure">{span.error}</p>}
      {error && <p className="failure">{error.message}</p>}
    </>
  );
}
