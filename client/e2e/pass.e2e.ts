/** The pass at home: it is renewed by itself, and one that was not renewed in time has no colour and no code. */

import { expect, it } from "vitest";
import type { Phone } from "./browser";
import { until } from "./deployment";
import { verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones();

/** Open home on the phone of somebody with a green pass, on a clock that the test turns. */
async function green(): Promise<Phone> {
  const person = await verified();
  await until(
    () => person.get("/v1/me/pass"),
    (pass) => pass.background === "green",
  );
  const phone = await phoneOf({ person });
  await phone.page.clock.install();
  await phone.open();
  await phone.page.locator(".pass.green").waitFor();
  return phone;
}

const code = (phone: Phone) => phone.page.locator(".pass").getByRole("img");

/** A veiled pass: grey, without a code; the last colour is a word with its time. */
async function veiled(phone: Phone, why: string): Promise<void> {
  await phone.page.locator(".pass.unknown").waitFor();
  await phone.by("heading", text("visitor.pass_old")).waitFor();
  await phone.page.getByText(why, { exact: true }).first().waitFor();
  await phone.page.getByText(new RegExp(`^${text("visitor.pass_was", { colour: "绿码", time: ".+" })}$`)).waitFor();
  expect(await code(phone).count()).toBe(0);
}

it("is veiled once it is too old to be taken, and comes back with the network", async () => {
  const phone = await green();
  await code(phone).waitFor();
  await phone.context.setOffline(true);
  await phone.page.clock.runFor(90_000);
  await veiled(phone, text("visitor.pass_offline"));
  await phone.context.setOffline(false);
  await phone.page.clock.runFor(5_000);
  await phone.page.locator(".pass.green").waitFor();
  await code(phone).waitFor();
});

it("is veiled when a phone that slept for an hour wakes, until the next pass has come", async () => {
  const phone = await green();
  const answer = await phone.holds("**/v1/me/pass");
  await phone.page.clock.fastForward(3_600_000);
  await veiled(phone, text("visitor.pass_renewing"));
  answer();
  await phone.page.locator(".pass.green").waitFor();
  await code(phone).waitFor();
});

it("is renewed when it says so", async () => {
  const phone = await green();
  const left = async (): Promise<number> => Number(/\d+/.exec(await phone.page.locator(".pass-time .min").innerText()));
  const seconds = await left();
  const renewed = phone.page.waitForResponse((one) => one.url().endsWith("/v1/me/pass") && one.ok());
  await phone.page.clock.runFor(1_000 * (seconds + 1));
  await renewed;
  await expect.poll(left).toBeGreaterThan(0);
  await phone.page.locator(".pass.green").waitFor();
});
