/** Acting for others: a child by the register of households, an elder by their code or their face; then at home, and no more. */

import { expect, it } from "vitest";
import type { Phone } from "./browser";
import { until } from "./deployment";
import { childOf, verified, visitor } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { logIn } from "./visitor";

const { phoneOf } = usePhones();

/** From home to the form for a new member of the family. */
async function toForm(phone: Phone, relation: "child" | "elder", method: "household" | "consent" | "face"): Promise<void> {
  await phone.press(text("visitor.family"));
  await phone.page.getByText(text("visitor.family_none")).waitFor();
  await phone.press(text("visitor.family_manage"));
  await phone.arrives("pages/family/family");
  await phone.press(text("own.family_add"));
  await phone.pick(text("own.add_whom"), text(`api.relation.${relation}`));
  await phone.pick(text("own.add_how"), text(`own.by_${method}`));
}

/** Go back home from the family's page, and show somebody there. */
async function show(phone: Phone, name: string): Promise<void> {
  await phone.press(text("common.back"));
  await phone.arrives("pages/home/home");
  await phone.press(text("visitor.family"));
  await phone.pick(text("visitor.whose"), name);
}

it("adds a child of the household, shows their pass at home, and one's own again after the removal", async () => {
  const guardian = await verified();
  const child = await childOf(guardian);
  const phone = await phoneOf({ person: guardian });
  await phone.open();
  await toForm(phone, "child", "household");
  await phone.type(text("own.name"), child.name);
  await phone.type(text("own.document_number"), child.document_number);
  await phone.press(text("own.family_add"));
  const row = phone.by("button", new RegExp(`^${child.name}.*${text("api.verification_state.verified")}`));
  await row.waitFor();
  const { items } = await guardian.get("/v1/me/dependants");
  expect(items).toMatchObject([{ name: child.name, relation: "child", method: "household", verification: "verified" }]);

  await show(phone, child.name);
  await phone.by("button", `${text("visitor.whose")} ${child.name}`).waitFor();
  const { name } = await guardian.get(`/v1/me/dependants/${items[0].person_id}/pass`);
  await phone.by("img", text("visitor.pass_label", { colour: "绿码", name })).waitFor();

  await phone.press(text("visitor.family"));
  await phone.press(text("visitor.family_manage"));
  await row.click();
  await phone.press(text("own.remove"));
  await phone.by("dialog", text("own.remove_ask", { name: child.name })).getByRole("button", { name: text("own.remove"), exact: true }).click();
  await phone.page.getByText(text("own.family_none"), { exact: true }).waitFor();
  expect((await guardian.get("/v1/me/dependants")).items).toEqual([]);
  await phone.press(text("common.back"));
  await phone.by("button", new RegExp(`^${text("visitor.whose")} ${guardian.name}`)).waitFor();
});

it("adds an elder by the code that they make on their own phone, and the elder ends it", async () => {
  const [guardian, elder] = [await verified(), await verified()];
  const theirs = await phoneOf({ person: elder });
  await theirs.open("pages/family/family");
  await theirs.press(new RegExp(`^${text("own.consent_code")}`));
  const code = await theirs.page.locator(".consent").innerText();

  const phone = await phoneOf({ person: guardian });
  await phone.open();
  await toForm(phone, "elder", "consent");
  await phone.type(text("own.consent_code"), "AAAAAA");
  await phone.press(text("own.family_add"));
  await phone.page.locator("#consent[aria-invalid=true]").or(phone.page.getByRole("alert")).first().waitFor();
  await phone.type(text("own.consent_code"), code);
  await phone.press(text("own.family_add"));
  // Who agreed by a code stays masked.
  const name = `${elder.name[0]}**`;
  await phone.page.locator(".row-btn").filter({ hasText: name }).waitFor();
  expect((await guardian.get("/v1/me/dependants")).items).toMatchObject([{ name, relation: "elder", method: "consent" }]);
  await show(phone, name);
  await phone.by("button", `${text("visitor.whose")} ${name}`).waitFor();

  await theirs.page.reload();
  await theirs.press(new RegExp(`^${text("own.acted_by", { name: guardian.name[0]! + ".*" })}`));
  await theirs.press(text("own.guardian_end"));
  // It is said for four seconds.
  await theirs.page.getByText(text("own.link_ended")).waitFor();
  await until(
    () => guardian.get("/v1/me/dependants"),
    (seen) => seen.items.length === 0,
  );
});

it("adds an elder by their face: what failed is said and begun anew, what passed goes on by itself", async () => {
  const [guardian, elder] = [await verified(), await visitor()];
  const phone = await phoneOf({});
  await phone.open();
  // By a browser: the service of a mini-program has no page of its own.
  await logIn(phone, guardian);
  await toForm(phone, "elder", "face");
  await phone.type(text("own.name"), elder.name);
  await phone.type(text("own.document_number"), elder.number);
  /** Carry the check out at the service's own page, whose buttons speak the sandbox's language. */
  const check = async (end: RegExp): Promise<void> => {
    await phone.press(text("own.face_start"));
    const [service] = await Promise.all([phone.context.waitForEvent("page"), phone.by("link", text("own.face_open")).click()]);
    await service.getByRole("button", { name: end }).click();
    await service.locator("#done:not(:empty)").waitFor();
    await service.close();
  };
  await check(/^(failed|未通过)$/);
  await phone.page.getByRole("alert").getByText(text("own.face_failed")).waitFor();
  expect((await guardian.get("/v1/me/dependants")).items).toEqual([]);
  await check(/^(passed|通过)$/);
  await phone.page.locator(".row-btn").filter({ hasText: text("api.verification_state.verified") }).waitFor();
  const { items } = await guardian.get("/v1/me/dependants");
  expect(items).toMatchObject([{ relation: "elder", method: "face", verification: "verified" }]);
  await show(phone, items[0].name);
  await phone.by("button", `${text("visitor.whose")} ${items[0].name}`).waitFor();
});
