/** What a visitor must not lose: the scan, the person it is of, the page they were on, and the login. */

import { beforeAll, expect, it } from "vitest";
import { Phone } from "./browser";
import { API, SANDBOX, good, send, textMessage } from "./deployment";
import { Person, poster, verified, visitor, type Venue } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";
import { logIn, recorded, shown } from "./visitor";

const { browser, phoneOf } = usePhones();
let head: Person;
let venue: Venue;
let joinCode: string;
let picture: Buffer;

beforeAll(async () => {
  head = await verified();
  venue = await head.apply();
  joinCode = (await head.get(`/v1/venues/${venue.venue_id}/join-code`)).join_code;
  picture = await poster(head, venue);
});

/** Type the venue's number on the scan page, which is a scan. */
async function typeSerial(phone: Phone, code = venue.code): Promise<void> {
  await phone.press(text("visitor.type_serial"));
  await phone.type(text("visitor.serial"), code);
  await phone.press(text("visitor.serial_send"));
}

const nonces = (phone: Phone): Set<string> =>
  new Set(phone.requests.filter((one) => one.method() === "POST" && one.url().endsWith("/v1/scans")).map((one) => one.postDataJSON().nonce));
const visits = async (person: Person): Promise<unknown[]> => (await person.get("/v1/me/visits")).items;

it("leads from a join code to the joining page, with the code in hand", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open(`pages/scan/scan?code=${encodeURIComponent(venue.code_url.replace(/\/V\/.*/, `/V/J-${joinCode}`))}`);
  await phone.arrives("pages/guard/venues/venues");
  expect(await phone.page.getByLabel(text("guard.join_code"), { exact: true }).inputValue()).toBe(joinCode);
  await phone.press(text("guard.join"));
  await phone.page.getByText(venue.name).first().waitFor();
  expect((await person.get("/v1/bindings")).items).toHaveLength(1);
});

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

it("keeps a scan whose page was left before the answer came, and makes one visit of it", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open();
  await phone.press(text("visitor.scan_dock"));
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  await phone.page.route("**/v1/scans", async (route) => {
    await held;
    await route.continue();
  });
  await typeSerial(phone);
  await phone.page.getByText(text("visitor.scan_sending")).waitFor();
  await phone.page.goBack();
  await phone.page.getByText(text("visitor.scan_waits")).waitFor();
  expect(phone.page.url()).not.toContain("pages/scan");
  answer();
  await phone.page.getByText(text("visitor.scan_answered")).click();
  await shown(phone, person, await recorded(phone), "admit");
  expect(nonces(phone).size).toBe(1);
  expect(await visits(person)).toHaveLength(1);
});

it("makes one visit of a code that is scanned again after a lost answer, and sends it when the network is back", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open("pages/scan/scan");
  await phone.by("button", text("visitor.type_serial")).waitFor();
  await phone.context.setOffline(true);
  await typeSerial(phone);
  await phone.page.getByText(text("visitor.scan_not_recorded")).waitFor();
  await phone.press(text("visitor.scan_anew"));
  // As the poster prints it: another text, the same code.
  await typeSerial(phone, venue.code.replace(/(.{4})(?=.)/g, "$1-").toLowerCase());
  await phone.page.getByText(text("visitor.scan_not_recorded")).waitFor();
  await phone.context.setOffline(false);
  await shown(phone, person, await recorded(phone), "admit");
  expect(nonces(phone).size).toBe(1);
  expect(await visits(person)).toHaveLength(1);
});

it("reads a picture of the album without a network, and says what waits for it", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open();
  await phone.by("button", text("visitor.scan_dock")).waitFor();
  // Home fetches what a scan needs.
  await phone.page.waitForResponse((one) => /camera-reader/.test(one.url()));
  await phone.page.waitForLoadState("networkidle");
  await phone.context.setOffline(true);
  await phone.press(text("visitor.scan_dock"));
  const [chooser] = await Promise.all([phone.page.waitForEvent("filechooser"), phone.press(text("visitor.album"))]);
  await chooser.setFiles({ name: "poster.png", mimeType: "image/png", buffer: picture });
  await phone.page.getByText(text("visitor.scan_not_recorded")).waitFor();
  await phone.page.getByText(text("visitor.scan_keep_page")).waitFor();
  await phone.context.setOffline(false);
  await shown(phone, person, await recorded(phone), "admit");
});

it("knows after a reload whose result it shows", async () => {
  const person = await verified();
  const phone = await phoneOf({ person, cameraDenied: true });
  await phone.open("pages/scan/scan");
  await typeSerial(phone);
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
  expect(await enter.count()).toBe(0);
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
  await typeSerial(phone);
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
