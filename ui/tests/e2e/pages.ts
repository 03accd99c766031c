/** Page objects: how the tests read and use each page. */
import type { Page } from "playwright-core";

export class OverviewPage {
  constructor(
    readonly page: Page,
    readonly base: string,
  ) {}
  async open(query = "") {
    await this.page.goto(`${this.base}/${query}`);
    await this.page
      .getByRole("heading", { level: 1, name: "Overview" })
      .or(this.page.getByRole("heading", { name: "No sessions yet" }))
      .waitFor();
  }
  tile(name: string) {
    return this.page.locator(".tile", { hasText: name });
  }
  get chart() {
    return this.page.locator(".chart canvas");
  }
  get sampleButton() {
    return this.page.getByRole("button", { name: "Look at a sample history" });
  }
  get removeSample() {
    return this.page.getByRole("button", { name: "Remove the sample" });
  }
}

export class SessionsPage {
  constructor(
    readonly page: Page,
    readonly base: string,
  ) {}
  async open(query = "") {
    await this.page.goto(`${this.base}/sessions${query}`);
    await this.page.getByRole("heading", { level: 1, name: "Sessions" }).waitFor();
  }
  get rows() {
    return this.page.locator(".list__row");
  }
  get hits() {
    return this.page.locator(".hit");
  }
  async choose(filter: string, value: string) {
    await this.page.getByLabel(filter, { exact: true }).selectOption(value);
  }
}

export class SessionPage {
  constructor(
    readonly page: Page,
    readonly base: string,
  ) {}
  async open(id: string, query = "") {
    await this.page.goto(`${this.base}/sessions/${id}${query}`);
    await this.page.locator(".step").first().waitFor();
  }
  get steps() {
    return this.page.locator(".step");
  }
  get selected() {
    return this.page.locator(".step[data-selected='true']");
  }
  get tools() {
    return this.page.locator(".tool__line");
  }
  get talk() {
    return this.page.locator(".talk");
  }
  get tree() {
    return this.page.locator(".tree__canvas");
  }
  async press(key: string) {
    await this.page.keyboard.press(key);
  }
}
