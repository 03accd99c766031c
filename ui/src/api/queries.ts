/** What the pages ask the API, with the keys under which answers are kept. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get, type Query } from "./client";
import type {
  Facets,
  Health,
  Overview,
  SearchResults,
  SessionDetail,
  SessionPage,
  Turn,
  UsageKey,
  UsageReport,
} from "./vocabulary";

const PAGE = 200;
export const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export const overviewQuery = (query: Query) =>
  queryOptions({
    queryKey: ["overview", query],
    queryFn: ({ signal }) => get<Overview>("overview", { ...query, timezone }, signal),
    placeholderData: keepPreviousData,
  });

export const sessionsQuery = (query: Query) =>
  infiniteQueryOptions({
    queryKey: ["sessions", query],
    queryFn: ({ signal, pageParam }) =>
      get<SessionPage>("sessions", { ...query, offset: pageParam, limit: PAGE }, signal),
    initialPageParam: 0,
    getNextPageParam: (last, all) => {
      const loaded = all.reduce((sum, page) => sum + page.sessions.length, 0);
      return loaded < last.total && last.sessions.length > 0 ? loaded : undefined;
    },
    placeholderData: keepPreviousData,
  });

export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ["session", id],
    queryFn: ({ signal }) => get<SessionDetail>(`sessions/${id}`, {}, signal),
  });

/** A turn with content. Its revision is part of the key: a turn that did not
 * change is never fetched again. */
export const turnQuery = (session: string, index: number, revision: string) =>
  queryOptions({
    queryKey: ["turn", session, index, revision],
    queryFn: ({ signal }) => get<Turn>(`sessions/${session}/turns/${index}`, {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

export const searchQuery = (text: string, query: Query) =>
  infiniteQueryOptions({
    queryKey: ["search", text, query],
    queryFn: ({ signal, pageParam }) =>
      get<SearchResults>("search", { ...query, text, offset: pageParam, limit: 50 }, signal),
    initialPageParam: 0,
    getNextPageParam: (last, all) =>
      last.more ? all.reduce((sum, page) => sum + page.hits.length, 0) : undefined,
    enabled: text.trim() !== "",
    placeholderData: keepPreviousData,
  });

export const facetsQuery = queryOptions({
  queryKey: ["facets"],
  queryFn: ({ signal }) => get<Facets>("facets", {}, signal),
});

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => get<Health>("health", {}, signal),
});

export const usageQuery = (by: UsageKey[], query: Query) =>
  queryOptions({
    queryKey: ["usage", by, query],
    queryFn: ({ signal }) => get<UsageReport>("usage", { ...query, by, timezone }, signal),
    placeholderData: keepPreviousData,
  });
