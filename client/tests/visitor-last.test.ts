/** What a visitor must not lose, as far as it can be seen without a page. */

import { expect, test } from "vitest";

import { Clock } from "@/api/clock";
import { Unanswered } from "@/api/problem";
import { joinCodeOf } from "@/api/scanned";
import { hasArrived, noteLaunch, noteShown, takeArrival } from "@/state/arrival";
import { keepJoinCode, takeJoinCode } from "@/state/joining";
import { leftScan, takeScreen } from "@/state/scans";
import { Session } from "@/state/session";
import type { Storage } from "@/state/storage";
import { Scans } from "@/state/written-scan";

const JOIN = "https://V.EXAMPLE.COM/V/J-7RHYG5G07";
const CODE = "32P3WWT3Y0B8J32H";
const SCREEN = { scan_id: "scn_1" } as never;

/** A storage that takes nothing, as of a private window. */
const DENIED: Storage = {
  read: () => null,
  write: () => {
    throw new Error("denied");
  },
  remove: () => undefined,
};

test.each([
  ["as printed", JOIN, "7RHYG5G07"],
  ["in lower case", JOIN.toLowerCase(), "7RHYG5G07"],
  ["of a launch", `q=${encodeURIComponent(JOIN)}`, "7RHYG5G07"],
  ["a venue's code", CODE, null],
  ["a pass", "VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H", null],
])("a join code is read from what was scanned: %s", (_, text, code) => {
  expect(joinCodeOf(text)).toBe(code);
});

test("a join code that was scanned is in hand once", () => {
  expect(keepJoinCode(CODE)).toBe(false);
  expect(keepJoinCode(JOIN)).toBe(true);
  expect([takeJoinCode(), takeJoinCode()]).toEqual(["7RHYG5G07", null]);
});

test("a launch's code counts once, however often Alipay shows the client with it", () => {
  noteLaunch({ qrCode: CODE });
  noteShown({ qrCode: CODE });
  expect(takeArrival()).toBe(CODE);
  // The phone is unlocked, or the client comes back to the front.
  noteShown({ qrCode: CODE });
  noteShown(undefined);
  noteShown({});
  expect(hasArrived()).toBe(false);
  // Another code is another door, and the launch's own page may say its code again.
  noteShown({ qrCode: "55P3WWT3Y0B8J32H" });
  expect(takeArrival()).toBe("55P3WWT3Y0B8J32H");
  noteShown({ qrCode: CODE });
  expect(takeArrival()).toBe(CODE);
});

function scansOf(storage: Storage, answers: (Promise<never> | Error)[]) {
  const nonces: string[] = [];
  const post = async (request: { nonce: string }) => {
    nonces.push(request.nonce);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return (await answer) as never;
  };
  return { nonces, scans: new Scans(storage, post as never, new Clock(), () => "per_1") };
}

test("a browser that keeps nothing still sends a lost scan with the nonce that it had", async () => {
  const { nonces, scans } = scansOf(DENIED, [new Unanswered(""), Promise.resolve(SCREEN)]);
  await expect(scans.scan({ code: CODE, on_behalf_of: "per_2" })).rejects.toBeInstanceOf(Unanswered);
  expect([scans.waits(), scans.waitsFor()]).toEqual([true, "per_2"]);
  await scans.again();
  expect(new Set(nonces).size).toBe(1);
  expect([scans.waits(), scans.waitsFor()]).toEqual([false, null]);
});

test("a code that is typed after it was scanned is the same visit", async () => {
  const { nonces, scans } = scansOf(DENIED, [new Unanswered(""), Promise.resolve(SCREEN)]);
  await expect(scans.scan({ code: `https://V.EXAMPLE.COM/V/${CODE}` })).rejects.toBeInstanceOf(Unanswered);
  await scans.scan({ code: "32p3-wwt3-y0b8-j32h" });
  expect(new Set(nonces).size).toBe(1);
});

test("a scan that is away is not sent a second time; both who ask get its answer", async () => {
  let answer: (screen: never) => void = () => undefined;
  const { nonces, scans } = scansOf(DENIED, [new Promise<never>((resolve) => (answer = resolve))]);
  const first = scans.scan({ code: CODE });
  const second = scans.again();
  answer(SCREEN);
  expect(await Promise.all([first, second])).toEqual([SCREEN, SCREEN]);
  expect(nonces).toHaveLength(1);
});

test("the answer to a scan whose page was left is shown until its result is opened", () => {
  leftScan.scanId = "scn_1";
  takeScreen("scn_2");
  expect(leftScan.scanId).toBe("scn_1");
  takeScreen("scn_1");
  expect(leftScan.scanId).toBe("");
});

test.each([{ access: "a" }, { access: "", refresh: "r", personId: "p" }, "text", 7])("what is no login in the storage is none: %j", (kept) => {
  const session = new Session({ ...DENIED, read: <T>() => kept as T });
  expect([session.access(), session.person()]).toEqual([null, null]);
});
