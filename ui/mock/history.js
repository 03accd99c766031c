/** 3,000 sessions: summaries at once, turns when somebody opens them. */
import { hex, random } from "./random.js";
import { addTokens, NO_TOKENS, TurnMaker } from "./turn.js";
import * as world from "./world.js";

const DAY = 86_400_000;
export const HUGE = 3;
export const RICH = 1;

function sketch(seed, now) {
  const draw = random(seed * 2654435761);
  const harness = seed <= 4 || draw.chance(0.68) ? "claude-code" : "codex";
  const [project, ...branches] =
    seed <= 4 ? world.PROJECTS[0] : world.PROJECTS[Math.min(6, draw.skewed(0, 8))];
  // Work happens by day, less at weekends, and more lately than long ago.
  let age = seed === HUGE ? 120 : seed <= 4 ? seed * 0.06 : 190 * draw.next() ** 1.5;
  const weekday = new Date(now - age * DAY).getUTCDay();
  if (seed > 4 && (weekday === 0 || weekday === 6) && draw.chance(0.75)) age += 2;
  const startMs = now - age * DAY - draw.int(0, 4) * 3_600_000 - 600_000;
  const models = world.MODELS[harness];
  const main =
    seed === HUGE
      ? models[2]
      : draw.chance(0.55)
        ? models[0]
        : draw.chance(0.7)
          ? models[1]
          : models[2];
  const calls = seed === HUGE ? 9200 : seed === RICH ? 64 : draw.skewed(2, 260);
  const tools = Math.round(calls * (1.05 + draw.next() * 0.3));
  const tokens = { ...NO_TOKENS };
  tokens.prompt = calls * draw.int(18_000, 90_000);
  tokens.cache_read = Math.round(tokens.prompt * (0.86 + draw.next() * 0.1));
  tokens.cache_write_5m = Math.round((tokens.prompt - tokens.cache_read) * 0.6);
  tokens.cache_write_1h =
    harness === "codex" ? 0 : Math.round((tokens.prompt - tokens.cache_read) * 0.1);
  tokens.completion = calls * draw.int(250, 1400);
  tokens.reasoning = Math.round(tokens.completion * 0.35);
  const price = world.PRICES[main];
  const fresh = tokens.prompt - tokens.cache_read - tokens.cache_write_5m - tokens.cache_write_1h;
  const cost = price
    ? (fresh * price[0] +
        tokens.cache_read * price[1] +
        (tokens.cache_write_5m + tokens.cache_write_1h) * price[2] +
        tokens.completion * price[3]) /
      1e6
    : 0;
  const fork = seed > 20 && draw.chance(0.04);
  return {
    seed,
    startMs,
    harness,
    main,
    summary: {
      id: hex(seed + 100_000, 32),
      harness,
      native_id: `${hex(seed + 5, 8)}-${hex(seed + 6, 4)}-7${hex(seed + 7, 3)}-a${hex(seed + 8, 3)}-${hex(seed + 9, 12)}`,
      title:
        seed === HUGE
          ? "Migrate the whole service to the new storage layer"
          : seed === 2
            ? "<img src=x onerror=window.__hacked=1> hostile title"
            : world.TITLES[seed % world.TITLES.length],
      project,
      cwd: `/home/sam/${project}`,
      git: {
        branch: draw.pick(branches),
        commit: hex(seed, 40),
        remote: `git@github.com:acme/${project}.git`,
      },
      version: harness === "codex" ? "0.149.0" : "2.4.11",
      entrypoint: harness === "codex" ? "exec" : "cli",
      started_at: new Date(startMs).toISOString(),
      ended_at: new Date(startMs + calls * draw.int(6000, 26_000)).toISOString(),
      parent: fork ? { session: hex(seed - 7 + 100_000, 32), relation: "fork" } : null,
      outcome: null,
      status: draw.chance(0.88)
        ? "completed"
        : draw.chance(0.5)
          ? "interrupted"
          : draw.chance(0.5)
            ? "failed"
            : "unfinished",
      sample: false,
      models: draw.chance(0.3) && main !== models[2] ? [main, models[2]] : [main],
      turns: seed === HUGE ? 210 : Math.max(1, Math.round(calls / 9)),
      spans: calls + tools + Math.round(calls / 9),
      model_calls: calls,
      tool_calls: tools,
      errors: draw.chance(0.45) ? draw.skewed(1, 14) : 0,
      agent_runs: draw.chance(0.3) ? draw.int(1, 6) : 0,
      tokens,
      cost: Math.round(cost * 1e6) / 1e6,
      unpriced_calls: price ? 0 : calls,
    },
  };
}

