/** WeChat's own compilers read the templates and style sheets of its build. They are what its developer tools run. */

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { ELEMENTS } from "../wxss";

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
