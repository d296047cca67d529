import { expect, test } from "vitest";

import { hold, isLive, secondsLeft } from "@/state/live-pass";

const pass = { refresh_after_s: 42 } as never;

test("the countdown runs to the pass's renewal", () => {
  const held = hold(pass, 1_000);
  expect(secondsLeft(held, 1_000)).toBe(42);
  expect(secondsLeft(held, 42_900)).toBe(1);
  expect(secondsLeft(held, 50_000)).toBe(0);
});

test("a pass that was not renewed is shown for ten seconds more, and then no longer as valid", () => {
  const held = hold(pass, 0);
  expect(isLive(held, 42_000)).toBe(true);
  expect(isLive(held, 51_999)).toBe(true);
  expect(isLive(held, 52_000)).toBe(false);
});

test("a phone's clock that is set back does not revive a pass", () => {
  expect(isLive(hold(pass, 100_000), 90_000)).toBe(false);
});
