/** Phones of a file's tests: each is closed after its test, which it must have left without a complaint. */

import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { Chromium, type Phone, type PhoneOptions } from "./browser";

interface Phones {
  /** The browser, once the file's tests run. */
  browser: () => Chromium;
  /** Open a phone in it. */
  phoneOf: (options: PhoneOptions) => Promise<Phone>;
  /** Take over a phone that was opened elsewhere; return it. */
  taken: (phone: Phone) => Phone;
}

/** Start a browser for the file. `but` are complaints that its tests cause. */
export function usePhones(but?: RegExp): Phones {
  let chromium: Chromium;
  const phones: Phone[] = [];
  const taken = (phone: Phone): Phone => {
    phones.push(phone);
    return phone;
  };
  beforeAll(async () => {
    chromium = await Chromium.launch();
  });
  afterEach(async () => {
    for (const phone of phones.splice(0)) {
      expect(phone.complaints.filter((said) => !but?.test(said))).toEqual([]);
      expect(phone.strangers()).toEqual([]);
      await phone.close();
    }
  });
  afterAll(() => chromium.close());
  return { browser: () => chromium, phoneOf: async (options) => taken(await chromium.phone(options)), taken };
}
