/** The mini-program builds run without their platforms: pages open, people log in and scan. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { MiniProgram, type Answered, type Platform, type Requested } from "./mini-program";
import { text } from "./texts";

const BUILDS = join(__dirname, "../dist/build");
const opened: MiniProgram[] = [];
afterEach(() => opened.splice(0).forEach((program) => program.end()));

function program(platform: Platform, server: (request: Requested) => Answered | Promise<Answered>): MiniProgram {
  const made = new MiniProgram(join(BUILDS, platform), platform, server);
  opened.push(made);
  return made;
}

const nothing = (): Answered => ({ status: 404, body: { code: "not_found", detail: "" } });
const SESSION = { access_token: "access", refresh_token: "refresh", person_id: "P1" };

describe.each<Platform>(["mp-weixin", "mp-alipay"])("%s", (platform) => {
  const pages: string[] = JSON.parse(readFileSync(join(BUILDS, platform, "app.json"), "utf-8")).pages;

  it.each(pages)("opens %s without an error", async (path) => {
    const phone = program(platform, nothing);
    await phone.launch(path);
    expect(phone.errors).toEqual([]);
  });

  it("logs in by text message", async () => {
    const phone = program(platform, ({ url }) => {
      if (url.endsWith("/v1/otp")) return { status: 202, body: { resend_after_s: 60 } };
      return url.endsWith("/v1/sessions") ? { status: 201, body: SESSION } : nothing();
    });
    await phone.launch("pages/login/login");
    await phone.tap(text("login.by_sms"));
    await phone.type(text("login.phone"), "13700000001");
    await phone.tap(text("login.send_code"));
    await phone.type(text("login.code"), "123456");
    await phone.tap(text("login.enter"));
    const [asked, login] = phone.requests;
    expect(asked!.body).toEqual({ phone: "13700000001", nonce: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(login!.body).toEqual({ client: "sms", phone: "13700000001", code: "123456" });
    expect(phone.path).toBe("pages/home/home");
    expect(phone.errors).toEqual([]);
  });

  it("sends a guard's kept scans wherever it is opened", async () => {
    const phone = program(platform, nothing);
    const entry = { nonce: "018058de-3800-7abc-8def-0123456789ab", personId: "P1", venueId: "V1", venueName: "文化馆", deviceId: "D1", code: "VP1" };
    phone.storage.set("vc.login", JSON.stringify({ access: "access", refresh: "refresh", personId: "P1" }));
    phone.storage.set("vc.device.P1", JSON.stringify({ deviceId: "D1", secret: "SECRET" }));
    phone.storage.set(`vc.queue.${entry.nonce}`, JSON.stringify({ ...entry, tail: "VP1", paper: false, temperature: null, ahead: 0, state: "waiting", reason: "" }));
    await phone.launch("pages/my/my");
    expect(phone.requests.filter(({ url }) => url.endsWith("/v1/venues/V1/late-scans"))).toHaveLength(1);
    expect(phone.errors).toEqual([]);
  });

  it("leaves a person where they went back to before their declaration was answered", async () => {
    const screen = {
      ...{ scan_id: "S1", outcome: "check", outcome_text: "请出示给工作人员", reasons: [], next_steps: [], scanned_at: "2022-04-24T08:00:00.000Z" },
      ...{ venue: { name: "文化馆", region_name: "信宜市", type_name: "文化" }, checkpoint: null, person: { name: "李**" }, means: "own", demo: false },
      ...Object.fromEntries(["health_code", "nucleic_acid", "vaccination", "travel_card"].map((name) => [name, { state: "green", text: "绿码", stale: false, fetched_at: null, observed_at: null }])),
      ...{ poll_after_ms: null, temperature: null },
    };
    let answer: (given: Answered) => void = () => undefined;
    const phone = program(platform, ({ method, url }) => {
      if (url.endsWith("/v1/me/declarations") && method === "POST") return new Promise<Answered>((resolve) => (answer = resolve));
      if (url.endsWith("/v1/declaration-form")) return { status: 200, body: { version: 1, sections: [{ code: "health", title: "健康", questions: [] }] } };
      return url.includes("/v1/scans/") ? { status: 200, body: screen } : nothing();
    });
    phone.storage.set("vc.login", JSON.stringify({ access: "access", refresh: "refresh", personId: "P1" }));
    await phone.launch("pages/result/result", { scan: "S1" });
    await phone.tap(text("visitor.declare"));
    expect(phone.path).toBe("pages/declarations/declarations");
    await phone.tap(text("own.submit"));
    await phone.tap(text("common.back"));
    expect(phone.path).toBe("pages/result/result");
    answer({ status: 201, body: {} });
    await phone.quiet();
    expect(phone.path).toBe("pages/result/result");
    expect(phone.errors).toEqual([]);
  });

  it("scans a venue's code with the platform's scanner, and shows the result", async () => {
    const code = "https://V.EXAMPLE.COM/V/32P3WWT3Y0B8J32H";
    const answer = { state: "pending", text: "获取中", stale: false, fetched_at: null, observed_at: null };
    const screen = {
      ...{ scan_id: "S1", outcome: "refuse", outcome_text: "请勿入内", reasons: [{ code: "health_code_red", text: "健康码为红码" }], next_steps: [] },
      ...{ venue: { name: "文化馆", region_name: "信宜市", type_name: "文化" }, checkpoint: null, person: { name: "李**" }, means: "own", demo: false },
      ...{ health_code: { ...answer, state: "red", text: "红码" }, nucleic_acid: answer, vaccination: answer, travel_card: answer },
      ...{ scanned_at: "2022-04-24T08:00:00.000Z", poll_after_ms: null, temperature: null },
    };
    const phone = program(platform, ({ method, url }) => {
      if (url.endsWith("/v1/scans") && method === "POST") return { status: 201, body: screen };
      return url.includes("/v1/scans/") ? { status: 200, body: screen } : nothing();
    });
    phone.storage.set("vc.login", JSON.stringify({ access: "access", refresh: "refresh", personId: "P1" }));
    phone.answers.scan = { code, result: code };
    phone.answers.scanCode = { result: code };
    await phone.launch("pages/scan/scan");
    const camera = phone.tags().find((tag) => tag.name === "camera");
    if (camera) await phone.fire(camera, "scancode", { result: code });
    else await phone.tap(text("visitor.scan"));
    const posted = phone.requests.filter(({ method }) => method === "POST");
    expect(posted).toHaveLength(1);
    expect(posted[0]!.headers.authorization).toBe("Bearer access");
    expect(posted[0]!.body).toMatchObject({ code, nonce: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(phone.path).toBe("pages/result/result");
    expect(phone.text).toContain("请勿入内");
    expect(phone.text).toContain("健康码为红码");
    expect(phone.errors).toEqual([]);
  });
});
