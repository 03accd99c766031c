/**
 * A stand-in for the dashcam server: the same routes, a generated history, and
 * the built page under the same content policy.
 *
 *   node mock/server.js [--port 4748] [--empty] [--sessions 3000] [--importing]
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import * as answers from "./answers.js";
import { History, outlineTurn } from "./history.js";
import { TurnMaker } from "./turn.js";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};
const DIST = join(fileURLToPath(new URL(".", import.meta.url)), "..", "dist");
const LIVE = 4;

/** A PNG of colour gradients, made by hand to need no file. */
function picture() {
  const [width, height] = [640, 360];
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      rows.set([40 + (x >> 2), 60 + (y >> 1), 140], y * (width * 3 + 1) + 1 + x * 3);
  }
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    let crc = 0xffffffff;
    for (const byte of body) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export function startMock({
  port = 0,
  sessions = 3000,
  empty = false,
  importing = false,
  trouble = /** @type {string | null} */ (null),
  growEveryMs = 2500,
} = {}) {
  let history = new History(empty ? 0 : sessions);
  const progress = importing
    ? {
        phase: "importing",
        done: false,
        sessions_done: 812,
        sessions_total: 3000,
        bytes_done: 270_000_000,
        bytes_total: 1_000_000_000,
      }
    : { phase: "idle", done: true };
  const listeners = new Set();
  const revisions = new Map();
  const summaries = () => history.sessions.map(({ summary }) => summary);
  const live = () => history.sessions[LIVE - 1];

  const send = (name, data) => {
    for (const response of listeners)
      response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  };

  /** The live session does one more step. */
  function grow() {
    const session = live();
    if (!session) return;
    const turns = history.turnsOf(session);
    const turn = turns.at(-1);
    const maker = new TurnMaker(session, turn.index, Date.now() - 4000, {
      next: Math.random,
      int: (low, high) => low + Math.floor(Math.random() * (high - low + 1)),
      pick: (list) => list[Math.floor(Math.random() * list.length)],
      chance: (share) => Math.random() < share,
      skewed: (low) => low + 300,
    });
    maker.spans = turn.spans;
    maker.count = turn.spans.length;
    maker.root = turn.spans[0];
    maker.step(
      turn.spans[0].id,
      session.main,
      `Step ${turn.spans.length}: the suite is green, going on.`,
      [{ kind: ["Bash", "shell"], failed: false }],
    );
    Object.assign(turn, { status: "unfinished", end: null });
    Object.assign(turn.spans[0], { status: "unfinished", end: null });
    revisions.set(turn.id, (revisions.get(turn.id) ?? 1) + 1);
    history.settle(session);
    session.summary.status = "unfinished";
    session.summary.ended_at = new Date().toISOString();
    send("session", { id: session.summary.id, turns: [turn.index], summary: session.summary });
  }

  function detail(session) {
    const id = session.summary.id;
    return {
      summary: session.summary,
      children: summaries()
        .filter(({ parent }) => parent?.session === id)
        .slice(0, 5),
      turns: history.turnsOf(session).map((turn) => outlineTurn(turn, revisions.get(turn.id) ?? 1)),
      problems:
        session.seed === 1
          ? [
              {
                kind: "malformed_line",
                file: "/home/sam/.claude/projects/-home-sam-atlas-api/0b9f.jsonl",
                line: 212,
                message: "not JSON: the line ends in the middle of a string",
              },
            ]
          : [],
      files: [`/home/sam/.claude/projects/-home-sam-atlas-api/${session.summary.native_id}.jsonl`],
    };
  }

  function answer(method, path, query) {
    const [, route, id, part, rest] =
      path.match(/^\/api\/v1\/(\w+)(?:\/([\w-]+))?(?:\/(\w+))?(?:\/(\w+))?$/) ?? [];
    if (route === "sample") {
      history = new History(method === "POST" ? 40 : 0);
      for (const { summary } of history.sessions) summary.sample = true;
      send("resync", {});
      return { sessions: history.sessions.length };
    }
    if (route === "overview") return answers.overview(summaries(), query, live()?.summary.id);
    if (route === "search") return answers.search(history, query);
    if (route === "usage") return answers.usage(summaries(), query);
    if (route === "facets") return answers.facets(summaries());
    if (route === "health") return answers.health(history, history.sessions.length);
    if (route === "status")
      return {
        version: "0.1.0",
        import: progress,
        trouble,
      };
    if (route !== "sessions") return undefined;
    if (!id) return answers.sessionPage(summaries(), query);
    const session = history.find(id);
    if (!session) return undefined;
    if (part === "turns") return history.turnsOf(session)[Number(rest)];
    return detail(session);
  }

  async function serveFile(path, response) {
    const name = normalize(path).replace(/^([./\\])+/, "") || "index.html";
    try {
      const body = await readFile(join(DIST, name));
      response.writeHead(200, {
        "content-type": TYPES[extname(name)] ?? "application/octet-stream",
        "content-security-policy": POLICY,
      });
      response.end(body);
    } catch {
      if (extname(name)) return response.writeHead(404).end();
      response.writeHead(200, {
        "content-type": TYPES[".html"],
        "content-security-policy": POLICY,
      });
      response.end(await readFile(join(DIST, "index.html")));
    }
  }

  const image = picture();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://mock");
    if (pathname === "/api/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(": hello\n\n");
      listeners.add(response);
      request.on("close", () => listeners.delete(response));
      send("import", progress);
      send("trouble", { message: trouble });
      return;
    }
    if (pathname.startsWith("/api/v1/images/")) {
      response.writeHead(200, { "content-type": "image/png" }).end(image);
      return;
    }
    if (pathname.startsWith("/api/")) {
      if (request.method !== "GET" && request.headers["x-dashcam"] !== "1")
        return void response.writeHead(403).end();
      const body = answer(request.method, pathname, searchParams);
      response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(body ?? { error: "no such session; it may have been removed" }));
      return;
    }
    void serveFile(pathname, response);
  });
  const timer = growEveryMs ? setInterval(grow, growEveryMs) : null;
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        history,
        grow,
        close: () => {
          if (timer) clearInterval(timer);
          for (const listener of listeners) listener.end();
          server.closeAllConnections();
          server.close();
        },
      }),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flag = (name) => process.argv.includes(`--${name}`);
  const value = (name, otherwise) =>
    flag(name) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : otherwise;
  const mock = await startMock({
    port: value("port", 4748),
    sessions: value("sessions", 3000),
    empty: flag("empty"),
    importing: flag("importing"),
  });
  console.log(`mock of dashcam on ${mock.url}`);
}
