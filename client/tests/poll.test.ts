import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { poll, type Polled } from "@/api/poll";
import { Problem, Unanswered } from "@/api/problem";

type Answer = Polled & { step: number };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Poll what `answers` give in turn, and return what the page saw. */
function watched(answers: (Answer | Error)[], first?: Answer) {
  const seen = { shown: [] as number[], failed: [] as unknown[], lost: 0, asked: 0 };
  const polling = poll<Answer>({
    first,
    ask: async () => {
      const answer = answers[seen.asked++]!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    show: (answer) => seen.shown.push(answer.step),
    failed: (problem) => seen.failed.push(problem),
    lost: () => seen.lost++,
  });
  return { seen, polling };
}

test("each pause is what the last answer said, and the final answer ends it", async () => {
  const { seen } = watched([{ step: 1, poll_after_ms: 1500 }, { step: 2, poll_after_ms: 3000 }, { step: 3, poll_after_ms: null }], { step: 0, poll_after_ms: 1000 });
  await vi.advanceTimersByTimeAsync(999);
  expect(seen.asked).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen.shown).toEqual([1]);
  await vi.advanceTimersByTimeAsync(1499);
  expect(seen.asked).toBe(1);
  await vi.advanceTimersByTimeAsync(3001);
  expect(seen.shown).toEqual([1, 2, 3]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen.asked).toBe(3);
});

test("without a first answer it asks at once; a final first answer asks nothing", async () => {
  const { seen } = watched([{ step: 1 }]);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.shown).toEqual([1]);
  const { seen: final } = watched([], { step: 9, poll_after_ms: null });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(final.asked).toBe(0);
});

test("a lost answer is said, and asked for again until the network is back", async () => {
  const { seen } = watched([new Unanswered("lost"), new Unanswered("lost"), { step: 1, poll_after_ms: null }]);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toMatchObject({ lost: 1, failed: [] });
  await vi.advanceTimersByTimeAsync(4000);
  expect(seen).toMatchObject({ lost: 2, shown: [1] });
});

test("429 and 503 wait as long as they say", async () => {
  const { seen } = watched([new Problem(429, {}, "9"), new Problem(503, {}, undefined), { step: 1, poll_after_ms: null }]);
  await vi.advanceTimersByTimeAsync(8999);
  expect(seen.asked).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen.asked).toBe(2);
  await vi.advanceTimersByTimeAsync(2000);
  expect(seen.shown).toEqual([1]);
});

test("any other problem ends it", async () => {
  const { seen } = watched([new Problem(403, { code: "forbidden" }, undefined)]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen.failed).toHaveLength(1);
  expect(seen.asked).toBe(1);
});

test("a page that was left asks no more and shows no late answer", async () => {
  const { seen, polling } = watched([{ step: 1, poll_after_ms: 1000 }], { step: 0, poll_after_ms: 1000 });
  polling.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen.asked).toBe(0);
  const { seen: late, polling: second } = watched([{ step: 1, poll_after_ms: 1000 }]);
  second.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(late.shown).toEqual([]);
});
