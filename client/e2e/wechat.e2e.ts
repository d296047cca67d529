/** The build for WeChat: its own compilers, which its developer tools run, read it, and styles meet what they name. */

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { MiniProgram } from "./mini-program";
import { screenOf } from "./screens";
import { text } from "./texts";
import { ELEMENTS } from "../mini-programs";

const BUILD = join(__dirname, "../dist/build/mp-weixin");
const require = createRequire(import.meta.url);
/** Of templates: throws what is wrong in them. */
const { wxmlToJs } = require("miniprogram-compiler") as { wxmlToJs: (folder: string) => string };
/** Of style sheets, named without `.wxss`: returns an error with what is wrong in them. */
const wxssToJs = require("miniprogram-compiler/src/wcsc") as (folder: string, names: string[]) => Record<string, string> | Error;

const files = (ending: string): string[] =>
  (readdirSync(BUILD, { recursive: true }) as string[]).filter((name) => name.endsWith(ending)).sort();

describe("WeChat's compilers", () => {
  it("read every template, and draw every page", () => {
    const make = new Function("global", "window", wxmlToJs(BUILD))({}, {});
    const { pages } = JSON.parse(readFileSync(join(BUILD, "app.json"), "utf-8"));
    for (const page of pages) expect(make(`${page}.wxml`)({}), page).toMatchObject({ tag: "wx-page" });
  });

  it("read every style sheet", () => {
    const names = files(".wxss").map((name) => name.slice(0, -".wxss".length));
    const read = wxssToJs(BUILD, names);
    expect(read instanceof Error ? read.message : "").toBe("");
  });
});

it("components stand in no element of their own, and styles reach into them", () => {
  const components = files(".json").filter((name) => JSON.parse(readFileSync(join(BUILD, name), "utf-8")).component);
  const pages = JSON.parse(readFileSync(join(BUILD, "app.json"), "utf-8")).pages as string[];
  for (const name of components.filter((one) => !pages.includes(one.replace(/\.json$/, "")))) {
    expect(JSON.parse(readFileSync(join(BUILD, name), "utf-8")).styleIsolation, name).toBe("shared");
    expect(readFileSync(join(BUILD, name.replace(/json$/, "js")), "utf-8"), name).toContain("virtualHost:!0");
  }
  expect(components.length).toBeGreaterThan(30);
});

it("the words of the phone's status bar are read on light pages and on dark ones", async () => {
  // WeChat tells whether the phone is dark to programs that say they have a dark look ("DarkMode 适配指南").
  expect(JSON.parse(readFileSync(join(BUILD, "app.json"), "utf-8")).darkmode).toBe(true);
  for (const [page, dark, colour] of [["login/login", "light", "#000000"], ["login/login", "dark", "#ffffff"], ["scan/scan", "light", "#ffffff"]]) {
    const phone = new MiniProgram(BUILD, "mp-weixin", () => ({ status: 404, body: {} }));
    phone.storage.set("vc.settings", JSON.stringify({ dark }));
    phone.storage.set("vc.login", JSON.stringify({ access: "access", refresh: "refresh", personId: "P1" }));
    await phone.launch(`pages/${page}`);
    expect(phone.asked("setNavigationBarColor").map(({ frontColor }) => frontColor).at(-1), page).toBe(colour);
    phone.end();
  }
});

it.each([["refuse", "#ffffff"], ["check", "#000000"]])("the status bar is read on an outcome that fills the screen: %s", async (outcome, colour) => {
  const screen = screenOf("green", { outcome, outcome_text: "" });
  const phone = new MiniProgram(BUILD, "mp-weixin", ({ url }) => (url.includes("/v1/scans/") ? { status: 200, body: screen } : { status: 404, body: {} }));
  phone.storage.set("vc.settings", JSON.stringify({ dark: "light" }));
  phone.storage.set("vc.login", JSON.stringify({ access: "access", refresh: "refresh", personId: "P1" }));
  const words = (): string => phone.asked("setNavigationBarColor").at(-1).frontColor;
  await phone.launch("pages/result/result", { scan: "S1" });
  await phone.tap(text("visitor.show_staff"));
  expect(words()).toBe(colour);
  await phone.tap(text("common.close"));
  expect(words()).toBe("#000000");
  phone.end();
});

it("style sheets know every element of the templates", () => {
  const used = new Set<string>();
  for (const name of files(".wxml")) {
    const { usingComponents = {} } = JSON.parse(readFileSync(join(BUILD, name.replace(/wxml$/, "json")), "utf-8"));
    for (const [, tag] of readFileSync(join(BUILD, name), "utf-8").matchAll(/<([a-z][a-z-]*)/g)) {
      if (!(tag! in usingComponents) && tag !== "block" && tag !== "slot") used.add(tag!);
    }
  }
  expect([...used].sort()).toEqual([...ELEMENTS].sort());
});
