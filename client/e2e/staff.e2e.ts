/** A venue's staff: added in three ways, removed, handed over; and what may go wrong meanwhile. */

import { beforeAll, expect, it } from "vitest";
import type { Phone } from "./browser";
import { until } from "./deployment";
import { failing, FAULTS, headPages, member } from "./head";
import { verified, visitor, type Person, type Venue } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones();
let head: Person;
let venue: Venue;

beforeAll(async () => {
  head = await verified();
  venue = await head.apply();
});

const at = headPages(phoneOf, () => head);

/** Whether a person's own phone offers them the venue to work at. */
const worksAt = (person: Person): Promise<boolean> => person.get("/v1/bindings").then(({ items }) => items.length > 0);

/** A member's row of the list. */
const row = (phone: Phone, person: Person) => phone.page.getByRole("button", { name: new RegExp(`^${person.name}`) });

it("adds a registered person by name and number, who can work at once, until they are removed", async () => {
  const guard = await verified();
  const theirs = await phoneOf({ person: guard });
  await theirs.open("pages/guard/venues/venues");
  await theirs.page.getByText(text("guard.no_venue"), { exact: true }).waitFor();
  const phone = await at(`staff/staff?venue_id=${venue.venue_id}`);
  await phone.press(text("head.add"));
  const sheet = phone.by("dialog", text("head.add"));
  await phone.pick(text("head.add_how"), text("head.by_identity"));
  await phone.type(text("head.person_name"), guard.name);
  await phone.type(text("head.document_number"), guard.number);
  await phone.type(text("head.person_phone"), guard.typedPhone);
  await sheet.getByRole("button", { name: text("head.add"), exact: true }).click();
  await phone.page.getByText(text("head.added"), { exact: true }).waitFor();
  await row(phone, guard).waitFor();
  expect((await guard.get("/v1/bindings")).items).toMatchObject([{ role: "inspector" }]);
  await theirs.page.reload();
  await theirs.by("button", new RegExp(venue.name)).waitFor();

  await row(phone, guard).click();
  await phone.press(text("head.remove"));
  await phone.by("dialog", text("head.remove_title", { name: guard.name })).getByRole("button", { name: text("head.remove"), exact: true }).click();
  await phone.page.getByText(text("head.removed"), { exact: true }).waitFor();
  await row(phone, guard).waitFor({ state: "detached" });
  expect(await worksAt(guard)).toBe(false);
  await theirs.page.reload();
  await theirs.page.getByText(text("guard.no_venue"), { exact: true }).waitFor();
});

it("invites somebody by name and phone, who can work as soon as they have registered", async () => {
  const own = await head.apply();
  const guard = await (await visitor()).logIn();
  const phone = await at(`staff/staff?venue_id=${own.venue_id}`);
  await phone.press(text("head.add"));
  await phone.pick(text("head.add_how"), text("head.by_phone"));
  await phone.type(text("head.person_name"), guard.name);
  await phone.type(text("head.person_phone"), guard.typedPhone);
  await phone.by("dialog", text("head.add")).getByRole("button", { name: text("head.add"), exact: true }).click();
  await phone.page.getByText(text("head.invited"), { exact: true }).waitFor();
  await phone.by("heading", text("head.invited_n", { n: 1 })).waitFor();
  expect(await worksAt(guard)).toBe(false);

  const theirs = await phoneOf({ person: guard });
  await theirs.open("pages/registration/registration");
  await theirs.type(text("visitor.reg_name"), guard.name);
  await theirs.type(text("visitor.reg_number"), guard.number);
  await theirs.press(text("visitor.reg_submit"));
  await theirs.by("button", text("visitor.to_home")).waitFor();
  await until(() => worksAt(guard), Boolean);
  await theirs.open("pages/guard/venues/venues");
  await theirs.by("button", new RegExp(own.name)).waitFor();
  await phone.page.reload();
  await row(phone, guard).waitFor();
  await expect.poll(() => phone.by("heading", text("head.invited_n", { n: 1 })).count()).toBe(0);
});

