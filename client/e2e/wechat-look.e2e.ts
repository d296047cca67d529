/** What WeChat draws of its build (wechat-view.ts) looks as the browser's. */

import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";

import { MiniProgram } from "./mini-program";
import { screenOf } from "./screens";
import { text } from "./texts";
import { BUILD, draw } from "./wechat-view";

let browser: Browser;
let page: Page;
const opened: MiniProgram[] = [];
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  page = await browser.newPage({ viewport: { width: 390, height: 844 } });
});
afterEach(() => opened.splice(0).forEach((program) => program.end()));
afterAll(() => browser.close());

const SCREEN = screenOf("green", {
  ...{ outcome: "admit", outcome_text: "请进", demo: true },
  venue: { name: "信宜市第一人民医院", region_name: "信宜市", type_name: "文化" },
});

/** Open the page with the result of a scan, and do something there. */
async function result(settings: Record<string, unknown> = {}, act = async (_: MiniProgram): Promise<void> => undefined): Promise<void> {
  const program = new MiniProgram(BUILD, "mp-weixin", ({ url }) =>
    url.includes("/v1/scans/") ? { status: 200, body: SCREEN } : { status: 404, body: { code: "not_found", detail: "" } },
  );
  opened.push(program);
  program.storage.set("vc.login", JSON.stringify({ access: "access", refresh: "refresh", personId: "P1" }));
  program.storage.set("vc.settings", JSON.stringify(settings));
  await program.launch("pages/result/result", { scan: "S1" });
  await act(program);
  await draw(program, page);
}

const style = (of: string, name: string): Promise<string> =>
  page.locator(of).first().evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), name);
const box = async (of: string) => (await page.locator(of).first().boundingBox())!;

it("a component's styles know the page that it stands on", async () => {
  await result();
  expect(await style(".out", "flex-direction")).toBe("row");
  expect(await style(".ev", "display")).toBe("flex");
  await result({ scale: 2 });
  expect(await style(".out", "flex-direction")).toBe("column");
  expect(await style(".ev", "display")).toBe("block");
});

it("a component's own parts stand in the boxes and rules around it", async () => {
  await result();
  // The first of a list has no line above it.
  expect(await page.locator(".ev").evaluateAll((rows) => rows.map((row) => getComputedStyle(row).borderTopWidth))).toEqual(["0px", "1px", "1px", "1px"]);
  // The icon's class is given to it from outside.
  expect(await style(".ev-icon", "color")).toBe(await style(".ev-k", "color"));
  expect(await style(".ev-icon", "color")).not.toBe(await style(".ev", "color"));
});

it("the title stands below WeChat's own bar", async () => {
  await result();
  expect((await box(".title")).y).toBeGreaterThanOrEqual(24);
  expect((await box(".page-top")).height).toBe(24 + 48);
});

it("there is space between the actions at the bottom", async () => {
  await result();
  const [first, second] = await Promise.all([box(".page-foot .btn.pri"), box(".page-foot .btn.txt")]);
  expect(second.y - (first.y + first.height)).toBe(8);
});

it("a field is as high as large text", async () => {
  const program = new MiniProgram(BUILD, "mp-weixin", () => ({ status: 404, body: {} }));
  opened.push(program);
  program.storage.set("vc.settings", JSON.stringify({ scale: 2 }));
  await program.launch("pages/login/login");
  await program.tap(text("login.by_sms"));
  await draw(program, page);
  const inside = parseFloat(await style(".in", "height")) - 2 * (parseFloat(await style(".in", "padding-top")) + 2);
  expect(inside).toBeGreaterThanOrEqual(1.3 * parseFloat(await style(".in", "font-size")));
});

it("nothing stands under WeChat's capsule, with large text too", async () => {
  await result({ scale: 2, language: "en" }, (program) => program.tap(text("visitor.show_staff", {}, "en")));
  for (const bar of [".nav", ".glance-top"]) {
    const rights = await page.locator(`${bar} > *`).evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().right));
    expect(Math.max(...rights), bar).toBeLessThanOrEqual(296);
  }
});
