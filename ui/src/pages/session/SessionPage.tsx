import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { sessionQuery } from "../../api/queries";
import type { SearchHit } from "../../api/vocabulary";
import { ErrorState } from "../../parts/EmptyState";
import { Skeleton } from "../../parts/Skeleton";
import { useMedia } from "../../parts/useMedia";
import { Conversation, type ConversationHandle } from "./Conversation";
import { entriesOf, foldsAround, nextWhere } from "./entries";
import { KeyHelp } from "./KeyHelp";
import { SearchPanel } from "./SearchPanel";
import { SessionHeader } from "./SessionHeader";
import { useKeys } from "./useKeys";
import { useSelectionInAddress } from "./useSelectionInAddress";
import { type View, ViewContext } from "./view";
import { Waterfall, type WaterfallHandle } from "./Waterfall";

function toggled(set: ReadonlySet<string>, key: string): Set<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}

export default function SessionPage({ id }: { id: string }) {
  const session = useQuery(sessionQuery(id));
  const [params] = useSearchParams();
  const narrow = useMedia("(max-width: 860px)");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [tree, setTree] = useState(() => !matchMedia("(max-width: 860px)").matches);
  const [help, setHelp] = useState(false);
  const [find, setFind] = useState<string | null>(params.get("find"));
  const conversation = useRef<ConversationHandle>(null);
  const waterfall = useRef<WaterfallHandle>(null);

  const turns = useMemo(() => session.data?.turns ?? [], [session.data]);
  const entries = useMemo(() => entriesOf(turns, folded), [turns, folded]);
  const places = useMemo(
    () => new Map(entries.map((entry, index) => [entry.span.id, index])),
    [entries],
  );
  const { selected, setSelected } = useSelectionInAddress(turns);

  const reveal = useCallback(
    (span: string) => {
      const around = foldsAround(turns, span);
      setFolded((before) =>
        around.some((one) => before.has(one))
          ? new Set([...before].filter((one) => !around.includes(one)))
          : before,
      );
      setSelected(span);
      // The entry may only exist after folds have opened.
      requestAnimationFrame(() => {
        conversation.current?.show(span);
        waterfall.current?.show(span);
      });
    },
    [turns, setSelected],
  );

  const move = useCallback(
    (index: number) => {
      const entry = entries[index];
      if (entry) reveal(entry.span.id);
    },
    [entries, reveal],
  );
  const here = selected ? (places.get(selected) ?? -1) : -1;
  const fold = useCallback((span: string) => setFolded((before) => toggled(before, span)), []);
  const toggle = useCallback((key: string) => setOpened((before) => toggled(before, key)), []);

  useKeys({
    j: () => move(Math.min(entries.length - 1, here + 1)),
    k: () => move(Math.max(0, here - 1)),
    e: () =>
      move(nextWhere(entries, here, ({ span }) => span.status === "error" && span.kind !== "turn")),
    p: () => move(nextWhere(entries, here, ({ span }) => span.kind === "turn")),
    Enter: () => {
      const entry = entries[here];
      if (!entry) return;
      if (entry.inside > 0) fold(entry.span.id);
      else toggle(entry.span.id);
    },
    t: () => setTree((shown) => !shown),
    "/": () => setFind((text) => text ?? ""),
    "?": () => setHelp(true),
    Escape: () => setFind(null),
  });

  const view: View = useMemo(
    () => ({
      session: id,
      selected,
      select: (span) => {
        setSelected(span);
        waterfall.current?.show(span);
      },
      isOpen: (key) => opened.has(key),
      toggle,
      fold,
    }),
    [id, selected, setSelected, opened, toggle, fold],
  );
  const showHit = useCallback(
    (hit: SearchHit) => {
      const key = hit.field === "thinking" ? `${hit.span}:thinking` : hit.span;
      if (hit.field !== "answer" && hit.field !== "prompt")
        setOpened((before) => new Set(before).add(key));
      reveal(hit.span);
    },
    [reveal],
  );
  const title = session.data?.summary.title;
  useEffect(() => {
    document.title = title ? `${title} · dashcam` : "dashcam";
    return () => {
      document.title = "dashcam";
    };
  }, [title]);

  if (session.error)
    return <ErrorState error={session.error} retry={() => void session.refetch()} />;
  if (!session.data) return <Skeleton lines={16} label="Loading the session" />;
  return (
    <ViewContext value={view}>
      <div className="session" data-tree={tree}>
        <SessionHeader
          detail={session.data}
          tree={tree}
          onTree={() => setTree(!tree)}
          onFind={() => setFind(find === null ? "" : null)}
          onHelp={() => setHelp(true)}
        />
        <div className="session__body">
          <div className="session__talk" hidden={narrow && tree}>
            {find !== null && (
              <SearchPanel
                session={id}
                text={find}
                onText={setFind}
                onHit={showHit}
                onClose={() => setFind(null)}
              />
            )}
            <Conversation
              handle={conversation}
              entries={entries}
              places={places}
              find={find ?? ""}
              first={selected}
            />
          </div>
          {tree && (
            <aside className="session__tree" aria-label="Tree of steps">
              <Waterfall
                handle={waterfall}
                entries={entries}
                selected={selected}
                onFold={fold}
                onSelect={(span) => {
                  if (narrow) setTree(false);
                  reveal(span);
                }}
              />
            </aside>
          )}
        </div>
        <KeyHelp open={help} onOpen={setHelp} />
      </div>
    </ViewContext>
  );
}
