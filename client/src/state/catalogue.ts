import { http, type Answer, type Schema } from "@/api";
import { settings } from "./settings";

/** How long the API lets a list be kept (docs/clients.md, Lists of codes). */
const KEPT_MS = 3_600_000;
const kept = new Map<string, { at: number; list: Promise<unknown> }>();

/** Return a list in the person's language, kept for an hour; a list that failed is asked again. */
function list<T>(name: string, ask: () => Promise<T>): Promise<T> {
  const key = `${settings.language} ${name}`;
  const known = kept.get(key);
  if (known !== undefined && Date.now() - known.at < KEPT_MS) return known.list as Promise<T>;
  const fresh = ask();
  kept.set(key, { at: Date.now(), list: fresh });
  fresh.catch(() => kept.delete(key));
  return fresh;
}

export interface Choice {
  value: string;
  label: string;
}

export type ListName = Schema<"CodeList">["name"];

/** Return a list of codes as choices, such as `document_types`, in the API's words. Throws what the call throws. */
export async function choices(name: ListName): Promise<Choice[]> {
  const { lists } = await list("codes", () => http.get("/v1/codes", { open: true }));
  const items = lists.find((one) => one.name === name)?.items ?? [];
  return items.map((item) => ({ value: item.code, label: item.text }));
}

export type VenueType = Answer<"/v1/venue-types", "get">["items"][number];
export type Region = Answer<"/v1/regions", "get">["items"][number];

/** Return the types of venues with examples of places. */
export async function venueTypes(): Promise<VenueType[]> {
  return (await list("types", () => http.get("/v1/venue-types", { open: true }))).items;
}

/** Return the regions below one; the provinces if `parent` is empty. */
export async function regions(parent: string): Promise<Region[]> {
  return (await list(`regions ${parent}`, () => http.get("/v1/regions", { open: true, query: { parent } }))).items;
}

/** Return whether a region is another or holds it, by their codes of GB/T 2260: `440000` holds `440983`. */
export function holds(region: string, code: string): boolean {
  return code !== "" && (code === region || code.indexOf(region.replace(/(00)+$/, "")) === 0);
}

/** Return the types whose name or examples hold the text; all for none. */
export function matching(types: readonly VenueType[], text: string): VenueType[] {
  const wanted = text.trim().toLowerCase();
  return types.filter((type) => [type.name, ...type.members].some((word) => word.toLowerCase().indexOf(wanted) >= 0));
}
