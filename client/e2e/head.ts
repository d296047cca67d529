/** What a venue's head does on a phone, as steps of tests. */

import type { Phone, PhoneOptions } from "./browser";
import { verified, type application, type Person, type Venue } from "./people";
import { text } from "./texts";

/** Return what opens one of a head's pages on a new phone. */
export function headPages(phoneOf: (options: PhoneOptions) => Promise<Phone>, head: () => Person) {
  return async (page: string, options: PhoneOptions = {}): Promise<Phone> => {
    const phone = await phoneOf({ person: head(), ...options });
    await phone.open(`pages/head/${page}`);
    return phone;
  };
}

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

/** Add a person to a venue's staff through the API. */
export async function member(head: Person, venue: Venue, role: "administrator" | "inspector"): Promise<Person> {
  const person = await verified();
  const identity = { name: person.name, document_type: "resident_id", document_number: person.number, phone: person.phone };
  await head.post(`/v1/venues/${venue.venue_id}/staff`, { by: "identity", role, ...identity });
  return person;
}

/** What may go wrong with a form that is sent; status 0 is no network. */
export const FAULTS: [name: string, status: number, headers: Record<string, string>][] = [
  ["too many attempts (429)", 429, { "retry-after": "3" }],
  ["a busy service (503)", 503, { "retry-after": "1" }],
  ["no network", 0, {}],
];

/** Make every POST to a path of the API fail, until the returned function is called. */
export async function failing(phone: Phone, path: string, status: number, headers: Record<string, string>): Promise<() => Promise<void>> {
  const url = (found: URL) => found.pathname.endsWith(path);
  await phone.page.route(url, (route) => {
    if (route.request().method() !== "POST") return route.continue();
    if (status === 0) return route.abort();
    const body = JSON.stringify({ status, code: status === 429 ? "rate_limited" : "unavailable", detail: `失败 ${status}` });
    return route.fulfill({ status, headers, contentType: "application/problem+json", body });
  });
  return () => phone.page.unroute(url);
}
