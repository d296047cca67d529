/** Declaring one's health, from its page and from a scan's result; registering an arrival. */

import { expect, it } from "vitest";
import type { Phone } from "./browser";
import { chooseRegion } from "./head";
import { uuid7, verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { recorded, shown } from "./visitor";

const { phoneOf } = usePhones();

/** The questions of the form, as somebody reads them who is asked in Chinese. */
const FEVER = "您现在或最近 14 天内是否发热（37.3 ℃ 及以上）？";
const CONTACT = "最近 14 天内您是否接触过确诊病例？";
const RISK = "最近 14 天内您是否在中高风险地区停留？";
const DESTINATION = "您的目的地或居住地在哪个县（市、区）？";

async function answerHealth(phone: Phone): Promise<void> {
  for (const question of [FEVER, CONTACT, RISK]) await phone.pick(question, text("api.form.no"));
  await phone.by("group", "您是否有以下症状？没有请不选。").getByText("咳嗽", { exact: true }).click();
  await chooseRegion(phone, ["广东省", "茂名市", "信宜市"], DESTINATION);
}

it("is sent from its page, once what is missing was filled in, and stands in the list", async () => {
  const person = await verified();
  const phone = await phoneOf({ person });
  await phone.open("pages/my/my");
  await phone.press(text("own.declarations"));
  await phone.page.getByText(text("own.declarations_none")).waitFor();
  await phone.press(text("own.declare"));
  await phone.by("radiogroup", FEVER).waitFor();
  await phone.press(text("own.submit"));
  await phone.page.getByText(text("own.form_wrong", { n: 4 })).waitFor();
  await answerHealth(phone);
  await phone.press(text("own.submit"));
  await phone.page.getByText(text("own.declared")).waitFor();
  const { items } = await person.get("/v1/me/declarations");
  expect(items).toHaveLength(1);
  const card = phone.page.locator(".card").filter({ hasText: FEVER });
  for (const { question, text: answer } of items[0].answers) await card.locator(".answer").filter({ hasText: question }).getByText(answer, { exact: true }).waitFor();
  expect(await card.innerText()).toContain("咳嗽");
});

it("of an arrival stands with the arrivals", async () => {
  const person = await verified();
  const phone = await phoneOf({ person });
  await phone.open("pages/declarations/declarations");
  await phone.pick(text("own.records"), text("own.arrival_tab"));
  await phone.press(text("own.arrive"));
  await phone.by("group", "您从哪个省份出发？").getByRole("combobox").selectOption({ label: "山东省" });
  await phone.page.getByLabel("您乘坐哪种交通工具？").selectOption({ label: "火车" });
  await phone.page.getByLabel("您是哪一天到达的？").selectOption({ index: 1 });
  await phone.type("您的住址是？", "人民路1号");
  await phone.press(text("own.submit"));
  await phone.page.getByText(text("own.declared")).waitFor();
  expect((await person.get("/v1/me/arrivals")).items).toHaveLength(1);
  const answers = phone.page.locator(".answer");
  await answers.filter({ hasText: "您从哪个省份出发？" }).getByText("山东省").waitFor();
  await answers.filter({ hasText: "您乘坐哪种交通工具？" }).getByText("火车").waitFor();
});

it("of a light green visitor leads from the result to the form and back, where the new colour comes by itself", async () => {
  const person = await verified({ health_code: "light_green" });
  const venue = await (await verified()).apply();
  const phone = await phoneOf({ person });
  await phone.open(`pages/scan/scan?code=${encodeURIComponent(venue.code_url)}`);
  const scanId = await recorded(phone);
  const before = await shown(phone, person, scanId, "check");
  // The register takes its time: until the page has said so, it hears of the colour that the person had.
  let said = false;
  await phone.page.route(`**/v1/scans/${scanId}`, (route) => (said ? route.continue() : route.fulfill({ json: before })));
  await phone.press(text("visitor.declare"));
  await answerHealth(phone);
  await phone.press(text("own.submit"));
  await phone.arrives("pages/result/result");
  await phone.page.getByText(text("visitor.result_colour")).waitFor();
  said = true;
  await phone.by("heading", text("api.outcome.admit")).waitFor();
  await phone.page.getByText(text("visitor.result_colour")).waitFor({ state: "hidden" });
  expect((await person.get(`/v1/scans/${scanId}`)).outcome).toBe("admit");
  expect((await person.get("/v1/me/declarations")).items).toHaveLength(1);
  expect((await person.get("/v1/me/visits")).items).toHaveLength(1);
});
