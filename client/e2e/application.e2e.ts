/** Applying for a venue's code: nothing that was typed is lost, and the page says what is wrong where it is. */

import { beforeAll, expect, it } from "vitest";
import { keyboard, sideways, smallTargets, violations } from "./checks";
import { chooseRegion, failing, FAULTS, fillApplication, headPages } from "./head";
import { application, verified, type Person, type Venue } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones();
let head: Person;

beforeAll(async () => {
  head = await verified();
});

const at = headPages(phoneOf, () => head);

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
  const inSight = (): Promise<boolean> => fault.evaluate((note) => {
    const box = note.getBoundingClientRect();
    return note.contains(document.elementFromPoint(box.left + 5, box.top + 5));
  });
  await expect.poll(inSight).toBe(true);
  await mend();
  expect(await phone.page.locator("#number").inputValue()).toBe(entry.number.value);
  // Also after the app was closed.
  await phone.page.reload();
  await phone.page.getByRole("combobox", { name: text("own.region_below", { region: "济宁市" }) }).waitFor();
  await expect.poll(() => phone.page.locator("#region").evaluate((list: HTMLSelectElement) => list.selectedOptions[0]?.text)).toBe("任城区");
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
  for (const id of empty) await expect.poll(() => phone.page.locator(`#${id}-more`).innerText()).toBe(text("api.field.missing"));
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
  await expect.poll(() => good.count()).toBe(0);
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

it("stands at 320 px and 200 % text with a region that is being chosen", async () => {
  const phone = await at("apply/apply", { width: 320, height: 568, scale: 2, language: "en" });
  await phone.page.locator("#region").selectOption("440000");
  await phone.by("group", text("head.region", {}, "en")).getByRole("combobox").nth(1).waitFor();
  await phone.settles();
  expect([...(await violations(phone.page)), ...(await sideways(phone.page)), ...(await smallTargets(phone.page)), ...(await keyboard(phone.page))]).toEqual([]);
});

it("lists a head's venues in the order of the chosen language, whatever the phone's is", async () => {
  const several = await verified();
  // By the sound in Chinese; by the signs' numbers elsewhere it would be the other way round.
  const names = ["示例市图书馆", "信宜市图书馆"];
  for (const name of [...names].reverse()) await several.apply({ name });
  const phone = await phoneOf({ person: several, language: "en", keep: { settings: { language: "zh-Hans" } } });
  await phone.open("pages/head/workbench/workbench");
  await phone.press(text("head.switch"));
  const rows = phone.by("dialog", text("head.your_venues")).getByRole("button").filter({ hasText: "图书馆" });
  await expect.poll(async () => (await rows.allInnerTexts()).map((row) => names.findIndex((name) => row.includes(name)))).toEqual([0, 1]);
});
