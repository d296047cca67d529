/** What the platforms' requests bring back: Alipay's calls `fail` for all but 2xx. */

import { expect, test } from "vitest";

import { platformTransport } from "@/api/transport";

const SENT = { method: "GET", url: "http://127.0.0.1/v1/me", headers: {}, timeoutMs: 1_000 } as const;
const PROBLEM = { code: "token_expired", detail: "…" };

/** A platform whose next request ends in this way, with this answer. */
function platform(ends: "success" | "fail", answer: object): void {
  Object.assign(uni, { request: (options: Record<string, (answer: object) => void>) => options[ends]!(answer) });
}

test.each([
  ["as text", JSON.stringify(PROBLEM)],
  ["read already", PROBLEM],
])("an error of the API is an answer in Alipay, too: %s", async (_, data) => {
  platform("fail", { errMsg: "request:fail http status error", statusCode: 401, header: { "Retry-After": "3" }, data });
  expect(await platformTransport(SENT)).toEqual({ status: 401, body: PROBLEM, headers: { "retry-after": "3" } });
});

test("what a proxy wrote is an answer without a code", async () => {
  platform("fail", { errMsg: "request:fail", statusCode: 502, data: "<html>" });
  expect(await platformTransport(SENT)).toEqual({ status: 502, body: "<html>", headers: {} });
});

test.each([
  ["no network", "fail", { errMsg: "request:fail 12" }],
  ["a time that is over", "fail", { errMsg: "request:fail 13", statusCode: 0 }],
  // Old clients put the code of the error there.
  ["the platform's own code", "fail", { errMsg: "request:fail", statusCode: 12 }],
  ["a proxy's answer without a status", "success", { statusCode: 0, data: "" }],
] as const)("without an answer nothing is made up: %s", async (_, ends, answer) => {
  platform(ends, answer);
  await expect(platformTransport(SENT)).rejects.toBeInstanceOf(Error);
});
