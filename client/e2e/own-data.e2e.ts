/** What is kept of a person: saved as a file, and erased. */

import { expect, it } from "vitest";
import { API, SANDBOX, good, send } from "./deployment";
import { unzipped } from "./files";
import { uuid7, verified, type Person } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { logIn } from "./visitor";

const { phoneOf } = usePhones();

/** Return a verified person whose last login was by their WeChat account alone. */
async function byAccount(): Promise<Person> {
  const person = await verified();
  const { code } = await good(send("POST", `${SANDBOX}/sandbox/wechat`, { phone: person.phone }));
  person.session = await good(send("POST", `${API}/v1/sessions`, { client: "wechat", code }));
  return person;
}

it("asks who it is, and then saves everything that is kept of them", async () => {
  const person = await byAccount();
  const venue = await (await verified()).apply();
  await person.post("/v1/scans", { nonce: uuid7(), code: venue.code_url });
  const phone = await phoneOf({ person });
  await phone.open("pages/my/my");
  await phone.press(text("own.data"));
  await phone.arrives("pages/own-data/own-data");
  await phone.press(text("own.export_ask"));
  await phone.by("dialog", text("own.proof_title")).waitFor();
  await logIn(phone, person);
  await phone.by("button", text("own.export_save")).waitFor({ timeout: 30_000 });
  const zip = await phone.saves(text("own.export_save"));
  expect(zip.name).toBe("venuecode-data.zip");
  const files = unzipped(zip.bytes);
  const all = Object.values(files).join("\n");
  for (const own of [person.name, person.number, person.phone, venue.name]) expect(all).toContain(own);
});

it("asks before everything is erased, says when, gives the receipt, and takes it back", async () => {
  const person = await byAccount();
  const phone = await phoneOf({ person });
  await phone.open("pages/own-data/own-data");
  await phone.press(text("own.erase_ask"));
  await phone.press(text("own.erase_confirm"));
  await phone.by("dialog", text("own.proof_title")).waitFor();
  await logIn(phone, person);
  await phone.press(text("own.erase_confirm"));
  await phone.by("button", text("own.erase_cancel")).waitFor();
  const asked = await person.get("/v1/me/erasure");
  expect(asked.status).toBe("scheduled");
  await phone.page.getByText(asked.receipt_id).waitFor();
  for (const one of [...asked.removes, ...asked.keeps]) await phone.page.getByText(one.text).first().waitFor();
  await phone.press(text("own.erase_cancel"));
  await phone.page.getByText(text("own.erase_cancelled")).waitFor();
  expect((await person.get("/v1/me/erasure")).status).toBe("cancelled");
});
