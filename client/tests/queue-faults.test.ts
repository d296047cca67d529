/** What may go wrong with a guard's kept scans: none is lost, none recorded twice, and each one's fate is shown. */

import { expect, test } from "vitest";

import { Problem } from "@/api";
import { timeOf, uuid7 } from "@/api/nonce";
import { DAY, paired, PASS, VENUE } from "./queue-phone";

test("a phone's clock that jumps by a month while it is offline loses no scan", async () => {
  const phone = await paired();
  phone.scan();
  phone.wrong = 30 * DAY;
  phone.queue.load();
  expect(phone.states()).toEqual(["waiting"]);
  phone.restart();
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
  expect(phone.api.visits.size).toBe(1);
});

test("a scan of a wrong clock waits with its nonce while the phone has no room to stamp it anew", async () => {
  const phone = await paired();
  phone.wrong = -7_200_000;
  phone.scan(`${PASS}@${phone.api.time}`);
  phone.storage.left = 0;
  await phone.queue.flush();
  phone.storage.left = Infinity;
  phone.queue.load();
  expect(phone.states()).toEqual(["waiting"]);
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
});

test("a phone that stops while it stamps a scan anew keeps one scan of it", async () => {
  for (let writes = 0; writes < 4; writes++) {
    const phone = await paired();
    phone.wrong = -7_200_000;
    phone.scan(`${PASS}@${phone.api.time}`);
    phone.storage.left = writes;
    await phone.queue.flush().catch(() => undefined);
    phone.restart();
    expect(phone.states()).toHaveLength(1);
    await phone.queue.flush();
    expect(phone.api.visits.size).toBe(1);
    expect(phone.states()).toEqual(["sent"]);
  }
});

test("two tabs that stamp the same scan anew record one visit", async () => {
  const phone = await paired();
  phone.wrong = -7_200_000;
  const at = phone.api.time;
  phone.scan(`${PASS}@${at}`);
  const other = phone.tab();
  await Promise.all([phone.queue.flush(), other.flush()]);
  phone.queue.load();
  await phone.queue.flush();
  expect(phone.api.visits.size).toBe(1);
  expect([...phone.api.visits.values()].map((time) => Math.abs(time - at) < 60_000)).toEqual([true]);
  expect(phone.states()).toEqual(["sent"]);
});

test("the server's time in a 422 is enough to stamp a scan anew", async () => {
  const phone = await paired();
  phone.api.datesAnswers = false;
  phone.wrong = 7_200_000;
  const at = phone.api.time;
  phone.scan(`${PASS}@${at}`);
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
  expect([...phone.api.visits.values()]).toEqual([at]);
});

test("what a firewall or a gateway says, not the API, ends no scan", async () => {
  const phone = await paired();
  phone.api.fails = PASS;
  for (const status of [403, 404, 413]) {
    phone.api.failure = new Problem(status, { message: "Forbidden" }, undefined);
    if (phone.states().length === 0) phone.scan();
    await phone.queue.flush();
    expect(phone.states()).toEqual(["waiting"]);
  }
  phone.api.fails = "";
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
});

test("a page of greeting in place of an answer ends no scan", async () => {
  const phone = await paired();
  phone.scan();
  const send = phone.api.send.bind(phone.api);
  phone.api.send = async () => "<html>Welcome to our network" as never;
  await phone.queue.flush();
  expect(phone.states()).toEqual(["waiting"]);
  phone.api.send = send;
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
});

test("a scan at which the server's time runs out keeps the others waiting once only", async () => {
  const phone = await paired();
  phone.api.fails = `${PASS}@${phone.api.time}`;
  phone.api.failure = new Problem(504, {}, undefined);
  phone.scan(phone.api.fails);
  phone.scan();
  await phone.queue.flush();
  await phone.queue.flush();
  expect(phone.states()).toEqual(["waiting", "sent"]);
});

test("409 is final: the scan stays with the API's words, and counts as not recorded", async () => {
  const phone = await paired();
  phone.api.fails = PASS;
  phone.api.failure = new Problem(409, { code: "pass_used", detail: "because pass_used" }, undefined);
  phone.scan();
  await phone.queue.flush();
  expect(phone.queue.failed().map((entry) => [entry.state, entry.reason, entry.code])).toEqual([["refused", "because pass_used", ""]]);
});

test("a client that ends between the request and its answer sends the same nonce after the restart", async () => {
  const phone = await paired();
  const nonce = uuid7(phone.clock.now());
  phone.queue.add({ nonce, venue: VENUE, code: PASS, temperature: "fever" });
  phone.restart();
  phone.api.time += 61_000;
  await phone.queue.flush();
  expect(phone.api.calls).toEqual([nonce]);
  expect(timeOf(nonce)).toBe([...phone.api.visits.values()][0]);
});

test("a guard who never comes back leaves no code and no temperature on a shared phone", async () => {
  const phone = await paired();
  phone.scan(PASS, "fever");
  const kept = (): string => [...phone.storage.kept].filter(([key]) => key.startsWith("queue.")).join();
  phone.person = "per_2";
  phone.api.time += 9 * DAY;
  phone.queue.load();
  // Only the server's time ends it.
  expect(kept()).toContain("fever");
  phone.clock.heard(phone.api.time);
  phone.queue.load();
  expect(kept()).not.toMatch(/fever|VP1/);
  phone.person = "per_1";
  phone.queue.load();
  expect(phone.states()).toEqual(["expired"]);
});

test("another's scan does not end because the phone's clock is wrong, now or when it was made", async () => {
  for (const [then, now] of [
    [0, 30 * DAY],
    [-30 * DAY, -30 * DAY],
  ] as const) {
    const phone = await paired();
    phone.restart();
    phone.wrong = then;
    phone.scan();
    phone.person = "per_2";
    phone.wrong = now;
    phone.clock.heard(phone.api.time);
    phone.queue.load();
    phone.person = "per_1";
    phone.queue.load();
    expect(phone.states()).toEqual(["waiting"]);
  }
});

test("another's scan that is over and finds no room for its end goes", async () => {
  const phone = await paired();
  phone.scan(PASS, "fever");
  phone.person = "per_2";
  phone.api.time += 9 * DAY;
  phone.clock.heard(phone.api.time);
  const write = phone.storage.write.bind(phone.storage);
  phone.storage.write = () => {
    throw new Error("full");
  };
  phone.queue.load();
  phone.storage.write = write;
  expect(phone.storage.keys("queue.")).toEqual([]);
});

test("who waits for what is being sent already waits for its end", async () => {
  const phone = await paired();
  phone.scan();
  const first = phone.queue.flush();
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
  await first;
});

test("ten thousand entries are read in a moment, and none is forgotten before it is seen", async () => {
  const phone = await paired();
  phone.scan();
  const [key, text] = [...phone.storage.kept].find(([name]) => name.startsWith("queue."))!;
  const entry = JSON.parse(text) as object;
  phone.storage.kept.delete(key);
  for (let i = 0; i < 10_000; i++) {
    const nonce = uuid7(phone.clock.now() - i);
    phone.storage.kept.set(`queue.${nonce}`, JSON.stringify({ ...entry, id: nonce, nonce, state: "refused" }));
  }
  const reads = phone.storage.reads;
  phone.queue.load();
  expect(phone.queue.failed()).toHaveLength(10_000);
  expect(phone.storage.reads - reads).toBeLessThan(10_010);
  phone.queue.seen();
  expect(phone.storage.keys("queue.")).toEqual([]);
});
