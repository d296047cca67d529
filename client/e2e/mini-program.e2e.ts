/** The mini-program builds run without their platforms: pages open, people log in and scan. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { MiniProgram, type Answered, type Platform, type Requested } from "./mini-program";
import { text } from "./texts";

const BUILDS = join(__dirname, "../dist/build");
const opened: MiniProgram[] = [];
afterEach(() => opened.splice(0).forEach((program) => program.end()));

function program(platform: Platform, server: (request: Requested) => Answered): MiniProgram {
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
});
