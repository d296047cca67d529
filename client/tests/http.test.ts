import { beforeEach, expect, test } from "vitest";

import { Http, type Tokens } from "@/api/http";
import { PersonChanged, Problem, Unanswered } from "@/api/problem";
import type { Exchange, Sent } from "@/api/transport";

/** A session that hands out tokens a1, a2 … and asks for a login if there is nothing to refresh. */
class Login implements Tokens {
  token: string | null = "a1";
  refreshing: string | null = "r1";
  asked: Problem[] = [];
  /** What the person does when a login is asked for. */
  logIn: () => void = () => {};

  who: string | null = "per_A";
  access = (): string | null => this.token;
  person = (): string | null => this.who;
  refreshToken = (): string | null => this.refreshing;
  renewed(access: string, refresh: string): void {
    this.token = access;
    this.refreshing = refresh;
  }
  async loginNeeded(problem: Problem): Promise<void> {
    this.asked.push(problem);
    this.logIn();
  }
}

type Given = Partial<Exchange> | Error;
const OK: Given = { status: 200, body: { items: [] } };
const EXPIRED: Given = { status: 401, body: { code: "token_expired", detail: "expired" } };

let login: Login;
let sent: Sent[];
let waits: number[];
let reached: boolean[];
let dated: number[];
/** The phone's time, which passes while a test waits. */
let now: number;

beforeEach(() => {
  now = 0;
  login = new Login();
  sent = [];
  waits = [];
  reached = [];
  dated = [];
});

/** An Http whose server answers by `answer`, called with each request. */
function http(answer: (request: Sent, count: number) => Given | Promise<Given>): Http {
  return new Http({
    base: "https://venuecode.example.com",
    transport: async (request) => {
      sent.push(request);
      const given = await answer(request, sent.length);
      if (given instanceof Error) throw given;
      return { status: 200, body: {}, headers: {}, ...given };
    },
    tokens: login,
    language: () => "zh-Hant",
    wait: async (ms) => {
      waits.push(ms);
      now += ms;
    },
    now: () => now,
    reached: (is) => reached.push(is),
    dated: (serverMs) => dated.push(serverMs),
  });
}

const bearer = (request: Sent | undefined) => request?.headers.Authorization;

test("a request says who asks, in which language, and what", async () => {
  await http(() => OK).get("/v1/me/dependants/{dependant_id}/visits", {
    path: { dependant_id: "per_7RHYG5G075CMMCW9" },
    query: { limit: 20, cursor: undefined },
  });
  expect(sent[0]).toMatchObject({
    method: "GET",
    url: "https://venuecode.example.com/v1/me/dependants/per_7RHYG5G075CMMCW9/visits?limit=20",
    headers: { Authorization: "Bearer a1", "Accept-Language": "zh-Hant" },
  });
});

test("any success resolves, any other status throws its problem", async () => {
  for (const status of [200, 201, 202]) expect(await http(() => ({ status, body: { status } })).get("/v1/me")).toEqual({ status });
  for (const status of [400, 403, 404, 409, 422, 429, 500]) {
    const problem = await http(() => ({ status, body: { code: "some", detail: "Please …" } })).get("/v1/me").catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status, code: "some", detail: "Please …" });
  }
});

test("a page of a proxy instead of problem+json is a problem without a code", async () => {
  const problem = await http(() => ({ status: 413, body: "<html>too large</html>" })).get("/v1/me").catch((error: unknown) => error);
  expect(problem).toMatchObject({ status: 413, code: "", detail: "" });
});

test("tokens are refreshed once for many calls that find them expired", async () => {
  const api = http((request) => {
    if (request.url.endsWith("/refresh")) return { status: 200, body: { access_token: "a2", refresh_token: "r2" } };
    return bearer(request) === "Bearer a1" ? EXPIRED : OK;
  });
  await Promise.all([api.get("/v1/me/visits"), api.get("/v1/me/accesses"), api.get("/v1/me/dependants")]);
  const refreshes = sent.filter((request) => request.url.endsWith("/refresh"));
  expect(refreshes).toHaveLength(1);
  expect(refreshes[0]).toMatchObject({ body: { refresh_token: "r1" } });
  expect(bearer(refreshes[0])).toBeUndefined();
  expect(login).toMatchObject({ token: "a2", refreshing: "r2", asked: [] });
});

