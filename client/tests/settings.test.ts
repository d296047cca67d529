import { beforeEach, expect, test, vi } from "vitest";

import { firstLanguage } from "@/state/settings";

import { fieldCases } from "./field-cases";

/** Open the client on a phone whose platform has this font setting, in pixels. */
async function openedAt(fontSizeSetting: number | undefined) {
  vi.resetModules();
  Object.assign(uni, { getSystemInfoSync: () => ({ language: "zh-Hans", fontSizeSetting }) });
  return await import("@/state/settings");
}

beforeEach(() => uni.removeStorageSync("settings"));

test.each([
  ["small", 14, 1],
  ["the usual one", 16, 1],
  ["that of an iPhone", 17, 1],
  ["one below the second scale", 20, 1],
  ["large", 21, 1.3],
  ["larger", 26, 1.6],
  ["the largest", 32, 2],
  ["beyond every scale", 40, 2],
  ["none, as of an old platform", undefined, 1],
])("who opens a mini-program first reads it in the size of the platform: %s", async (_, size, scale) => {
  const { settings } = await openedAt(size);
  expect(settings.scale).toBe(scale);
});

test("the size that somebody has chosen stays, whatever the platform has", async () => {
  const first = await openedAt(26);
  first.settings.scale = 1;
  first.keepSettings();
  const later = await openedAt(26);
  expect(later.settings.scale).toBe(1);
});

const TAGS = fieldCases("languages")
  .map(({ input, expected }) => [(input.header as Record<string, string>)["Accept-Language"]!, expected.content_language] as const)
  // A phone names one language; several with weights are a header's.
  .filter(([tag]) => !tag.includes(","));

test.each(TAGS)("a phone in %s is read as by the API: %s", async (tag, language) => {
  const { languageOf } = await openedAt(16);
  expect(languageOf(tag)).toBe(language);
});

test.each([
  ["the phone's, if the region offers it", undefined, "en-GB", ["zh-Hans", "en"], "en"],
  ["the region's first, if it offers none like the phone's", undefined, "en-GB", ["zh-Hant", "zh-Hans"], "zh-Hant"],
  ["the other script, if the phone's is not offered", undefined, "zh-TW", ["en", "zh-Hans"], "zh-Hans"],
  ["the region's first, if it offers no Chinese", undefined, "zh-CN", ["en"], "en"],
  ["the chosen one, whatever the phone's", "zh-Hant", "en-GB", ["zh-Hans", "zh-Hant", "en"], "zh-Hant"],
  ["the other script, if the chosen one is no longer offered", "zh-Hant", "en-GB", ["en", "zh-Hans"], "zh-Hans"],
  ["the region's first, if the chosen one is no longer offered", "en", "zh-TW", ["zh-Hans", "zh-Hant"], "zh-Hans"],
] as const)("the client starts in %s", (_, chosen, phone, offered, language) => {
  expect(firstLanguage(chosen, phone, offered)).toBe(language);
});
