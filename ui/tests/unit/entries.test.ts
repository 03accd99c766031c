import { expect, test } from "vitest";
import type { SpanOutline, TurnOutline } from "../../src/api/vocabulary";
import { entriesOf, foldsAround, nextWhere } from "../../src/pages/session/entries";

const TOKENS = {
  prompt: 0,
  cache_read: 0,
  cache_write_5m: 0,
  cache_write_1h: 0,
  completion: 0,
  reasoning: 0,
};

function span(
  id: string,
  parent: string | null,
  kind: SpanOutline["kind"],
  status: SpanOutline["status"] = "ok",
): SpanOutline {
  return {
    id,
    parent,
    kind,
    name: id,
    start: "2026-08-20T10:00:00Z",
    end: null,
    status,
    timing: "derived",
  };
}

function turn(spans: SpanOutline[]): TurnOutline {
  return {
    id: "t",
    index: 0,
    prompt: "",
    start: "2026-08-20T10:00:00Z",
    end: null,
    status: "completed",
    abandoned: false,
    copied_from: null,
    revision: "1",
    tokens: TOKENS,
    cost: 0,
    spans,
  };
}

const nested = turn([
  span("turn", null, "turn"),
  span("call-1", "turn", "model_call"),
  span("task", "call-1", "tool_call"),
  span("call-2", "turn", "model_call", "error"),
  span("agent", "task", "agent_run"),
  span("inner", "agent", "model_call"),
]);
const ids = (folded: string[] = []) =>
  entriesOf([nested], new Set(folded)).map((entry) => entry.span.id);

test("a subagent's work stands below the call that started it, whatever began meanwhile", () => {
  expect(ids()).toEqual(["turn", "call-1", "task", "agent", "inner", "call-2"]);
});

test("folding an agent hides its work and keeps the agent", () => {
  expect(ids(["agent"])).toEqual(["turn", "call-1", "task", "agent", "call-2"]);
  expect(ids(["turn"])).toEqual(["turn"]);
});

test("only agents indent the conversation", () => {
  expect(entriesOf([nested], new Set()).map((entry) => entry.nest)).toEqual([0, 0, 0, 0, 1, 0]);
});

test("spans whose parent is unknown or who form a circle lose nothing and hang nothing", () => {
  const odd = turn([
    span("turn", null, "turn"),
    span("orphan", "gone", "model_call"),
    span("self", "self", "tool_call"),
    span("a", "b", "tool_call"),
    span("b", "a", "tool_call"),
  ]);
  expect(entriesOf([odd], new Set()).map((entry) => entry.span.id)).toEqual(
    expect.arrayContaining(["turn", "orphan", "self"]),
  );
});

test("the folds around a span are those that must open for it to be seen", () => {
  expect(foldsAround([nested], "inner")).toEqual(["turn", "agent", "turn"]);
  expect(foldsAround([nested], "turn")).toEqual([]);
});

test("the next error is found from any place, going round", () => {
  const entries = entriesOf([nested], new Set());
  const isError = (entry: (typeof entries)[number]) => entry.span.status === "error";
  expect(nextWhere(entries, -1, isError)).toBe(5);
  expect(nextWhere(entries, 5, isError)).toBe(5);
  expect(nextWhere(entries, 0, () => false)).toBe(-1);
});