test("a call whose 401 arrives after another's refresh uses the new tokens, without a second refresh", async () => {
  let late: (() => void) | undefined;
  const api = http((request) => {
    if (request.url.endsWith("/refresh")) return { status: 200, body: { access_token: "a2", refresh_token: "r2" } };
    if (bearer(request) === "Bearer a2") return OK;
    return request.url.endsWith("/visits") ? new Promise<Given>((resolve) => (late = () => resolve(EXPIRED))) : EXPIRED;
  });
  const visits = api.get("/v1/me/visits");
  await api.get("/v1/me/accesses");
  late!();
  await visits;
  expect(sent.filter((request) => request.url.endsWith("/refresh"))).toHaveLength(1);
});

test("a refresh that is refused asks the person to log in, and the call goes on with the new login", async () => {
  login.logIn = () => login.renewed("b1", "s1");
  const api = http((request) => {
    if (request.url.endsWith("/refresh")) return { status: 401, body: { code: "token_invalid", detail: "" } };
    return bearer(request) === "Bearer b1" ? OK : EXPIRED;
  });
  await api.get("/v1/me/visits");
  expect(login.asked).toHaveLength(1);
});

test("another 401 than an expired token is not refreshed", async () => {
  login.logIn = () => login.renewed("b1", "s1");
  await http((request) => (bearer(request) === "Bearer b1" ? OK : { status: 401, body: { code: "token_revoked", detail: "" } })).get("/v1/me");
  expect(sent.map((request) => bearer(request))).toEqual(["Bearer a1", "Bearer b1"]);
});

test("nothing is sent again for another person who logged in meanwhile", async () => {
  login.loginNeeded = async () => {
    throw new Error("another person logged in");
  };
  const api = http(() => ({ status: 401, body: { code: "token_revoked", detail: "" } }));
  await expect(api.post("/v1/me/pass/paper", { name: "masked", replaces: null })).rejects.toThrow("another person");
  expect(sent).toHaveLength(1);
});

test.each([
  ["its 401", { status: 401, body: { code: "token_expired", detail: "" } }],
  ["its answer", { status: 200, body: { items: [] } }],
])("a call that was away while another person logged in ends, and its answer is not theirs: %s", async (_, answer) => {
  const api = http(() => {
    login.who = "per_B";
    login.token = "b1";
    return answer;
  });
  await expect(api.get("/v1/me/visits")).rejects.toBeInstanceOf(PersonChanged);
  expect(sent.map(bearer)).toEqual(["Bearer a1"]);
  expect(login.asked).toEqual([]);
});

test("a call that was away while the person logged out asks for no login", async () => {
  const api = http(() => {
    login.who = login.token = login.refreshing = null;
    return EXPIRED;
  });
  await expect(api.get("/v1/me")).rejects.toBeInstanceOf(PersonChanged);
  expect(login.asked).toEqual([]);
});

test("tokens that were renewed for one person never become another's", async () => {
  const api = http((request) => {
    if (!request.url.endsWith("/refresh")) return EXPIRED;
    Object.assign(login, { who: "per_B", token: "b1", refreshing: "s1" });
    return { status: 200, body: { access_token: "a2", refresh_token: "r2" } };
  });
  await expect(api.get("/v1/me")).rejects.toBeInstanceOf(PersonChanged);
  expect(login).toMatchObject({ token: "b1", refreshing: "s1" });
});

test("tokens that another tab has renewed are used, and the old refresh token is not", async () => {
  login.refreshToken = () => {
    Object.assign(login, { token: "a2", refreshing: "r2" });
    return "r2";
  };
  await http((request) => (bearer(request) === "Bearer a2" ? OK : EXPIRED)).get("/v1/me");
  expect(sent.map((request) => request.url)).toEqual(Array(2).fill("https://venuecode.example.com/v1/me"));
});

