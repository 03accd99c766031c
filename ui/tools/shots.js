/**
 * Screenshots of every page, at two widths, light and dark.
 *
 *   npm run shots -- URL OUT
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "./browser.js";

const [url = "http://127.0.0.1:4748", out = "shots"] = process.argv.slice(2);
const SIZES = [
  { name: "wide", width: 1440, height: 900 },
  { name: "narrow", width: 390, height: 844 },
];

await mkdir(out, { recursive: true });
const response = await fetch(`${url}/api/v1/sessions?limit=100`);
const { sessions } = await response.json();
const rich =
  sessions.find(
    (session) =>
      session.agent_runs > 1 && session.errors > 2 && session.cost > 0 && session.spans > 100,
  ) ?? sessions[0];
const PAGES = {
  overview: { path: "/" },
  sessions: { path: "/sessions" },
  search: { path: "/sessions?mode=text&text=policy" },
  usage: { path: "/usage?by=month,model" },
  doctor: { path: "/doctor" },
};
if (rich) {
  PAGES.session = { path: `/sessions/${rich.id}` };
  PAGES["session-open"] = { path: `/sessions/${rich.id}`, open: true };
}

const browser = await launch();
for (const size of SIZES) {
  for (const theme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport: size, colorScheme: theme });
    const page = await context.newPage();
    for (const [name, { path, open }] of Object.entries(PAGES)) {
      await page.goto(url + path);
      await page.waitForTimeout(1300);
      if (open) {
        const lines = page.locator(".tool__line");
        for (let index = 0; index < Math.min(3, await lines.count()); index++)
          await lines.nth(index).click();
        await page.waitForTimeout(700);
      }
      await page.screenshot({ path: join(out, `${name}-${size.name}-${theme}.png`) });
    }
    await context.close();
  }
}
await browser.close();
