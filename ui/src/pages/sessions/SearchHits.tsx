import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { searchQuery } from "../../api/queries";
import type { SearchField } from "../../api/vocabulary";
import { EmptyState, ErrorState } from "../../parts/EmptyState";
import { ago, count } from "../../parts/format";
import { HarnessBadge } from "../../parts/HarnessBadge";
import { Highlighted } from "../../parts/Highlighted";
import { Skeleton } from "../../parts/Skeleton";
import { type Filters, toQuery } from "../../parts/useFilters";

export const FIELD_TITLES: Record<SearchField, string> = {
  prompt: "prompt",
  answer: "answer",
  thinking: "thinking",
  tool_input: "tool input",
  tool_output: "tool output",
};

/** What the full-text search found, each hit a way to its span. */
export function SearchHits({ filters }: { filters: Filters }) {
  const search = useInfiniteQuery(searchQuery(filters.text, toQuery(filters)));
  if (filters.text.trim() === "") {
    return (
      <EmptyState title="Search everything that was said and done">
        <p>
          All words must occur in one turn. <code>"two words"</code> must stand together,{" "}
          <code>word*</code> finds beginnings, <code>-word</code> must not occur.
        </p>
      </EmptyState>
    );
  }
  if (search.error) return <ErrorState error={search.error} retry={() => void search.refetch()} />;
  const hits = search.data?.pages.flatMap((page) => page.hits) ?? [];
  const pending = search.data?.pages[0]?.pending_turns ?? 0;
  return (
    <div className="card list">
      <div className="plain-scroll">
        {pending > 0 && (
          <p className="sample-note">
            The index is catching up: {count(pending)} turns are not in it yet.
          </p>
        )}
        {!search.data && <Skeleton lines={12} label="Searching" />}
        {search.data && hits.length === 0 && (
          <EmptyState title="Nothing found">No turn holds all of these words.</EmptyState>
        )}
        {hits.map((hit, index) => (
          <Link
            key={index}
            href={`/sessions/${hit.session}?turn=${hit.turn}&span=${hit.span}&find=${encodeURIComponent(filters.text)}`}
            className="hit"
          >
            <span className="hit__head">
              <HarnessBadge harness={hit.harness} compact />
              <span className="ellipsis">{hit.title}</span>
              <span className="tag">{FIELD_TITLES[hit.field]}</span>
              <time dateTime={hit.at}>{ago(hit.at)}</time>
            </span>
            <span className="hit__snippet">
              <Highlighted text={hit.snippet} matches={hit.matches} />
            </span>
            <span className="list__sub">
              {hit.project} · turn {hit.turn + 1} · {hit.span_name}
            </span>
          </Link>
        ))}
        {search.hasNextPage && (
          <div className="empty__actions">
            <button
              type="button"
              className="button"
              onClick={() => void search.fetchNextPage()}
              disabled={search.isFetchingNextPage}
            >
              More results
            </button>
          </div>
        )}
      </div>
    </div>
  );
}
