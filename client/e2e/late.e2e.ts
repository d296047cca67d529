/** Answers that come late, logins that end or change meanwhile, and faults that are marked where they belong. */

import type { Route } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import type { Phone } from "./browser";
import { listen, spoken } from "./checks";
import { API, SANDBOX, good, send } from "./deployment";
import { uuid7, verified, visitor, type Person, type Venue } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones();
let person: Person;

beforeAll(async () => {
  person = await verified();
});

const PROBLEM = { type: "about:blank", title: "", detail: "这是接口给出的一句话。" };
function problem(status: number, code: string, more: object = {}): Parameters<Route["fulfill"]>[0] {
  return { status, contentType: "application/problem+json", body: JSON.stringify({ ...PROBLEM, status, code, ...more }) };
}

/** Hold the requests to an address back; return what answers them, and what waits until one is there. */
async function held(phone: Phone, url: string | RegExp, method = "POST") {
  let answer: (given: Parameters<Route["fulfill"]>[0]) => void = () => undefined;
  const given = new Promise<Parameters<Route["fulfill"]>[0]>((resolve) => (answer = resolve));
  let asked: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (asked = resolve));
  await phone.page.route(url, async (route) => {
    if (route.request().method() !== method) return route.fallback();
    asked();
    await route.fulfill(await given);
  });
  return { arrived, answer };
}

const row = (phone: Phone, name: string) => phone.page.getByRole("button", { name: new RegExp(`^${name}`) });
const focused = (phone: Phone): Promise<string> => phone.page.evaluate(() => document.activeElement?.id ?? "");
const wrong = (phone: Phone): Promise<string[]> =>
  phone.page.evaluate(() => [...document.querySelectorAll("[aria-invalid=true]")].filter((one) => one.getClientRects().length > 0).map((one) => one.id));

/** What a guard's phone keeps: one scan, made an hour ago. */
function kept(guard: Person): Record<string, unknown> {
  const personId = guard.session!.person_id;
  const nonce = uuid7(Date.now() - 3_600_000);
  const entry = { nonce, id: nonce, personId, venueId: "ven_SABR24PA3EYWNYP2", venueName: "青禾农贸市场", deviceId: "phn_7RHYG5G075CMMCW9", code: "VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H" };
  const rest = { tail: "J32H", paper: false, temperature: null, ahead: 0, state: "waiting", reason: "" };
  return { [`queue.${nonce}`]: { ...entry, ...rest }, [`device.${personId}`]: { deviceId: entry.deviceId, secret: "7RHYG5G075CMMCW932P3WWT3Y0B8J32H" } };
}

it("sends a guard's kept scans from any page, and says before a log-out how many wait", async () => {
  const guard = await verified();
  const phone = await phoneOf({ person: guard, keep: kept(guard) });
  await phone.context.route("**/late-scans", (route) => route.fulfill(problem(503, "unavailable")));
  await Promise.all([phone.page.waitForRequest("**/late-scans"), phone.open("pages/my/my")]);
  await phone.press(text("own.log_out"));
  const sheet = phone.page.getByRole("dialog");
  await sheet.getByText(text("own.log_out_kept", { n: 1 })).waitFor();
  await sheet.getByRole("button", { name: text("own.log_out") }).click();
  await phone.arrives("pages/login/login");
});

it("asks for no login to log out of one that has ended", async () => {
  const leaving = await verified();
  const phone = await phoneOf({ person: leaving });
  await phone.open("pages/my/my");
  await phone.page.getByText(leaving.name.slice(1)).first().waitFor();
  await phone.page.route("**/v1/sessions/logout", (route) => route.fulfill(problem(401, "session_ended")));
  await phone.press(text("own.log_out"));
  await phone.arrives("pages/login/login");
  expect(await phone.page.getByRole("dialog").count()).toBe(0);
});

it("stays where a head has gone since they left a venue", async () => {
  const head = await verified();
  const venue: Venue = await head.apply();
  const phone = await phoneOf({ person: head });
  await phone.open("pages/my/my");
  await row(phone, text("own.workbench")).click();
  await phone.arrives("pages/head/workbench/workbench");
  await phone.press(text("head.staff"));
  await phone.arrives("pages/head/staff/staff");
  const { arrived, answer } = await held(phone, `**/v1/bindings/${venue.venue_id}/remove`);
  await phone.page.locator(".row-btn").filter({ has: phone.page.locator(".sf-face") }).first().click();
  await row(phone, text("head.leave")).click();
  await phone.page.getByRole("dialog").getByRole("button", { name: text("head.leave"), exact: true }).click();
  await arrived;
  await phone.page.goBack();
  await phone.arrives("pages/head/workbench/workbench");
  const [listed] = await Promise.all([phone.page.waitForResponse((one) => one.url().endsWith("/v1/venues")), answer({ status: 200, json: {} })]);
  await listed.finished();
  await phone.page.getByText(text("head.left")).waitFor();
  expect(phone.page.url()).toContain("pages/head/workbench/workbench");
});

