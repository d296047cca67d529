/** What visitors do on their phones, as steps of tests. */

import type { Phone } from "./browser";
import { textMessage } from "./deployment";
import type { Person } from "./people";
import { text } from "./texts";

/** Log in by text message on the page or sheet that asks for it. */
export async function logIn(phone: Phone, person: Person): Promise<void> {
  await phone.type(text("login.phone"), person.typedPhone);
  await phone.press(text("login.send_code"));
  await phone.page.getByLabel(text("login.code")).waitFor();
  await phone.type(text("login.code"), await textMessage(person.phone));
  await phone.press(text("login.enter"));
}

/** Open the scan page; the camera reads what it sees, and the result appears. Return the scan's id. */
export async function scan(phone: Phone): Promise<string> {
  await phone.open("pages/scan/scan");
  return recorded(phone);
}

/** Wait for the result's page; return the scan's id. */
export async function recorded(phone: Phone): Promise<string> {
  await phone.arrives("pages/result/result");
  return new URLSearchParams(phone.page.url().split("?")[1]).get("scan")!;
}

/** Wait until the result's page shows the API's present word for the outcome; return the API's screen. */
export async function shown(phone: Phone, person: Person, scanId: string, outcome: string): Promise<any> {
  for (;;) {
    const screen = await person.get(`/v1/scans/${scanId}`);
    if (screen.outcome === outcome) {
      await phone.by("heading", screen.outcome_text).waitFor();
      return screen;
    }
    if (screen.poll_after_ms === null) throw new Error(`${screen.outcome}, not ${outcome}: ${JSON.stringify(screen.reasons)}`);
    await new Promise((resolve) => setTimeout(resolve, screen.poll_after_ms));
  }
}

/** Type a venue's number on the scan page, which is a scan. */
export async function typeSerial(phone: Phone, code: string): Promise<void> {
  await phone.press(text("visitor.type_serial"));
  await phone.type(text("visitor.serial"), code);
  await phone.press(text("visitor.serial_send"));
}
