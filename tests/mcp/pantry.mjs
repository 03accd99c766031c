// An MCP server on standard input and output: `take` gives what is asked for,
// `spoil` always fails.
import { createInterface } from "node:readline";

const tools = [
  {
    name: "take",
    description: "Take something from the pantry.",
    inputSchema: {
      type: "object",
      properties: { what: { type: "string" } },
      required: ["what"],
    },
  },
  {
    name: "spoil",
    description: "Spoil something; it never works.",
    inputSchema: { type: "object", properties: {} },
  },
];

function say(text, isError = false) {
  return { content: [{ type: "text", text }], isError };
}

function answer({ method, params }) {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "pantry", version: "1.0.0" },
      };
    case "tools/list":
      return { tools };
    case "tools/call":
      return params.name === "take"
        ? say(`a jar of ${params.arguments.what}`)
        : say("the lid does not open", true);
    case "ping":
      return {};
    default:
      return undefined;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  const message = JSON.parse(line);
  if (message.id === undefined) continue;
  const result = answer(message);
  const outcome =
    result === undefined
      ? { error: { code: -32601, message: `no method ${message.method}` } }
      : { result };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id: message.id, ...outcome })}\n`);
}
