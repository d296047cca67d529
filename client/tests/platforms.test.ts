import { expect, test } from "vitest";

import { faults, type Platform } from "../scripts/platforms";

const SOURCE = `
uni.scanCode({});
uni.onThemeChange(() => undefined);
wx.showShareImageMenu({ path: "" });
my.getAuthCode({ scopes: "auth_base" });
document.title = "";
// #ifdef MP-WEIXIN
wx.showShareImageMenu({ path: "" });
// #endif
uni.chooseFile({});
// #ifdef MP-ALIPAY
my.getPhoneNumber({ scope: 1 });
// #endif
`;

test.each<[Platform, string[]]>([
  [
    "h5",
    [
      "src/text.ts(2,5): Property 'scanCode' does not exist on type 'UniInBrowsers'.",
      "src/text.ts(4,1): Cannot find name 'wx'.",
      "src/text.ts(5,1): Cannot find name 'my'.",
    ],
  ],
  [
    "mp-weixin",
    [
      "src/text.ts(5,1): Cannot find name 'my'.",
      expect.stringContaining("src/text.ts(6,1): Cannot find name 'document'."),
      "src/text.ts(10,5): Property 'chooseFile' does not exist on type 'UniInWeChat'.",
    ],
  ],
  [
    "mp-alipay",
    [
      "src/text.ts(3,5): Property 'onThemeChange' does not exist on type 'UniInAlipay'.",
      "src/text.ts(4,1): Cannot find name 'wx'.",
      expect.stringContaining("src/text.ts(6,1): Cannot find name 'document'."),
      "src/text.ts(10,5): Property 'chooseFile' does not exist on type 'UniInAlipay'.",
      expect.stringContaining("src/text.ts(12,21): "),
    ],
  ],
])("a call that %s lacks is a fault, where it stands", { timeout: 60_000 }, (platform, expected) => {
  expect(faults(platform, SOURCE)).toEqual(expected);
});
