/** The page in a real browser, against the mock: no other program is needed. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startMock } from "../../mock/server.js";
import { launch } from "../../tools/browser.js";
import { OverviewPage, SessionPage, SessionsPage } from "./pages";

let browser: Browser;
let page: Page;
let mock: Awaited<ReturnType<typeof startMock>>;
let troubles: string[];

beforeAll(async () => {
  mock = await startMock({ sessions: 300, growEveryMs: 0 });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  mock?.close();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  troubles = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
});
afterEach(async () => {
  await page.close();
  // A breach of the content policy is an error on the console.
  expect(troubles).toEqual([]);
});

const idOf = (seed: number) => mock.history.sessions[seed - 1]?.summary.id ?? "";

test("the overview draws its totals and changes its measure by tile", async () => {
  const overview = new OverviewPage(page, mock.url);
  await overview.open();
  await overview.chart.waitFor();
  await overview.tile("Tool calls").click();
  await page.getByRole("heading", { name: "Tool calls by day" }).waitFor();
  expect(page.url()).toContain("chart=tool_calls");
});

test("an empty machine is offered the sample, which one click removes", async () => {
  const empty = await startMock({ empty: true, growEveryMs: 0 });
  try {
    const overview = new OverviewPage(page, empty.url);
    await overview.open("?range=all");
    await overview.sampleButton.click();
    await overview.removeSample.click();
    await overview.sampleButton.waitFor();
  } finally {
    await page.goto("about:blank");
    empty.close();
  }
});

test("an import and trouble with recording are told on every page", async () => {
  const troubled = await startMock({
    sessions: 3,
    importing: true,
    trouble: "cannot watch /home/x",
    growEveryMs: 0,
  });
  try {
    await page.goto(`${troubled.url}/sessions`);
    await page.getByText("Importing history: 812 of 3,000 sessions").waitFor();
    await page.getByRole("alert").filter({ hasText: "cannot watch /home/x" }).waitFor();
  } finally {
    await page.goto("about:blank");
    troubled.close();
  }
});

test("filters of the list stand in the address and survive a reload", async () => {
  const sessions = new SessionsPage(page, mock.url);
  await sessions.open();
  await sessions.choose("Harness", "codex");
  await page.waitForURL(/harness=codex/);
  await page.reload();
  await sessions.rows.first().waitFor();
  expect(await page.locator(".list__row .harness--claude-code").count()).toBe(0);
});

test("a list of any length keeps few rows in the document", async () => {
  const sessions = new SessionsPage(page, mock.url);
  await sessions.open();
  await sessions.rows.first().waitFor();
  expect(await sessions.rows.count()).toBeLessThan(60);
});

test("a full-text hit leads to its span", async () => {
  const sessions = new SessionsPage(page, mock.url);
  await sessions.open("?mode=text&text=deadline");
  await sessions.hits.first().click();
  const session = new SessionPage(page, mock.url);
  await session.selected.waitFor();
  expect(page.url()).toMatch(/span=[0-9a-f]{16}/);
});

test("a tool call opens to its input and output by keyboard", async () => {
  const session = new SessionPage(page, mock.url);
  await session.open(idOf(1));
  await session.press("e");
  await session.selected.waitFor();
  await session.press("Enter");
  await page.locator(".step[data-selected='true'] .tool__detail").waitFor();
});

test("a click in the tree selects the step in the conversation", async () => {
  const session = new SessionPage(page, mock.url);
  await session.open(idOf(1));
  await session.tree.click({ position: { x: 200, y: 24 * 5 + 12 } });
  await session.selected.waitFor();
  expect(await session.selected.count()).toBe(1);
});

test("hostile text of a transcript does nothing", async () => {
  const session = new SessionPage(page, mock.url);
  await session.open(idOf(1), "?turn=1");
  await session.selected.waitFor();
  const hostile = page.locator(".tool__line", { hasText: "<b>not bold</b>" });
  await hostile.click();
  await page.locator(".tool__detail").waitFor();
  await page.waitForTimeout(300);
  expect(
    await page.evaluate(() => (window as unknown as { __hacked?: number }).__hacked),
  ).toBeUndefined();
  expect(
    await page.locator(".talk script, .talk iframe, .talk form, .talk img[src^='http']").count(),
  ).toBe(0);
});

test("a running session grows, and who reads at its end stays there", async () => {
  const session = new SessionPage(page, mock.url);
  await session.open(idOf(4));
  await page.waitForTimeout(500);
  for (let round = 0; round < 8; round++) {
    await session.talk.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForTimeout(120);
  }
  mock.grow();
  await page
    .getByText(/the suite is green, going on/)
    .last()
    .waitFor();
  await page.waitForTimeout(400);
  const left = await session.talk.evaluate(
    (element) => element.scrollHeight - element.scrollTop - element.clientHeight,
  );
  expect(left).toBeLessThan(100);
});

test("a session of 20,000 spans keeps few steps in the document, at its end too", async () => {
  const session = new SessionPage(page, mock.url);
  await session.open(idOf(3));
  await session.talk.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  await page.waitForTimeout(800);
  expect(await session.steps.count()).toBeLessThan(80);
  expect(await session.steps.count()).toBeGreaterThan(3);
});

test("nothing is wider than a telephone", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/", "/sessions", "/usage", "/doctor", `/sessions/${idOf(1)}`]) {
    await page.goto(mock.url + path);
    await page.waitForTimeout(500);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth),
      path,
    ).toBeLessThanOrEqual(390);
  }
});
