/** What a venue's head meets when something goes wrong: nothing that was typed is lost, and the page says what is so now. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Chromium, type Phone, type PhoneOptions } from "./browser";
import { keyboard, sideways, smallTargets, violations } from "./checks";
import { until } from "./deployment";
import { chooseRegion, fillApplication } from "./head";
import { Person, application, verified, type Venue } from "./people";
import { text } from "./texts";

let chromium: Chromium;
let head: Person;
let venue: Venue;
const phones: Phone[] = [];

beforeAll(async () => {
  chromium = await Chromium.launch();
  head = await verified();
  venue = await head.apply();
});
afterEach(async () => {
  for (const phone of phones.splice(0)) {
    expect(phone.complaints).toEqual([]);
    await phone.close();
  }
});
afterAll(() => chromium.close());

async function at(page: string, options: PhoneOptions = {}): Promise<Phone> {
  const phone = await chromium.phone({ person: head, ...options });
  phones.push(phone);
  await phone.open(`pages/head/${page}`);
  return phone;
}

/** Add a person to the venue's staff through the API. */
async function member(role: "administrator" | "inspector"): Promise<Person> {
  const person = await verified();
  const identity = { name: person.name, document_type: "resident_id", document_number: person.number, phone: person.phone };
  await head.post(`/v1/venues/${venue.venue_id}/staff`, { by: "identity", role, ...identity });
  return person;
}

/** A text of the API that the client shows by itself. */
const MISSING: string = JSON.parse(readFileSync(join(__dirname, "../src/texts/api/zh-Hans.json"), "utf-8"))["api.field.missing"];
const FAULTS: [name: string, status: number, headers: Record<string, string>][] = [
  ["too many attempts (429)", 429, { "retry-after": "3" }],
  ["a busy service (503)", 503, { "retry-after": "1" }],
  ["no network", 0, {}],
];

/** Make every POST to a path of the API fail, until the returned function is called. */
async function failing(phone: Phone, path: string, status: number, headers: Record<string, string>): Promise<() => Promise<void>> {
  const url = (found: URL) => found.pathname.endsWith(path);
  await phone.page.route(url, (route) => {
    if (route.request().method() !== "POST") return route.continue();
    if (status === 0) return route.abort();
    const body = JSON.stringify({ status, code: status === 429 ? "rate_limited" : "unavailable", detail: `失败 ${status}` });
    return route.fulfill({ status, headers, contentType: "application/problem+json", body });
  });
  return () => phone.page.unroute(url);
}

