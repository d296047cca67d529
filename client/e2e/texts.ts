/** The client's own texts and those of the API that it shows by itself, by key and language. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Language = "zh-Hans" | "zh-Hant" | "en";

const TEXTS = new Map<Language, Record<string, string>>();
for (const language of ["zh-Hans", "zh-Hant", "en"] as const) {
  const read = (file: string): Record<string, string> => JSON.parse(readFileSync(join(__dirname, "../src/texts", file), "utf-8"));
  TEXTS.set(language, { ...read(`${language}.json`), ...read(`api/${language}.json`) });
}

/** Return a text; `{name}` in it is replaced. Throws if there is none, as after a change of its key. */
export function text(
  key: string,
  values: Record<string, string | number> = {},
  language: Language = "zh-Hans",
): string {
  const found = TEXTS.get(language)![key];
  if (found === undefined) throw new Error(`no text ${key} in ${language}`);
  return found.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}
