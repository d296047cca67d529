import { expect, test } from "vitest";

import { byDay, useList, type Page } from "@/state/lists";
import { useAnswer } from "@/state/answers";

/** Answers one page for each cursor; "" is the first. */
function pages(given: Record<string, Page<number>>) {
  const asked: (string | undefined)[] = [];
  return {
    asked,
    ask: async (cursor: string | undefined) => {
      asked.push(cursor);
      return given[cursor ?? ""]!;
    },
  };
}

test("more continues where the list ended, until there is no cursor", async () => {
  const { ask } = pages({ "": { items: [1, 2], next_cursor: "b" }, b: { items: [3], next_cursor: null } });
  const list = useList(ask);
  await list.load();
  expect(list).toMatchObject({ items: [1, 2], hasMore: true, loaded: true, loading: false });
  await list.more();
  expect(list).toMatchObject({ items: [1, 2, 3], hasMore: false });
});

test("an empty page that has a next one does not look like an empty list", async () => {
  const { ask, asked } = pages({ "": { items: [], next_cursor: "b" }, b: { items: [], next_cursor: "c" }, c: { items: [7], next_cursor: null } });
  const list = useList(ask);
  await list.load();
  expect(list.items).toEqual([7]);
  expect(asked).toEqual([undefined, "b", "c"]);
});

test("a list of empty pages without an end asks the person after five", async () => {
  const { ask, asked } = pages({ "": { items: [], next_cursor: "" } });
  const list = useList(ask);
  await list.load();
  expect(asked).toHaveLength(5);
  expect(list).toMatchObject({ hasMore: true, loading: false });
});

test("what is shown stays when a later page is lost, and more asks for the same page again", async () => {
  let lost = false;
  const asked: (string | undefined)[] = [];
  const list = useList(async (cursor) => {
    asked.push(cursor);
    if (lost) throw new Error("lost");
    return cursor === undefined ? { items: [1], next_cursor: "b" } : { items: [2], next_cursor: null };
  });
  await list.load();
  lost = true;
  await list.more();
  expect(list.items).toEqual([1]);
  expect(list.error).toBeInstanceOf(Error);
  lost = false;
  await list.more();
  expect(list).toMatchObject({ items: [1, 2], error: null });
  expect(asked).toEqual([undefined, "b", "b"]);
});

test("the late answer about one person is not shown for another", async () => {
  const waiting: ((page: Page<string>) => void)[] = [];
  const list = useList<string>(() => new Promise((resolve) => waiting.push(resolve)));
  const first = list.load();
  const second = list.load();
  waiting[1]!({ items: ["grandmother"], next_cursor: null });
  await second;
  waiting[0]!({ items: ["oneself"], next_cursor: null });
  await first;
  expect(list.items).toEqual(["grandmother"]);
});

test("what is being read about one person does not come once the page is about another", async () => {
  let answer: (page: Page<string>) => void = () => {};
  const list = useList<string>(() => new Promise((resolve) => (answer = resolve)));
  const read = list.load();
  list.clear();
  answer({ items: ["oneself"], next_cursor: "b" });
  await read;
  expect(list).toMatchObject({ items: [], loaded: false, loading: false, hasMore: false });
});

test("an answer stays while a later try fails", async () => {
  let lost = false;
  const answer = useAnswer(async () => {
    if (lost) throw new Error("lost");
    return "profile";
  });
  await answer.load();
  lost = true;
  await answer.load();
  expect(answer).toMatchObject({ value: "profile", loading: false });
  expect(answer.error).toBeInstanceOf(Error);
});

test("visits stand in days of the phone's zone", () => {
  const at = (day: number, hour: number) => new Date(2022, 3, day, hour).toISOString();
  const days = byDay([at(24, 9), at(24, 0), at(23, 23)], (item) => item);
  expect(days.map((day) => [day.at.getDate(), day.items.length])).toEqual([[24, 2], [23, 1]]);
});
