/** A scan that was sent and not answered: it is kept, sent again by itself, and is one visit. */

import { beforeAll, expect, it } from "vitest";
import type { Phone } from "./browser";
import { poster, verified, type Person, type Venue } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { recorded, shown, typeSerial } from "./visitor";

const { phoneOf } = usePhones();
let venue: Venue;
let picture: Buffer;

beforeAll(async () => {
  const head = await verified();
  venue = await head.apply();
  picture = await poster(head, venue);
});

const nonces = (phone: Phone): Set<string> =>
  new Set(phone.requests.filter((one) => one.method() === "POST" && one.url().endsWith("/v1/scans")).map((one) => one.postDataJSON().nonce));
const visits = async (person: Person): Promise<unknown[]> => (await person.get("/v1/me/visits")).items;

it("keeps a scan whose page was left before the answer came, and makes one visit of it", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open();
  await phone.press(text("visitor.scan_dock"));
  const answer = await phone.holds("**/v1/scans");
  await typeSerial(phone, venue.code);
  await phone.page.getByText(text("visitor.scan_sending")).waitFor();
  await phone.page.goBack();
  await phone.page.getByText(text("visitor.scan_waits")).waitFor();
  expect(phone.page.url()).not.toContain("pages/scan");
  answer();
  await phone.page.getByText(text("visitor.scan_answered")).click();
  await shown(phone, person, await recorded(phone), "admit");
  expect(nonces(phone).size).toBe(1);
  expect(await visits(person)).toHaveLength(1);
});

it("makes one visit of a code that is scanned again after a lost answer, and sends it when the network is back", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open("pages/scan/scan");
  await phone.by("button", text("visitor.type_serial")).waitFor();
  await phone.context.setOffline(true);
  await typeSerial(phone, venue.code);
  await phone.page.getByText(text("visitor.scan_not_recorded")).waitFor();
  await phone.press(text("visitor.scan_anew"));
  // As the poster prints it: another text, the same code.
  await typeSerial(phone, venue.code.replace(/(.{4})(?=.)/g, "$1-").toLowerCase());
  await phone.page.getByText(text("visitor.scan_not_recorded")).waitFor();
  await phone.context.setOffline(false);
  await shown(phone, person, await recorded(phone), "admit");
  expect(nonces(phone).size).toBe(1);
  expect(await visits(person)).toHaveLength(1);
});

it("reads a picture of the album without a network, and says what waits for it", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open();
  await phone.by("button", text("visitor.scan_dock")).waitFor();
  // Home fetches what a scan needs.
  for (const part of ["pages-scan-scan", "result.", "components-camera-reader"]) await expect.poll(() => phone.keeps(part)).toBe(true);
  await phone.settles();
  await phone.context.setOffline(true);
  await phone.press(text("visitor.scan_dock"));
  const [chooser] = await Promise.all([phone.page.waitForEvent("filechooser"), phone.press(text("visitor.album"))]);
  await chooser.setFiles({ name: "poster.png", mimeType: "image/png", buffer: picture });
  await phone.page.getByText(text("visitor.scan_not_recorded")).waitFor();
  await phone.page.getByText(text("visitor.scan_keep_page")).waitFor();
  await phone.context.setOffline(false);
  await shown(phone, person, await recorded(phone), "admit");
});
