/** Every page for everybody (GO-13): WCAG 2.2 AA, large text, 320 px, keyboard, dark, reduced motion. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chromium } from "./browser";
import { keyboard, moving, partedWords, sideways, smallTargets, violations } from "./checks";
import { makeCast, opened, PAGES, type Cast } from "./pages";
import { text } from "./texts";

let chromium: Chromium;
let cast: Cast;
beforeAll(async () => {
  chromium = await Chromium.launch();
  cast = await makeCast();
});
afterAll(() => chromium.close());

/** Return everything that is wrong, a line each. */
function listed(found: Record<string, string[]>): string {
  return Object.entries(found)
    .flatMap(([check, lines]) => lines.map((line) => `${check}: ${line}`))
    .join("\n");
}

describe.each(PAGES)("%s", (...page) => {
  it("has no violation, targets of 48 px, and an order for the keyboard", async () => {
    const phone = await opened(chromium, cast, page, {});
    const found = {
      violations: await violations(phone.page),
      small: await smallTargets(phone.page),
      sideways: await sideways(phone.page),
      keyboard: await keyboard(phone.page),
      complaints: phone.complaints,
      strangers: phone.strangers(),
    };
    await phone.close();
    expect(listed(found)).toBe("");
  });

  it("has no violation in the dark, and nothing moves for whom wants no motion", async () => {
    const phone = await opened(chromium, cast, page, { dark: true, reducedMotion: true });
    const found = { violations: await violations(phone.page), moving: await moving(phone.page) };
    await phone.close();
    expect(listed(found)).toBe("");
  });

  it("needs no scrolling sideways at 320 px, at 200 % text and in English, and has its order for the keyboard", async () => {
    const phone = await opened(chromium, cast, page, { width: 320, height: 640, scale: 2, language: "en" });
    const found = { violations: await violations(phone.page), sideways: await sideways(phone.page), small: await smallTargets(phone.page), keyboard: await keyboard(phone.page) };
    await phone.close();
    expect(listed(found)).toBe("");
  });

  it.each(["zh-Hans", "zh-Hant"] as const)("breaks no Chinese word of its titles and buttons at 320 px and 200 %% text: %s", async (language) => {
    const phone = await opened(chromium, cast, page, { width: 320, height: 640, scale: 2, language });
    const found = { parted: await partedWords(phone.page), sideways: await sideways(phone.page) };
    await phone.close();
    expect(listed(found)).toBe("");
  });
});

it("says a button whose words stand in parts as the one text that it is", async () => {
  const phone = await opened(chromium, cast, PAGES.find(([name]) => name === "result")!, {});
  const words = text("visitor.show_staff");
  const button = phone.page.getByRole("button", { name: words, exact: true });
  expect(await button.locator("wbr").count()).toBeGreaterThan(0);
  // The browser's own name of it: Playwright's knows no blanks that Chrome puts in.
  const browser = await phone.context.newCDPSession(phone.page);
  const { nodes } = await browser.send("Accessibility.getFullAXTree");
  expect(nodes.filter((node) => node.role?.value === "button").map((node) => node.name?.value)).toContain(words);
  await phone.close();
});
