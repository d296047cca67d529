import { beforeEach, expect, test } from "vitest";

import { go, stillHere } from "@/state/go";

let pages: object[];
beforeEach(() => {
  pages = [{ route: "pages/home/home" }];
  Object.assign(globalThis, { getCurrentPages: () => [...pages] });
});

test("a page is still in front until the person goes back or on", () => {
  pages.push({ route: "pages/declarations/declarations" });
  const here = stillHere();
  expect(here()).toBe(true);
  pages.push({ route: "pages/registration/registration" });
  expect(here()).toBe(false);
  pages.pop();
  expect(here()).toBe(true);
  pages.pop();
  expect(here()).toBe(false);
});

test("the same page, opened again, is another one", () => {
  pages.push({ route: "pages/head/staff/staff" });
  const here = stillHere();
  pages[1] = { route: "pages/head/staff/staff" };
  expect(here()).toBe(false);
});

test.each([
  ["takes the place of the tenth", 10, ["/pages/result/result?scan=S1"]],
  ["is not opened over another that was opened meanwhile", 1, []],
])("a page that a mini-program cannot put on top %s", (_, count, instead) => {
  const opened: string[] = [];
  pages = Array.from({ length: count }, () => ({ route: "pages/home/home" }));
  Object.assign(uni, {
    navigateTo: ({ fail, complete }: { fail: () => void; complete: () => void }) => {
      fail();
      complete();
    },
    redirectTo: ({ url }: { url: string }) => void opened.push(url),
  });
  go("result", { scan: "S1" });
  expect(opened).toEqual(instead);
});