it("takes an invitation back, which then gives nobody a right", async () => {
  const own = await head.apply();
  const guard = await (await visitor()).logIn();
  await head.post(`/v1/venues/${own.venue_id}/staff`, { by: "phone", name: guard.name, phone: guard.phone, role: "inspector" });
  const phone = await at(`staff/staff?venue_id=${own.venue_id}`);
  await phone.press(text("head.withdraw_of", { name: guard.name }));
  await phone.by("dialog", text("head.withdraw_title", { name: guard.name })).getByRole("button", { name: text("head.withdraw"), exact: true }).click();
  await phone.page.getByText(text("head.withdrawn"), { exact: true }).waitFor();
  await expect.poll(() => phone.by("button", text("head.withdraw_of", { name: guard.name })).count()).toBe(0);
  await guard.register();
  expect(await worksAt(guard)).toBe(false);
});

it("leads from a join code to the joining page, with the code in hand", async () => {
  const person = await verified();
  const { join_code: joinCode } = await head.get(`/v1/venues/${venue.venue_id}/join-code`);
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open(`pages/scan/scan?code=${encodeURIComponent(venue.code_url.replace(/\/V\/.*/, `/V/J-${joinCode}`))}`);
  await phone.arrives("pages/guard/venues/venues");
  await expect.poll(() => phone.page.getByLabel(text("guard.join_code"), { exact: true }).inputValue()).toBe(joinCode);
  await phone.press(text("guard.join"));
  await phone.page.getByText(venue.name).first().waitFor();
  expect((await person.get("/v1/bindings")).items).toHaveLength(1);
});

const add = async (phone: Phone) => {
  await phone.press(text("head.add"));
  await phone.page.getByText(text("head.by_phone"), { exact: true }).click();
};
const NAME = "端木乙";

it.each(FAULTS)("what was typed stays through %s and the closed sheet", async (_, status, headers) => {
  const phone = await at(`staff/staff?venue_id=${venue.venue_id}`, { width: 320, height: 568, scale: 2 });
  await add(phone);
  await phone.type(text("head.person_name"), NAME);
  await phone.type(text("head.person_phone"), "13700009998");
  const mend = await failing(phone, "/staff", status, headers);
  await phone.by("dialog", text("head.add")).getByRole("button", { name: text("head.add"), exact: true }).click();
  const alert = phone.page.getByRole("dialog").getByRole("alert");
  await alert.waitFor({ timeout: 30_000 });
  await expect.poll(async () => (await alert.boundingBox())?.y).toBeLessThan(568);
  await mend();
  await phone.press(text("common.close"));
  await phone.page.getByRole("dialog").waitFor({ state: "detached" });
  await phone.press(text("head.add"));
  await phone.by("dialog", text("head.add")).waitFor();
  expect(await phone.page.getByLabel(text("head.person_name"), { exact: true }).inputValue()).toBe(NAME);
  expect(await phone.page.getByLabel(text("head.person_phone"), { exact: true }).inputValue()).toBe("13700009998");
});

it("says until when an invitation is valid, and forgets what was typed for it", async () => {
  const own = await head.apply();
  const phone = await at(`staff/staff?venue_id=${own.venue_id}`);
  await add(phone);
  await phone.type(text("head.person_name"), NAME);
  await phone.type(text("head.person_phone"), "13700009998");
  await phone.by("dialog", text("head.add")).getByRole("button", { name: text("head.add"), exact: true }).click();
  const { items } = await until(
    () => head.get(`/v1/venues/${own.venue_id}/invitations`),
    (seen) => seen.items.length > 0,
  );
  const end = new Date(Date.parse(items[0].expires_at) + 8 * 3_600_000);
  const year = end.getUTCFullYear() === new Date(Date.now() + 8 * 3_600_000).getUTCFullYear() ? "" : "\\d{4} 年 ";
  const day = new RegExp(`有效期至 ${year.replace(/ /g, "\\s?")}${end.getUTCMonth() + 1}\\s?月\\s?${end.getUTCDate()}\\s?日`);
  await phone.page.getByText(day).waitFor();
  await phone.press(text("head.add"));
  await phone.page.getByText(text("head.by_phone"), { exact: true }).click();
  expect(await phone.page.getByLabel(text("head.person_name"), { exact: true }).inputValue()).toBe("");
});

