/** Makes one turn with all its spans. */
import { hex } from "./random.js";
import * as world from "./world.js";

export const NO_TOKENS = {
  prompt: 0,
  cache_read: 0,
  cache_write_5m: 0,
  cache_write_1h: 0,
  completion: 0,
  reasoning: 0,
};

export function addTokens(a, b) {
  const sum = {};
  for (const key of Object.keys(NO_TOKENS)) sum[key] = a[key] + b[key];
  return sum;
}

function priceOf(model, tokens) {
  const price = world.PRICES[model];
  if (!price) return null;
  const fresh = tokens.prompt - tokens.cache_read - tokens.cache_write_5m - tokens.cache_write_1h;
  const written = tokens.cache_write_5m + tokens.cache_write_1h;
  const sum =
    fresh * price[0] +
    tokens.cache_read * price[1] +
    written * price[2] +
    tokens.completion * price[3];
  return { usd: Math.round(sum * 1000) / 1e9, source: "price_table" };
}

const TOOLS = [
  ["Read", "read"],
  ["Read", "read"],
  ["Grep", "search"],
  ["Bash", "shell"],
  ["Bash", "shell"],
  ["Edit", "edit"],
  ["Write", "write"],
  ["TodoWrite", "plan"],
  ["mcp__github__get_pull_request", "mcp"],
  ["WebFetch", "web"],
  ["Skill", "skill"],
];

const PATHS = [
  "src/retry/policy.rs",
  "src/orders/list.rs",
  "src/sync/engine.ts",
  "tests/api/orders_test.rs",
];
const COMMANDS = [
  "npm test -- --run",
  "cargo nextest run -p orders",
  "git diff --stat",
  "rg -n 'next_delay' src",
];

/** Writes the spans of one turn, moving a clock forward as it goes. */
export class TurnMaker {
  constructor(session, index, startMs, draw) {
    this.draw = draw;
    this.session = session;
    this.clock = startMs;
    this.count = 0;
    this.seed = session.seed * 7919 + index * 104729 + 1;
    this.spans = [];
    this.context = draw.int(14_000, 60_000);
    this.index = index;
    this.start = startMs;
    this.root = this.add("turn", `turn ${index + 1}`, null, {});
  }

  add(kind, name, parent, fields) {
    const span = {
      id: hex(this.seed + this.count++ * 31, 16),
      parent,
      kind,
      name,
      start: new Date(this.clock).toISOString(),
      end: null,
      status: "ok",
      timing: this.session.harness === "codex" ? "measured" : "derived",
      sources: ["transcript"],
      ...fields,
    };
    this.spans.push(span);
    return span;
  }

  end(span, ms) {
    this.clock += ms;
    span.end = new Date(this.clock).toISOString();
  }

  modelCall(parent, model, input, output) {
    const { draw } = this;
    const completion = draw.skewed(60, 4200);
    const grown = draw.int(300, 5000);
    const cached = Math.round(this.context * 0.94);
    this.context += grown;
    const tokens = {
      prompt: this.context,
      cache_read: cached,
      cache_write_5m: Math.round(grown * 0.6),
      cache_write_1h: draw.chance(0.2) ? Math.round(grown * 0.2) : 0,
      completion,
      reasoning: Math.round(completion * 0.3),
    };
    const span = this.add("model_call", model, parent, {
      model,
      provider: model.startsWith("claude") ? "anthropic" : "openai",
      response_id: `resp_${hex(this.seed + this.count, 12)}`,
      tokens,
      stop_reason: "tool_use",
      input,
      output,
    });
    const cost = priceOf(model, tokens);
    if (cost) span.cost = cost;
    this.end(span, draw.int(1200, 14_000));
    return span;
  }

