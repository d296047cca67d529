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
  await phone.type(text("visitor.reg_name"), person.name);
  await phone.type(text("visitor.reg_number"), person.number);
  await phone.press(text("visitor.reg_submit"));
  await phone.press(text("own.phone_do"));
  await phone.type(text("own.phone_new"), person.typedPhone);
  await phone.press(text("login.send_code"));
  await phone.page.getByLabel(text("login.code"), { exact: true }).waitFor();
  await phone.type(text("login.code"), await textMessage(person.phone));
  await phone.press(text("own.confirm"));
  await phone.by("button", text("visitor.to_home")).waitFor();
  expect(phone.page.url()).toContain("pages/registration/registration");
});