test("a refresh during an outage is no reason to log in", async () => {
  const api = http((request) => (request.url.endsWith("/refresh") ? { status: 503, body: { code: "unavailable", detail: "" } } : EXPIRED));
  await expect(api.get("/v1/me")).rejects.toMatchObject({ status: 503 });
  expect(login.asked).toEqual([]);
  expect(login.token).toBe("a1");
});

test("a lost answer is asked for again with the same body, after growing pauses", async () => {
  const body = { nonce: "018058de-3800-7abc-8def-0123456789ab", code: "32P3WWT3Y0B8J32H" };
  const api = http((_, count) => (count < 5 ? new Error("timeout") : { status: 200, body: { outcome: "admit" } }));
  expect(await api.post("/v1/scans", body as never)).toEqual({ outcome: "admit" });
  expect(sent.map((request) => request.body)).toEqual([body, body, body, body, body]);
  expect(waits).toEqual([200, 400, 800, 1600]);
  expect(reached).toEqual([true]);
});

test("after five tries the network counts as gone", async () => {
  await expect(http(() => new Error("no network")).get("/v1/me")).rejects.toBeInstanceOf(Unanswered);
  expect(sent).toHaveLength(5);
  expect(reached).toEqual([false]);
});

test("Retry-After is obeyed at 502, 503 and 504", async () => {
  const api = http((_, count) => [{ status: 503, headers: { "retry-after": "7" } }, { status: 502 }, { status: 504 }, OK][count - 1]!);
  await api.get("/v1/me");
  expect(waits).toEqual([7000, 400, 800]);
});

test("a 503 that lasts is thrown after five tries, with its Retry-After", async () => {
  const api = http(() => ({ status: 503, body: { code: "unavailable", detail: "busy" }, headers: { "retry-after": "3" } }));
  await expect(api.get("/v1/me")).rejects.toMatchObject({ status: 503, retryAfterS: 3 });
  expect(sent).toHaveLength(5);
});

test("429 and 500 are not repeated by themselves", async () => {
  for (const status of [429, 500]) {
    sent = [];
    await expect(http(() => ({ status, headers: { "retry-after": "60" } })).get("/v1/me")).rejects.toMatchObject({ status, retryAfterS: 60 });
    expect(sent).toHaveLength(1);
  }
});

test("what may not be repeated is sent once, lost or not", async () => {
  const request = { client: "sms", phone: "+8613800000001", code: "123456" } as const;
  await expect(http(() => new Error("lost")).post("/v1/sessions", request, { open: true, again: false })).rejects.toBeInstanceOf(Unanswered);
  await expect(http(() => ({ status: 503 })).post("/v1/sessions", request, { open: true, again: false })).rejects.toMatchObject({ status: 503 });
  expect(sent).toHaveLength(2);
  expect(bearer(sent[0])).toBeUndefined();
});

test("a request without a login does not ask for one", async () => {
  const api = http(() => ({ status: 401, body: { code: "otp_invalid", detail: "wrong" } }));
  await expect(api.post("/v1/sessions", { client: "sms", phone: "+8613800000001", code: "000000" }, { open: true, again: false })).rejects.toMatchObject({
    code: "otp_invalid",
  });
  expect(login.asked).toEqual([]);
});

test("a call that asks for no login refreshes the tokens, and else throws its 401", async () => {
  const ended: Given = { status: 401, body: { code: "session_ended", detail: "" } };
  const api = http((request) => {
    if (request.url.endsWith("/refresh")) return { status: 200, body: { access_token: "a2", refresh_token: "r2" } };
    return bearer(request) === "Bearer a1" ? EXPIRED : ended;
  });
  await expect(api.post("/v1/sessions/logout", undefined as never, { again: false, login: false })).rejects.toMatchObject({ code: "session_ended" });
  expect(sent.map((request) => bearer(request) ?? request.url.split("/").pop())).toEqual(["Bearer a1", "refresh", "Bearer a2"]);
  expect(login.asked).toEqual([]);
});

