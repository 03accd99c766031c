import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { searchQuery } from "../../api/queries";
import type { SearchHit } from "../../api/vocabulary";
import { plural } from "../../parts/format";
import { Highlighted } from "../../parts/Highlighted";
import { Icon } from "../../parts/Icon";
import { TextField } from "../../parts/TextField";

/** Searches one session; each hit is a way to its step. */
export function SearchPanel({
  session,
  text,
  onText,
  onHit,
  onClose,
}: {
  session: string;
  text: string;
  onText: (text: string) => void;
  onHit: (hit: SearchHit) => void;
  onClose: () => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState(-1);
  const search = useInfiniteQuery(searchQuery(text, { session }));
  const hits = text.trim() === "" ? [] : (search.data?.pages.flatMap((page) => page.hits) ?? []);
  useEffect(() => input.current?.focus(), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text begins at its first hit
  useEffect(() => setAt(-1), [text]);
  const go = (index: number) => {
    const hit = hits[(index + hits.length) % Math.max(1, hits.length)];
    if (!hit) return;
    setAt((index + hits.length) % hits.length);
    onHit(hit);
    if (index > hits.length - 10 && search.hasNextPage) void search.fetchNextPage();
  };
  return (
    <search className="find" aria-label="Search in this session">
      <form
        className="find__line"
        onSubmit={(event) => {
          event.preventDefault();
          go(at + 1);
        }}
      >
        <TextField label="Search in this session" value={text} onChange={onText} inputRef={input} />
        <span className="find__count" role="status">
          {text.trim() !== "" && search.data
            ? hits.length === 0
              ? "nothing found"
              : at >= 0
                ? `${at + 1} of ${hits.length}${search.hasNextPage ? "+" : ""}`
                : plural(hits.length, "hit")
            : ""}
        </span>
        <button
          type="button"
          className="icon-button"
          onClick={() => go(at - 1)}
          aria-label="Previous hit"
          disabled={hits.length === 0}
        >
          <Icon name="up" />
        </button>
        <button
          type="button"
          className="icon-button"
          onClick={() => go(at + 1)}
          aria-label="Next hit"
          disabled={hits.length === 0}
        >
          <Icon name="down" />
        </button>
        <button
          type="button"
          className="icon-button"
          onClick={onClose}
          aria-label="Close the search"
        >
          <Icon name="close" />
        </button>
      </form>
      {hits.length > 0 && (
        <ul className="find__hits">
          {hits.map((hit, index) => (
            <li key={index}>
              <button type="button" data-here={index === at} onClick={() => go(index)}>
                <span className="quiet">
                  turn {hit.turn + 1} · {hit.span_name}
                </span>
                <span className="ellipsis">
                  <Highlighted text={hit.snippet.replaceAll("\n", " ")} matches={hit.matches} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
