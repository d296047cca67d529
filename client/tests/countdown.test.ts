import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { useCountdown } from "@/state/countdown";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a countdown ends once, after its seconds", () => {
  let over = 0;
  const countdown = useCountdown(() => over++);
  countdown.start(2.2);
  expect(countdown.left).toBe(3);
  vi.advanceTimersByTime(2000);
  expect([countdown.left, over]).toEqual([1, 0]);
  vi.advanceTimersByTime(5000);
  expect([countdown.left, over]).toEqual([0, 1]);
});

test("after the phone slept nobody waits again for what is over", () => {
  let now = 0;
  const countdown = useCountdown(undefined, () => now);
  countdown.start(60);
  now = 59_000;
  vi.advanceTimersByTime(1000);
  expect(countdown.left).toBe(1);
});

test("a clock that is set back makes nobody wait longer", () => {
  let now = 0;
  const countdown = useCountdown(undefined, () => now);
  countdown.start(3);
  now = -3_600_000;
  vi.advanceTimersByTime(3000);
  expect(countdown.left).toBe(0);
});

test("a stopped one calls nobody", () => {
  let over = 0;
  const countdown = useCountdown(() => over++);
  countdown.start(1);
  countdown.stop();
  vi.advanceTimersByTime(2000);
  expect(over).toBe(0);
});
