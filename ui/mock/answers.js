/** The mock's answers to the API's questions, computed from the summaries. */
import { addTokens, NO_TOKENS } from "./turn.js";

const emptyTotals = () => ({
  sessions: 0,
  model_calls: 0,
  tool_calls: 0,
  tool_errors: 0,
  tokens: { ...NO_TOKENS },
  cost: 0,
  unpriced_calls: 0,
});

function add(totals, summary, share = 1) {
  totals.sessions += 1;
  totals.model_calls += Math.round(summary.model_calls * share);
  totals.tool_calls += Math.round(summary.tool_calls * share);
  totals.tool_errors += summary.errors;
  totals.tokens = addTokens(totals.tokens, summary.tokens);
  totals.cost += summary.cost * share;
  totals.unpriced_calls += summary.unpriced_calls;
}

function grouped(summaries, keyOf, order = (a, b) => b.totals.cost - a.totals.cost) {
  const groups = new Map();
  for (const summary of summaries) {
    const name = keyOf(summary);
    if (!groups.has(name)) groups.set(name, { name, totals: emptyTotals() });
    add(groups.get(name).totals, summary);
  }
  return [...groups.values()].sort(order);
}

const TOOL_SHARES = {
  Bash: 0.31,
  Read: 0.27,
  Edit: 0.14,
  Grep: 0.11,
  Write: 0.05,
  TodoWrite: 0.04,
  Agent: 0.03,
  WebFetch: 0.02,
  mcp__github__get_pull_request: 0.02,
  Skill: 0.01,
};

export function filtered(summaries, query) {
  const harness = query
    .getAll("harness")
    .flatMap((name) => name.split(","))
    .filter(Boolean);
  const [project, model, branch, since, until, text] = [
    "project",
    "model",
    "branch",
    "since",
    "until",
    "query",
  ].map((name) => query.get(name));
  const needle = text?.toLowerCase();
  return summaries.filter(
    (summary) =>
      (harness.length === 0 || harness.includes(summary.harness)) &&
      (!project || summary.project === project) &&
      (!model || summary.models.some((name) => name.includes(model))) &&
      (!branch || summary.git.branch === branch) &&
      (!since || Date.parse(summary.ended_at) >= Date.parse(since)) &&
      (!until || Date.parse(summary.started_at) < Date.parse(until)) &&
      (query.get("errors") !== "true" || summary.errors > 0) &&
      (!needle ||
        [summary.title, summary.project, summary.git.branch, summary.native_id].some((value) =>
          value.toLowerCase().includes(needle),
        )),
  );
}

export function overview(summaries, query, liveId) {
  const chosen = filtered(summaries, query);
  const total = emptyTotals();
  for (const summary of chosen) add(total, summary);
  const days = grouped(
    chosen,
    (summary) => summary.started_at.slice(0, 10),
    (a, b) => a.name.localeCompare(b.name),
  ).map(({ name, totals }) => ({
    day: name,
    totals,
    models: grouped(
      chosen.filter((summary) => summary.started_at.startsWith(name)),
      (summary) => summary.models[0],
    ).map((group) => ({ model: group.name, cost: group.totals.cost, tokens: group.totals.tokens })),
  }));
  const recent = [...chosen].sort((a, b) => b.ended_at.localeCompare(a.ended_at));
  return {
    total,
    days,
    harnesses: grouped(chosen, (summary) => summary.harness),
    models: grouped(chosen, (summary) => summary.models[0]),
    projects: grouped(chosen, (summary) => summary.project),
    tools: Object.entries(TOOL_SHARES).map(([name, share]) => ({
      name,
      totals: {
        ...emptyTotals(),
        sessions: Math.round(total.sessions * Math.min(1, share * 3)),
        tool_calls: Math.round(total.tool_calls * share),
        tool_errors: Math.round(total.tool_calls * share * (name === "Bash" ? 0.11 : 0.02)),
      },
    })),
    live: chosen.filter((summary) => summary.id === liveId),
    recent: recent.slice(0, 10),
  };
}

const ORDER = {
  ended_at: (summary) => Date.parse(summary.ended_at),
  started_at: (summary) => Date.parse(summary.started_at),
  cost: (summary) => summary.cost,
  tokens: (summary) => summary.tokens.prompt + summary.tokens.completion,
  spans: (summary) => summary.model_calls + summary.tool_calls,
  duration: (summary) => Date.parse(summary.ended_at) - Date.parse(summary.started_at),
  errors: (summary) => summary.errors,
};

export function sessionPage(summaries, query) {
  const key = ORDER[query.get("order") ?? "ended_at"] ?? ORDER.ended_at;
  const sign = query.get("ascending") === "true" ? 1 : -1;
  const chosen = filtered(summaries, query).sort((a, b) => sign * (key(a) - key(b)));
  const offset = Number(query.get("offset") ?? 0);
  return {
    total: chosen.length,
    sessions: chosen.slice(offset, offset + Number(query.get("limit") ?? chosen.length)),
  };
}

export function facets(summaries) {
  const values = (list) => [...new Set(list)].sort();
  return {
    harnesses: values(summaries.map(({ harness }) => harness)),
    projects: values(summaries.map(({ project }) => project)),
    models: values(summaries.flatMap(({ models }) => models)),
    branches: values(summaries.map(({ git }) => git.branch)),
  };
}

