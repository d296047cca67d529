import { expect, test } from "vitest";

import { hasArrived, noteLaunch, noteShown, takeArrival } from "@/state/arrival";
import { changedRows, evidenceMore } from "@/state/evidence";

test("the code with which the client was opened is kept over a login, and sent once", () => {
  noteLaunch({ code: "32P3WWT3Y0B8J32H" });
  // The home page and the login have no code.
  noteLaunch({});
  noteLaunch(undefined);
  expect(hasArrived()).toBe(true);
  expect(takeArrival()).toBe("32P3WWT3Y0B8J32H");
  expect(hasArrived()).toBe(false);
  expect(takeArrival()).toBeNull();
});

test("a launch's code counts once, however often Alipay shows the client with it", () => {
  noteLaunch({ qrCode: "32P3WWT3Y0B8J32H" });
  noteShown({ qrCode: "32P3WWT3Y0B8J32H" });
  expect(takeArrival()).toBe("32P3WWT3Y0B8J32H");
  // The phone is unlocked, or the client comes back to the front.
  noteShown({ qrCode: "32P3WWT3Y0B8J32H" });
  noteShown(undefined);
  noteShown({});
  expect(hasArrived()).toBe(false);
  // Another code is another door, and the launch's own page may say its code again.
  noteShown({ qrCode: "55P3WWT3Y0B8J32H" });
  expect(takeArrival()).toBe("55P3WWT3Y0B8J32H");
  noteShown({ qrCode: "32P3WWT3Y0B8J32H" });
  expect(takeArrival()).toBe("32P3WWT3Y0B8J32H");
});

const PENDING = { state: "pending", text: "获取中", stale: false, fetched_at: null, observed_at: null };
const GREEN = { ...PENDING, state: "green", text: "绿码" };
const screen = (health: object, card: object = PENDING) =>
  ({
    health_code: health,
    nucleic_acid: { ...PENDING, within_48h: false, within_hours: null },
    vaccination: { ...PENDING, doses: null, last_dose_on: null },
    travel_card: { ...card, valid_until: null, official_url: "" },
  }) as never;

test("a screen reader hears only the rows that changed", () => {
  expect(changedRows(screen(PENDING), screen(PENDING))).toBe("");
  expect(changedRows(screen(PENDING), screen(GREEN))).toBe("健康码，绿码。");
  expect(changedRows(screen(PENDING), screen(GREEN, { ...PENDING, state: "normal", text: "正常" }))).toBe("健康码，绿码。 行程卡，正常。");
});

test("a provider that did not answer in time is said so", () => {
  expect(evidenceMore(screen({ ...PENDING, state: "unknown", text: "未知" })).health).toBe("没有及时收到答复");
});
