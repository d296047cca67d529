import { brand } from "@/state/brand";
import { type Language, settings } from "@/state/settings";
import apiEn from "./api/en.json";
import apiZhHans from "./api/zh-Hans.json";
import apiZhHant from "./api/zh-Hant.json";
import en from "./en.json";
import zhHans from "./zh-Hans.json";
import zhHant from "./zh-Hant.json";

export type Key = keyof typeof en | keyof typeof apiEn;

const TEXTS: Record<Language, Record<string, string>> = {
  "zh-Hans": { ...zhHans, ...apiZhHans },
  "zh-Hant": { ...zhHant, ...apiZhHant },
  en: { ...en, ...apiEn },
};

/**
 * Return a text in the person's language; `{name}` in it is replaced.
 *
 * A page that calls this shows another language as soon as the person chooses it, because `settings`
 * is reactive. Placeholders are all that texts need: a library for them weighs a tenth of the first view.
 */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = TEXTS[settings.language]?.[key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder));
}

/** Return what the region calls its client, in the person's language. */
export function appName(): string {
  return brand.name[settings.language];
}

/** Return what the region calls itself, in the person's language. */
export function regionName(): string {
  return brand.region[settings.language];
}
