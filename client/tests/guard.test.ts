import { beforeEach, expect, test } from "vitest";
import { nextTick } from "vue";

import { bands, choosePlace, guard, workplaces } from "@/state/guard";
import { session } from "@/state/session";
import { phoneStorage } from "@/state/storage";

const VENUE = { venue_id: "V1", name: "文化馆" };
const hints = () => bands().slice(0, 2).map(({ hint }) => hint);

/** The venues that the API answers with. */
function answers(items: object[]): void {
  Object.assign(uni, {
    request: ({ success }: { success: (answer: object) => void }) => success({ statusCode: 200, header: {}, data: { items } }),
  });
}

beforeEach(() => session.entered("a1", "r1", "per_A"));

test("a guard's choices name the limit of fever of the venue's region", () => {
  choosePlace({ ...VENUE, fever_from_celsius: 37.8 });
  expect(hints()).toEqual(["低于 37.8 ℃", "37.8 ℃ 及以上"]);
});

test("the limit follows the region's policy while the venue stays chosen, and is kept for a day without a network", async () => {
  choosePlace({ ...VENUE, fever_from_celsius: 37.8 });
  answers([{ venue_id: "V0", fever_from_celsius: 36.5 }, { ...VENUE, fever_from_celsius: 38 }]);
  await workplaces.load();
  await nextTick();
  expect(hints()).toEqual(["低于 38.0 ℃", "38.0 ℃ 及以上"]);
  session.entered("b1", "s1", "per_B");
  session.entered("a1", "r1", "per_A");
  expect(hints()).toEqual(["低于 38.0 ℃", "38.0 ℃ 及以上"]);
});

test("a venue that was chosen before the limit was known names none", () => {
  phoneStorage.write("guard.per_C", { id: "V1", name: "文化馆" });
  session.entered("c1", "t1", "per_C");
  expect(guard.place?.name).toBe("文化馆");
  expect(hints()).toEqual([undefined, undefined]);
});

test("a known limit stays when the same venue is chosen by a list that does not name it, also in the storage", () => {
  session.entered("d1", "u1", "per_D");
  choosePlace({ ...VENUE, fever_from_celsius: 37.8 });
  choosePlace(VENUE);
  expect(hints()).toEqual(["低于 37.8 ℃", "37.8 ℃ 及以上"]);
  session.entered("a1", "r1", "per_A");
  session.entered("d1", "u1", "per_D");
  expect(hints()).toEqual(["低于 37.8 ℃", "37.8 ℃ 及以上"]);
  // Another venue may be in another region.
  choosePlace({ venue_id: "V2", name: "图书馆" });
  expect(hints()).toEqual([undefined, undefined]);
});
