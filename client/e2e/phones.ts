/** Phones of a file's tests: each is closed after its test, which it must have left without a complaint. */

import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { Chromium, type Phone, type PhoneOptions } from "./browser";

/** Start a browser for the file; return it (once its tests run) and what opens a phone in it. */
export function usePhones(): { browser: () => Chromium; phoneOf: (options: PhoneOptions) => Promise<Phone> } {
  let chromium: Chromium;
  const phones: Phone[] = [];
  beforeAll(async () => {
    chromium = await Chromium.launch();
  });
  afterEach(async () => {
    for (const phone of phones.splice(0)) {
      expect(phone.complaints).toEqual([]);
      expect(phone.strangers()).toEqual([]);
      await phone.close();
    }
  });
  afterAll(() => chromium.close());
  return {
    browser: () => chromium,
    phoneOf: async (options) => {
      const phone = await chromium.phone(options);
      phones.push(phone);
      return phone;
    },
  };
}
