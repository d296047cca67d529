/** A guard at the door: the outcome and the next visitor, the temperature, a phone that cannot be paired, large text. */

import { beforeAll, expect, it } from "vitest";
import type { Phone, PhoneOptions } from "./browser";
import { sideways } from "./checks";
import { until } from "./deployment";
import { BY_HAND, paired, passOf, picks } from "./guard";
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
    const box = [...document.querySelectorAll(one)].find((part) => part.getClientRects().length > 0)?.getBoundingClientRect();
    return box !== undefined && box.top >= 0 && box.bottom <= window.innerHeight;
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

/** Scan a visitor's pass at a door where no time passes but what a test lets pass. */
async function scanned(person: Person, options: PhoneOptions = {}): Promise<Phone> {
  const png = await passOf(browser(), person);
  const phone = await page("guard-scan", options);
  await phone.page.clock.install();
  await phone.page.reload();
  await phone.by("button", text("guard.album")).waitFor();
  await phone.settles();
  // Far enough ahead to be still ahead when it is stopped.
  await phone.page.clock.pauseAt(await phone.page.evaluate(() => Date.now() + 15_000));
  await picks(phone, png);
  return phone;
}

it("goes on to the next visitor two seconds after an admission", async () => {
  const phone = await scanned(await known());
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
  const phone = await scanned(await known());
  await phone.press(text("guard.stay"));
  await phone.page.clock.runFor(60_000);
  await phone.press(text("guard.next"));
  await phone.by("dialog", text("guard.outcome")).waitFor({ state: "hidden" });
});

it.each<[string, Record<string, unknown>, PhoneOptions, string]>([
  ["a refusal, always", { health_code: "red" }, {}, "refuse"],
  ["an admission, for a guard who has switched going on off", {}, BY_HAND, "admit"],
  ["an admission, on a phone that is to move nothing", {}, { reducedMotion: true }, "admit"],
])("stays with %s", async (_, answers, options, outcome) => {
  const phone = await scanned(await known(answers), options);
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
  await expect.poll(() => inView(phone, ".cam-frame")).toBe(true);
  expect(await sideways(phone.page)).toEqual([]);
  await told.click();
  await phone.arrives("pages/guard/offline/offline");
});

it("has the page of kept scans on the phone as soon as the door is open: the network may go then", async () => {
  const png = await passOf(browser(), await known());
  const phone = await page("guard-venues");
  const album = phone.by("button", text("guard.album"));
  await phone.page.route("**/pages-guard-offline-*.js", async (route) => {
    // A slow network, which goes for good when the door opens.
    const open = await album.waitFor({ timeout: 1_000 }).then(() => true, () => false);
    await (open ? route.abort() : route.continue());
  });
  await phone.press(new RegExp(cast.venue.name));
  await album.waitFor();
  await expect.poll(() => phone.keeps("components-camera-reader")).toBe(true);
  await expect.poll(() => paired(phone)).toBe(true);
  await phone.context.setOffline(true);
  await picks(phone, png);
  await phone.press(text("guard.waiting_count", { n: 1 }));
  await phone.by("heading", text("guard.waiting", { n: 1 })).waitFor();
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
  const phone = await page("guard-scan", BY_HAND);
  await picks(phone, await passOf(browser(), await verified()));
  await phone.by("heading", text("guard.glance_admit")).waitFor();
  const [sent] = await Promise.all([phone.page.waitForRequest("**/temperature"), phone.press(text("guard.normal"))]);
  expect((sent.postDataJSON() as { nonce: string }).nonce).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

it("admits nobody with a fever that was measured first, and leaves it to nobody else", async () => {
  const phone = await page("guard-scan", BY_HAND);
  const [feverish, next] = [await known(), await known()];
  await phone.pick(text("guard.temperature"), text("guard.fever"));
  await picks(phone, await passOf(browser(), feverish));
  const outcome = phone.by("dialog", text("guard.outcome"));
  await outcome.getByText(text("api.temperature.fever"), { exact: true }).waitFor();
  await expect.poll(() => outcome.getByRole("heading", { name: text("guard.glance_admit") }).count()).toBe(0);
  // It was measured: there is nothing to add.
  await expect.poll(() => outcome.getByRole("button", { name: text("guard.normal") }).count()).toBe(0);
  await phone.press(text("guard.next"));
  await outcome.waitFor({ state: "hidden" });
  expect(await phone.by("radiogroup", text("guard.temperature")).getByRole("radio", { name: text("guard.fever") }).isChecked()).toBe(false);
  await picks(phone, await passOf(browser(), next));
  await phone.by("heading", text("guard.glance_admit")).waitFor();
});

it("judges again when a fever is measured after the admission, and says so to the visitor, too", async () => {
  const phone = await page("guard-scan", BY_HAND);
  const person = await known();
  await picks(phone, await passOf(browser(), person));
  await phone.by("heading", text("guard.glance_admit")).waitFor();
  await phone.press(text("guard.fever"));
  await phone.by("heading", text("guard.glance_admit")).waitFor({ state: "hidden" });
  const outcome = phone.by("dialog", text("guard.outcome"));
  for (const seen of [text("guard.glance_check"), text("api.temperature.fever")]) await outcome.getByText(seen, { exact: true }).waitFor();
  const { items } = await until(
    () => person.get("/v1/me/visits"),
    (seen) => seen.items.some((visit: { temperature: string | null }) => visit.temperature === "fever"),
  );
  expect(items.find((visit: { means: string }) => visit.means === "staff").outcome).toBe("check");
});

it("says in a strip that a pass has expired, keeps nothing of it, and is ready for the next one", async () => {
  const phone = await page("guard-scan", BY_HAND);
  const expired = "通行码已过期，请对方刷新后出示。";
  await phone.page.route("**/v1/venues/*/scans", (route) =>
    route.fulfill({ status: 422, contentType: "application/problem+json", json: { type: "about:blank", title: "", status: 422, code: "pass_expired", detail: expired } }),
  );
  await picks(phone, await passOf(browser(), await known()));
  const strip = phone.page.getByRole("status").getByText(expired);
  await strip.waitFor();
  await expect.poll(() => phone.page.getByRole("dialog").count()).toBe(0);
  for (const kept of ["waiting_count", "failed_count"]) await expect.poll(() => phone.page.getByText(text(`guard.${kept}`, { n: 1 })).count()).toBe(0);
  await phone.page.unroute("**/v1/venues/*/scans");
  await picks(phone, await passOf(browser(), await known()));
  await phone.by("heading", text("guard.glance_admit")).waitFor();
});
