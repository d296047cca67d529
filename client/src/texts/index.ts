import { createI18n } from "vue-i18n";
import { watch } from "vue";

import { settings } from "@/state/settings";
import apiEn from "./api/en.json";
import apiZhHans from "./api/zh-Hans.json";
import apiZhHant from "./api/zh-Hant.json";
import en from "./en.json";
import zhHans from "./zh-Hans.json";
import zhHant from "./zh-Hant.json";

export type Key = keyof typeof en | keyof typeof apiEn;

export const i18n = createI18n({
  legacy: false,
  locale: settings.language,
  fallbackLocale: "en",
  // A key is one name with dots, not a path.
  flatJson: false,
  messageResolver: (messages, key) => (messages as Record<string, string>)[key] ?? null,
  messages: {
    "zh-Hans": { ...zhHans, ...apiZhHans },
    "zh-Hant": { ...zhHant, ...apiZhHant },
    en: { ...en, ...apiEn },
  } as Record<string, Record<string, string>>,
});

watch(
  () => settings.language,
  (language) => {
    i18n.global.locale.value = language;
  },
);

/** Return a text in the person's language; `{name}` in it is replaced. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return i18n.global.t(key, values);
}
