/** Logging in by text message: it is kept, shared by tabs, and asked for again when it is no good. */

import { expect, it } from "vitest";
import { Phone } from "./browser";
import { verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { logIn, recorded, shown, typeSerial } from "./visitor";

const { phoneOf } = usePhones();

it("logs in with the code of a text message, and stays logged in", async () => {
  // Somebody who has registered stays at home.
  const person = await verified();
  const phone = await phoneOf({});
  const pass = phone.by("img", new RegExp(person.name[0]!));
  await phone.open("pages/login/login");
  await logIn(phone, person);
  await phone.arrives("pages/home/home");
  await pass.waitFor();
  await phone.page.reload();
  await pass.waitFor();
  await phone.arrives("pages/home/home");
});

it("has its field and its button apart, by styles that come in their order", async () => {
  const phone = await phoneOf({});
  await phone.open("pages/login/login");
  const [field, button] = await Promise.all([phone.page.getByLabel(text("login.phone"), { exact: true }), phone.by("button", text("login.send_code"))].map((one) => one.boundingBox()));
  expect(button!.y - (field!.y + field!.height)).toBeGreaterThanOrEqual(12);
});

it("counts the seconds until another text message may be sent, which can be asked for then", async () => {
  const phone = await phoneOf({});
  await phone.page.clock.install();
  // The API itself refuses until the minute of its clock is over, which may be at once.
  const detail = "请求过于频繁，请稍后再试。";
  const answers = [
    { status: 429, headers: { "retry-after": "50" }, contentType: "application/problem+json", json: { type: "about:blank", title: "", status: 429, code: "too_many_requests", detail } },
    { status: 202, json: { resend_after_s: 60 } },
  ];
  await phone.page.route("**/v1/otp", (route) => route.fulfill(answers.shift()));
  await phone.open("pages/login/login");
  await phone.type(text("login.phone"), "13700000001");
  await phone.press(text("login.send_code"));
  await phone.page.getByRole("alert").getByText(detail, { exact: true }).waitFor();
  const left = async (): Promise<number> => Number(/\d+/.exec(await phone.by("button", /\d/).innerText()));
  const before = await left();
  expect(before).toBeLessThanOrEqual(50);
  await phone.page.clock.runFor(10_000);
  await expect.poll(left).toBeLessThanOrEqual(before - 10);
  await phone.page.clock.runFor(1_000 * (before - 10));
  await phone.press(text("login.send_code"));
  await phone.page.getByLabel(text("login.code"), { exact: true }).waitFor();
  await phone.by("button", new RegExp(text("login.resend_in", { n: "\\d+" }))).waitFor();
});

it("two tabs that find the login expired stay logged in, and a log-out in one counts in the other", async () => {
  const person = await verified();
  const first = await phoneOf({ person });
  const expired = `Bearer ${person.session!.access_token}`;
  await first.context.route("**/v1/me/visits*", async (route) => {
    if ((await route.request().allHeaders()).authorization !== expired) return route.fallback();
    return route.fulfill({ status: 401, contentType: "application/problem+json", json: { type: "about:blank", title: "", status: 401, code: "token_expired", detail: "" } });
  });
  const second = new Phone(first.context, await first.context.newPage());
  await Promise.all([first.open("pages/visits/visits"), second.open("pages/visits/visits")]);
  for (const tab of [first, second]) await tab.page.getByText(text("own.visits_none")).waitFor();
  for (const tab of [first, second]) expect(await tab.page.getByRole("dialog").count()).toBe(0);
  await second.open("pages/my/my");
  await second.press(text("own.log_out"));
  await first.arrives("pages/login/login");
  expect(second.complaints).toEqual([]);
});

it("works in a browser that keeps nothing", async () => {
  const person = await verified();
  const venue = await (await verified()).apply();
  const phone = await phoneOf({ cameraDenied: true });
  await phone.page.addInitScript(() => {
    const denied = () => {
      throw new DOMException("denied", "SecurityError");
    };
    Storage.prototype.setItem = denied;
    Storage.prototype.getItem = denied;
  });
  await phone.open("pages/login/login");
  await logIn(phone, person);
  await phone.arrives("pages/home/home");
  await phone.press(text("visitor.scan_dock"));
  await typeSerial(phone, venue.code);
  await shown(phone, person, await recorded(phone), "admit");
});

it("asks for a login where another deployment's tokens are kept, and goes on as who logs in", async () => {
  const person = await verified();
  const phone = await phoneOf({ keep: { login: { access: "other", refresh: "other", personId: "per_7RHYG5G075CMMCW9" } } });
  await phone.open();
  await phone.page.getByRole("dialog").waitFor();
  await logIn(phone, person);
  await phone.by("button", new RegExp(text("visitor.whose"))).waitFor();
  expect(await phone.page.getByRole("dialog").count()).toBe(0);
});

it("asks for a login where what is kept is no login", async () => {
  const phone = await phoneOf({ keep: { login: { access: "x" } } });
  await phone.open();
  await phone.arrives("pages/login/login");
});
