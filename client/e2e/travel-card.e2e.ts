/** The travel card, which a code of its carrier's text message opens. */

import { beforeAll, expect, it } from "vitest";
import { textMessage } from "./deployment";
import { verified, type Venue } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { recorded, shown, typeSerial } from "./visitor";

const { phoneOf } = usePhones();
let venue: Venue;

beforeAll(async () => {
  venue = await (await verified()).apply();
});

it.each([
  ["normal", "正常"],
  ["abnormal", "异常"],
])("joins the visit when its code was typed: %s", async (state, word) => {
  const person = await verified({ health_code: "yellow", travel_card: state });
  const phone = await phoneOf({ person });
  await phone.open(`pages/scan/scan?code=${encodeURIComponent(venue.code_url)}`);
  const scanId = await recorded(phone);
  await shown(phone, person, scanId, "check");
  const row = phone.page.locator(".ev").filter({ hasText: text("evidence.travel_card") });
  await row.getByRole("button", { name: text("visitor.card_enter") }).click();
  await phone.arrives("pages/travel-card/travel-card");
  await phone.page.getByText(venue.name).waitFor();
  await phone.press(text("login.send_code"));
  await phone.page.getByText(text("visitor.card_sent")).waitFor();
  const code = await textMessage(person.phone);
  await phone.type(text("login.code"), code === "000000" ? "000001" : "000000");
  await phone.press(text("visitor.card_ask"));
  await phone.page.locator("#card-code[aria-invalid=true]").waitFor();
  await phone.type(text("login.code"), code);
  await phone.press(text("visitor.card_ask"));
  await phone.press(text("visitor.card_done"));
  await phone.arrives("pages/result/result");
  await row.getByText(word).waitFor();
  await expect.poll(() => row.getByRole("button", { name: text("visitor.card_enter") }).count()).toBe(0);
  expect((await person.get(`/v1/scans/${scanId}`)).travel_card.state).toBe(state);
});

it("knows after a reload whose result it shows", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open("pages/scan/scan");
  await typeSerial(phone, venue.code);
  const scanId = await recorded(phone);
  const enter = phone.by("button", text("visitor.card_enter"));
  await phone.page.route("**/v1/scans/*", async (route) => {
    const answer = await route.fetch();
    const screen = await answer.json();
    await route.fulfill({ response: answer, json: { ...screen, outcome: "check", travel_card: { ...screen.travel_card, state: "code_needed" } } });
  });
  await phone.page.reload();
  await enter.waitFor();
  // The same screen, of a dependant: the code would go to the phone of the person who is logged in.
  await phone.open(`pages/result/result?scan=${scanId}&of=per_7RHYG5G075CMMCW9`);
  await phone.page.reload();
  await phone.page.getByText(venue.name).first().waitFor();
  await expect.poll(() => enter.count()).toBe(0);
});
