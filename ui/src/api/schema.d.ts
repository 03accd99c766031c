export interface components {
  schemas: {
    Tokens: { prompt: number; cache_read: number; cache_write_5m: number; cache_write_1h: number; completion: number; reasoning: number };
    Harness: "claude-code" | "codex";
    SpanKind: "turn" | "model_call" | "tool_call" | "agent_run" | "event";
    Status: "ok" | "error" | "interrupted" | "unfinished";
    Timing: "measured" | "derived";
    ToolKind: "read" | "edit" | "write" | "search" | "shell" | "web" | "mcp" | "task" | "plan" | "skill" | "other";
    EventKind: "permission" | "compaction" | "interruption" | "notification" | "api_error" | "command" | "shell_line" | "context" | "hook" | "settings" | "other";
    TurnStatus: "completed" | "interrupted" | "failed" | "unfinished";
    Image: { media_type: string; bytes: number; id?: string | null };
    Part: { type: "text"; text: string } | { type: "thinking"; text: string } | { type: "tool_use"; span: string; name: string } | { type: "image"; image: components["schemas"]["Image"] } | { type: "other"; name: string; json: string };
    InputPart: { type: "prompt"; text: string } | { type: "tool_result"; span: string } | { type: "context"; span: string };
    FileDiff: { path: string; change: "add" | "update" | "delete"; old_path?: string | null; patch: string; added: number; removed: number };
    ToolOutput: { text: string; stderr?: string | null; images?: components["schemas"]["Image"][]; omitted_bytes?: number };
    AgentRun: { id: string; agent_type?: string | null; description?: string | null; prompt?: string | null; answer?: string | null; model?: string | null; background: boolean; reported_tokens?: components["schemas"]["Tokens"] | null };
    Git: { branch?: string | null; commit?: string | null; remote?: string | null };
    Parent: { session: string; span?: string | null; relation: "fork" | "subagent" };
    Outcome: { label: string; evidence: string };
    Problem: { kind: string; file: string; line?: number | null; byte?: number | null; message: string };
    Span: {
      id: string; parent?: string | null; kind: components["schemas"]["SpanKind"]; name: string; start: string; end?: string | null;
      status: components["schemas"]["Status"]; error?: string | null; timing: components["schemas"]["Timing"]; sources: string[];
      model?: string | null; provider?: string | null; response_id?: string | null; tokens?: components["schemas"]["Tokens"] | null;
      cost?: { usd: number; source: string } | null; retries?: number | null; ttft_ms?: number | null; stop_reason?: string | null; parameters?: unknown[];
      tool?: string | null; tool_kind?: components["schemas"]["ToolKind"] | null; target?: string | null; call_id?: string | null; exit_code?: number | null;
      mcp?: { server: string; tool: string } | null; diff?: components["schemas"]["FileDiff"][]; input?: unknown; output?: unknown;
      agent?: components["schemas"]["AgentRun"] | null; event?: components["schemas"]["EventKind"] | null; text?: string | null; details?: unknown;
    };
    Prompt: { text: string; images?: components["schemas"]["Image"][] };
    Turn: { id: string; index: number; prompt: components["schemas"]["Prompt"]; start: string; end?: string | null; status: components["schemas"]["TurnStatus"]; abandoned?: boolean; copied_from?: string | null; spans: components["schemas"]["Span"][] };
    SessionSummary: {
      id: string; harness: components["schemas"]["Harness"]; native_id: string; title: string; project: string; cwd?: string | null; git: components["schemas"]["Git"];
      version?: string | null; entrypoint?: string | null; started_at: string; ended_at: string; parent?: components["schemas"]["Parent"] | null; outcome?: components["schemas"]["Outcome"] | null;
      status: components["schemas"]["TurnStatus"]; sample: boolean; models: string[]; turns: number; spans: number; model_calls: number; tool_calls: number; errors: number; agent_runs: number;
      tokens: components["schemas"]["Tokens"]; cost: number; unpriced_calls: number;
    };
    SessionOrder: "ended_at" | "started_at" | "cost" | "tokens" | "spans" | "duration" | "errors";
    SessionPage: { total: number; sessions: components["schemas"]["SessionSummary"][] };
    SpanOutline: {
      id: string; parent?: string | null; kind: components["schemas"]["SpanKind"]; name: string; start: string; end?: string | null; status: components["schemas"]["Status"]; timing: components["schemas"]["Timing"];
      tool_kind?: components["schemas"]["ToolKind"] | null; event?: components["schemas"]["EventKind"] | null; target?: string | null; tokens?: components["schemas"]["Tokens"] | null; cost?: number | null;
    };
    TurnOutline: {
      id: string; index: number; prompt: string; start: string; end?: string | null; status: components["schemas"]["TurnStatus"]; abandoned: boolean; copied_from?: string | null; revision: string;
      tokens: components["schemas"]["Tokens"]; cost: number; spans: components["schemas"]["SpanOutline"][];
    };
    SessionDetail: { summary: components["schemas"]["SessionSummary"]; children: components["schemas"]["SessionSummary"][]; turns: components["schemas"]["TurnOutline"][]; problems: components["schemas"]["Problem"][]; files: string[] };
    SearchField: "prompt" | "answer" | "thinking" | "tool_input" | "tool_output";
    SearchHit: { session: string; harness: components["schemas"]["Harness"]; title: string; project: string; turn: number; span: string; span_name: string; field: components["schemas"]["SearchField"]; at: string; snippet: string; matches: [number, number][] };
    SearchResults: { hits: components["schemas"]["SearchHit"][]; more: boolean; pending_turns: number };
    Totals: { sessions: number; model_calls: number; tool_calls: number; tool_errors: number; tokens: components["schemas"]["Tokens"]; cost: number; unpriced_calls: number };
    ModelShare: { model: string; cost: number; tokens: components["schemas"]["Tokens"] };
    DayTotals: { day: string; totals: components["schemas"]["Totals"]; models: components["schemas"]["ModelShare"][] };
    NamedTotals: { name: string; totals: components["schemas"]["Totals"] };
    Overview: { total: components["schemas"]["Totals"]; days: components["schemas"]["DayTotals"][]; harnesses: components["schemas"]["NamedTotals"][]; models: components["schemas"]["NamedTotals"][]; projects: components["schemas"]["NamedTotals"][]; tools: components["schemas"]["NamedTotals"][]; live: components["schemas"]["SessionSummary"][]; recent: components["schemas"]["SessionSummary"][] };
    Facets: { harnesses: components["schemas"]["Harness"][]; projects: string[]; models: string[]; branches: string[] };
    HarnessHealth: { harness: components["schemas"]["Harness"]; files: number; vanished_files: number; sessions: number; last_activity?: string | null; versions: string[]; unknown_records: Record<string, number> };
    FileTrouble: { path: string; message: string };
    Health: { path: string; schema_version: number; store_bytes: number; evidence_bytes: number; archived_bytes: number; pending_turns: number; harnesses: components["schemas"]["HarnessHealth"][]; unreadable: components["schemas"]["FileTrouble"][]; problems: components["schemas"]["Problem"][]; problem_count: number; unpriced_models: Record<string, number> };
    UsageKey: "day" | "week" | "month" | "harness" | "model" | "project" | "branch" | "session" | "user" | "tool";
    UsageRow: { day?: string | null; week?: string | null; month?: string | null; harness?: string | null; model?: string | null; project?: string | null; branch?: string | null; session?: string | null; user?: string | null; tool?: string | null; models: string[]; sessions: number; model_calls: number; tool_calls: number; tool_errors: number; input_tokens: number; tokens: components["schemas"]["Tokens"]; cost_usd: number; unpriced_calls: number };
    UsageReport: { by: components["schemas"]["UsageKey"][]; timezone: string; rows: components["schemas"]["UsageRow"][]; total: components["schemas"]["UsageRow"] };
  };
}
