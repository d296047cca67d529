/** The whole story by clicking and scanning: a venue, its poster, a guard, visitors, and the day's figures. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Chromium, type Phone } from "./browser";
import { until } from "./deployment";
import { DECIDED, passOf, picks } from "./guard";
import { fillApplication } from "./head";
import { application, Person, verified, visitor } from "./people";
import { text } from "./texts";
import { logIn, scan, shown } from "./visitor";

let chromium: Chromium;
let headPhone: Phone;
let guardPhone: Phone;
const head = new Person();
const guard = new Person();
const venue = application();
let poster: Buffer;

beforeAll(async () => {
  chromium = await Chromium.launch();
  for (const person of [head, guard]) await person.say({ health_code: "green", nucleic_acid: "negative" });
  headPhone = await chromium.phone();
  guardPhone = await chromium.phone();
});
// A step that failed without a network leaves one to the next.
afterEach(() => guardPhone.context.setOffline(false));
afterAll(() => chromium.close());

/** Log in and register on a new phone, by hand. */
async function arrive(phone: Phone, person: Person): Promise<void> {
  await phone.open();
  await logIn(phone, person);
  // A newcomer is led to the registration.
  await phone.arrives("pages/registration/registration");
  await phone.type(text("visitor.reg_name"), person.name);
  await phone.type(text("visitor.reg_number"), person.number.toLowerCase());
  await phone.press(text("visitor.reg_submit"));
  await phone.press(text("visitor.to_home"));
  await phone.arrives("pages/home/home");
  await phone.page.getByRole("img", { name: person.name[0] }).waitFor();
}

/** Return a picture of what a phone shows. */
function screen(phone: Phone): Promise<Buffer> {
  return phone.page.screenshot({ type: "png" });
}

