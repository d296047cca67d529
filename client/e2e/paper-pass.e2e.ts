/** A paper pass: issued, saved as a picture and to be printed, read at the door, revoked. */

import { expect, it } from "vitest";
import { until } from "./deployment";
import { isPdf, qrOf } from "./files";
import { childOf, uuid7, verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { browser, phoneOf } = usePhones();

it("is issued, saved as a picture and as PDFs, opens the door, and does so no more once it is revoked", async () => {
  const [person, head] = [await verified(), await verified()];
  const venue = await head.apply();
  const atTheDoor = (code: string) => head.post(`/v1/venues/${venue.venue_id}/scans`, { nonce: uuid7(), pass_code: code });
  const phone = await phoneOf({ person });
  await phone.open("pages/my/my");
  await phone.press(text("own.paper"));
  await phone.arrives("pages/paper-pass/paper-pass");
  await phone.press(text("own.paper_issue"));
  await phone.pick(text("own.paper_name"), text("own.paper_full"));
  await phone.by("dialog", text("own.paper_issue")).getByRole("button", { name: text("own.paper_issue"), exact: true }).click();
  await phone.by("img", text("own.paper_picture")).waitFor({ timeout: 30_000 });
  const { serial, state, name } = await person.get("/v1/me/pass/paper");
  expect([state, name]).toEqual(["valid", "full"]);
  await phone.page.getByText(serial, { exact: true }).waitFor();

  const picture = await phone.saves(text("own.paper_album"));
  expect(picture.name).toMatch(/\.png$/);
  const code = await qrOf(browser().browser, picture.bytes);
  // The door shows the name masked, whatever the card shows.
  expect((await atTheDoor(code!)).person.name).toBe(person.name[0] + "**");
  for (const form of ["own.paper_pdf", "own.paper_sheet"]) {
    const pdf = await phone.saves(text(form));
    expect(pdf.name).toMatch(/\.pdf$/);
    expect(isPdf(pdf.bytes)).toBe(true);
  }

  await phone.press(text("own.paper_revoke"));
  await phone.by("dialog", text("own.paper_revoke_ask")).getByRole("button", { name: text("own.paper_revoke"), exact: true }).click();
  await phone.by("button", text("own.paper_issue")).waitFor();
  await phone.page.getByText(text("own.paper_revoked"), { exact: true }).first().waitFor();
  await expect.poll(() => phone.by("img", text("own.paper_picture")).count()).toBe(0);
  expect((await person.get("/v1/me/pass/paper")).state).toBe("revoked");
  await expect(atTheDoor(code!)).rejects.toThrow("pass_revoked");
});

it("is issued for a child from the family's page, in the child's name, and is not the guardian's own", async () => {
  const [guardian, head] = [await verified(), await verified()];
  const venue = await head.apply();
  const child = await childOf(guardian);
  await guardian.post("/v1/me/dependants", { nonce: uuid7(), relation: "child", method: "household", ...child });
  const { items } = await until(
    () => guardian.get("/v1/me/dependants"),
    (seen) => seen.items[0]?.verification === "verified",
  );
  const of = `/v1/me/dependants/${items[0].person_id}/pass`;
  const phone = await phoneOf({ person: guardian });
  await phone.open("pages/family/family");
  await phone.press(new RegExp(`^${child.name}`));
  await phone.press(text("own.paper"));
  await phone.arrives("pages/paper-pass/paper-pass");
  const whose = phone.page.getByLabel(text("own.whose"), { exact: true });
  await expect.poll(() => whose.locator("option:checked").innerText()).toContain(child.name);
  await phone.press(text("own.paper_issue"));
  await phone.by("dialog", text("own.paper_issue")).getByRole("button", { name: text("own.paper_issue"), exact: true }).click();
  await phone.by("img", text("own.paper_picture")).waitFor({ timeout: 30_000 });
  const { serial } = await guardian.get(`${of}/paper`);
  await phone.page.getByText(serial, { exact: true }).waitFor();
  const code = await qrOf(browser().browser, (await phone.saves(text("own.paper_album"))).bytes);
  const seen = await head.post(`/v1/venues/${venue.venue_id}/scans`, { nonce: uuid7(), pass_code: code });
  expect(seen.person.name).toBe((await guardian.get(of)).name);

  await whose.selectOption({ label: text("own.oneself") });
  await phone.page.getByText(text("own.paper_none"), { exact: true }).waitFor();
  await expect.poll(() => phone.page.getByText(serial, { exact: true }).count()).toBe(0);
});
