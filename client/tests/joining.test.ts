import { expect, test } from "vitest";

import { joinCodeOf } from "@/api/scanned";
import { keepJoinCode, takeJoinCode } from "@/state/joining";

const JOIN = "https://V.EXAMPLE.COM/V/J-7RHYG5G07";
const CODE = "32P3WWT3Y0B8J32H";

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
