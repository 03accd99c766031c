/** Live events: what changed on the server makes the page ask again. */
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

export interface ImportProgress {
  sessions_done: number;
  sessions_total: number;
  bytes_done: number;
  bytes_total: number;
  /** Whether an import is going on. */
  running: boolean;
}

export interface LiveState {
  connected: boolean;
  importing: ImportProgress | null;
  /** What keeps sessions from being recorded, in words. */
  trouble: string | null;
}

let state: LiveState = { connected: true, importing: null, trouble: null };
const listeners = new Set<() => void>();

function update(change: Partial<LiveState>) {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

/** Calls at once, then at most once in the given time, with the last word. */
function throttled(work: () => void, milliseconds: number): () => void {
  let last = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  return () => {
    if (timer) return;
    const wait = Math.max(0, last + milliseconds - Date.now());
    timer = setTimeout(() => {
      timer = null;
      last = Date.now();
      work();
    }, wait);
  };
}

function parse(event: MessageEvent<string>): Record<string, unknown> {
  try {
    return JSON.parse(event.data) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function progressOf(data: Record<string, unknown>): ImportProgress {
  const number = (name: string) => (typeof data[name] === "number" ? data[name] : 0);
  return {
    sessions_done: number("sessions_done"),
    sessions_total: number("sessions_total"),
    bytes_done: number("bytes_done"),
    bytes_total: number("bytes_total"),
    running: data.phase !== "idle",
  };
}

/** Listens until the returned function is called. */
export function followEvents(client: QueryClient): () => void {
  const source = new EventSource("/api/v1/events");
  const lists = throttled(() => {
    for (const key of ["overview", "sessions", "usage"]) {
      void client.invalidateQueries({ queryKey: [key] });
    }
  }, 3000);
  const everything = throttled(() => void client.invalidateQueries(), 1000);
  const perSession = new Map<string, () => void>();

  source.addEventListener("session", (event) => {
    const id = parse(event).id;
    if (typeof id !== "string") return;
    let refresh = perSession.get(id);
    if (!refresh) {
      refresh = throttled(() => void client.invalidateQueries({ queryKey: ["session", id] }), 250);
      perSession.set(id, refresh);
    }
    refresh();
    lists();
  });
  source.addEventListener("import", (event) => {
    const progress = progressOf(parse(event));
    const ran = state.importing !== null;
    update({ importing: progress.running ? progress : null });
    if (progress.running) lists();
    else if (ran) everything();
  });
  source.addEventListener("trouble", (event) => {
    const { message } = parse(event);
    update({ trouble: typeof message === "string" ? message : null });
  });
  source.addEventListener("index", () => void client.invalidateQueries({ queryKey: ["search"] }));
  source.addEventListener("resync", everything);
  let broken = false;
  source.onopen = () => {
    update({ connected: true });
    // What happened while the connection was down was not heard.
    if (broken) everything();
    broken = false;
  };
  source.onerror = () => {
    broken = true;
    update({ connected: false });
  };
  return () => source.close();
}

export function useLive(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
