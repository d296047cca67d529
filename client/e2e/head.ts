/** What a venue's head does on a phone, as steps of tests. */

import type { Phone } from "./browser";
import type { application } from "./people";
import { text } from "./texts";

/** Choose a region from above, by its names, in a group of lists. */
export async function chooseRegion(phone: Phone, steps: string[], group = text("head.region")): Promise<void> {
  const lists = phone.by("group", group).getByRole("combobox");
  for (const [at, step] of steps.entries()) await lists.nth(at).selectOption({ label: step });
}

/** Fill in the open application for a venue. */
export async function fillApplication(phone: Phone, venue: ReturnType<typeof application>): Promise<void> {
  await phone.page.getByLabel(text("head.number_type")).selectOption("uscc");
  await phone.page.locator("#number").fill(venue.number.value);
  await phone.type(text("head.venue_name"), venue.name);
  await phone.page.getByRole("button", { name: new RegExp(`^${text("head.type")} `) }).click();
  await phone.page.getByRole("dialog").getByRole("button").nth(2).click();
  await chooseRegion(phone, ["山东省", "济宁市", "任城区"]);
  await phone.type(text("head.address"), venue.address);
  await phone.type(text("head.contact_name"), venue.contact.name);
  await phone.type(text("head.contact_phone"), "13900000999");
}
