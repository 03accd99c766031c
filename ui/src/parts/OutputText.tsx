import { useMemo, useState } from "react";
import { ansiPieces, lastWritten } from "./ansi";
import { count } from "./format";

const LINES = 60;

/** What a tool printed, with its colours; long output is cut until asked for. */
export function OutputText({
  text,
  label,
  error = false,
}: {
  text: string;
  label: string;
  error?: boolean;
}) {
  const [all, setAll] = useState(false);
  const { shown, hidden } = useMemo(() => {
    const lines = lastWritten(text).replace(/\n+$/, "").split("\n");
    return {
      shown: (all ? lines : lines.slice(0, LINES)).join("\n"),
      hidden: Math.max(0, lines.length - LINES),
    };
  }, [text, all]);
  const pieces = useMemo(() => ansiPieces(shown), [shown]);
  return (
    <figure className="block" data-error={error}>
      <figcaption>{label}</figcaption>
      <pre>
        {pieces.map(({ text: part, classes, colour, background }, index) =>
          classes.length === 0 && !colour && !background ? (
            part
          ) : (
            <span key={index} className={classes.join(" ")} style={{ color: colour, background }}>
              {part}
            </span>
          ),
        )}
      </pre>
      {hidden > 0 && (
        <button type="button" className="more" onClick={() => setAll(!all)}>
          {all ? "Show less" : `Show ${count(hidden)} more lines`}
        </button>
      )}
    </figure>
  );
}
