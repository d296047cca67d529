import brand from "@/brand.json";
import { settings } from "./settings";

/** What the region calls its client, in the person's language. */
export function appName(): string {
  return brand.name[settings.language];
}

/** What the region calls itself, in the person's language. */
export function regionName(): string {
  return brand.region[settings.language];
}