it("shows an erasure with the relative for whom it was asked, and with no other", async () => {
  const phone = await phoneOf({ person });
  const child = { person_id: "per_7RHYG5G075CMMCW9", name: "关**", relation: "child", method: "household", verification: "verified", since: "2022-04-24T08:00:00.000Z", has_paper_pass: false, reason_text: null, until: null };
  await phone.page.route("**/v1/me/dependants", (route) => route.fulfill({ json: { items: [child] } }));
  await phone.page.route("**/v1/me/dependants/*/erasure", (route) => route.fulfill(problem(404, "not_found")));
  const { arrived, answer } = await held(phone, "**/v1/me/erasure");
  await phone.open("pages/own-data/own-data");
  await phone.press(text("own.erase_ask"));
  await phone.press(text("own.erase_confirm"));
  await arrived;
  await phone.page.keyboard.press("Escape");
  await phone.page.getByLabel(text("own.whose")).selectOption(child.person_id);
  await phone.by("button", text("own.erase_ask")).waitFor();
  const [late] = await Promise.all([
    phone.page.waitForResponse((one) => one.url().endsWith("/v1/me/erasure") && one.request().method() === "POST"),
    answer({ status: 201, json: { status: "scheduled", receipt_id: "rcp_7RHYG5G075CMMCW9", due_at: "2022-04-25T08:00:00.000Z", removes: [], keeps: [] } }),
  ]);
  await late.finished();
  await phone.page.evaluate(() => new Promise(requestAnimationFrame));
  expect(await phone.page.getByText("rcp_7RHYG5G075CMMCW9").count()).toBe(0);
  expect(await phone.by("button", text("own.erase_ask")).count()).toBe(1);
});

it("asks for nothing at home while another page lies over it", async () => {
  const phone = await phoneOf({ person });
  await phone.page.clock.install();
  // Home asks again by itself; a 503 would be repeated before home hears of it.
  await phone.page.route("**/v1/me/pass", (route) => route.fulfill({ ...problem(500, "internal_error"), headers: { "retry-after": "2" } }));
  await phone.open();
  await phone.page.getByText(PROBLEM.detail).first().waitFor();
  await phone.press(text("visitor.my"));
  await phone.arrives("pages/my/my");
  const passes = () => phone.requests.filter((one) => one.url().endsWith("/v1/me/pass")).length;
  const before = passes();
  await phone.page.clock.runFor(10_000);
  await phone.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  expect(passes()).toBe(before);
});

it("says once that home is loading, though its answers come one after the other", async () => {
  const phone = await phoneOf({ person });
  await listen(phone.page);
  const bars = phone.page.locator(".bars .sk").first();
  const [profile, pass] = [await phone.holds("**/v1/me"), await phone.holds("**/v1/me/pass")];
  await phone.open();
  await bars.waitFor();
  profile();
  await phone.by("button", new RegExp(text("visitor.whose"))).waitFor();
  await bars.waitFor();
  pass();
  await phone.page.locator(".pass").waitFor();
  expect((await spoken(phone.page)).filter((one) => one === text("common.loading"))).toHaveLength(1);
});

it("says of the next page, too, that it is loading, while the one below it still is", async () => {
  const phone = await phoneOf({ person });
  await listen(phone.page);
  await phone.page.route("**/v1/me", () => undefined);
  await phone.open();
  const loading = async (): Promise<number> => (await spoken(phone.page)).filter((one) => one === text("common.loading")).length;
  await expect.poll(loading).toBe(1);
  await phone.press(text("visitor.my"));
  await phone.by("heading", text("visitor.my")).waitFor();
  await expect.poll(loading).toBe(2);
});