test("a call that asks for no login does not wait for the one that another call asks for", async () => {
  login.loginNeeded = (problem) => {
    login.asked.push(problem);
    return new Promise(() => undefined);
  };
  const api = http(() => ({ status: 401, body: { code: "session_ended", detail: "" } }));
  void api.get("/v1/me");
  await expect(api.post("/v1/sessions/logout", undefined as never, { again: false, login: false })).rejects.toMatchObject({ code: "session_ended" });
  expect(login.asked).toHaveLength(1);
});

/** The API as to refresh tokens (docs/api.md): the last one used works again for 30 seconds, then ends the session. */
function grace() {
  const seen: { at: number }[] = [];
  const answer = (request: Sent): Given => {
    if (!request.url.endsWith("/refresh")) return bearer(request) === "Bearer a1" ? EXPIRED : OK;
    seen.push({ at: now });
    if (now - seen[0]!.at > 30_000) return { status: 401, body: { code: "session_ended", detail: "" } };
    // Carried out each time, and its answer lost: the request takes as long as it may.
    now += request.timeoutMs;
    return new Error("timeout");
  };
  return { seen, answer };
}

test("a refresh whose answers are lost is not tried again after the 30 seconds that a retry has", async () => {
  const { seen, answer } = grace();
  await expect(http(answer).get("/v1/me")).rejects.toBeInstanceOf(Unanswered);
  expect(seen.length).toBeGreaterThan(1);
  expect(now).toBeLessThan(30_000);
  expect(login).toMatchObject({ token: "a1", refreshing: "r1", asked: [] });
});

test("a refresh is not tried again by a phone that slept meanwhile", async () => {
  let sends = 0;
  const api = http((request) => {
    if (!request.url.endsWith("/refresh")) return EXPIRED;
    sends++;
    now += 600_000;
    return new Error("timeout");
  });
  await expect(api.get("/v1/me")).rejects.toBeInstanceOf(Unanswered);
  expect(sends).toBe(1);
});

test("a refresh does not wait for a Retry-After that outlasts the 30 seconds", async () => {
  const api = http((request) => (request.url.endsWith("/refresh") ? { status: 503, headers: { "retry-after": "30" } } : EXPIRED));
  await expect(api.get("/v1/me")).rejects.toMatchObject({ status: 503 });
  expect(waits).toEqual([]);
});

test("a refresh that another tab has done meanwhile is not tried again", async () => {
  let sends = 0;
  const api = http((request) => {
    if (bearer(request) === "Bearer a2") return OK;
    if (!request.url.endsWith("/refresh")) return EXPIRED;
    sends++;
    login.renewed("a2", "r2");
    return new Error("lost");
  });
  await api.get("/v1/me");
  expect([sends, login.refreshing]).toEqual([1, "r2"]);
});

test("the server's time is learned from answers that no cache can have kept", async () => {
  const at = (cache: string): Given => ({ ...OK, headers: { date: "Sun, 24 Apr 2022 08:00:00 GMT", "cache-control": cache } });
  await http(() => at("public, max-age=3600")).get("/v1/venue-types");
  expect(dated).toEqual([]);
  await http(() => at("no-store")).get("/v1/me");
  expect(dated).toEqual([Date.parse("2022-04-24T08:00:00.000Z")]);
});

test("an answer that a frozen phone took up later does not say what time it is", async () => {
  const at = (ms: number): Given => {
    now += ms;
    return { ...OK, headers: { date: "Sun, 24 Apr 2022 08:00:00 GMT", "cache-control": "no-store" } };
  };
  await http(() => at(8 * 60_000)).get("/v1/me");
  expect(dated).toEqual([]);
  // The first try took long, the second did not.
  await http((_, count) => (count === 2 ? { ...at(15_000), status: 503 } : at(2_000))).get("/v1/me");
  expect(dated).toHaveLength(1);
});
