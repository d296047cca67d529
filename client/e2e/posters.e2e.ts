/** A venue's posters: printed, shared, and refused to who may no longer have them. */

import { beforeAll, expect, it } from "vitest";
import type { Phone } from "./browser";
import { isPdf, qrOf } from "./files";
import { headPages, member } from "./head";
import { verified, type Person, type Venue } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

// Where files have a host of their own, scripts may not read them.
const { browser, phoneOf } = usePhones(/blocked by CORS policy/);
let head: Person;
let venue: Venue;

beforeAll(async () => {
  head = await verified();
  venue = await head.apply();
});

const at = headPages(phoneOf, () => head);

it("a clerk prints a poster with two taps, within a minute, by a link that says to save it", async () => {
  const phone = await at("workbench/workbench");
  const begun = Date.now();
  await phone.press(text("head.posters"));
  const pdf = await phone.saves(text("head.download_pdf"));
  const seconds = (Date.now() - begun) / 1000;
  expect(seconds).toBeLessThan(60);
  expect(isPdf(pdf.bytes)).toBe(true);
  expect(pdf.name).toMatch(/\.pdf$/);
  expect((await fetch(pdf.url)).headers.get("content-disposition")).toMatch(/^attachment; filename.*\.pdf/);
});

it("a right that ended while the page was open is said", async () => {
  const second = await member(head, venue, "administrator");
  const phone = await at(`posters/posters?venue_id=${venue.venue_id}`, { person: second });
  await phone.page.getByRole("img", { name: venue.name }).waitFor();
  await head.post(`/v1/venues/${venue.venue_id}/staff/${second.session!.person_id}/remove`);
  await phone.press(text("head.download_pdf"));
  await phone.page.getByRole("alert").waitFor();
});

/** Give the page a sheet to share by, which ends with an error of this name or well; return what it was given. */
async function withSharing(phone: Phone, error?: string) {
  await phone.page.addInitScript((ends) => {
    const given: unknown[] = ((window as any).given = []);
    const share = async ({ title, url, files }: ShareData) => {
      const pictures = await Promise.all((files ?? []).map(async (file) => ({ name: file.name, type: file.type, bytes: Array.from(new Uint8Array(await file.arrayBuffer())) })));
      given.push({ title, url, files: pictures });
      if (ends) throw new DOMException("", ends);
    };
    Object.assign(Navigator.prototype, { share, canShare: () => true });
  }, error);
  await phone.page.reload();
  return () => phone.page.evaluate(() => (window as any).given as { title: string; url?: string; files: { name: string; type: string; bytes: number[] }[] }[]);
}

it("shares the picture of a poster, in which the venue's code can be read", async () => {
  const phone = await at(`posters/posters?venue_id=${venue.venue_id}`);
  await phone.by("button", text("head.download_pdf")).waitFor();
  expect(await phone.by("button", text("head.share")).count()).toBe(0);
  const given = await withSharing(phone);
  // As on a host that serves its files itself.
  await phone.page.route(/X-Amz-Signature/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, headers: { ...answer.headers(), "access-control-allow-origin": "*" } });
  });
  await phone.press(text("head.share"));
  await expect.poll(async () => (await given()).length).toBe(1);
  const [shared] = await given();
  expect(shared!.title).toBe(text("head.poster_venue"));
  const [picture] = shared!.files;
  expect(picture).toMatchObject({ name: `${text("head.poster_venue")}.png`, type: "image/png" });
  expect(await qrOf(browser().browser, Buffer.from(picture!.bytes))).toBe(venue.code_url);
});

it("shares the link where scripts may not read the picture", async () => {
  const phone = await at(`posters/posters?venue_id=${venue.venue_id}`);
  const given = await withSharing(phone);
  await phone.press(text("head.share"));
  await expect.poll(async () => (await given()).length).toBe(1);
  const [shared] = await given();
  expect(shared!.files).toEqual([]);
  const picture = Buffer.from(await (await fetch(shared!.url!)).arrayBuffer());
  expect(await qrOf(browser().browser, picture)).toBe(venue.code_url);
});

it.each([
  ["says nothing when the sheet was closed", "AbortError", 0],
  ["says so when sharing fails", "DataError", 1],
])("%s", async (_, error, alerts) => {
  const phone = await at(`posters/posters?venue_id=${venue.venue_id}`);
  const given = await withSharing(phone, error);
  await phone.press(text("head.share"));
  await expect.poll(async () => (await given()).length).toBe(1);
  await phone.page.locator(".btn.busy").waitFor({ state: "detached" });
  await expect.poll(() => phone.page.getByRole("alert").count()).toBe(alerts);
});
