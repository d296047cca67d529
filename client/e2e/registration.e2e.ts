/** Registering from an account that has no phone yet. */

import { expect, it } from "vitest";
import { API, SANDBOX, good, send, textMessage } from "./deployment";
import { visitor } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones();

it("asks whoever has no phone for it, and goes on with the registration", async () => {
  const person = await visitor();
  const minted = await good(send("POST", `${SANDBOX}/sandbox/wechat`, { phone: person.phone }));
  person.session = await good(send("POST", `${API}/v1/sessions`, { client: "wechat", code: minted.code }));
  const phone = await phoneOf({ person });
  await phone.open("pages/registration/registration");
  /** The steps as a screen reader says them; one that is done has a tick instead of its number. */
  const steps = async (): Promise<string[]> =>
    (await phone.by("list", text("visitor.reg_steps")).getByRole("listitem").allInnerTexts()).map((step) => step.replace(/\s+/g, " ").trim());
  const [identity, own, review] = ["identity", "phone", "review"].map((step) => text(`visitor.reg_step_${step}`));
  const [done, current] = [text("visitor.reg_step_done"), text("visitor.reg_step_current")];
  await expect.poll(steps).toEqual([`1 ${identity} ${current}`, `2 ${own}`, `3 ${review}`]);
  await phone.type(text("visitor.reg_name"), person.name);
  await phone.type(text("visitor.reg_number"), person.number);
  await phone.press(text("visitor.reg_submit"));
  await phone.by("button", text("own.phone_do")).waitFor();
  expect(await steps()).toEqual([`${identity} ${done}`, `2 ${own} ${current}`, `3 ${review}`]);
  await phone.press(text("own.phone_do"));
  await phone.type(text("own.phone_new"), person.typedPhone);
  await phone.press(text("login.send_code"));
  await phone.page.getByLabel(text("login.code"), { exact: true }).waitFor();
  await phone.type(text("login.code"), await textMessage(person.phone));
  await phone.press(text("own.confirm"));
  await phone.by("button", text("visitor.to_home")).waitFor();
  expect(phone.page.url()).toContain("pages/registration/registration");
  await expect.poll(steps).toEqual([`${identity} ${done}`, `${own} ${done}`, `3 ${review} ${current}`]);
  await phone.press(text("visitor.to_home"));
  await phone.by("img", new RegExp(person.name[0]!)).waitFor();
  await phone.open("pages/registration/registration");
  await expect.poll(steps).toEqual([identity, own, review].map((step) => `${step} ${done}`));
});
