/** The camera and what reads it: workers that fail, a reader that does not load, the torch. */

import { beforeAll, expect, it } from "vitest";
import type { Phone, PhoneOptions } from "./browser";
import { BY_HAND, DECIDED, passOf, picks } from "./guard";
import { makeCast, opened, PAGES, type Cast } from "./pages";
import { verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { browser, taken } = usePhones(/Failed to fetch|worker/i);
let cast: Cast;

beforeAll(async () => {
  cast = await makeCast();
});

/** Open a page of the client on a new phone, by its name. */
const page = async (name: string, options: PhoneOptions = {}): Promise<Phone> => taken(await opened(browser(), cast, PAGES.find(([one]) => one === name)!, options));

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

it.each(["fail", "hang"] as const)("reads passes in the page when the browser's workers %s", async (how) => {
  // The outcome stays until it is looked at.
  const phone = await page("guard-scan", BY_HAND);
  const png = await passOf(browser(), await verified());
  await withWorkers(phone, how);
  await phone.by("button", text("guard.album")).waitFor();
  await picks(phone, png);
  await phone.by("heading", text("guard.glance_admit")).waitFor(DECIDED);
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

/** Give the page's cameras a torch; return what they were told of it. */
async function withTorch(phone: Phone): Promise<() => Promise<boolean[]>> {
  await phone.page.addInitScript(() => {
    const told: boolean[] = ((window as any).torch = []);
    MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true }) as MediaTrackCapabilities;
    MediaStreamTrack.prototype.applyConstraints = async (constraints) => {
      told.push((constraints!.advanced![0] as { torch: boolean }).torch);
    };
  });
  await phone.page.reload();
  return () => phone.page.evaluate(() => (window as any).torch);
}

it.each([
  ["guard-scan", "guard.torch"],
  ["scan", "visitor.torch"],
])("offers the torch where the camera has one, and there only: %s", async (name, torch) => {
  const phone = await page(name);
  await phone.page.locator("video").waitFor({ state: "visible" });
  await phone.by("button", text(name === "scan" ? "visitor.album" : "guard.album")).waitFor();
  const button = phone.by("button", text(torch));
  expect(await button.count()).toBe(0);
  const told = await withTorch(phone);
  for (const on of [true, false]) {
    await button.click();
    await expect.poll(() => button.getAttribute("aria-pressed")).toBe(String(on));
  }
  expect(await told()).toEqual([true, false]);
});
