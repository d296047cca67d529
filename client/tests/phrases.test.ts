import { afterEach, beforeEach, expect, test, vi } from "vitest";

import apiHans from "@/texts/api/zh-Hans.json";
import apiHant from "@/texts/api/zh-Hant.json";
import zhHans from "@/texts/zh-Hans.json";
import zhHant from "@/texts/zh-Hant.json";

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal("CSS", { supports: () => true });
});
afterEach(() => vi.unstubAllGlobals());

/** Return a text with a bar where a line may end, as a phone shows it that was just opened. */
async function barred(text: string): Promise<string | undefined> {
  const { phrases } = await import("@/texts/phrases");
  return phrases(text)?.join("|");
}

test.each([
  ["words stay whole", "向工作人员出示", "向工作人员|出示"],
  ["one that ends others goes with them", "请出示给工作人员", "请出示给|工作人员"],
  ["in both scripts", "請掃訪客的通行碼", "請掃|訪客的|通行碼"],
  ["punctuation follows", "没有网络，请重试。", "没有|网络，|请重试。"],
  ["a bracket goes with what it opens", "联系电话（选填）", "联系|电话|（选填）"],
  ["as does a quotation mark", "只查“正常”", "只查|“正常”"],
  ["a number keeps its unit", "48 小时内可以撤回。", "48 小时内|可以|撤回。"],
  ["without a blank, too", "48小时内", "48小时内"],
  ["and its sign", "低于 37.3 ℃", "低于 |37.3 ℃"],
  ["a phone number has no unit", "13700009999 端木甲", "13700009999 |端木甲"],
  ["dates and latin words break where they did", "2019-04-24 至 PDF/A", "2019-04-24 |至 |PDF/A"],
  ["what one character says leads on", "登记未通过", "登记|未通过"],
  ["or ends what is before", "健康码会更新", "健康码会|更新"],
  ["a name of one character stays alone", "红", "红"],
  ["nothing is nothing", "", ""],
])("%s: %s", async (_, text, expected) => {
  expect(await barred(text)).toBe(expected);
});

test("no text of the client is changed, and none has a line that begins with punctuation or ends with a bracket", async () => {
  for (const text of [zhHans, zhHant, apiHans, apiHant].flatMap((texts) => Object.values<string>(texts))) {
    const lines = (await barred(text))!.split("|");
    expect(lines.join("")).toBe(text);
    expect(lines.filter((line, at) => (at > 0 && /^[，。、；：？！）」』》”’·]/.test(line)) || (at < lines.length - 1 && /[（「『《“‘]$/.test(line)))).toEqual([]);
  }
});

test.each([
  ["no Intl", undefined],
  ["no Segmenter", {}],
  ["no Chinese dictionary", { Segmenter: class { segment = (text: string) => [...text].map((segment) => ({ segment, isWordLike: true })); } }],
])("lines end as they always did with %s", async (_, known) => {
  vi.stubGlobal("Intl", known);
  expect(await barred("向工作人员出示")).toBeUndefined();
});
