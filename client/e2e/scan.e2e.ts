/** A visitor scans a venue's code, in every way and with every outcome; and what may go wrong meanwhile. */

import { beforeAll, describe, expect, it } from "vitest";
import { listen, spoken } from "./checks";
import { withFault } from "./deployment";
import { poster, verified, visitor, type Venue } from "./people";
import { usePhones } from "./phones";
import { text, type Language } from "./texts";
import { logIn, recorded, scan, shown, typeSerial } from "./visitor";

const { browser, phoneOf } = usePhones();
let venue: Venue;
let picture: Buffer;

beforeAll(async () => {
  const head = await verified();
  venue = await head.apply();
  picture = await poster(head, venue);
  await browser().camera.shows(picture);
});

describe("ways to scan", () => {
  it("reads the printed poster by camera", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    await shown(phone, person, await scan(phone), "admit");
    await phone.page.getByText(venue.name).first().waitFor();
  });

  it("reads a picture of the album", async () => {
    await browser().camera.showsNothing();
    const person = await verified();
    const phone = await phoneOf({ person });
    await phone.open("pages/scan/scan");
    const [chooser] = await Promise.all([phone.page.waitForEvent("filechooser"), phone.press(text("visitor.album"))]);
    await chooser.setFiles({ name: "poster.png", mimeType: "image/png", buffer: picture });
    await shown(phone, person, await recorded(phone), "admit");
    await browser().camera.shows(picture);
  });

  it("takes the typed serial without a camera", async () => {
    const person = await verified();
    const phone = await phoneOf({ person, cameraDenied: true });
    await phone.open("pages/scan/scan");
    await typeSerial(phone, venue.code.toLowerCase());
    await shown(phone, person, await recorded(phone), "admit");
  });

  it("goes on after the login with the code that opened it", async () => {
    const person = await verified();
    const phone = await phoneOf({});
    await phone.open(`pages/scan/scan?code=${encodeURIComponent(venue.code_url)}`);
    await logIn(phone, person);
    await shown(phone, person, await recorded(phone), "admit");
  });
});

describe("outcomes", () => {
  it.each([
    ["green", "admit"],
    ["yellow", "check"],
    ["red", "refuse"],
  ])("a %s code: %s, said once", async (colour, outcome) => {
    const person = await verified({ health_code: colour });
    const phone = await phoneOf({ person });
    await listen(phone.page);
    const screen = await shown(phone, person, await scan(phone), outcome);
    for (const reason of outcome === "admit" ? [] : screen.reasons) await phone.page.getByText(reason.text).first().waitFor();
    await phone.settles();
    const said = (await spoken(phone.page)).filter((one) => one.startsWith(screen.outcome_text));
    expect(said).toHaveLength(1);
  });

  it("counts the seconds until an answer is due, then shows the decision by itself", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    const scanId = await withFault("health_code", "hang", async () => {
      const id = await scan(phone);
      const { answer_by } = await shown(phone, person, id, "pending");
      const wait = phone.page.getByText(new RegExp(text("visitor.result_wait", { n: "\\d+" })));
      const seconds = async (): Promise<number> => parseInt(/\d+/.exec(await wait.innerText())![0]);
      const left = (): number => (Date.parse(answer_by) - Date.now()) / 1000;
      const most = left();
      const first = await seconds();
      // HTTP tells the time to the second, and a machine may be slow.
      expect(first).toBeLessThan(most + 2.5);
      expect(first).toBeGreaterThan(left() - 2.5);
      await expect.poll(seconds).toBeLessThan(first);
      return id;
    });
    await shown(phone, person, scanId, "admit");
  });

  it("admitted on record does not look like a green code", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    await phone.page.route("**/v1/scans/*", async (route) => {
      const answer = await route.fetch();
      const screen = await answer.json();
      const reasons = [{ code: "health_code_unconfirmed", text: "健康码暂未能核实，已登记放行" }];
      await route.fulfill({ response: answer, json: { ...screen, reasons } });
    });
    const screen = await shown(phone, person, await scan(phone), "admit");
    await phone.page.getByText("健康码暂未能核实").first().waitFor();
    const ground = () => phone.by("heading", screen.outcome_text).evaluate((heading) => {
      for (let at: Element | null = heading; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (colour !== "rgba(0, 0, 0, 0)") return colour;
      }
      return "";
    });
    await expect.poll(ground).toBe("rgb(255, 255, 255)");
  });
});

