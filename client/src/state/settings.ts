import { reactive } from "vue";

import { brand } from "@/state/brand";
import { phoneStorage, writeIfRoom } from "./storage";

export type Language = "zh-Hans" | "zh-Hant" | "en";
const LANGUAGES: readonly Language[] = ["zh-Hans", "zh-Hant", "en"];
/** The languages that the region offers, in its order. */
export const OFFERED: readonly Language[] = (brand.languages as Language[]).filter((one) => LANGUAGES.includes(one));
/** Factors of large text, in the order of the choice in "My". */
export const SCALES = [1, 1.3, 1.6, 2] as const;

interface Settings {
  language: Language;
  /** Factor of all text sizes. */
  scale: number;
  /** `system` follows the phone. */
  dark: "system" | "light" | "dark";
  /** The guard's sounds and spoken words. */
  sound: boolean;
  voice: boolean;
}

const kept = phoneStorage.read<Partial<Settings>>("settings") ?? {};

/** What the person chose for this phone. Change a field, then call `keepSettings`. */
export const settings = reactive<Settings>({
  scale: systemScale(),
  dark: "system",
  sound: true,
  voice: false,
  ...kept,
  language: firstLanguage(kept.language, systemLanguage(), OFFERED),
});

export function keepSettings(): void {
  writeIfRoom(phoneStorage, "settings", settings);
}

/**
 * Return the language to start in: the one that was chosen, else the phone's; one that the region does not offer
 * gives way to the other Chinese script, else to the region's first.
 */
export function firstLanguage(chosen: Language | undefined, tag: string, offered: readonly Language[]): Language {
  const wished = chosen ?? languageOf(tag);
  if (offered.includes(wished)) return wished;
  const near = wished === "en" ? undefined : offered.find((one) => one !== "en");
  return near ?? offered[0] ?? "zh-Hans";
}

/** Return the language for a tag of the phone: traditional for TW, HK, MO and Hant; English for others. */
export function languageOf(tag: string): Language {
  const parts = tag.toLowerCase().replace(/_/g, "-").split("-");
  if (parts[0] === "yue") return "zh-Hant";
  if (parts[0] !== "zh") return "en";
  if (parts.includes("hans")) return "zh-Hans";
  return ["hant", "tw", "hk", "mo"].some((part) => parts.includes(part)) ? "zh-Hant" : "zh-Hans";
}

function systemLanguage(): string {
  // #ifdef H5
  return navigator.language;
  // #endif
  // #ifndef H5
  return uni.getSystemInfoSync().language || "zh-Hans";
  // #endif
}

function systemScale(): number {
  // A mini-program does not follow the platform's font setting by itself; a browser does.
  // #ifndef H5
  const size = (uni.getSystemInfoSync() as { fontSizeSetting?: number }).fontSizeSetting ?? 16;
  return [...SCALES].reverse().find((scale) => size >= 16 * scale) ?? 1;
  // #endif
  // #ifdef H5
  return 1;
  // #endif
}