const KEYS = {
  day: (summary) => summary.started_at.slice(0, 10),
  week: (summary) =>
    `${summary.started_at.slice(0, 4)}-W${String(Math.ceil(Number(summary.started_at.slice(8, 10)) / 7) + 4 * (Number(summary.started_at.slice(5, 7)) - 1)).padStart(2, "0")}`,
  month: (summary) => summary.started_at.slice(0, 7),
  harness: (summary) => summary.harness,
  model: (summary) => summary.models[0],
  project: (summary) => summary.project,
  branch: (summary) => summary.git.branch,
  session: (summary) => summary.id,
  user: () => "sam",
  tool: () => "Bash",
};

export function usage(summaries, query) {
  const by = (query.get("by") ?? "day").split(/[ ,]/).filter((key) => key in KEYS);
  const row = (chosen) => {
    const totals = emptyTotals();
    for (const summary of chosen) add(totals, summary);
    const { tokens, cost, ...rest } = totals;
    return {
      ...rest,
      tokens,
      cost_usd: cost,
      models: [...new Set(chosen.map(({ models }) => models[0]))].sort(),
      input_tokens:
        tokens.prompt - tokens.cache_read - tokens.cache_write_5m - tokens.cache_write_1h,
    };
  };
  const chosen = filtered(summaries, query);
  const groups = new Map();
  for (const summary of chosen) {
    const values = by.map((key) => KEYS[key](summary));
    const name = values.join("\n");
    if (!groups.has(name)) groups.set(name, { values, members: [] });
    groups.get(name).members.push(summary);
  }
  const rows = [...groups.values()].sort((a, b) => a.values.join().localeCompare(b.values.join()));
  return {
    by,
    timezone: "UTC",
    rows: rows.map(({ values, members }) => ({
      ...Object.fromEntries(by.map((key, index) => [key, values[index]])),
      ...row(members),
    })),
    total: row(chosen),
  };
}

export function search(history, query) {
  const text = (query.get("text") ?? query.get("q") ?? "").replaceAll(/["*]/g, "").trim();
  const only = query.get("session");
  const hits = [];
  const places = only
    ? history.sessions.filter(({ summary }) => summary.id === only)
    : history.sessions.slice(0, 40);
  const allowed = new Set(
    filtered(
      places.map(({ summary }) => summary),
      query,
    ).map(({ id }) => id),
  );
  for (const session of places.filter(({ summary }) => allowed.has(summary.id))) {
    for (const turn of history.turnsOf(session)) {
      const look = (span, field, body) => {
        const at = text ? body.toLowerCase().indexOf(text.toLowerCase()) : -1;
        if (at < 0) return;
        const from = Math.max(0, at - 60);
        const snippet = body.slice(from, at + 140);
        hits.push({
          session: session.summary.id,
          harness: session.harness,
          title: session.summary.title,
          project: session.summary.project,
          turn: turn.index,
          span: span.id,
          span_name: span.name,
          field,
          at: span.start,
          snippet,
          matches: [[at - from, at - from + text.length]],
        });
      };
      look(turn.spans[0], "prompt", turn.prompt.text);
      for (const span of turn.spans) {
        for (const part of span.kind === "model_call" ? span.output : [])
          if (part.text) look(span, part.type === "text" ? "answer" : "thinking", part.text);
        if (span.kind === "tool_call") {
          look(span, "tool_input", JSON.stringify(span.input));
          look(span, "tool_output", span.output?.text ?? "");
        }
      }
    }
  }
  const offset = Number(query.get("offset") ?? 0);
  const limit = Number(query.get("limit") ?? 50);
  return {
    hits: hits.slice(offset, offset + limit),
    more: hits.length > offset + limit,
    pending_turns: 0,
  };
}

export function health(history, count) {
  const last = history.sessions[0]?.summary.ended_at ?? null;
  return {
    path: "/home/sam/.local/share/dashcam/dashcam.db",
    schema_version: 1,
    store_bytes: count ? 214_958_080 : 90_112,
    evidence_bytes: count ? 1_310_720_441 : 0,
    archived_bytes: count ? 131_072_300 : 0,
    pending_turns: 0,
    harnesses: count
      ? [
          {
            harness: "claude-code",
            files: 4120,
            vanished_files: 318,
            sessions: 2041,
            last_activity: last,
            versions: ["2.4.11", "2.4.9", "2.3.2"],
            unknown_records: { "queue-operation": 42 },
          },
          {
            harness: "codex",
            files: 988,
            vanished_files: 0,
            sessions: 959,
            last_activity: last,
            versions: ["0.149.0", "0.146.1"],
            unknown_records: {},
          },
        ]
      : [],
    unreadable: count
      ? [
          {
            path: "/home/sam/.claude/projects/-home-sam-secret/4f1c.jsonl",
            message: "permission denied; make the file readable for this user, then import again",
          },
        ]
      : [],
    problems: count
      ? [
          {
            kind: "malformed_line",
            file: "/home/sam/.codex/sessions/2026/11/20/rollout-11.jsonl",
            line: 418,
            message: "not JSON: expected `,` or `}` at column 92",
          },
        ]
      : [],
    problem_count: count ? 1 : 0,
    unpriced_models: count ? { "gpt-5.4-mini": 1811 } : {},
  };
}
