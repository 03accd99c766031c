/** Requests to the API: one place that knows addresses, headers and failures. */

export type Query = Record<string, string | number | boolean | string[] | null | undefined>;

/** A request that the server answered with a failure, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** The part of an address after `?`; empty values are left out. */
export function toSearch(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) {
      if (value.length > 0) search.set(name, value.join(","));
    } else if (value !== null && value !== undefined && value !== "" && value !== false) {
      search.set(name, String(value));
    }
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

async function messageOf(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: unknown; message?: unknown };
    const message = body.error ?? body.message;
    if (typeof message === "string") return message;
  } catch {
    // Not JSON: the status has to do.
  }
  return `the server answered ${response.status} ${response.statusText}`.trim();
}

async function request<T>(method: string, path: string, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  // Marks a request as made by the page: a form on another site cannot send it.
  if (method !== "GET") headers["x-dashcam"] = "1";
  const response = await fetch(`/api/v1/${path}`, { method, headers, signal });
  if (!response.ok) throw new ApiError(response.status, await messageOf(response));
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return request<T>("GET", `${path}${toSearch(query)}`, signal);
}

export function send<T>(method: "POST" | "DELETE", path: string): Promise<T> {
  return request<T>(method, path);
}

export function exportAddress(session: string, format: string): string {
  return `/api/v1/sessions/${session}/export${toSearch({ format })}`;
}

export function imageAddress(image: string): string {
  return `/api/v1/images/${encodeURIComponent(image)}`;
}
