import { beforeEach, expect, test } from "vitest";

import { Problem, Unanswered } from "@/api/problem";
import { Application, type Draft } from "@/state/application";
import { FakeStorage } from "./fake-storage";

/** An API that answers in turn; an error is thrown. */
class Api {
  readonly sent: Record<string, unknown>[] = [];
  answers: unknown[] = [];
  async post(path: string, body: unknown): Promise<never> {
    expect(path).toBe("/v1/venues");
    this.sent.push(body as Record<string, unknown>);
    const answer = this.answers.shift();
    if (answer instanceof Error) throw answer;
    return answer as never;
  }
}

const FULL: Draft = {
  "number/type": "uscc",
  "number/value": "91440983MA0000001T",
  name: "青禾农贸市场",
  type: "markets_logistics",
  region: "440983",
  street: "",
  address: "新里二路 1 号",
  "contact/name": "梁思齐",
  "contact/phone": "13800000001",
};
const VENUE = { venue_id: "ven_SABR24PA3EYWNYP2" };
const lost = () => new Unanswered("no answer");
const refused = (code: string, status = 422) => new Problem(status, { code, errors: [{ pointer: "/name", detail: "不能打印：䶮" }] }, undefined);

let storage: FakeStorage;
let api: Api;
let now: number;
const opened = (person: string | null = "per_1"): Application => new Application(api as never, storage, () => person, () => now++);
function filled(change: Partial<Draft> = {}): Application {
  const application = opened();
  Object.assign(application.draft, FULL, change);
  return application;
}

beforeEach(() => {
  storage = new FakeStorage();
  api = new Api();
  now = Date.parse("2022-04-24T04:00:00.000Z");
});

test("a retry after a lost answer makes no second venue, even after the app was closed", async () => {
  api.answers = [lost(), lost(), VENUE];
  const first = filled();
  await expect(first.submit()).rejects.toBeInstanceOf(Unanswered);
  await expect(first.submit()).rejects.toBeInstanceOf(Unanswered);
  const reopened = opened();
  expect(reopened.draft).toEqual(FULL);
  expect(await reopened.submit()).toEqual(VENUE);
  expect(new Set(api.sent.map((body) => body.nonce)).size).toBe(1);
});

test("another application gets another nonce", async () => {
  api.answers = [lost(), VENUE];
  const application = filled();
  await expect(application.submit()).rejects.toBeInstanceOf(Unanswered);
  application.draft.address = "新里二路 2 号";
  await application.submit();
  expect(api.sent[0]!.nonce).not.toBe(api.sent[1]!.nonce);
});

test("a refused application is sent anew with a new nonce, and stays as it was typed", async () => {
  api.answers = [refused("invalid_input"), refused("venue_exists", 409), VENUE];
  const application = filled();
  await expect(application.submit()).rejects.toMatchObject({ code: "invalid_input" });
  await expect(application.submit()).rejects.toMatchObject({ code: "venue_exists" });
  expect(application.draft).toEqual(FULL);
  await application.submit();
  expect(new Set(api.sent.map((body) => body.nonce)).size).toBe(3);
});

test("a busy or failing service is asked again with the same nonce", async () => {
  api.answers = [refused("unavailable", 503), refused("too_many_requests", 429), VENUE];
  const application = filled();
  await expect(application.submit()).rejects.toMatchObject({ status: 503 });
  await expect(application.submit()).rejects.toMatchObject({ status: 429 });
  await application.submit();
  expect(new Set(api.sent.map((body) => body.nonce)).size).toBe(1);
});

test("the draft is gone once the venue is made", async () => {
  api.answers = [VENUE];
  await filled().submit();
  expect(storage.kept.size).toBe(0);
  expect(opened().draft.name).toBe("");
});

test("a draft is only for the person who typed it", () => {
  filled().keep();
  expect(opened("per_2").draft.name).toBe("");
  expect(storage.kept.size).toBe(0);
});

test("a resident's number is not kept on the phone", async () => {
  api.answers = [lost()];
  const number = "44098319900101001X";
  const application = filled({ "number/type": "resident_id", "number/value": number });
  application.keep();
  await expect(application.submit()).rejects.toBeInstanceOf(Unanswered);
  expect([...storage.kept.values()].join()).not.toContain(number);
  expect(opened().draft.name).toBe(FULL.name);
});

test("a check says what is wrong with a field, and can make no venue", async () => {
  api.answers = [refused("invalid_input"), lost()];
  const application = filled();
  const problem = await application.check();
  expect(problem?.field("name")).toBe("不能打印：䶮");
  expect(api.sent[0]).not.toHaveProperty("nonce");
  await expect(application.check()).rejects.toBeInstanceOf(Unanswered);
});
