import { expect, test } from "vitest";

import { Clock } from "@/api/clock";
import { Once } from "@/api/once";
import { Problem, Unanswered } from "@/api/problem";

/** Sends with each answer in turn, and keeps the nonces. */
function bench(...answers: unknown[]) {
  const once = new Once(new Clock());
  const nonces: string[] = [];
  const send = (about: string): Promise<unknown> =>
    once.send(about, async (nonce) => {
      nonces.push(nonce);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { nonces, send };
}

test.each([
  ["no answer", new Unanswered("")],
  ["504", new Problem(504, {}, undefined)],
  ["429", new Problem(429, {}, "5")],
])("pressed again after a lost answer, the same request keeps its nonce: %s", async (_, lost) => {
  const { nonces, send } = bench(lost, "recorded", "recorded");
  await expect(send("cough: no")).rejects.toBe(lost);
  expect(await send("cough: no")).toBe("recorded");
  expect(nonces[1]).toBe(nonces[0]);
  await send("cough: no");
  expect(nonces[2]).not.toBe(nonces[0]);
});

test("a request that says something else, or comes after a refusal, is a new one", async () => {
  const { nonces, send } = bench(new Unanswered(""), new Problem(422, { code: "invalid_input" }, undefined), "recorded");
  await expect(send("cough: no")).rejects.toThrow();
  await expect(send("cough: yes")).rejects.toThrow();
  await send("cough: yes");
  expect(new Set(nonces).size).toBe(3);
});
