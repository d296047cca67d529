/** What a guard does on a phone, as steps of tests. */

import type { Chromium, Phone, PhoneOptions } from "./browser";
import type { Person } from "./people";
import { text } from "./texts";

/** How long an outcome may take: after fifteen seconds the API decides without what has not come. */
export const DECIDED = { timeout: 30_000 };

/** A guard goes on by hand: an outcome stays, however long a test takes to look at it. */
export const BY_HAND: PhoneOptions = { keep: { "guard-auto": false } };

/** Return a picture of a visitor's pass, as their own phone shows it. */
export async function passOf(chromium: Chromium, person: Person): Promise<Buffer> {
  const phone = await chromium.phone({ person });
  await phone.open();
  await phone.page.getByRole("img", { name: person.name[0] }).waitFor();
  const png = await phone.page.screenshot({ type: "png" });
  await phone.close();
  return png;
}

/** Return whether the phone is paired, so that it can keep scans. */
export function paired(phone: Phone): Promise<boolean> {
  return phone.page.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith("vc.device.")));
}

/** Give the open camera page a picture of the album. `album` is its button. */
export async function picks(phone: Phone, png: Buffer, album = text("guard.album")): Promise<void> {
  const [chooser] = await Promise.all([phone.page.waitForEvent("filechooser"), phone.press(album)]);
  await chooser.setFiles({ name: "pass.png", mimeType: "image/png", buffer: png });
}
