/** A span with its content, fetched with its turn once the reader stays on it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { turnQuery } from "../../api/queries";
import type { Span, Turn, TurnOutline } from "../../api/vocabulary";

const STAY_MS = 60;
const indexes = new WeakMap<Turn, Map<string, Span>>();

function spanOf(turn: Turn, id: string): Span | undefined {
  let index = indexes.get(turn);
  if (!index) {
    index = new Map(turn.spans.map((span) => [span.id, span]));
    indexes.set(turn, index);
  }
  return index.get(id);
}

export function useSpan(session: string, outline: TurnOutline, id: string) {
  const client = useQueryClient();
  const query = turnQuery(session, outline.index, outline.revision);
  const [stayed, setStayed] = useState(() => client.getQueryData(query.queryKey) !== undefined);
  useEffect(() => {
    // Turns that fly by while scrolling are not worth a request.
    const timer = setTimeout(() => setStayed(true), STAY_MS);
    return () => clearTimeout(timer);
  }, []);
  const { data, error } = useQuery({ ...query, enabled: stayed });
  return { turn: data, span: data && spanOf(data, id), error };
}
