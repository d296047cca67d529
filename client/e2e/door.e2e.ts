/** A guard at the door: the outcome and the next visitor, the temperature, a phone that cannot be paired, large text. */

import { beforeAll, expect, it } from "vitest";
import type { Phone, PhoneOptions } from "./browser";
import { sideways } from "./checks";
import { until } from "./deployment";
import { passOf, picks } from "./guard";
import { makeCast, opened, PAGES, type Cast } from "./pages";
import { uuid7, verified, type Person } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { browser, taken } = usePhones();
let cast: Cast;

beforeAll(async () => {
  cast = await makeCast();
});

/** Open a page of the client on a new phone, by its name. */
const page = async (name: string, options: PhoneOptions = {}): Promise<Phone> => taken(await opened(browser(), cast, PAGES.find(([one]) => one === name)!, options));

/** Return whether all of a part is on the screen. */
function inView(phone: Phone, selector: string): Promise<boolean> {
  return phone.page.evaluate((one) => {
    const box = [...document.querySelectorAll(one)].find((part) => part.getClientRects().length > 0)!.getBoundingClientRect();
    return box.top >= 0 && box.bottom <= window.innerHeight;
  }, selector);
}

/** Return a visitor about whom all is known, so that the door decides at once. */
async function known(answers: Record<string, unknown> = {}): Promise<Person> {
  const person = await verified(answers);
  const { scan_id } = await person.post("/v1/scans", { nonce: uuid7(), code: cast.venue.code_url });
  await until(
    () => person.get(`/v1/scans/${scan_id}`),
    (screen) => screen.poll_after_ms === null,
  );
  return person;
}

/** Scan a visitor's pass, and stop the phone's clock before the outcome is there. */
async function scanned(phone: Phone, person: Person): Promise<void> {
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  await phone.page.route("**/v1/venues/*/scans", async (route) => {
    await held;
    await route.continue();
  });
  const png = await passOf(browser(), person);
  await Promise.all([phone.page.waitForRequest("**/v1/venues/*/scans"), picks(phone, png)]);
  await phone.page.clock.pauseAt(await phone.page.evaluate(() => Date.now() + 1_000));
  answer();
}

async function atTheDoor(keep: Record<string, unknown> = {}): Promise<Phone> {
  const phone = await page("guard-scan", { keep });
  await phone.page.clock.install();
  await phone.page.reload();
  await phone.by("button", text("guard.album")).waitFor();
  return phone;
}

it("goes on to the next visitor two seconds after an admission", async () => {
  const phone = await atTheDoor();
  await scanned(phone, await known());
  const outcome = phone.by("dialog", text("guard.outcome"));
  await outcome.getByRole("heading", { name: text("guard.glance_admit") }).waitFor();
  for (const n of [2, 1]) {
    await phone.by("button", text("guard.next_in", { n })).waitFor();
    await phone.page.clock.runFor(1_000);
  }
  await outcome.waitFor({ state: "hidden" });
  await phone.by("button", text("guard.album")).waitFor();
});

it("stays with an admission when the guard wants to look longer", async () => {
  const phone = await atTheDoor();
  await scanned(phone, await known());
  await phone.press(text("guard.stay"));
  await phone.page.clock.runFor(60_000);
  await phone.press(text("guard.next"));
  await phone.by("dialog", text("guard.outcome")).waitFor({ state: "hidden" });
});

it.each([
  ["a refusal, always", { health_code: "red" }, {}, "refuse"],
  ["an admission, for a guard who has switched going on off", {}, { "guard-auto": false }, "admit"],
])("stays with %s", async (_, answers, keep, outcome) => {
  const phone = await atTheDoor(keep);
  await scanned(phone, await known(answers));
  const word = phone.by("heading", text(`guard.glance_${outcome}`));
  await word.waitFor();
  await phone.page.clock.runFor(60_000);
  expect(await word.isVisible()).toBe(true);
  await phone.press(text("guard.next"));
  await word.waitFor({ state: "hidden" });
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
  await picks(phone, await passOf(browser(), await verified()));
  await phone.by("heading", text("guard.glance_admit")).waitFor();
  const [sent] = await Promise.all([phone.page.waitForRequest("**/temperature"), phone.press(text("guard.normal"))]);
  expect((sent.postDataJSON() as { nonce: string }).nonce).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});
