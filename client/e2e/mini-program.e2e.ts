/** The mini-program builds run without their platforms: pages open, people log in and scan. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { MiniProgram, type Answered, type Platform, type Requested } from "./mini-program";
import { screenOf } from "./screens";
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
/** The storage of a person who is logged in. */
const LOGIN = JSON.stringify({ access: "access", refresh: "refresh", personId: "P1" });
const SESSION = { access_token: "access", refresh_token: "refresh", person_id: "P1" };

describe.each<Platform>(["mp-weixin", "mp-alipay"])("%s", (platform) => {
  const pages: string[] = JSON.parse(readFileSync(join(BUILDS, platform, "app.json"), "utf-8")).pages;

  it.each(pages)("opens %s without an error", async (path) => {
    const phone = program(platform, nothing);
    await phone.launch(path);
    expect(phone.errors).toEqual([]);
  });

  // A rem is no 16 px on a phone: WeChat's is a twentieth of the screen, so 18.75 px on one of 375.
  it.each([1, 2])("sizes texts in px, at %d times", async (scale) => {
    const phone = program(platform, nothing);
    phone.storage.set("vc.settings", JSON.stringify({ scale }));
    await phone.launch("pages/login/login");
    const page = phone.tags().find(({ attributes }) => String(attributes.class).startsWith("vc"))!;
    expect(page.attributes.style).toContain(`--rem:${16 * scale}px;`);
    const styled = readdirSync(join(BUILDS, platform), { recursive: true, withFileTypes: true })
      .filter((file) => /\.(wxss|acss|js)$/.test(file.name) && file.name !== "vendor.js")
      .map((file) => readFileSync(join(file.parentPath, file.name), "utf-8"));
    expect(styled.filter((source) => /[\d.}]rem\b/.test(source))).toEqual([]);
  });

  // WeChat's "aria-component" knows `aria-role` only, Alipay's `role` only; headings are plain views in both.
  it("tells screen readers what is a heading", async () => {
    const [role, unknown] = platform === "mp-weixin" ? ["aria-role", "role"] : ["role", "aria-role"];
    const phone = program(platform, nothing);
    phone.storage.set("vc.login", LOGIN);
    await phone.launch("pages/own-data/own-data");
    const roles = phone.tags().filter(({ attributes }) => role! in attributes);
    expect(roles.filter(({ attributes }) => attributes[role!] === "heading").map(({ attributes }) => attributes["aria-level"])).toContain("1");
    expect(phone.tags().filter(({ attributes }) => unknown! in attributes)).toEqual([]);
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
    phone.storage.set("vc.login", LOGIN);
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
    // WeChat vibrates only with a strength.
    expect(phone.asked("vibrateShort").map(({ type }) => type)).toEqual(["heavy"]);
    expect(phone.path).toBe("pages/result/result");
    expect(phone.text).toContain("请勿入内");
    expect(phone.text).toContain("健康码为红码");
    expect(phone.errors).toEqual([]);
  });

  it("reads a code from the album, for visitors and at the door", async () => {
    const phone = program(platform, nothing);
    phone.storage.set("vc.login", LOGIN);
    phone.storage.set("vc.guard.P1", JSON.stringify({ id: "V1", name: "文化馆" }));
    for (const [page, album] of [["scan/scan", "visitor.album"], ["guard/scan/scan", "guard.album"]] as const) {
      const before = phone.asked("scan", "scanCode").length;
      if (page === "scan/scan") await phone.launch(`pages/${page}`);
      else await phone.restart(`pages/${page}`);
      await phone.tap(text(album));
      expect(phone.asked("scan", "scanCode"), page).toHaveLength(before + 1);
    }
    expect(phone.errors).toEqual([]);
  });

  // Alipay's scanner has a torch of its own.
  it.runIf(platform === "mp-weixin").each([["scan/scan", "visitor.torch"], ["guard/scan/scan", "guard.torch"]] as const)("switches the torch on: %s", async (page, torch) => {
    const phone = program(platform, nothing);
    phone.storage.set("vc.login", LOGIN);
    phone.storage.set("vc.guard.P1", JSON.stringify({ id: "V1", name: "文化馆" }));
    await phone.launch(`pages/${page}`);
    const camera = () => phone.tags().find(({ name }) => name === "camera")!;
    await phone.fire(camera(), "initdone", {});
    await phone.tap(text(torch));
    expect(camera().attributes.flash).toBe("torch");
    await phone.tap(text(torch));
    expect(camera().attributes.flash).toBe("off");
  });

  it("says at a field what the API says of it", async () => {
    const wrong = { code: "invalid", status: 422, detail: "", errors: [{ pointer: "#/phone", detail: "请填写手机号" }] };
    const phone = program(platform, ({ url }) => (url.endsWith("/v1/otp") ? { status: 422, body: wrong } : nothing()));
    await phone.launch("pages/login/login");
    await phone.tap(text("login.by_sms"));
    await phone.type(text("login.phone"), "137");
    await phone.tap(text("login.send_code"));
    expect(phone.text).toContain("请填写手机号");
    expect(phone.text).not.toContain(text("common.unanswered"));
  });

  it("renews its tokens", async () => {
    const phone = program(platform, ({ url, headers }) => {
      if (url.endsWith("/v1/sessions/refresh")) return { status: 200, body: { ...SESSION, access_token: "renewed" } };
      if (headers.authorization !== "Bearer renewed") return { status: 401, body: { code: "token_expired", detail: "" } };
      return nothing();
    });
    phone.storage.set("vc.login", LOGIN);
    await phone.launch("pages/own-data/own-data");
    const paths = phone.requests.map(({ url, headers }) => `${new URL(url).pathname} ${headers.authorization ?? ""}`);
    expect(paths.filter((path) => path.startsWith("/v1/sessions/refresh"))).toHaveLength(1);
    expect(paths).toContain("/v1/me/export Bearer renewed");
  });

  describe("the button of the platform", () => {
    const logins = ({ url }: Requested): Answered => (url.endsWith("/v1/sessions") ? { status: 201, body: SESSION } : nothing());
    async function pressed(allowed: boolean): Promise<MiniProgram> {
      const phone = program(platform, logins);
      phone.answers.phoneNumber = allowed ? { code: "number" } : new Error("denied");
      phone.answers.login = { code: "account" };
      phone.answers.getAuthCode = { authCode: "account" };
      phone.answers.getPhoneNumber = { response: JSON.stringify({ response: "sealed", sign: "signed" }) };
      await phone.launch("pages/login/login");
      await phone.tap(text("login.platform"));
      expect(phone.errors).toEqual([]);
      expect(phone.path).toBe("pages/home/home");
      return phone;
    }

    it("logs in with the number", async () => {
      expect((await pressed(true)).requests[0]!.body).toEqual(
        platform === "mp-weixin"
          ? { client: "wechat", code: "account", phone_code: "number" }
          : { client: "alipay", code: "account", phone: { response: "sealed", sign: "signed" } },
      );
    });

    it("logs in without it, if the person does not allow it", async () => {
      const phone = await pressed(false);
      expect(phone.requests[0]!.body).toEqual(
        platform === "mp-weixin" ? { client: "wechat", code: "account", phone_code: null } : { client: "alipay", code: "account" },
      );
      expect(phone.asked("getPhoneNumber")).toEqual([]);
    });
  });

  it("copies the link of an export, which it could not open", async () => {
    const url = "https://files.example.com/export.zip";
    const ready = { export_id: "E1", status: "ready", url, expires_at: "2022-04-25T08:00:00.000Z", poll_after_ms: null };
    const phone = program(platform, (sent) => (sent.url.endsWith("/v1/me/export") ? { status: 200, body: ready } : nothing()));
    phone.storage.set("vc.login", LOGIN);
    await phone.launch("pages/own-data/own-data");
    await phone.tap(text("own.export_link"));
    expect(phone.asked("setClipboardData", "setClipboard").map(({ data, text: said }) => data ?? said)).toEqual([url]);
    expect(phone.text).toContain(text("own.export_copied"));
    expect(phone.asked("downloadFile", "openDocument")).toEqual([]);
  });

  describe("a paper pass", () => {
    const file = (form: string) => ({ form, status: "ready", url: `https://files.example.com/${form}`, text: null });
    const paper = {
      ...{ state: "valid", serial: "S1", status: "settled", files: ["card_png", "card_pdf", "sheet_pdf"].map(file) },
      ...{ issued_at: "2022-04-24T08:00:00.000Z", expires_at: "2022-05-24T08:00:00.000Z", poll_after_ms: null },
    };
    async function shown(): Promise<MiniProgram> {
      const phone = program(platform, ({ url }) => {
        if (url.endsWith("/v1/me/dependants")) return { status: 200, body: { items: [] } };
        return url.endsWith("/pass/paper") ? { status: 200, body: paper } : nothing();
      });
      phone.storage.set("vc.login", LOGIN);
      await phone.launch("pages/paper-pass/paper-pass");
      return phone;
    }

    it("is saved to the album", async () => {
      const phone = await shown();
      await phone.tap(text("own.paper_album"));
      expect(phone.asked("saveImageToPhotosAlbum")).toHaveLength(1);
      expect(phone.text).toContain(text("own.saved"));
    });

    it("says what to do if the album is closed to it", async () => {
      const phone = await shown();
      phone.answers.saveImageToPhotosAlbum = new Error(platform === "mp-weixin" ? "auth deny" : "没有开启相册权限");
      await phone.tap(text("own.paper_album"));
      expect(phone.text).toContain(text("head.album_denied"));
      expect(phone.text).not.toContain(text("common.wrong"));
    });

    it("opens as a PDF", async () => {
      const phone = await shown();
      await phone.tap(text("own.paper_pdf"));
      expect(phone.asked("openDocument").map(({ fileType }) => fileType)).toEqual(["pdf"]);
    });
  });

  it("counts down to the end of the wait that the API names, though the phone's clock is behind", async () => {
    const server = Date.now() + 40_000;
    const headers = { Date: new Date(server).toUTCString(), "Cache-Control": "no-store" };
    const ends = new Date(server + 90_000).toISOString();
    const pending = screenOf("pending", { outcome: "pending", outcome_text: "请稍候", poll_after_ms: 60_000, answer_by: ends });
    const phone = program(platform, ({ url }) => (url.includes("/v1/scans/") ? { status: 200, body: pending, headers } : nothing()));
    phone.storage.set("vc.login", LOGIN);
    await phone.launch("pages/result/result", { scan: "S1" });
    // HTTP tells the time to the second.
    const counted = [89, 90, 91].map((n) => text("visitor.result_wait", { n }));
    expect(counted.filter((line) => phone.text.includes(line))).toHaveLength(1);
  });

  it.each(["scan", "manual"])("names the limit of fever of the venue's region: %s", async (page) => {
    const binding = { venue_id: "V1", name: "文化馆", type_name: "文化", region_name: "信宜市", role: "inspector", fever_from_celsius: 37.8 };
    let answer: (given: Answered) => void = () => undefined;
    const phone = program(platform, ({ url }) => (url.endsWith("/v1/bindings") ? new Promise<Answered>((resolve) => (answer = resolve)) : nothing()));
    phone.storage.set("vc.login", LOGIN);
    phone.storage.set("vc.guard.P1", JSON.stringify({ id: "V1", name: "文化馆" }));
    await phone.launch(`pages/guard/${page}/${page}`);
    answer({ status: 200, body: { items: [binding] } });
    await phone.quiet();
    expect(phone.text).toContain(text("guard.fever_hint", { n: "37.8" }));
  });

  describe("after an admission at the door", () => {
    const PASS = "VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H";
    async function admitted(reader: unknown): Promise<MiniProgram> {
      const admit = screenOf("green", { outcome: "admit", outcome_text: "放行" });
      const phone = program(platform, ({ url }) => (url.endsWith("/v1/venues/V1/scans") ? { status: 201, body: admit } : nothing()));
      phone.answers[platform === "mp-weixin" ? "checkIsOpenAccessibility" : "isScreenReaderEnabled"] = reader;
      phone.answers.scan = { code: PASS };
      phone.storage.set("vc.login", LOGIN);
      phone.storage.set("vc.guard.P1", JSON.stringify({ id: "V1", name: "文化馆" }));
      await phone.launch("pages/guard/scan/scan");
      const camera = phone.tags().find((tag) => tag.name === "camera");
      if (camera) await phone.fire(camera, "scancode", { result: PASS });
      else await phone.tap(text("visitor.scan"));
      expect(phone.text).toContain(text("guard.glance_admit"));
      return phone;
    }

    it.each([
      ["by a platform that does not say whether a screen reader is on", undefined],
      ["without a screen reader", { open: false, screenReaderEnabled: false }],
      ["if the platform fails to say", new Error("no")],
    ])("the next visitor comes by itself, %s", async (_, reader) => {
      expect((await admitted(reader)).text).toContain(text("guard.stay"));
    });

    it("a person who listens goes on by themselves", async () => {
      const phone = await admitted({ open: true, screenReaderEnabled: true });
      expect(phone.text).not.toContain(text("guard.stay"));
      expect(phone.text).toContain(text("guard.next"));
    });
  });

  it("offers sounds, and no voice, which it does not have", async () => {
    const me = { person_id: "P1", phone: null, rights: [{ venue_id: "V1", role: "inspector" }], registration: { verification: "verified", name: "李**", document_number: "4409**" } };
    const phone = program(platform, ({ url }) => (url.endsWith("/v1/me") ? { status: 200, body: me } : nothing()));
    phone.storage.set("vc.login", LOGIN);
    await phone.launch("pages/my/my");
    expect(phone.text).toContain(text("own.sound"));
    expect(phone.text).not.toContain(text("own.voice"));
  });

  describe("a registration", () => {
    const NONE = { version: 0, verification: "none", name: null, document_type: null, document_number: null, reason_text: null };
    const PENDING = { ...NONE, version: 1, verification: "pending", name: "李**", document_type: "resident_id", document_number: "4409**" };
    const meOf = (registration: object, phone: string | null = "+86138****0001") => ({ person_id: "P1", phone, rights: [], registration });
    const [identity, own, review] = ["identity", "phone", "review"].map((step) => text(`visitor.reg_step_${step}`));
    const [done, current] = [text("visitor.reg_step_done"), text("visitor.reg_step_current")];

    /** Open a page as somebody of whom `GET /v1/me` says this; others are answered by `server`. */
    async function opened(me: object, path = "pages/registration/registration", server = (_: Requested): Answered | Promise<Answered> => nothing()): Promise<MiniProgram> {
      const phone = program(platform, (request) => (request.url.endsWith("/v1/me") && request.method === "GET" ? { status: 200, body: me } : server(request)));
      phone.storage.set("vc.login", LOGIN);
      await phone.launch(path);
      return phone;
    }

    it.each([
      ["the phone is confirmed already", meOf(NONE), [`1 ${identity} ${current}`, `${own} ${done}`, `3 ${review}`]],
      ["neither is done", meOf(NONE, null), [`1 ${identity} ${current}`, `2 ${own}`, `3 ${review}`]],
      ["it was rejected", meOf({ ...PENDING, verification: "rejected" }), [`1 ${identity} ${current}`, `${own} ${done}`, `3 ${review}`]],
      ["it is being verified", meOf(PENDING), [`${identity} ${done}`, `${own} ${done}`, `3 ${review} ${current}`]],
      ["it is verified", meOf({ ...PENDING, verification: "verified" }), [`${identity} ${done}`, `${own} ${done}`, `${review} ${done}`]],
    ])("shows its steps, and names the current one: %s", async (_, me, steps) => {
      expect((await opened(me)).text).toContain(steps.join(" "));
    });

    it("goes on with the phone if that is missing", async () => {
      const phone = await opened(meOf(NONE, null), undefined, ({ url }) =>
        url.endsWith("/v1/me/registration") ? { status: 403, body: { code: "phone_required", detail: "请先验证手机号。" } } : nothing(),
      );
      await phone.type(text("visitor.reg_name"), "李晓梅");
      await phone.type(text("visitor.reg_number"), "44098319900101001X");
      await phone.tap(text("visitor.reg_submit"));
      const posted = phone.requests.filter(({ url }) => url.endsWith("/v1/me/registration"));
      expect(posted).toHaveLength(1);
      expect(phone.text).toContain(`${identity} ${done} 2 ${own} ${current} 3 ${review}`);
    });

    it.each([
      ["none", "visitor.register", "own.register"],
      ["rejected", "visitor.reg_correct", "own.register_again"],
    ])("that is %s is led to in words of its own", async (verification, home, my) => {
      const me = meOf({ ...PENDING, verification });
      for (const [path, key] of [["pages/home/home", home], ["pages/my/my", my]] as const) {
        const phone = await opened(me, path);
        // Who has none is led there once by itself.
        if (phone.path !== path) await phone.tap(text("common.back"));
        await phone.tap(text(key));
        expect(phone.path).toBe("pages/registration/registration");
      }
    });
  });

  it("keeps the screen on at the door only", async () => {
    const phone = program(platform, nothing);
    phone.storage.set("vc.login", LOGIN);
    phone.storage.set("vc.guard.P1", JSON.stringify({ id: "V1", name: "文化馆" }));
    await phone.launch("pages/guard/scan/scan");
    const kept = (): boolean[] => phone.asked("setKeepScreenOn").map(({ keepScreenOn }) => keepScreenOn);
    expect(kept()).toEqual([true]);
    await phone.tap(text("guard.manual"));
    expect(phone.path).toBe("pages/guard/manual/manual");
    expect(kept()).toEqual([true, false]);
  });

  describe("the screen of the pass", () => {
    const brightness = (phone: MiniProgram): number[] =>
      phone.asked("setScreenBrightness").map(({ value, brightness: said }) => value ?? said);

    it("is as before once it is left", async () => {
      const phone = program(platform, nothing);
      phone.storage.set("vc.login", LOGIN);
      await phone.launch("pages/home/home");
      expect(brightness(phone)).toEqual([1]);
      await phone.tap(text("visitor.my"));
      expect(phone.path).toBe("pages/my/my");
      expect(brightness(phone)).toEqual([1, 0.4]);
    });

    it("is as before if all pages are closed", async () => {
      const phone = program(platform, nothing);
      phone.storage.set("vc.login", LOGIN);
      await phone.launch("pages/home/home");
      await phone.restart("pages/login/login");
      expect(brightness(phone)).toEqual([1, 0.4]);
    });

    it("stays as it is for who is led on to the login", async () => {
      const phone = program(platform, nothing);
      await phone.launch("pages/home/home");
      expect(phone.path).toBe("pages/login/login");
      expect(brightness(phone)).toEqual([]);
    });
  });
});
