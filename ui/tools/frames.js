/**
 * Scrolls a session in a real browser and tells how long its frames took.
 *
 *   npm run frames -- URL SESSION
 */
import { launch } from "./browser.js";

const [url = "http://127.0.0.1:4748", id] = process.argv.slice(2);
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const begun = Date.now();
await page.goto(`${url}/sessions/${id}`);
await page.locator(".step").first().waitFor();
const opened = Date.now() - begun;
await page.waitForTimeout(1500);

async function scroll(selector, pixels) {
  return page.locator(selector).evaluate(
    (element, step) =>
      new Promise((resolve) => {
        const times = [];
        let last = performance.now();
        const frame = (now) => {
          times.push(now - last);
          last = now;
          element.scrollTop += step;
          if (times.length < 400) requestAnimationFrame(frame);
          else resolve(times.slice(5).sort((a, b) => a - b));
        };
        requestAnimationFrame(frame);
      }),
    pixels,
  );
}

console.log(`first steps on the screen after ${opened} ms`);
for (const [name, selector, pixels] of [
  ["conversation, reading pace", ".talk", 30],
  ["conversation, flung", ".talk", 1500],
  ["tree, flung", ".tree__scroll", 900],
]) {
  const times = await scroll(selector, pixels);
  const at = (share) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
  const long = times.filter((time) => time > 50).length;
  console.log(
    `${name}: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, worst ${at(1)} ms, ${long} of ${times.length} frames over 50 ms`,
  );
}
await browser.close();
