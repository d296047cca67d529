/** Every page of the client, with people and venues that give it something to show. */

import { randomInt } from "node:crypto";
import { until } from "./deployment";
import { HASTY, application, childOf, poster, uuid7, verified, visitor, type Person, type Venue } from "./people";
import type { Chromium, Phone, PhoneOptions } from "./browser";

/** The people behind the pages. */
export interface Cast {
  visitor: Person;
  /** Somebody who has not registered yet. */
  newcomer: Person;
  head: Person;
  venue: Venue;
  scanId: string;
  poster: Buffer;
}

export async function makeCast(): Promise<Cast> {
  const head = await verified();
  const name = "示例市人民医院";
  const venue = await head.apply({ ...HASTY, name, type: "medical" }).catch(() => head.apply({ ...HASTY, name: name + randomInt(999) }));
  await head.apply(application());
  const healthy = await verified({ vaccination: "complete", vaccination_doses: 3 });
  const scan = (person: Person) => person.post("/v1/scans", { nonce: uuid7(), code: venue.code_url });
  for (const colour of ["yellow", "red"]) await scan(await verified({ health_code: colour }));
  await scan(healthy);
  const { scan_id: scanId } = await until(
    () => scan(healthy),
    (screen) => screen.poll_after_ms === null,
  );
  await head.post(`/v1/venues/${venue.venue_id}/staff`, { by: "phone", name: "端木甲", phone: "+8613700009999", role: "inspector" }).catch(() => undefined);
  await healthy.post("/v1/me/dependants", { nonce: uuid7(), relation: "child", method: "household", ...(await childOf(healthy)) });
  await healthy.post("/v1/me/pass/paper", { name: "full", replaces: null });
  await until(
    () => healthy.get("/v1/me/pass/paper"),
    (pass) => pass.status === "settled",
  );
  const newcomer = await (await visitor()).logIn();
  return { visitor: healthy, newcomer, head, venue, scanId, poster: await poster(head, venue) };
}

type Who = "visitor" | "newcomer" | "head" | null;

/** Name, address, and whose phone it is. */
export const PAGES: [name: string, who: Who, address: (cast: Cast) => string][] = [
  ["login", null, () => "pages/login/login"],
  ["registration", "newcomer", () => "pages/registration/registration"],
  ["home", "visitor", () => ""],
  ["scan", "visitor", () => "pages/scan/scan"],
  ["result", "visitor", (cast) => `pages/result/result?scan=${encodeURIComponent(cast.scanId)}`],
  ["travel-card", "visitor", (cast) => `pages/travel-card/travel-card?scan=${encodeURIComponent(cast.scanId)}`],
  ["family", "visitor", () => "pages/family/family"],
  ["paper-pass", "visitor", () => "pages/paper-pass/paper-pass"],
  ["visits", "visitor", () => "pages/visits/visits"],
  ["accesses", "visitor", () => "pages/accesses/accesses"],
  ["declarations", "visitor", () => "pages/declarations/declarations"],
  ["my", "visitor", () => "pages/my/my"],
  ["own-data", "visitor", () => "pages/own-data/own-data"],
  ["guard-venues", "head", () => "pages/guard/venues/venues"],
  ["guard-scan", "head", (cast) => `pages/guard/scan/scan?venue_id=${cast.venue.venue_id}`],
  ["guard-outcome", "head", (cast) => `pages/guard/outcome/outcome?scan=${encodeURIComponent(cast.scanId)}`],
  ["guard-manual", "head", (cast) => `pages/guard/manual/manual?venue_id=${cast.venue.venue_id}`],
  ["guard-offline", "head", (cast) => `pages/guard/offline/offline?venue_id=${cast.venue.venue_id}`],
  ["guard-abnormal", "head", (cast) => `pages/guard/abnormal/abnormal?venue_id=${cast.venue.venue_id}`],
  ["workbench", "head", () => "pages/head/workbench/workbench"],
  ["apply", "head", () => "pages/head/apply/apply"],
  ["posters", "head", (cast) => `pages/head/posters/posters?venue_id=${cast.venue.venue_id}`],
  ["staff", "head", (cast) => `pages/head/staff/staff?venue_id=${cast.venue.venue_id}`],
];

/** Open a page on a new phone, and wait until it has what it asks for. The camera sees a wall, unless it is `filmed`. */
export async function opened(chromium: Chromium, cast: Cast, page: (typeof PAGES)[number], options: PhoneOptions & { filmed?: boolean }): Promise<Phone> {
  const [name, who, address] = page;
  const person = who === null ? undefined : cast[who];
  const place = { id: cast.venue.venue_id, name: cast.venue.name, feverFrom: 37.3 };
  const phone = await chromium.phone({ ...options, person, keep: { venue: cast.venue.venue_id, ...options.keep, [`guard.${person?.session?.person_id}`]: place } });
  // A new phone pairs at the door, and a person has five at most.
  if (name.startsWith("guard")) {
    const { items } = await cast.head.get("/v1/me/devices");
    for (const device of items) await cast.head.post(`/v1/me/devices/${device.device_id}/revoke`);
  }
  if (!options.filmed && (name === "scan" || name === "guard-scan")) await chromium.camera.showsNothing();
  await phone.open(address(cast));
  // By its tag: to roles, the title below a dialog is hidden.
  await phone.page.locator(".vc:not(.coming) h1:visible").first().waitFor();
  await phone.settles();
  await phone.page.locator(".pass.unknown").waitFor({ state: "hidden", timeout: 5_000 }).catch(() => undefined);
  return phone;
}