describe("applying", () => {
  it.each(FAULTS)("loses nothing by %s, shows it where the button is, and is accepted afterwards", async (_, status, headers) => {
    const phone = await at("apply/apply", { height: 640 });
    const entry = application();
    await fillApplication(phone, entry);
    const mend = await failing(phone, "/v1/venues", status, headers);
    // As one who has scrolled up to look it over again.
    await phone.page.evaluate(() => window.scrollTo(0, 0));
    await phone.press(text("head.submit"));
    const fault = phone.page.locator("#ap-fault [role=alert]");
    await fault.waitFor({ timeout: 30_000 });
    expect(await fault.evaluate((note) => {
      const box = note.getBoundingClientRect();
      return document.elementFromPoint(box.left + 5, box.top + 5) !== null && note.contains(document.elementFromPoint(box.left + 5, box.top + 5));
    })).toBe(true);
    await mend();
    expect(await phone.page.locator("#number").inputValue()).toBe(entry.number.value);
    // Also after the app was closed.
    await phone.page.reload();
    await phone.page.getByRole("combobox", { name: text("own.region_below", { region: "济宁市" }) }).waitFor();
    expect(await phone.page.locator("#region").evaluate((list: HTMLSelectElement) => list.selectedOptions[0]!.text)).toBe("任城区");
    expect(await phone.page.getByLabel(text("head.address"), { exact: true }).inputValue()).toBe(entry.address);
    await phone.press(text("head.submit"));
    await phone.by("heading", text("head.made")).waitFor();
    const { items } = await head.get("/v1/venues");
    expect(items.filter((one: Venue) => one.name === entry.name)).toHaveLength(1);
  });

  it("says of each entry left empty that it is missing, beside it and in a summary that leads to it", async () => {
    const phone = await at("apply/apply");
    await phone.press(text("head.submit"));
    const empty = ["number", "name", "type", "region", "address", "contact-phone"];
    for (const id of empty) expect(await phone.page.locator(`#${id}-more`).innerText()).toBe(MISSING);
    for (const label of ["head.region", "head.address"]) {
      await phone.page.locator("#ap-errors").getByRole("button", { name: text(label), exact: true }).click();
      await expect.poll(() => phone.page.evaluate(() => document.activeElement?.id)).toBe(label === "head.region" ? "region" : "address");
    }
  });

  it.each([
    ["a credit code", "uscc", () => application().number.value],
    ["a resident ID number", "resident_id", () => head.number],
  ] as const)("says while %s is typed whether it can be right, and nothing before it is whole", async (_, type, right) => {
    const number = right();
    const phone = await at("apply/apply");
    await phone.page.getByLabel(text("head.number_type")).selectOption(type);
    const field = phone.page.locator("#number");
    const good = phone.page.getByText(text("head.number_good"));
    const asked = () => phone.page.waitForResponse((one) => `${one.request().method()} ${new URL(one.url()).pathname}` === "POST /v1/venues");
    const requests: string[] = [];
    phone.page.on("request", (one) => requests.push(`${one.method()} ${new URL(one.url()).pathname}`));
    await field.pressSequentially(number.slice(0, 8));
    // Slower than the check waits after a key.
    await field.pressSequentially(number.slice(8, 11), { delay: 800 });
    expect(requests.filter((one) => one === "POST /v1/venues")).toEqual([]);
    expect(await field.getAttribute("aria-invalid")).toBeNull();
    await Promise.all([asked(), field.pressSequentially(number.slice(11))]);
    await good.waitFor();
    // Nobody has left the field yet.
    expect(await field.evaluate((one) => one === document.activeElement)).toBe(true);
    // Another last sign does not fit the others.
    await field.press("Backspace");
    await good.waitFor({ state: "detached" });
    await Promise.all([asked(), field.pressSequentially(number.endsWith("0") ? "1" : "0")]);
    await expect.poll(() => phone.page.locator("#number-more").innerText()).not.toBe("");
    expect(await good.count()).toBe(0);
  });

  it("warns of a number that another venue has, and makes the code all the same", async () => {
    const first = application();
    await head.apply(first);
    const phone = await at("apply/apply");
    await fillApplication(phone, { ...application(), number: first.number });
    const [answer] = await Promise.all([phone.page.waitForResponse((one) => one.url().endsWith("/v1/venues") && one.status() === 201), phone.press(text("head.submit"))]);
    const { warnings } = await answer.json();
    expect(warnings.length).toBeGreaterThan(0);
    await phone.page.getByText(warnings[0].text).waitFor();
    await phone.by("heading", text("head.made")).waitFor();
  });

  it("has one list a step for the region, which a keyboard, a screen reader and one hand can use", async () => {
    const phone = await at("apply/apply");
    await chooseRegion(phone, ["广东省", "茂名市"]);
    const lists = phone.by("group", text("head.region")).getByRole("combobox");
    await expect.poll(() => lists.count()).toBe(3);
    // Another province takes the steps below it away.
    await chooseRegion(phone, ["上海市"]);
    await expect.poll(() => lists.nth(1).locator("option").allInnerTexts()).toContain("黄浦区");
    // By keyboard alone.
    await lists.nth(1).focus();
    await phone.page.keyboard.press("ArrowDown");
    const chosen = await lists.nth(1).inputValue();
    expect(chosen).toMatch(/^31/);
    await phone.page.reload();
    await expect.poll(() => phone.by("group", text("head.region")).getByRole("combobox").nth(1).inputValue()).toBe(chosen);
  });
});

