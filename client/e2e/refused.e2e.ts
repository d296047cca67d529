/** What is refused because it is somebody else's or is there already (409), and a provider that is dead. */

import { expect, it } from "vitest";
import type { Phone } from "./browser";
import { until, withFault } from "./deployment";
import { fillApplication } from "./head";
import { application, Person, uuid7, verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { recorded, shown } from "./visitor";

const { phoneOf } = usePhones();

/** Press a button and return the words of the 409 that it gets; they are on the page, and so is what was typed. */
async function refused(phone: Phone, button: string, path: string): Promise<string> {
  const [answer] = await Promise.all([
    phone.page.waitForResponse((one) => one.url().endsWith(path) && one.status() === 409),
    phone.press(button),
  ]);
  const { code, detail } = (await answer.json()) as { code: string; detail: string };
  await phone.page.getByText(detail).first().waitFor();
  return code;
}

it("does not register another person's identity, and says where to ask", async () => {
  const owner = await verified();
  const other = new Person();
  await other.say({ health_code: "green" });
  const phone = await phoneOf({ person: await other.logIn() });
  await phone.open("pages/registration/registration");
  await phone.type(text("visitor.reg_name"), owner.name);
  await phone.type(text("visitor.reg_number"), owner.number);
  expect(await refused(phone, text("visitor.reg_submit"), "/v1/me/registration")).toBe("identity_taken");
  expect(await phone.page.getByLabel(text("visitor.reg_number"), { exact: true }).inputValue()).toBe(owner.number);
});

it("says that a venue has a code already, and keeps what was typed", async () => {
  const head = await verified();
  const venue = application();
  await head.apply(venue);
  const phone = await phoneOf({ person: head });
  await phone.open("pages/head/apply/apply");
  await fillApplication(phone, venue);
  expect(await refused(phone, text("head.submit"), "/v1/venues")).toBe("venue_exists");
  expect(await phone.page.getByLabel(text("head.venue_name"), { exact: true }).inputValue()).toBe(venue.name);
});

it("sends visitors to the staff while a provider is dead, and lets them in when it is back", async () => {
  const venue = await (await verified()).apply();
  const code = encodeURIComponent(venue.code_url);
  await withFault("health_code", "refuse", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    await phone.open(`pages/scan/scan?code=${code}`);
    await shown(phone, person, await recorded(phone), "check");
  });
  // The breaker of each process rests for a while before it tries again.
  await until(
    async () => {
      const person = await verified();
      const { scan_id } = await person.post("/v1/scans", { nonce: uuid7(), code: venue.code_url });
      const screen = await until(
        () => person.get(`/v1/scans/${scan_id}`),
        (seen) => seen.poll_after_ms === null,
      );
      return screen.outcome as string;
    },
    (outcome) => outcome === "admit",
    60,
  );
  const person = await verified();
  const phone = await phoneOf({ person });
  await phone.open(`pages/scan/scan?code=${code}`);
  await shown(phone, person, await recorded(phone), "admit");
});
