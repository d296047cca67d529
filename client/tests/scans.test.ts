import { expect, test, vi } from "vitest";
import { nextTick, watch } from "vue";

import { Clock } from "@/api/clock";
import { uuid7 } from "@/api/nonce";
import { Problem, Unanswered } from "@/api/problem";
import { colourAfter, declaredAt, leftScan, noteDeclared, takeScreen } from "@/state/scans";
import { NotRecorded, Scans } from "@/state/written-scan";
import { FakeStorage } from "./fake-storage";

const NOON = Date.parse("2022-04-24T04:00:00.000Z");
const SCREEN = { scan_id: "scn_1" } as never;

function phone(answers: unknown[]) {
  const kept = new FakeStorage();
  const sent: { nonce: string; writtenBefore: boolean }[] = [];
  const state = { now: NOON, personId: "per_1" as string | null };
  const post = async (request: { nonce: string }) => {
    sent.push({ nonce: request.nonce, writtenBefore: kept.kept.size === 1 });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer as never;
  };
  const full = () => {
    kept.write = () => {
      throw new Error("full");
    };
  };
  const open = () => new Scans(kept, post as never, new Clock(() => state.now), () => state.personId);
  return { kept, sent, state, full, open };
}

test("a scan is written down before it is sent, and deleted once it is answered", async () => {
  const { kept, sent, open } = phone([SCREEN]);
  expect(await open().scan({ code: "A" })).toBe(SCREEN);
  expect(sent[0]!.writtenBefore).toBe(true);
  expect(kept.kept.size).toBe(0);
});

test.each([
  ["no answer", new Unanswered("")],
  ["503", new Problem(503, {}, "1")],
  ["429", new Problem(429, {}, "5")],
])("after a lost answer the same visit is sent again, also after a restart: %s", async (_, lost) => {
  const { kept, sent, open } = phone([lost, SCREEN]);
  await expect(open().scan({ code: "A", on_behalf_of: "per_2" })).rejects.toBe(lost);
  const written = kept.read<{ request: unknown }>("scan")!.request;
  expect(written).toMatchObject({ code: "A", on_behalf_of: "per_2" });
  const restarted = open();
  expect(restarted.waits()).toBe(true);
  expect(await restarted.again()).toBe(SCREEN);
  expect(sent[1]!.nonce).toBe(sent[0]!.nonce);
  expect(restarted.waits()).toBe(false);
});

test.each([400, 403, 404, 410])("an answer %i ends it: another try is another visit", async (status) => {
  const { open } = phone([new Problem(status, {}, undefined)]);
  const scans = open();
  await expect(scans.scan({ code: "A" })).rejects.toMatchObject({ status });
  expect(scans.waits()).toBe(false);
});

test("a scan that is older than ten minutes was not recorded, and is not sent", async () => {
  const { sent, state, open } = phone([new Unanswered("")]);
  await expect(open().scan({ code: "A" })).rejects.toBeInstanceOf(Unanswered);
  state.now += 10 * 60_000 + 1;
  const scans = open();
  await expect(scans.again()).rejects.toBeInstanceOf(NotRecorded);
  expect(sent).toHaveLength(1);
  expect(scans.waits()).toBe(false);
});

test("a scan that the API finds too old was not recorded", async () => {
  const late = new Problem(422, { code: "clock_skewed", server_time: new Date(NOON + 700_000).toISOString() }, undefined);
  const { open } = phone([new Unanswered(""), late]);
  await expect(open().scan({ code: "A" })).rejects.toBeInstanceOf(Unanswered);
  await expect(open().again()).rejects.toBeInstanceOf(NotRecorded);
});

test("whoever scans the same code again after a lost answer makes one visit", async () => {
  const { sent, open } = phone([new Unanswered(""), SCREEN, SCREEN]);
  const scans = open();
  await expect(scans.scan({ code: "A", on_behalf_of: null })).rejects.toBeInstanceOf(Unanswered);
  expect(await scans.scan({ code: "A", on_behalf_of: null })).toBe(SCREEN);
  expect(sent[1]!.nonce).toBe(sent[0]!.nonce);
  await scans.scan({ code: "A", on_behalf_of: null });
  expect(sent[2]!.nonce).not.toBe(sent[0]!.nonce);
});

