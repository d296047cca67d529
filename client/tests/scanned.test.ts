import { expect, test } from "vitest";

import { FirstSight } from "@/api/first-sight";
import { kindOf, launchCode } from "@/api/scanned";
import { fieldCases } from "./field-cases";

const CODE = "32P3WWT3Y0B8J32H";
const URL_ = `https://V.EXAMPLE.COM/V/${CODE}`;
const full = encodeURIComponent;

/** What the field's cases describe, of the venue above; a file that a platform asks for is not scanned. */
const FROM_THE_FIELD: Record<string, string> = {
  "serial-typed": CODE.replace(/(.{4})(?!$)/g, "$1-"),
  "scheme-case": URL_,
};
const SCANNED = fieldCases("venue codes").filter(({ input }) => !String(input.call).startsWith("GET "));

test.each(SCANNED)("a venue's code is one in the field, too: $id", ({ id }) => {
  expect(kindOf(FROM_THE_FIELD[id]!)).toBe("venue");
});

// The other dialects that the API reads (tests/unit/test_venue_codes.py).
test.each([
  ["with dashes of a phone's keyboard", "32P3–WWT3–Y0B8–J32H"],
  ["in lower case", URL_.toLowerCase()],
  ["bare", CODE],
  ["without the host", `/V/${CODE}`],
  ["a scene", `v/${CODE}`],
  ["with what an app has hung on it", `${URL_}?from=timeline#wechat`],
  ["WeChat's plain link", `pages/scan?q=${full(URL_)}&scancode_time=1650000000`],
  ["q, encoded twice", `q=${full(full(URL_))}`],
  ["Alipay's launch", `alipays://platformapi/startapp?appId=20&qrCode=${full(URL_)}`],
  ["Alipay's own address", `https://ds.alipay.com/?scheme=${full(`alipays://platformapi/startapp?query=${full(`qrCode=${full(URL_)}`)}`)}`],
  ["a path with a scene", `pages/scan/scan?scene=${CODE}`],
  ["a scanner that is a keyboard", `\u0002]Q1\\000026${URL_}\r\n`],
  ["an input method for Chinese", "https：／／Ｖ。EXAMPLE。COM／V／32P3WWT3Y0B8J32H"],
  ["marks that cannot be seen", `\u202d${CODE}\u202c`],
])("a venue's code is one: %s", (_, text) => {
  expect(kindOf(text)).toBe("venue");
});

test.each(["VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H", "vp1.p.1.7RHYG5G075CMMCW9ABCDEFGHJKMN0123456789ABC", "VP1.C.1.A.B.C.D\r\n"])(
  "a pass is one, and is not sent as a venue's code: %s",
  (text) => {
    expect(kindOf(text)).toBe("pass");
  },
);

test("a join poster is one", () => {
  expect(kindOf("https://V.EXAMPLE.COM/V/J-7RHYG5G07")).toBe("join");
  expect(kindOf(`q=${full("https://V.EXAMPLE.COM/V/J-7RHYG5G07")}`)).toBe("join");
});

test.each(["https://example.com/pay/abc", "", "HDCODE", "x".repeat(2049), "%E0%A4%A", "WIFI:S:home;T:WPA;P:secret;;"])(
  "anything else is none of ours: %s",
  (text) => {
    expect(kindOf(text)).toBe("other");
  },
);

test.each([
  ["WeChat, a link's code", { q: full(URL_), scancode_time: "1650000000" }, full(URL_)],
  ["WeChat, a mini-program's code", { scene: CODE }, CODE],
  ["Alipay", { qrCode: URL_ }, URL_],
  ["a browser", { code: CODE }, CODE],
])("the client goes on with the code it was opened with, unchanged: %s", (_, query, expected) => {
  expect(launchCode(query)).toBe(expected);
});

test("an opening without a code has none", () => {
  expect(launchCode(undefined)).toBeNull();
  expect(launchCode({ scene: "1001" })).toBeNull();
});

test("a code that stays in view is read once, and again three seconds after it left", () => {
  let now = 0;
  const sights = new FirstSight(() => now);
  expect(sights.isNew("a")).toBe(true);
  for (now = 125; now < 9_000; now += 125) expect(sights.isNew("a")).toBe(false);
  expect(sights.isNew("b")).toBe(true);
  now += 2_800;
  expect(sights.isNew("a")).toBe(false);
  now += 3_000;
  expect(sights.isNew("a")).toBe(true);
});
