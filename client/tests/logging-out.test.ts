/** Logging out ends the login that asked for it, soon, and asks for none. */

import { expect, test } from "vitest";

import { Unanswered } from "@/api/problem";
import { endLogin } from "@/state/logging-out";
import { Session } from "@/state/session";
import { FakeStorage } from "./fake-storage";

/** A login of A's; `late` ends the wait for the API. */
function bench(tell: () => Promise<unknown>) {
  const login = new Session(new FakeStorage());
  login.entered("a1", "r1", "per_A");
  const forgotten: string[] = [];
  let late: () => void = () => undefined;
  const waited = new Promise<void>((resolve) => (late = resolve));
  const bounds: number[] = [];
  const done = endLogin({
    login,
    tell,
    forget: () => forgotten.push("visit"),
    after: (ms) => {
      bounds.push(ms);
      return waited;
    },
  });
  return { login, forgotten, late: () => late(), done, bounds };
}
const never = (): Promise<never> => new Promise(() => undefined);

test.each([
  ["says yes", async () => undefined],
  ["does not answer", () => Promise.reject(new Unanswered("no answer"))],
])("the login ends when the API %s", async (_, tell) => {
  const { login, forgotten, done } = bench(tell);
  expect(await done).toBe(true);
  expect([login.person(), login.access(), forgotten]).toEqual([null, null, ["visit"]]);
});

test("the login ends within five seconds of a network that is slow", async () => {
  const { login, late, done, bounds } = bench(never);
  expect(bounds).toEqual([5_000]);
  late();
  expect(await done).toBe(true);
  expect(login.person()).toBeNull();
});

test.each(["per_B", "per_A"])("a login of %s that was made meanwhile stays", async (person) => {
  const { login, forgotten, late, done } = bench(never);
  login.entered("n1", "s1", person);
  late();
  expect(await done).toBe(false);
  expect([login.person(), login.access(), forgotten]).toEqual([person, "n1", []]);
});

test("renewed tokens are of the same login, which ends", async () => {
  const { login, late, done } = bench(never);
  login.renewed("a2", "r2");
  late();
  expect(await done).toBe(true);
  expect(login.person()).toBeNull();
});
