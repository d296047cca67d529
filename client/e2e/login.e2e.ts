/** Logging in by text message, in a real browser. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { Chromium } from "./browser";
import { textMessage } from "./deployment";
import { visitor } from "./people";
import { text } from "./texts";

let chromium: Chromium;
beforeAll(async () => {
  chromium = await Chromium.launch();
});
afterAll(() => chromium.close());

it("logs in with the code of a text message, and stays logged in", async () => {
  const person = await visitor();
  const phone = await chromium.phone();
  await phone.open("pages/login/login");
  await phone.type(text("login.phone"), person.typedPhone);
  await phone.press(text("login.send_code"));
  await phone.page.getByLabel(text("login.code")).waitFor();
  await phone.type(text("login.code"), await textMessage(person.phone));
  await phone.press(text("login.enter"));
  await phone.arrives("pages/home/home");
  await phone.page.reload();
  await phone.arrives("pages/home/home");
  expect(phone.complaints).toEqual([]);
  expect(phone.strangers()).toEqual([]);
});