test("a scan for another person or of another code is a visit of its own", async () => {
  const { sent, open } = phone([new Unanswered(""), new Unanswered(""), SCREEN]);
  const scans = open();
  await expect(scans.scan({ code: "A" })).rejects.toBeInstanceOf(Unanswered);
  await expect(scans.scan({ code: "A", on_behalf_of: "per_2" })).rejects.toBeInstanceOf(Unanswered);
  await scans.scan({ code: "B", on_behalf_of: "per_2" });
  expect(new Set(sent.map((one) => one.nonce)).size).toBe(3);
});

test("the scan of one person is not sent with the login of another", async () => {
  const { sent, state, open } = phone([new Unanswered(""), SCREEN]);
  await expect(open().scan({ code: "A" })).rejects.toBeInstanceOf(Unanswered);
  state.personId = "per_9";
  expect(await open().again()).toBeNull();
  state.personId = "per_1";
  expect(open().waits()).toBe(false);
  expect(sent).toHaveLength(1);
});

test("a phone with a wrong clock keeps the scan under the nonce that counts", async () => {
  const skewed = new Problem(422, { code: "clock_skewed", server_time: new Date(NOON + 7_200_000).toISOString() }, undefined);
  const { kept, sent, open } = phone([skewed, new Unanswered("")]);
  await expect(open().scan({ code: "A" })).rejects.toBeInstanceOf(Unanswered);
  expect(kept.read<{ request: { nonce: string } }>("scan")!.request.nonce).toBe(sent[1]!.nonce);
  expect(sent[1]!.nonce.slice(0, 8)).toBe(uuid7(NOON + 7_200_000).slice(0, 8));
});

test("a phone whose storage is full can scan", async () => {
  const { sent, full, open } = phone([SCREEN]);
  full();
  expect(await open().scan({ code: "A" })).toBe(SCREEN);
  expect(sent).toHaveLength(1);
});

test("a browser that keeps nothing still sends a lost scan with the nonce that it had", async () => {
  const { sent, full, open } = phone([new Unanswered(""), SCREEN]);
  full();
  const scans = open();
  await expect(scans.scan({ code: "A", on_behalf_of: "per_2" })).rejects.toBeInstanceOf(Unanswered);
  expect([scans.waits(), scans.waitsFor()]).toEqual([true, "per_2"]);
  await scans.again();
  expect(sent[1]!.nonce).toBe(sent[0]!.nonce);
  expect([scans.waits(), scans.waitsFor()]).toEqual([false, null]);
});

test("a code that is typed after it was scanned is the same visit", async () => {
  const { sent, open } = phone([new Unanswered(""), SCREEN]);
  const scans = open();
  await expect(scans.scan({ code: "https://V.EXAMPLE.COM/V/32P3WWT3Y0B8J32H" })).rejects.toBeInstanceOf(Unanswered);
  await scans.scan({ code: "32p3-wwt3-y0b8-j32h" });
  expect(sent[1]!.nonce).toBe(sent[0]!.nonce);
});

test("a scan that is away is not sent a second time; both who ask get its answer", async () => {
  let answer: (screen: never) => void = () => undefined;
  const { sent, open } = phone([new Promise<never>((resolve) => (answer = resolve))]);
  const scans = open();
  const both = Promise.all([scans.scan({ code: "A" }), scans.again()]);
  answer(SCREEN);
  expect(await both).toEqual([SCREEN, SCREEN]);
  expect(sent).toHaveLength(1);
});

test("the answer to a scan whose page was left is shown until its result is opened", () => {
  leftScan.scanId = "scn_1";
  takeScreen("scn_2");
  expect(leftScan.scanId).toBe("scn_1");
  takeScreen("scn_1");
  expect(leftScan.scanId).toBe("");
});

test("the colour that follows a declaration is waited for, for a minute, while none has come", () => {
  vi.useFakeTimers({ now: NOON });
  const seen = (scan_id: string, state: string) => colourAfter({ scan_id, health_code: { state } } as Parameters<typeof colourAfter>[0]) !== null;
  expect(seen("scn_1", "light_green")).toBe(false);
  noteDeclared("scn_1");
  expect([seen("scn_1", "light_green"), seen("scn_2", "light_green"), seen("scn_1", "green")]).toEqual([true, false, false]);
  vi.setSystemTime(NOON + 60_000);
  expect(seen("scn_1", "light_green")).toBe(false);
  vi.useRealTimers();
});

test("a page that shows a scan hears that the answer to its declaration has come", async () => {
  let heard = 0;
  const stop = watch(() => declaredAt("scn_4"), () => heard++);
  noteDeclared("scn_5");
  await nextTick();
  expect(heard).toBe(0);
  noteDeclared("scn_4");
  await nextTick();
  expect(heard).toBe(1);
  stop();
});