describe("what may go wrong", () => {
  it("corrects a wrong clock, and records one visit", async () => {
    const person = await verified();
    const phone = await phoneOf({ person, aheadMs: 3 * 3_600_000 });
    await shown(phone, person, await scan(phone), "admit");
    const { items } = await person.get("/v1/me/visits");
    expect(items).toHaveLength(1);
  });

  it("says that nothing is recorded while offline, and records one visit by itself when back", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    await browser().camera.showsNothing();
    await phone.open("pages/scan/scan");
    await phone.by("button", text("visitor.type_serial")).waitFor();
    await phone.context.setOffline(true);
    await typeSerial(phone, venue.code);
    await phone.page.getByText(text("visitor.scan_not_recorded")).waitFor();
    await phone.context.setOffline(false);
    await shown(phone, person, await recorded(phone), "admit");
    expect((await person.get("/v1/me/visits")).items).toHaveLength(1);
    await browser().camera.shows(picture);
  });

  it("refreshes an expired login silently", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    const before = person.session!.access_token;
    await phone.page.route("**/v1/scans", async (route) => {
      const token = (await route.request().allHeaders()).authorization;
      if (token !== `Bearer ${before}`) return route.fallback();
      return route.fulfill({ status: 401, contentType: "application/problem+json", json: { type: "about:blank", title: "", status: 401, code: "token_expired", detail: "" } });
    });
    await scan(phone);
    const refreshed = phone.requests.filter((request) => request.url().endsWith("/v1/sessions/refresh"));
    expect(refreshed).toHaveLength(1);
    expect(await phone.page.getByRole("dialog").count()).toBe(0);
  });

  it("asks for the login over the page when the session has ended, and goes on with the scan", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    await phone.open("pages/my/my");
    await person.post("/v1/sessions/logout");
    await phone.open("pages/scan/scan");
    await phone.page.getByRole("dialog").waitFor();
    await person.say({});
    await logIn(phone, person);
    const id = await recorded(phone);
    expect(id).not.toBe("");
  });

  it("leads to the registration that is missing", async () => {
    const person = await (await visitor()).logIn();
    const phone = await phoneOf({ person });
    await phone.open("pages/scan/scan");
    await phone.press(text("visitor.register"));
    await phone.arrives("pages/registration/registration");
  });

  it("tries again by itself when the service is busy", async () => {
    const person = await verified();
    const phone = await phoneOf({ person });
    let busy = 2;
    await phone.page.route("**/v1/scans", (route) =>
      busy-- > 0
        ? route.fulfill({ status: 503, headers: { "Retry-After": "1" }, contentType: "application/problem+json", json: { type: "about:blank", title: "", status: 503, code: "unavailable", detail: "" } })
        : route.fallback(),
    );
    await shown(phone, person, await scan(phone), "admit");
    expect((await person.get("/v1/me/visits")).items).toHaveLength(1);
  });
});

describe.each<Language>(["zh-Hans", "zh-Hant", "en"])("in %s", (language) => {
  it("shows the outcome in the phone's language", async () => {
    const person = await verified({ health_code: "red" });
    const phone = await phoneOf({ person, language });
    await scan(phone);
    const said = { "zh-Hans": "请勿入内", "zh-Hant": "請勿入內", en: "No entry" }[language];
    await phone.by("heading", new RegExp(said, "i")).waitFor();
    expect(await phone.page.evaluate(() => document.documentElement.lang)).toBe(language);
  });
});
