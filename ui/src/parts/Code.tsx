import { useEffect, useMemo, useState } from "react";
import { count } from "./format";
import type { CodeToken } from "./highlighter";
import type { Language } from "./languages";

/** More than this is shown without colours: it would hold up the page. */
const COLOURED = 30_000;
const LINES = 60;

function useTokens(code: string, language: Language | null): CodeToken[][] | null {
  const [tokens, setTokens] = useState<{ code: string; lines: CodeToken[][] } | null>(null);
  useEffect(() => {
    if (!language || code.length > COLOURED) return;
    let wanted = true;
    import("./highlighter")
      .then(({ tokensOf }) => tokensOf(code, language))
      .then((lines) => wanted && setTokens({ code, lines }))
      // Without colours the code is still there to read.
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [code, language]);
  return tokens?.code === code ? tokens.lines : null;
}

/** A block of code, in colours as soon as its language is there. */
export function Code({
  text,
  language,
  label,
}: {
  text: string;
  language: Language | null;
  label?: string;
}) {
  const [all, setAll] = useState(false);
  const lines = useMemo(() => text.replace(/\n+$/, "").split("\n"), [text]);
  const hidden = Math.max(0, lines.length - LINES);
  const code = useMemo(() => (all ? lines : lines.slice(0, LINES)).join("\n"), [lines, all]);
  const tokens = useTokens(code, language);
  return (
    <figure className="block">
      {label && <figcaption>{label}</figcaption>}
      <pre>
        <code>
          {tokens
            ? tokens.map((line, row) => (
                <span key={row}>
                  {line.map((token, place) => (
                    <span key={place} style={{ color: token.colour }}>
                      {token.text}
                    </span>
                  ))}
                  {"\n"}
                </span>
              ))
            : code}
        </code>
      </pre>
      {hidden > 0 && (
        <button type="button" className="more" onClick={() => setAll(!all)}>
          {all ? "Show less" : `Show ${count(hidden)} more lines`}
        </button>
      )}
    </figure>
  );
}