it("shows the profile of who is logged in after a number was confirmed whose sheet was closed", async () => {
  const first = await verified();
  const second = await verified();
  const phone = await phoneOf({ person: first });
  await phone.page.route("**/v1/otp", (route) => route.fulfill({ status: 202, json: { resend_after_s: 60 } }));
  const { arrived, answer } = await held(phone, "**/v1/me/phone");
  await phone.open("pages/my/my");
  await phone.page.getByText(first.name).waitFor();
  await row(phone, text("own.phone")).click();
  await phone.type(text("own.phone_new"), second.typedPhone);
  await phone.press(text("login.send_code"));
  await phone.type(text("login.code"), "123456");
  await phone.press(text("own.confirm"));
  await arrived;
  await phone.page.keyboard.press("Escape");
  answer({ status: 200, json: second.session! });
  await phone.page.getByText(second.name).waitFor();
  expect(await phone.page.getByText(first.name).count()).toBe(0);
});

it("shows the registration of who is logged in after a number was confirmed whose sheet was closed", async () => {
  const first = await visitor();
  const second = await verified();
  const minted = await good(send("POST", `${SANDBOX}/sandbox/wechat`, { phone: first.phone }));
  first.session = await good(send("POST", `${API}/v1/sessions`, { client: "wechat", code: minted.code }));
  const phone = await phoneOf({ person: first });
  await phone.page.route("**/v1/otp", (route) => route.fulfill({ status: 202, json: { resend_after_s: 60 } }));
  const { arrived, answer } = await held(phone, "**/v1/me/phone");
  await phone.open("pages/registration/registration");
  await row(phone, text("login.phone")).click();
  await phone.type(text("own.phone_new"), second.typedPhone);
  await phone.press(text("login.send_code"));
  await phone.type(text("login.code"), "123456");
  await phone.press(text("own.confirm"));
  await arrived;
  await phone.page.keyboard.press("Escape");
  answer({ status: 200, json: second.session! });
  await phone.page.getByText((await second.get("/v1/me")).registration.document_number).waitFor();
  expect(await phone.by("button", text("visitor.reg_submit")).count()).toBe(0);
});

it("shows nobody's export or erasure to another person whose login was answered after its sheet was closed", async () => {
  const second = await verified();
  const phone = await phoneOf({ person });
  const theirs = (route: Route): boolean => route.request().headers().authorization === `Bearer ${second.session!.access_token}`;
  const ready = { export_id: "exp_7RHYG5G075CMMCW9", status: "ready", url: "https://files.example.com/1.zip", expires_at: null, poll_after_ms: null };
  const exports = [{ json: ready }, problem(403, "stronger_login_needed")];
  await phone.page.route("**/v1/me/export", (route) => (theirs(route) ? route.fallback() : route.fulfill(exports.shift()!)));
  const erasure = { status: "scheduled", receipt_id: "rcp_7RHYG5G075CMMCW9", due_at: "2022-04-25T08:00:00.000Z", removes: [], keeps: [] };
  await phone.page.route("**/v1/me/erasure", (route) => (theirs(route) ? route.fallback() : route.fulfill({ json: erasure })));
  await phone.page.route("**/v1/otp", (route) => route.fulfill({ status: 202, json: { resend_after_s: 60 } }));
  const { arrived, answer } = await held(phone, "**/v1/sessions");
  await phone.open("pages/own-data/own-data");
  await phone.page.getByText(erasure.receipt_id).waitFor();
  // The login has grown old since the export was shown: its link needs a new one.
  await phone.press(text("own.export_save"));
  await phone.type(text("login.phone"), second.typedPhone);
  await phone.press(text("login.send_code"));
  await phone.type(text("login.code"), "123456");
  await phone.press(text("login.enter"));
  await arrived;
  await phone.page.keyboard.press("Escape");
  answer({ status: 201, json: second.session! });
  await phone.by("button", text("own.export_ask")).waitFor();
  await phone.by("button", text("own.erase_ask")).waitFor();
  expect(await phone.page.getByText(erasure.receipt_id).count()).toBe(0);
  expect(phone.page.url()).toContain("pages/own-data/own-data");
});

