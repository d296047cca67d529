/** A page whose script does not come, or not soon. */

import { expect, it } from "vitest";
import { nameAndLanguage, smallTargets, violations } from "./checks";
import { verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones(/Failed to fetch dynamically imported module/);

it("says so in the client's words, leads back, and opens the page when the network is there again", async () => {
  const phone = await phoneOf({ person: await verified() });
  await phone.open();
  await phone.press(text("visitor.my"));
  await phone.by("button", text("own.visits")).waitFor();
  await phone.context.setOffline(true);
  await phone.press(text("own.visits"));
  await phone.by("heading", text("common.unloaded")).waitFor();
  expect([...(await violations(phone.page)), ...(await smallTargets(phone.page)), ...(await nameAndLanguage(phone.page, "zh-Hans"))]).toEqual([]);
  await expect.poll(() => phone.page.evaluate(() => document.activeElement?.textContent)).toBe(text("common.unloaded"));
  // It is asked before the page is given up: the browser's own page of errors would lead nowhere.
  await phone.press(text("common.retry"));
  await phone.page.getByText(text("common.unanswered")).waitFor();
  await phone.press(text("common.back"));
  await phone.by("button", text("own.accesses")).waitFor();
  await phone.press(text("own.visits"));
  await phone.by("heading", text("common.unloaded")).waitFor();
  await phone.context.setOffline(false);
  await phone.press(text("common.retry"));
  await phone.by("heading", text("own.visits")).waitFor();
  expect(phone.page.url()).toContain("pages/visits/visits");
});

it("leads home from a code that opened the client, where no page lies below", async () => {
  const phone = await phoneOf({ person: await verified() });
  await phone.page.route("**/pages-scan-scan*.js", (route) => route.abort());
  await phone.open("pages/scan/scan?code=x");
  await phone.by("heading", text("common.unloaded")).waitFor();
  await phone.press(text("common.back"));
  await phone.page.locator(".pass").waitFor();
});

it("stands on its own ground while it comes, and says so after a while", async () => {
  const phone = await phoneOf({ person: await verified(), dark: true });
  await phone.open();
  await phone.press(text("visitor.my"));
  await phone.by("button", text("own.visits")).waitFor();
  await phone.page.clock.install();
  await phone.page.clock.pauseAt(await phone.page.evaluate(() => Date.now() + 1_000));
  const send = await phone.holds("**/pages-visits-*.js");
  await phone.press(text("own.visits"));
  await phone.page.clock.runFor(100);
  await phone.arrives("pages/visits/visits");
  const ground = phone.page.locator(".vc:visible");
  await expect.poll(() => ground.evaluate((page) => getComputedStyle(page).backgroundColor)).toBe("rgb(13, 20, 23)");
  expect(await phone.page.locator("h1:visible").count()).toBe(0);
  await phone.page.clock.runFor(300);
  await phone.by("button", text("common.back")).waitFor();
  await phone.page.clock.runFor(300);
  await phone.page.locator(".bars:visible").getByText(text("common.loading")).waitFor({ state: "attached" });
  await phone.page.clock.resume();
  expect(await violations(phone.page)).toEqual([]);
  send();
  await phone.by("heading", text("own.visits")).waitFor();
});
