/** What a person chooses in *My* for this phone: it takes effect at once, on every page, and stays. */

import { expect, it } from "vitest";
import type { Phone } from "./browser";
import { verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones();

const size = (phone: Phone): Promise<number> => phone.page.locator("h1:visible").evaluate((title) => parseFloat(getComputedStyle(title).fontSize));
const ground = (phone: Phone): Promise<string> => phone.page.locator(".vc:visible").evaluate((page) => getComputedStyle(page).backgroundColor);

it("large text doubles what is read, on other pages and after a reload", async () => {
  const phone = await phoneOf({ person: await verified() });
  await phone.open("pages/my/my");
  const choice = phone.page.getByLabel(text("own.scale"), { exact: true });
  const before = await size(phone);
  await choice.selectOption({ label: "200%" });
  await expect.poll(() => size(phone)).toBeCloseTo(2 * before, 0);
  await phone.press(text("own.visits"));
  await phone.arrives("pages/visits/visits");
  expect(await size(phone)).toBeCloseTo(2 * before, 0);
  await phone.page.goBack();
  await phone.page.reload();
  await expect.poll(() => size(phone)).toBeCloseTo(2 * before, 0);
  expect(await choice.locator("option:checked").innerText()).toBe("200%");
  await choice.selectOption({ label: "100%" });
  await expect.poll(() => size(phone)).toBe(before);
});

it("dark and light hold against the phone's own look, after a reload too, and automatic follows it", async () => {
  const phone = await phoneOf({ person: await verified() });
  await phone.open("pages/my/my");
  await phone.by("radiogroup", text("own.dark")).waitFor();
  const light = await ground(phone);
  await phone.pick(text("own.dark"), text("own.dark_dark"));
  await expect.poll(() => ground(phone)).not.toBe(light);
  const dark = await ground(phone);
  await phone.page.reload();
  await expect.poll(() => ground(phone)).toBe(dark);
  await phone.page.emulateMedia({ colorScheme: "dark" });
  await phone.pick(text("own.dark"), text("own.dark_light"));
  await expect.poll(() => ground(phone)).toBe(light);
  await phone.page.reload();
  await expect.poll(() => ground(phone)).toBe(light);
  await phone.pick(text("own.dark"), text("own.dark_system"));
  await expect.poll(() => ground(phone)).toBe(dark);
  await phone.page.emulateMedia({ colorScheme: "light" });
  await expect.poll(() => ground(phone)).toBe(light);
});