describe.sequential("a day", () => {
  it("a head logs in by text message, registers, and has a pass", async () => {
    await arrive(headPhone, head);
    expect(headPhone.complaints).toEqual([]);
  });

  it("applies for a venue's code", async () => {
    await headPhone.open("pages/head/apply/apply");
    await fillApplication(headPhone, venue);
    await headPhone.press(text("head.submit"));
    await headPhone.by("heading", text("head.made")).waitFor();
    expect(headPhone.complaints).toEqual([]);
  });

  it("downloads the poster as a picture and as a PDF", async () => {
    await headPhone.press(text("head.to_posters"));
    await headPhone.page.getByRole("img", { name: venue.name }).waitFor();
    poster = (await headPhone.saves(text("head.save_picture"))).bytes;
    expect(poster.subarray(1, 4).toString()).toBe("PNG");
    expect((await headPhone.saves(text("head.download_pdf"))).bytes.subarray(0, 4).toString()).toBe("%PDF");
    expect(headPhone.complaints).toEqual([]);
  });

  it("a guard joins with the code that the head shows", async () => {
    await arrive(guardPhone, guard);
    await headPhone.open("pages/head/staff/staff");
    const code = await headPhone.page.getByText(/^[0-9A-Z]{3} [0-9A-Z]{3} [0-9A-Z]{3}$/).innerText();
    await guardPhone.open("pages/guard/venues/venues");
    await guardPhone.type(text("guard.join_code"), code);
    await guardPhone.press(text("guard.join"));
    await guardPhone.by("button", new RegExp(venue.name)).waitFor();
    await headPhone.page.reload();
    await headPhone.page.getByText(guard.name[0]!).first().waitFor();
    expect(guardPhone.complaints).toEqual([]);
  });

  it("a visitor scans the downloaded poster", async () => {
    const person = await verified();
    await chromium.camera.shows(poster);
    const phone = await chromium.phone({ person });
    await shown(phone, person, await scan(phone), "admit");
    await phone.page.getByText(venue.name).first().waitFor();
    await phone.press(text("visitor.show_staff"));
    await phone.by("heading", text("guard.glance_admit")).waitFor();
    await phone.close();
  });

  it.each([
    ["green", "admit"],
    ["yellow", "check"],
    ["red", "refuse"],
  ])("a guard scans a %s pass from a visitor's screen: %s", async (colour, outcome) => {
    const person = await verified({ health_code: colour });
    await until(
      () => person.get("/v1/me/pass"),
      (seen) => seen.background === colour,
    );
    const phone = await chromium.phone({ person });
    await phone.open();
    await phone.page.getByRole("img", { name: person.name[0] }).waitFor();
    await chromium.camera.shows(await screen(phone), 0.8);
    await guardPhone.open("pages/guard/venues/venues");
    await guardPhone.page.reload();
    await guardPhone.press(new RegExp(venue.name));
    await guardPhone.arrives("pages/guard/scan/scan");
    await guardPhone.by("heading", text(`guard.glance_${outcome}`)).waitFor(DECIDED);
    await phone.close();
    expect(guardPhone.complaints).toEqual([]);
  });

  it("checks a visitor without a phone by name and number", async () => {
    const person = await visitor();
    await chromium.camera.showsNothing();
    await guardPhone.open("pages/guard/manual/manual");
    await guardPhone.type(text("guard.name"), person.name);
    await guardPhone.type(text("guard.number"), person.number);
    await guardPhone.page.getByText(text("guard.normal"), { exact: true }).click();
    await guardPhone.press(text("guard.manual_check"));
    await guardPhone.by("heading", text("guard.glance_admit")).waitFor(DECIDED);
    await guardPhone.press(text("guard.next"));
    expect(guardPhone.complaints).toEqual([]);
  });

  it("keeps scans while offline, sends them when the network is back, and shows what became of each", async () => {
    const [person, withdrawn] = [await verified(), await verified()];
    const passes = [await passOf(chromium, person), await passOf(chromium, withdrawn)];
    await withdrawn.post("/v1/me/pass/revoke");
    await chromium.camera.showsNothing();
    await guardPhone.open("pages/guard/venues/venues");
    await guardPhone.page.reload();
    await guardPhone.press(new RegExp(venue.name));
    await guardPhone.arrives("pages/guard/scan/scan");
    await guardPhone.by("button", text("guard.album")).waitFor();
    await expect.poll(() => guardPhone.keeps("components-camera-reader")).toBe(true);
    await guardPhone.context.setOffline(true);
    for (const [at, pass] of passes.entries()) {
      await picks(guardPhone, pass);
      await guardPhone.page.getByText(text("guard.waiting_count", { n: at + 1 })).waitFor({ timeout: 30_000 });
    }
    await guardPhone.page.getByText(text("guard.kept")).first().waitFor();
    await guardPhone.press(text("guard.waiting_count", { n: 2 }));
    await guardPhone.arrives("pages/guard/offline/offline");
    await guardPhone.by("heading", text("guard.waiting", { n: 2 })).waitFor();
    const rows = guardPhone.page.locator(".list .li");
    const fates = () => rows.evaluateAll((all) => all.map((one) => (one.querySelector(".st") as HTMLElement).innerText.trim()));
    expect(await fates()).toEqual([text("guard.state_waiting"), text("guard.state_waiting")]);
    await guardPhone.context.setOffline(false);
    // What is not on record comes first, with the reason.
    await expect.poll(fates).toEqual([text("guard.state_refused"), text("guard.state_sent")]);
    expect(await rows.first().locator(".d").innerText()).not.toContain(venue.name);
    expect(await rows.last().locator(".d").innerText()).toBe(venue.name);
    for (const [who, visits] of [[person, 1], [withdrawn, 0]] as const) expect((await who.get("/v1/me/visits")).items).toHaveLength(visits);
    await guardPhone.press(text("guard.seen"));
    await guardPhone.page.getByText(text("guard.all_sent")).waitFor();
    expect(guardPhone.complaints).toEqual([]);
  });

  it("sees the abnormal scans and the day's figures", async () => {
    await guardPhone.open("pages/guard/abnormal/abnormal");
    await guardPhone.page.getByText(text("guard.glance_refuse"), { exact: true }).first().waitFor();
    await headPhone.open("pages/head/workbench/workbench");
    await expect
      .poll(
        async () => {
          await headPhone.page.reload();
          await headPhone.page.getByText(text("head.checked")).waitFor();
          return headPhone.page.getByText(text("head.checked")).locator("xpath=..").innerText();
        },
        { timeout: 20_000 },
      )
      .toMatch(/^6\D/);
    expect(headPhone.complaints).toEqual([]);
    expect([...headPhone.strangers(), ...guardPhone.strangers()]).toEqual([]);
  });
});