/** Builds the turns of one session; the rich one shows every kind of thing once. */
export function makeTurns(session) {
  const draw = random(session.seed * 97 + 13);
  const turns = [];
  let clock = session.startMs;
  const count = session.summary.turns;
  const perTurn = session.seed === HUGE ? 45 : 7;
  for (let index = 0; index < count; index++) {
    const maker = new TurnMaker(session, index, clock, draw);
    const special = session.seed === RICH;
    if (special && index === 0) {
      maker.event(
        "context",
        "context",
        "CLAUDE.md: use British spelling; run the tests before you answer",
      );
      maker.event("settings", "settings", "model: claude-opus-4-7");
    }
    if (special && index === 2)
      maker.event("permission", "permission", "Bash(npm test) was allowed");
    const steps = session.seed === HUGE ? perTurn : draw.int(2, perTurn);
    for (let step = 0; step < steps; step++) {
      const last = step === steps - 1;
      const tools = last
        ? []
        : Array.from({ length: draw.chance(0.25) ? 2 : 1 }, () => ({
            kind: draw.pick(maker.tools),
          }));
      if (special && index === 0 && step === 0)
        tools.push(
          { kind: ["Bash", "shell"], failed: true },
          { kind: ["Edit", "edit"], failed: false },
        );
      if (special && index === 1 && step === 0)
        tools.push(
          { kind: ["Screenshot", "other"], image: true, failed: false },
          { kind: ["WebFetch", "web"], hostile: true, failed: false },
        );
      const text = last
        ? draw.pick([world.ANSWERS[0], world.ANSWERS[3]])
        : draw.chance(0.4)
          ? draw.pick([world.ANSWERS[1], world.ANSWERS[2]])
          : null;
      const call = maker.step(
        maker.root.id,
        session.main,
        special && index === 1 && last ? world.HOSTILE : text,
        tools,
      );
      if ((special && index < 3 && step === 1) || draw.chance(session.seed === HUGE ? 0.02 : 0.04))
        maker.agent(call, 0);
    }
    if (special && index === 3)
      maker.event(
        "compaction",
        "compaction",
        "The conversation was summarised: 168,204 tokens became 14,870",
      );
    if (special && index === 4)
      maker.event("api_error", "api error", "529 overloaded_error: Overloaded. Retried twice.");
    const status = special && index === 4 ? "interrupted" : "completed";
    if (status === "interrupted")
      maker.event("interruption", "interruption", "Stopped by the person");
    turns.push(
      maker.finish(
        special && index === 1
          ? `${world.HOSTILE}\n\nWhat does this page do?`
          : index === 0
            ? `${session.summary.title}. Keep the public API as it is, and tell me what you measured.`
            : draw.pick(world.TITLES),
        status,
        {
          abandoned: special && index === 5,
          copied_from: session.summary.parent && index < 2 ? session.summary.parent.session : null,
          images:
            special && index === 1
              ? [{ media_type: "image/png", bytes: 48_213, id: hex(7, 32) }]
              : null,
        },
      ),
    );
    clock = maker.clock + draw.int(8000, 240_000);
  }
  return turns;
}

export function outlineTurn(turn, revision = 1) {
  let tokens = { ...NO_TOKENS };
  let cost = 0;
  const spans = turn.spans.map((span) => {
    if (span.tokens) tokens = addTokens(tokens, span.tokens);
    if (span.cost) cost += span.cost.usd;
    const outline = {
      id: span.id,
      parent: span.parent,
      kind: span.kind,
      name: span.name,
      start: span.start,
      end: span.end,
      status: span.status,
      timing: span.timing,
    };
    if (span.tool_kind) outline.tool_kind = span.tool_kind;
    if (span.event) outline.event = span.event;
    if (span.target) outline.target = span.target.slice(0, 200);
    if (span.tokens) outline.tokens = span.tokens;
    if (span.cost) outline.cost = span.cost.usd;
    return outline;
  });
  return {
    id: turn.id,
    index: turn.index,
    prompt: turn.prompt.text.slice(0, 200),
    start: turn.start,
    end: turn.end,
    status: turn.status,
    abandoned: turn.abandoned ?? false,
    copied_from: turn.copied_from ?? null,
    revision: `${turn.spans.length}-${revision}`,
    tokens,
    cost,
    spans,
  };
}

export class History {
  constructor(count, now = Date.now()) {
    this.now = now;
    this.sessions = Array.from({ length: count }, (_, index) => sketch(index + 1, now));
    this.turns = new Map();
    // What is opened often shows the same numbers in the list as inside.
    for (const session of this.sessions.filter(({ seed }) => seed <= 4)) this.settle(session);
  }

  settle(session) {
    const turns = this.turnsOf(session).map((turn) => outlineTurn(turn));
    const spans = turns.flatMap((turn) => turn.spans);
    const calls = spans.filter((span) => span.kind === "model_call");
    Object.assign(session.summary, {
      ended_at: turns.at(-1)?.end ?? session.summary.ended_at,
      spans: spans.length,
      model_calls: calls.length,
      tool_calls: spans.filter((span) => span.kind === "tool_call").length,
      agent_runs: spans.filter((span) => span.kind === "agent_run").length,
      errors: spans.filter((span) => span.status === "error").length,
      tokens: turns.reduce((sum, turn) => addTokens(sum, turn.tokens), { ...NO_TOKENS }),
      cost: turns.reduce((sum, turn) => sum + turn.cost, 0),
    });
  }

  find(id) {
    return this.sessions.find(({ summary }) => summary.id === id);
  }

  turnsOf(session) {
    const known = this.turns.get(session.seed);
    if (known) return known;
    const turns = makeTurns(session);
    this.turns.set(session.seed, turns);
    return turns;
  }
}
