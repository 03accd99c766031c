/** The page against a running dashcam with history: `DASHCAM_URL=http://127.0.0.1:4747 npm run e2e`. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launch } from "../../tools/browser.js";
import { OverviewPage, SessionPage, SessionsPage } from "./pages";

const base = (process.env.DASHCAM_URL ?? "").replace(/\/$/, "");

describe.skipIf(base === "")("against a real server", () => {
  let browser: Browser;
  let page: Page;
  let troubles: string[];

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    troubles = [];
    page.on("pageerror", (error) => troubles.push(String(error)));
    page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  });
  afterEach(async () => {
    await page.close();
    expect(troubles).toEqual([]);
  });

  test("the overview draws its totals", async () => {
    const overview = new OverviewPage(page, base);
    await overview.open("?range=all");
    await overview.chart.waitFor();
    await overview.tile("Cost").waitFor();
  });

  test("from the list to a session, its steps and one open tool call", async () => {
    const sessions = new SessionsPage(page, base);
    await sessions.open("?order=spans");
    await sessions.rows.first().click();
    const session = new SessionPage(page, base);
    await session.steps.first().waitFor();
    await session.tools.first().click();
    await page.locator(".tool__detail").first().waitFor();
  });

  test("usage and doctor answer", async () => {
    await page.goto(`${base}/usage`);
    await page.locator("tfoot").waitFor();
    await page.goto(`${base}/doctor`);
    await page.getByRole("heading", { name: "Store" }).waitFor();
  });
});
