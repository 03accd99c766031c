import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { sessionsQuery } from "../../api/queries";
import type { SessionOrder } from "../../api/vocabulary";
import { EmptyState, ErrorState } from "../../parts/EmptyState";
import { plural } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Skeleton } from "../../parts/Skeleton";
import { type Filters, toQuery } from "../../parts/useFilters";
import { useMedia } from "../../parts/useMedia";
import { SessionRow } from "./SessionRow";

const COLUMNS: { title: string; order?: SessionOrder; className?: string }[] = [
  { title: "Session" },
  { title: "Project", className: "list__narrow" },
  { title: "Model", className: "list__narrow list__wide" },
  { title: "Last step", order: "ended_at", className: "list__narrow" },
  { title: "Duration", order: "duration", className: "num list__narrow list__wide" },
  { title: "Tokens", order: "tokens", className: "num list__narrow" },
  { title: "Cost", order: "cost", className: "num" },
  { title: "Errors", order: "errors", className: "num list__narrow" },
];

/** Sessions of any number: pages are fetched as they come into view. */
export function SessionList({
  filters,
  change,
  filtered,
}: {
  filters: Filters;
  change: (changes: Record<string, string | null>) => void;
  filtered: boolean;
}) {
  const query = useMemo(
    () => ({ ...toQuery(filters), order: filters.order, ascending: filters.ascending }),
    [filters],
  );
  const pages = useInfiniteQuery(sessionsQuery(query));
  const sessions = useMemo(
    () => pages.data?.pages.flatMap((page) => page.sessions) ?? [],
    [pages.data],
  );
  const total = pages.data?.pages.at(-1)?.total ?? 0;
  const scroll = useRef<HTMLDivElement>(null);
  const narrow = useMedia("(max-width: 640px)");
  const rows = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => (narrow ? 60 : 52),
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when the rows' height changes
  useEffect(() => rows.measure(), [narrow]);
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last > sessions.length - 60) void fetchNextPage();
  }, [last, sessions.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  const sort = (order: SessionOrder) => {
    const same = filters.order === order;
    change({
      order: order === "ended_at" ? null : order,
      ascending: same && !filters.ascending ? "true" : null,
    });
  };
  if (pages.error) return <ErrorState error={pages.error} retry={() => void pages.refetch()} />;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtualised table cannot be a table element
    <div
      className="card list"
      role="table"
      aria-label="Sessions"
      aria-rowcount={total}
      aria-busy={pages.isFetching}
    >
      <div className="list__scroll" ref={scroll}>
        {/* biome-ignore lint/a11y/useFocusableInteractive: rows of a table are not stops for the keyboard */}
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div className="list__line list__head" role="row">
          {COLUMNS.map(({ title, order, className }, index) => (
            // biome-ignore lint/a11y/useSemanticElements: as above
            // biome-ignore lint/a11y/useFocusableInteractive: the button inside is
            <span
              key={title}
              className={className}
              role="columnheader"
              aria-sort={
                order === filters.order
                  ? filters.ascending
                    ? "ascending"
                    : "descending"
                  : undefined
              }
            >
              {order ? (
                <button type="button" onClick={() => sort(order)}>
                  {title}
                  {order === filters.order && <Icon name="down" size={12} />}
                </button>
              ) : (
                <>
                  {title}
                  {index === 0 && pages.data && (
                    <span className="list__count"> · {plural(total, "session")}</span>
                  )}
                </>
              )}
            </span>
          ))}
        </div>
        {!pages.data && <Skeleton lines={14} label="Loading sessions" />}
        {pages.data && sessions.length === 0 && (
          <EmptyState title={filtered ? "No session matches" : "No sessions yet"}>
            {filtered
              ? "Loosen a filter, or look through the full text instead."
              : "Sessions appear here as soon as an agent has run on this machine."}
          </EmptyState>
        )}
        <div className="list__inner" style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const session = sessions[item.index];
            return (
              session && (
                <SessionRow
                  key={session.id}
                  session={session}
                  offset={item.start}
                  index={item.index}
                />
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}
