/** A guard at a station: a reader that does not load, large text, a phone that cannot be paired, a temperature afterwards. */

import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Chromium, type Phone, type PhoneOptions } from "./browser";
import { sideways } from "./checks";
import { makeCast, opened, PAGES, type Cast } from "./pages";
import { verified } from "./people";
import { text } from "./texts";

let chromium: Chromium;
let cast: Cast;
const phones: Phone[] = [];

beforeAll(async () => {
  chromium = await Chromium.launch();
  cast = await makeCast();
});
afterEach(async () => {
  for (const phone of phones.splice(0)) {
    expect(phone.complaints.filter((said) => !/Failed to fetch|worker/i.test(said))).toEqual([]);
    await phone.close();
  }
});
afterAll(() => chromium.close());

async function page(name: string, options: PhoneOptions = {}): Promise<Phone> {
  const phone = await opened(chromium, cast, PAGES.find(([one]) => one === name)!, options);
  phones.push(phone);
  return phone;
}

/** Load the page anew in a browser whose workers fail, or start and never answer. */
async function withWorkers(phone: Phone, that: "fail" | "hang"): Promise<void> {
  await phone.page.addInitScript((what) => {
    class Silent extends EventTarget {
      onerror: (() => void) | null = null;
      constructor() {
        super();
        if (what === "fail") setTimeout(() => this.onerror?.());
      }
      postMessage(): void {}
      terminate(): void {}
    }
    (window as unknown as { Worker: unknown }).Worker = Silent;
  }, that);
  await phone.page.reload();
}

/** Return whether all of a part is on the screen. */
function inView(phone: Phone, selector: string): Promise<boolean> {
  return phone.page.evaluate((one) => {
    const box = [...document.querySelectorAll(one)].find((part) => part.getClientRects().length > 0)!.getBoundingClientRect();
    return box.top >= 0 && box.bottom <= window.innerHeight;
  }, selector);
}

async function picks(phone: Phone, png: Buffer): Promise<void> {
  const [chooser] = await Promise.all([phone.page.waitForEvent("filechooser"), phone.press(text("guard.album"))]);
  await chooser.setFiles({ name: "pass.png", mimeType: "image/png", buffer: png });
}

/** Return a picture of a visitor's pass. */
async function pass(): Promise<Buffer> {
  const person = await verified();
  const phone = await chromium.phone({ person });
  await phone.open();
  await phone.page.getByRole("img", { name: person.name[0] }).waitFor();
  const png = await phone.page.screenshot({ type: "png" });
  await phone.close();
  return png;
}

it.each(["fail", "hang"] as const)("reads passes in the page when the browser's workers %s", async (how) => {
  const phone = await page("guard-scan");
  const png = await pass();
  await withWorkers(phone, how);
  await phone.by("button", text("guard.album")).waitFor();
  await picks(phone, png);
  await phone.by("heading", text("guard.glance_admit")).waitFor({ timeout: 30_000 });
});

it.each([
  ["guard-scan", "guard.camera_unread_more"],
  ["scan", "visitor.camera_unread_more"],
])("shows no dead camera when nothing can read: %s says what to do instead", async (name, otherwise) => {
  const phone = await page(name);
  await phone.page.route(/reader|decode/, (route) => route.fulfill({ status: 404, body: "" }));
  await phone.page.reload();
  await phone.page.getByText(text("visitor.camera_unread")).waitFor();
  await phone.page.getByText(text(otherwise)).waitFor();
  expect(await phone.page.locator("video").isVisible()).toBe(false);
  await phone.page.unroute(/reader|decode/);
  await phone.press(text("common.retry"));
  await phone.page.locator("video").waitFor({ state: "visible" });
});

it.each([
  [2, 640],
  [1, 568],
] as const)("a pairing fault leaves the camera on a small screen at %s times the text", async (scale, height) => {
  const phone = await page("guard-scan", { width: 320, height, scale, language: "en" });
  await phone.page.route("**/v1/me/devices", (route) =>
    route.fulfill({ status: 409, contentType: "application/problem+json", json: { type: "about:blank", title: "", status: 409, code: "too_many_devices", detail: "You have paired five phones. Please revoke one of them first." } }),
  );
  await phone.page.evaluate(() => Object.keys(localStorage).filter((key) => /vc\.(device|pairing)\./.test(key)).forEach((key) => localStorage.removeItem(key)));
  await phone.page.reload();
  const told = phone.by("button", text("guard.cannot_keep", {}, "en"));
  await told.waitFor();
  expect(await inView(phone, ".cam-frame")).toBe(true);
  expect(await sideways(phone.page)).toEqual([]);
  await told.click();
  await phone.arrives("pages/guard/offline/offline");
});

it("parts no phone number in the abnormal list at 200 % text, and has the venue's figures below the list", async () => {
  const phone = await page("guard-abnormal", { width: 320, height: 640, scale: 2, language: "en" });
  const numbers = phone.page.locator(".li .nb");
  await numbers.first().waitFor();
  for (const lines of await numbers.evaluateAll((all) => all.map((one) => one.getClientRects().length && Math.round(one.scrollHeight / parseFloat(getComputedStyle(one).lineHeight))))) expect(lines).toBe(1);
  expect(await sideways(phone.page)).toEqual([]);
  expect(await phone.page.getByRole("radio", { name: text("guard.by_unit", {}, "en") }).isChecked()).toBe(true);
  const [list, figures] = await Promise.all([".list", ".figures"].map((one) => phone.page.locator(one).first().boundingBox()));
  expect(list!.y).toBeLessThan(figures!.y);
});

it("names a temperature that was measured afterwards, so that a retry is the same measurement", async () => {
  const phone = await page("guard-scan");
  await picks(phone, await pass());
  await phone.by("heading", text("guard.glance_admit")).waitFor();
  const [sent] = await Promise.all([phone.page.waitForRequest("**/temperature"), phone.press(text("guard.normal"))]);
  expect((sent.postDataJSON() as { nonce: string }).nonce).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});
