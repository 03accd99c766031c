import { useVirtualizer } from "@tanstack/react-virtual";
import { type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef } from "react";
import { ConversationRow } from "./ConversationRow";
import type { Entry } from "./entries";
import { useHighlights } from "./useHighlights";

export interface ConversationHandle {
  show: (span: string) => void;
}

const GUESSES = { turn: 92, model_call: 74, tool_call: 34, agent_run: 40, event: 30 } as const;
/** Closer to the end than this counts as reading along. */
const NEAR_END = 80;

export function Conversation({
  handle,
  entries,
  places,
  find,
  first,
}: {
  handle: Ref<ConversationHandle>;
  entries: Entry[];
  places: Map<string, number>;
  find: string;
  first: string | null;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const atEnd = useRef(false);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => GUESSES[entries[index]?.span.kind ?? "event"],
    getItemKey: (index) => entries[index]?.span.id ?? index,
    overscan: 5,
    paddingEnd: 48,
  });
  const show = (span: string, align: "auto" | "center" = "auto") => {
    const place = places.get(span);
    if (place !== undefined) rows.scrollToIndex(place, { align });
  };
  useImperativeHandle(handle, () => ({ show }));
  useHighlights(scroll, find);

  // An address that names a span opens there.
  const wanted = useRef(first);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the entries are first known
  useEffect(() => {
    if (!wanted.current || entries.length === 0 || !places.has(wanted.current)) return;
    const span = wanted.current;
    wanted.current = null;
    show(span, "center");
    // Once more when the rows around it have their real height.
    setTimeout(() => show(span, "center"), 250);
  }, [entries]);

  // A session that grows keeps its end in view for whoever reads there.
  const total = rows.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever the content has grown
  useLayoutEffect(() => {
    const element = scroll.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [total]);
  const onScroll = () => {
    const element = scroll.current;
    if (element)
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
  };

  return (
    <section
      ref={scroll}
      className="talk"
      aria-label="Conversation"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={onScroll}
    >
      <div className="talk__inner" style={{ height: total }}>
        {rows.getVirtualItems().map((item) => {
          const entry = entries[item.index];
          return (
            entry && (
              <div
                key={item.key}
                ref={rows.measureElement}
                data-index={item.index}
                className="talk__place"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <ConversationRow entry={entry} />
              </div>
            )
          );
        })}
      </div>
    </section>
  );
}
