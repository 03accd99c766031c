/** The API's types under the names that the project uses for them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Tokens = Schemas["Tokens"];
export type CreditSum = Schemas["CreditSum"];
export type Harness = Schemas["Harness"];
export type SpanKind = Schemas["SpanKind"];
export type Status = Schemas["Status"];
export type ToolKind = Schemas["ToolKind"];
export type EventKind = Schemas["EventKind"];
export type TurnStatus = Schemas["TurnStatus"];
export type Image = Schemas["Image"];
export type Part = Schemas["Part"];
export type FileDiff = Schemas["FileDiff"];
export type ToolOutput = Schemas["ToolOutput"];
export type Problem = Schemas["Problem"];
export type Span = Schemas["Span"];
export type Turn = Schemas["Turn"];
export type SessionSummary = Schemas["SessionSummary"];
/** By what sessions are ordered; the API takes it as a word in the address. */
export type SessionOrder =
  | "ended_at"
  | "started_at"
  | "cost"
  | "tokens"
  | "spans"
  | "duration"
  | "errors";
export type SessionPage = Schemas["SessionPage"];
export type SpanOutline = Schemas["SpanOutline"];
export type TurnOutline = Schemas["TurnOutline"];
export type SessionDetail = Schemas["SessionDetail"];
export type SearchField = Schemas["SearchField"];
export type SearchHit = Schemas["SearchHit"];
export type SearchResults = Schemas["SearchResults"];
export type Totals = Schemas["Totals"];
export type DayTotals = Schemas["DayTotals"];
export type NamedTotals = Schemas["NamedTotals"];
export type Overview = Schemas["Overview"];
export type Facets = Schemas["Facets"];
export type Health = Schemas["Health"];
export type UsageKey = Schemas["UsageKey"];
export type UsageRow = Schemas["UsageRow"];
export type UsageReport = Schemas["UsageReport"];