it("a tap beside the sheet closes it, one on it does not, and what was typed stays", async () => {
  const phone = await at(`staff/staff?venue_id=${venue.venue_id}`);
  await add(phone);
  await phone.type(text("head.person_name"), NAME);
  const sheet = phone.by("dialog", text("head.add"));
  await sheet.getByRole("heading").click();
  expect(await sheet.isVisible()).toBe(true);
  await phone.page.mouse.click(20, 20);
  await sheet.waitFor({ state: "hidden" });
  await add(phone);
  expect(await phone.page.getByLabel(text("head.person_name"), { exact: true }).inputValue()).toBe(NAME);
});

it("takes the focus to the first wrong entry", async () => {
  const phone = await at(`staff/staff?venue_id=${venue.venue_id}`);
  await add(phone);
  await phone.type(text("head.person_name"), NAME);
  await phone.type(text("head.person_phone"), "12");
  await phone.by("dialog", text("head.add")).getByRole("button", { name: text("head.add"), exact: true }).click();
  await expect.poll(() => phone.page.evaluate(() => document.activeElement?.id)).toBe("add-phone");
});

it("two heads remove the same guard: it is done, and the list of the second one is right", async () => {
  const guard = await member(head, venue, "inspector");
  const phone = await at(`staff/staff?venue_id=${venue.venue_id}`);
  await phone.page.getByRole("button", { name: new RegExp(`^${guard.name}`) }).first().click();
  await phone.press(text("head.remove"));
  await head.post(`/v1/venues/${venue.venue_id}/staff/${guard.session!.person_id}/remove`);
  await phone.by("dialog", new RegExp(guard.name)).getByRole("button", { name: text("head.remove"), exact: true }).click();
  await phone.page.getByText(text("head.removed"), { exact: true }).waitFor();
  await expect.poll(() => phone.page.getByRole("button", { name: new RegExp(`^${guard.name}`) }).count()).toBe(0);
});

it("hands the venue over, and the former head is told what they may do no more", async () => {
  const own = await head.apply();
  const next = await member(head, own, "administrator");
  const phone = await at(`staff/staff?venue_id=${own.venue_id}`);
  const row = phone.page.getByRole("button", { name: new RegExp(`^${next.name}`) });
  await row.click();
  await phone.press(text("head.hand_over"));
  await phone.by("dialog", text("head.hand_over_title", { name: next.name })).getByRole("button", { name: text("head.hand_over"), exact: true }).click();
  await phone.page.getByText(text("head.handed_over")).waitFor();
  await row.click();
  await phone.press(text("head.remove"));
  await phone.by("dialog", new RegExp(next.name)).getByRole("button", { name: text("head.remove"), exact: true }).click();
  await phone.page.getByRole("dialog").getByRole("alert").waitFor();
});

it("says once that a right has ended, with one way on", async () => {
  const second = await member(head, venue, "administrator");
  const phone = await at(`staff/staff?venue_id=${venue.venue_id}`, { person: second });
  await phone.page.getByText(/^[0-9A-Z]{3} [0-9A-Z]{3} [0-9A-Z]{3}$/).waitFor();
  await head.post(`/v1/venues/${venue.venue_id}/staff/${second.session!.person_id}/remove`);
  await phone.press(text("head.rotate"));
  await phone.by("dialog", text("head.rotate_title")).getByRole("button", { name: text("head.rotate"), exact: true }).click();
  const said = await phone.page.getByRole("dialog").getByRole("alert").innerText();
  await phone.press(text("common.cancel"));
  await expect.poll(() => phone.page.getByText(said, { exact: true }).count()).toBe(1);
  await phone.press(text("head.to_workbench"));
  await phone.page.getByText(text("head.none")).waitFor();
});
