import { expect, test } from "vitest";

import { firstLanguage } from "@/state/settings";

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
