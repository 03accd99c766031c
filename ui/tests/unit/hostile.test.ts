import { expect, test } from "vitest";
import { HOSTILE } from "../../mock/world.js";
import { markdownBlocks, sanitised } from "../../src/parts/sanitise";

function rendered(text: string): HTMLElement {
  const element = document.createElement("div");
  element.innerHTML = markdownBlocks(text)
    .map((block) => (block.kind === "html" ? block.html : ""))
    .join("");
  return element;
}

test("nothing that acts survives in Markdown", () => {
  const element = rendered(HOSTILE);
  expect(
    element.querySelectorAll("script, img, svg, iframe, style, form, input, button, object, embed")
      .length,
  ).toBe(0);
  for (const one of element.querySelectorAll("*")) {
    for (const attribute of one.attributes) expect(attribute.name).not.toMatch(/^on|^style$|^src/);
  }
  for (const link of element.querySelectorAll("a[href]"))
    expect(link.getAttribute("href")).toMatch(/^(https?|mailto):/);
});

test("hostile HTML is shown as the text it is", () => {
  expect(rendered("<script>alert(1)</script>").textContent).toContain("<script>alert(1)</script>");
});

test("an image becomes its Markdown: no server learns who reads", () => {
  expect(rendered("![pixel](https://example.com/p.png)").textContent).toContain(
    "![pixel](https://example.com/p.png)",
  );
});

test("links open elsewhere and tell nothing", () => {
  const link = rendered("[guide](https://example.com/guide)").querySelector("a");
  expect(link?.getAttribute("target")).toBe("_blank");
  expect(link?.getAttribute("rel")).toContain("noopener");
});

test("addresses hidden by entities and spaces are dropped", () => {
  for (const address of [
    "java&#115;cript:alert(1)",
    " javascript:alert(1)",
    "vbscript:x",
    "data:text/html,x",
    "//example.com",
  ]) {
    expect(sanitised(`<a href="${address}">x</a>`)).not.toContain("href");
  }
});

test("code blocks stay apart from HTML, with their language", () => {
  expect(
    markdownBlocks('before\n\n```rust\nlet a = "<b>";\n```\nafter').map((block) => block.kind),
  ).toEqual(["html", "code", "html"]);
});
