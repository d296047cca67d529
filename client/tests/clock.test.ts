import { expect, test } from "vitest";

import { Clock } from "@/api/clock";
import { timeOf, uuid7 } from "@/api/nonce";
import { Problem } from "@/api/problem";

const NOON = Date.parse("2022-04-24T04:00:00.000Z");

function skewed(serverTime: number): Problem {
  return new Problem(422, { code: "clock_skewed", server_time: new Date(serverTime).toISOString() }, undefined);
}

test("a nonce is a UUIDv7 of its time", () => {
  const nonce = uuid7(NOON);
  expect(nonce).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(timeOf(nonce)).toBe(NOON);
});

test("a phone two hours off scans at its second try, and corrects all later nonces", async () => {
  const clock = new Clock(() => NOON - 7_200_000);
  const sent: string[] = [];
  const send = async (nonce: string) => {
    sent.push(nonce);
    if (Math.abs(timeOf(nonce) - NOON) > 600_000) throw skewed(NOON);
    return "admitted";
  };
  expect(await clock.withNonce(send)).toBe("admitted");
  expect(sent).toHaveLength(2);
  expect(await clock.withNonce(send)).toBe("admitted");
  expect(sent).toHaveLength(3);
});

test("a request that is too old under a right clock is not sent again", async () => {
  const clock = new Clock(() => NOON);
  let calls = 0;
  const send = async () => {
    calls++;
    throw skewed(NOON + 1000);
  };
  await expect(clock.withNonce(send)).rejects.toMatchObject({ code: "clock_skewed" });
  expect(calls).toBe(1);
});

test("a wrong clock is known at the next start", async () => {
  let kept = 0;
  const wrong = () => NOON - 7_200_000;
  new Clock(wrong, kept, (ahead) => (kept = ahead)).heard(NOON);
  expect(new Clock(wrong, kept).now()).toBe(NOON);
});

test("a countdown goes by the server's clock to the second, while nonces stay as they are within a minute", () => {
  const clock = new Clock(() => NOON - 40_000);
  const over = new Date(NOON + 15_000).toISOString();
  expect(clock.until(over)).toBe(55_000);
  clock.heard(NOON);
  expect(clock.until(over)).toBe(15_000);
  expect(clock.now()).toBe(NOON - 40_000);
  // The next start knows a wrong clock only.
  expect(new Clock(() => NOON - 7_200_000, 7_200_000).until(over)).toBe(15_000);
});

test("a countdown does not step up when an answer was longer on its way", () => {
  let phone = NOON;
  const clock = new Clock(() => phone);
  const over = new Date(NOON + 15_000).toISOString();
  const left: number[] = [];
  // When an answer comes, and its date: in whole seconds, and made a while before.
  for (const [at, date] of [[900, 0], [2_050, 2_000], [3_900, 3_000], [6_500, 5_000]] as const) {
    phone = NOON + at;
    clock.heard(NOON + date);
    left.push(clock.until(over));
  }
  expect(left).toEqual([15_000, 13_000, 11_150, 8_550]);
  // A minute later, what was heard then counts no more: the phone's clock may run fast.
  phone = NOON + 63_000;
  clock.heard(NOON + 60_000);
  expect(clock.until(new Date(NOON + 75_000).toISOString())).toBe(15_000);
});