describe("staff", () => {
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
    expect((await alert.boundingBox())!.y).toBeLessThan(568);
    await mend();
    await phone.press(text("common.close"));
    await phone.page.getByRole("dialog").waitFor({ state: "detached" });
    await phone.press(text("head.add"));
    await phone.by("dialog", text("head.add")).waitFor();
    expect(await phone.page.getByLabel(text("head.person_name"), { exact: true }).inputValue()).toBe(NAME);
    expect(await phone.page.getByLabel(text("head.person_phone"), { exact: true }).inputValue()).toBe("13700009998");
  });

  it("says until when an invitation is valid, and forgets what was typed for it", async () => {
    const phone = await at(`staff/staff?venue_id=${venue.venue_id}`);
    await add(phone);
    await phone.type(text("head.person_name"), NAME);
    await phone.type(text("head.person_phone"), "13700009998");
    await phone.by("dialog", text("head.add")).getByRole("button", { name: text("head.add"), exact: true }).click();
    const { items } = await until(
      () => head.get(`/v1/venues/${venue.venue_id}/invitations`),
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
    const guard = await member("inspector");
    const phone = await at(`staff/staff?venue_id=${venue.venue_id}`);
    await phone.page.getByRole("button", { name: new RegExp(`^${guard.name}`) }).first().click();
    await phone.press(text("head.remove"));
    await head.post(`/v1/venues/${venue.venue_id}/staff/${guard.session!.person_id}/remove`);
    await phone.by("dialog", new RegExp(guard.name)).getByRole("button", { name: text("head.remove"), exact: true }).click();
    await phone.page.getByText(text("head.removed"), { exact: true }).waitFor();
    await expect.poll(() => phone.page.getByRole("button", { name: new RegExp(`^${guard.name}`) }).count()).toBe(0);
  });

  it("hands the venue over, and the former head is told what they may do no more", async () => {
    const own = await head.apply(application());
    const next = await verified();
    const identity = { name: next.name, document_type: "resident_id", document_number: next.number, phone: next.phone };
    await head.post(`/v1/venues/${own.venue_id}/staff`, { by: "identity", role: "administrator", ...identity });
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
    const second = await member("administrator");
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
});

describe("posters", () => {
  it("a clerk prints a poster with two taps, within a minute, by a link that says to save it", async () => {
    const phone = await at("workbench/workbench");
    const begun = Date.now();
    await phone.press(text("head.posters"));
    const [pdf] = await Promise.all([phone.page.waitForEvent("download"), phone.press(text("head.download_pdf"))]);
    const bytes = readFileSync(await pdf.path());
    const seconds = (Date.now() - begun) / 1000;
    expect(seconds).toBeLessThan(60);
    expect(bytes.subarray(0, 5).toString()).toBe("%PDF-");
    expect(bytes.toString("latin1").trimEnd().endsWith("%%EOF")).toBe(true);
    expect(pdf.suggestedFilename()).toMatch(/\.pdf$/);
    expect((await fetch(pdf.url())).headers.get("content-disposition")).toMatch(/^attachment; filename.*\.pdf/);
    expect(phone.strangers()).toEqual([]);
  });

  it("a right that ended while the page was open is said", async () => {
    const second = await member("administrator");
    const phone = await at(`posters/posters?venue_id=${venue.venue_id}`, { person: second });
    await phone.page.getByRole("img", { name: venue.name }).waitFor();
    await head.post(`/v1/venues/${venue.venue_id}/staff/${second.session!.person_id}/remove`);
    await phone.press(text("head.download_pdf"));
    await phone.page.getByRole("alert").waitFor();
  });
});

it.each(["workbench/workbench", "apply/apply", "posters/posters", "staff/staff"])("%s stands at 320 px and 200 %% text, filled in", async (page) => {
  const phone = await at(page, { width: 320, height: 568, scale: 2, language: "en" });
  if (page === "apply/apply") await phone.page.locator("#region").selectOption("440000");
  await phone.page.waitForLoadState("networkidle");
  expect([...(await violations(phone.page)), ...(await sideways(phone.page)), ...(await smallTargets(phone.page)), ...(await keyboard(phone.page))]).toEqual([]);
});
