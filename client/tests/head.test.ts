import { expect, test } from "vitest";

import { holds, matching } from "@/state/catalogue";
import { daysLater, grouped } from "@/state/days";
import { byThree, StaffChanges } from "@/state/staff";

test("days go over months, years and leap days", () => {
  expect(daysLater("2022-04-30", 1)).toBe("2022-05-01");
  expect(daysLater("2022-01-01", -1)).toBe("2021-12-31");
  expect(daysLater("2024-02-28", 1)).toBe("2024-02-29");
});

test("figures have commas between thousands", () => {
  expect([0, 999, 1286, 1234567].map(grouped)).toEqual(["0", "999", "1,286", "1,234,567"]);
});

test("a join code is read in groups of three", () => {
  expect(byThree("23456789N")).toBe("234 567 89N");
});

test("a type is found by its name or by an example, in any case", () => {
  const types = [
    { code: "medical", name: "Medical care", members: ["Hospital", "Pharmacy"] },
    { code: "education", name: "Education", members: ["School"] },
  ] as Parameters<typeof matching>[0];
  expect(matching(types, " pharm").map((type) => type.code)).toEqual(["medical"]);
  expect(matching(types, "EDU").map((type) => type.code)).toEqual(["education"]);
  expect(matching(types, "")).toHaveLength(2);
});

test("a new join code is never asked for twice; what may be repeated is", async () => {
  const sent: [string, unknown, Record<string, unknown>][] = [];
  const api = {
    async post(path: string, body: unknown, options: Record<string, unknown>) {
      sent.push([path, body, options]);
      return { join_code: "AAABBBCCC" };
    },
  };
  const changes = new StaffChanges(api as never, "ven_1");
  const member = { person_id: "per_2" };
  expect(await changes.carryOut({ what: "rotate" })).toBe("AAABBBCCC");
  expect(await changes.carryOut({ what: "remove", member } as never)).toBeNull();
  expect(await changes.carryOut({ what: "hand_over", member } as never)).toBeNull();
  expect(sent).toEqual([
    ["/v1/venues/{venue_id}/join-code/rotate", undefined, { path: { venue_id: "ven_1" }, again: false }],
    ["/v1/venues/{venue_id}/staff/{person_id}/remove", undefined, { path: { venue_id: "ven_1", person_id: "per_2" } }],
    ["/v1/venues/{venue_id}/administrator", { person_id: "per_2" }, { path: { venue_id: "ven_1" } }],
  ]);
});

test("a region holds its cities and districts, a municipality its districts, and no other", () => {
  const above = ["440000", "440900", "440983", "310000", "429000"];
  const holding = (code: string): string[] => above.filter((region) => holds(region, code));
  expect(holding("440983")).toEqual(["440000", "440900", "440983"]);
  expect(holding("310101")).toEqual(["310000"]);
  expect(holding("429004")).toEqual(["429000"]);
  expect(holding("")).toEqual([]);
});