it("marks the number or the code that is wrong while a phone number is changed, and puts the focus there", async () => {
  const phone = await phoneOf({ person });
  const otps = [problem(422, "invalid_input", { errors: [{ pointer: "#/phone", code: "invalid", detail: "号码不对。" }] })];
  await phone.page.route("**/v1/otp", (route) => route.fulfill(otps.shift() ?? { status: 202, json: { resend_after_s: 60 } }));
  const changes = [problem(403, "stronger_login_needed"), problem(422, "phone_change_unproved")];
  await phone.page.route("**/v1/me/phone", (route) => route.fulfill(changes.shift()!));
  await phone.open("pages/my/my");
  await row(phone, text("own.phone")).click();
  await phone.type(text("own.phone_new"), "1");
  await phone.press(text("login.send_code"));
  await expect.poll(() => focused(phone)).toBe("new-phone");
  expect(await wrong(phone)).toEqual(["new-phone"]);
  await phone.type(text("own.phone_new"), "13800000001");
  await phone.press(text("login.send_code"));
  await phone.type(text("login.code"), "123456");
  await phone.press(text("own.confirm"));
  await phone.page.getByLabel(text("own.phone_former"), { exact: true }).waitFor();
  otps.push(problem(422, "invalid_input", { errors: [{ pointer: "#/phone", code: "invalid", detail: "号码不对。" }] }));
  await phone.press(text("login.send_code"));
  await expect.poll(() => focused(phone)).toBe("former-phone");
  expect(await wrong(phone)).toEqual(["former-phone"]);
  await phone.type(text("own.phone_former_code"), "654321");
  await phone.press(text("own.confirm"));
  await expect.poll(() => focused(phone)).toBe("former-code");
  expect(await wrong(phone)).toEqual(["former-code"]);
});

it("puts the focus on the travel card's code when it is missing or wrong", async () => {
  const phone = await phoneOf({ person });
  await phone.page.route("**/v1/me/travel-card/code", (route) => route.fulfill({ status: 202, json: { status: "sent", resend_after_s: 60, travel_card: null } }));
  await phone.page.route("**/v1/me/travel-card", (route) => route.fulfill(problem(422, "travel_card_code_wrong")));
  await phone.open("pages/travel-card/travel-card");
  await phone.press(text("login.send_code"));
  const ask = phone.by("button", text("visitor.card_ask"));
  await ask.click();
  await expect.poll(() => focused(phone)).toBe("card-code");
  await phone.type(text("login.code"), "123456");
  await ask.click();
  await phone.page.getByText(PROBLEM.detail).waitFor();
  await expect.poll(() => focused(phone)).toBe("card-code");
});

it("says why a registration was rejected in the language that was chosen just now", async () => {
  const phone = await phoneOf({ person });
  await phone.page.route("**/v1/me", async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const reason_text = `in ${(await route.request().allHeaders())["accept-language"]}`;
    await route.fulfill({ response: answer, json: { ...body, registration: { ...body.registration, verification: "rejected", reason_text } } });
  });
  await phone.open("pages/my/my");
  await phone.page.getByText("in zh-Hans").waitFor();
  await phone.page.getByLabel(text("own.language"), { exact: true }).selectOption("en");
  await phone.page.getByText("in en").waitFor();
});

it("says of no relative what went wrong with another's removal, and makes one consent code of two taps", async () => {
  const phone = await phoneOf({ person });
  const since = "2022-04-24T08:00:00.000Z";
  const child = { relation: "child", method: "household", verification: "verified", since, has_paper_pass: false, reason_text: null, until: null };
  const items = [{ ...child, person_id: "per_7RHYG5G075CMMCW9", name: "关小满" }, { ...child, person_id: "per_SABR24PA3EYWNYP2", name: "关大满" }];
  await phone.page.route("**/v1/me/dependants", (route) => route.fulfill({ json: { items } }));
  await phone.page.route("**/v1/me/dependants/*/remove", (route) => route.fulfill(problem(500, "internal_error")));
  const { arrived, answer } = await held(phone, "**/v1/me/consent-code");
  await phone.open("pages/family/family");
  await row(phone, "关小满").click();
  await row(phone, text("own.remove")).click();
  const dialog = phone.page.getByRole("dialog");
  await dialog.getByRole("button", { name: text("own.remove"), exact: true }).click();
  await dialog.getByText(PROBLEM.detail).waitFor();
  await phone.page.keyboard.press("Escape");
  await phone.page.keyboard.press("Escape");
  await row(phone, "关大满").click();
  await row(phone, text("own.remove")).click();
  await dialog.getByText(text("own.remove_text")).waitFor();
  expect(await dialog.getByText(PROBLEM.detail).count()).toBe(0);
  await phone.page.keyboard.press("Escape");
  await phone.page.keyboard.press("Escape");
  await row(phone, text("own.consent_code")).dblclick();
  await arrived;
  answer({ json: { code: "K7Q2M4", purpose: "同意", expires_at: since } });
  await phone.page.getByText("K7Q2M4").waitFor();
  expect(phone.requests.filter((one) => one.url().endsWith("/v1/me/consent-code"))).toHaveLength(1);
});