  toolCall(parent, [tool, toolKind], forced) {
    const { draw } = this;
    const shell = toolKind === "shell";
    const failed = forced?.failed ?? draw.chance(0.07);
    const path = draw.pick(PATHS);
    const command = draw.pick(COMMANDS);
    const fields = {
      tool,
      tool_kind: toolKind,
      target: shell
        ? command
        : toolKind === "plan"
          ? null
          : toolKind === "web"
            ? "https://docs.example.com/retry"
            : path,
      call_id: `toolu_${hex(this.seed + this.count, 10)}`,
      input: shell
        ? { command, description: "Run the tests", timeout: 120000 }
        : toolKind === "plan"
          ? {
              todos: [
                { content: "Read the policy", status: "completed" },
                { content: "Pass a clock in", status: "in_progress" },
                { content: "Run the suite", status: "pending" },
              ],
            }
          : toolKind === "edit"
            ? {
                file_path: path,
                old_string: "started.elapsed() > self.deadline",
                new_string: "elapsed > self.deadline",
              }
            : { file_path: path },
      output: { text: shell ? world.TEST_OUTPUT : world.SOURCE },
    };
    if (shell) fields.exit_code = failed ? 1 : 0;
    if (toolKind === "search") {
      fields.input = { pattern: "next_delay", path: "src" };
      fields.target = "next_delay";
      fields.output = {
        text: "src/retry/policy.rs:9:    pub fn next_delay(&self, attempt: u32)\nsrc/sync/engine.ts:41:  const delay = nextDelay(attempt)\n",
      };
    }
    if (toolKind === "mcp") {
      fields.mcp = { server: "github", tool: "get_pull_request" };
      fields.input = { owner: "acme", repo: "atlas-api", number: 1284 };
      fields.output = {
        text: JSON.stringify(
          {
            number: 1284,
            title: "Cursor pagination",
            state: "open",
            mergeable: true,
            labels: ["api", "perf"],
          },
          null,
          2,
        ),
      };
      fields.target = "acme/atlas-api#1284";
    }
    if (toolKind === "edit" || toolKind === "write") {
      fields.diff = [
        {
          path,
          change: toolKind === "edit" ? "update" : "add",
          patch: world.PATCH,
          added: 8,
          removed: 4,
        },
      ];
      fields.output = { text: `The file ${path} has been updated.` };
    }
    if (forced?.image)
      fields.output = {
        text: "Screenshot of the settings page",
        images: [{ media_type: "image/png", bytes: 48213, id: hex(7, 32) }],
      };
    if (forced?.hostile) {
      fields.output = {
        text: world.HOSTILE,
        stderr: "\u001b]8;;javascript:window.__hacked=1\u0007link\u001b]8;;\u0007 <b>bold</b>",
      };
      fields.target = "<b>not bold</b>";
    }
    if (failed) {
      fields.status = "error";
      fields.error = shell ? "exit code 1" : "String to replace not found in file.";
    }
    const span = this.add("tool_call", tool, parent, fields);
    this.end(span, shell ? draw.int(400, 22_000) : draw.int(20, 900));
    return span;
  }

  /** A model call with the tools that it asked for, linked both ways. */
  step(parent, model, text, tools) {
    const call = this.modelCall(parent, model, [], []);
    if (this.draw.chance(0.35))
      call.output.push({ type: "thinking", text: this.draw.pick(world.THOUGHTS) });
    if (text) call.output.push({ type: "text", text });
    for (const tool of tools) {
      const span = this.toolCall(call.id, tool.kind, tool);
      call.output.push({ type: "tool_use", span: span.id, name: span.tool });
    }
    if (tools.length === 0) call.stop_reason = "end_turn";
    return call;
  }

  agent(parentCall, depth) {
    const { draw } = this;
    const tool = this.add("tool_call", "Agent", parentCall.id, {
      tool: "Agent",
      tool_kind: "task",
      target: "Find every caller of RetryPolicy",
      input: {
        subagent_type: "Explore",
        description: "Find every caller",
        prompt: "Find every place that constructs RetryPolicy and say how it gets its deadline.",
      },
      output: { text: "Three callers: the orders client, the sync engine, and a test helper." },
    });
    parentCall.output.push({ type: "tool_use", span: tool.id, name: "Agent" });
    const run = this.add("agent_run", "Explore", tool.id, {
      agent: {
        id: hex(this.seed + this.count, 8),
        agent_type: "Explore",
        description: "Find every caller of RetryPolicy",
        prompt: "Find every place that constructs RetryPolicy and say how it gets its deadline.",
        answer: "Three callers: the orders client, the sync engine, and a test helper.",
        model: world.MODELS["claude-code"][2],
        background: depth > 0,
      },
    });
    const steps = draw.int(2, 5);
    for (let step = 0; step < steps; step++) {
      const call = this.step(
        run.id,
        world.MODELS["claude-code"][2],
        step === steps - 1
          ? "Three callers: the orders client, the sync engine, and a test helper."
          : null,
        step === steps - 1 ? [] : [{ kind: TOOLS[draw.int(0, 3)] }],
      );
      if (depth < 1 && step === 0 && draw.chance(0.4)) this.agent(call, depth + 1);
    }
    this.end(run, 10);
    tool.end = run.end;
  }

  event(kind, name, text) {
    const span = this.add("event", name, this.root.id, { event: kind, text });
    span.end = span.start;
    if (kind === "api_error") span.status = "error";
  }

  finish(prompt, status, extra = {}) {
    const turn = {
      id: hex(this.seed, 32),
      index: this.index,
      prompt: { text: prompt, ...(extra.images ? { images: extra.images } : {}) },
      start: new Date(this.start).toISOString(),
      end: status === "unfinished" ? null : new Date(this.clock).toISOString(),
      status,
      spans: this.spans,
    };
    if (extra.abandoned) turn.abandoned = true;
    if (extra.copied_from) turn.copied_from = extra.copied_from;
    this.root.end = turn.end;
    this.root.status = {
      completed: "ok",
      failed: "error",
      interrupted: "interrupted",
      unfinished: "unfinished",
    }[status];
    return turn;
  }

  get tools() {
    return TOOLS;
  }
}
