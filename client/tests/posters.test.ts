import { expect, test } from "vitest";

import { Problem } from "@/api/problem";
import { makePoster, PosterFailed } from "@/state/posters";

const ID = "32P3WWT3Y0B8J32H";
const pending = { poster_id: ID, status: "pending", url: null, poll_after_ms: 0 };
const ready = { poster_id: ID, status: "ready", url: "https://files.example.com/a4.pdf?X", poll_after_ms: null };

/** An API that answers in turn; an error is thrown. */
class Api {
  readonly calls: string[] = [];
  constructor(private readonly answers: unknown[]) {}
  get = (path: string): Promise<never> => this.call(`GET ${path}`);
  post = (path: string): Promise<never> => this.call(`POST ${path}`);
  private async call(call: string): Promise<never> {
    this.calls.push(call.replace("/v1/venues/{venue_id}", ""));
    const answer = this.answers.shift();
    if (answer instanceof Error) throw answer;
    return answer as never;
  }
}

test("a poster is waited for until its link is there", async () => {
  const api = new Api([pending, pending, ready]);
  expect(await makePoster(api as never, "ven_1", "venue", "a4_pdf").link).toBe(ready.url);
  expect(api.calls).toEqual(["POST /posters", "GET /posters/{poster_id}", "GET /posters/{poster_id}"]);
});

test("a poster that was made before is there at once, with a new link", async () => {
  const api = new Api([ready]);
  expect(await makePoster(api as never, "ven_1", "venue", "a4_pdf").link).toBe(ready.url);
  expect(api.calls).toHaveLength(1);
});

test("the first poster of a fast code or a join code makes that code", async () => {
  const fast = new Api([{}, ready]);
  await makePoster(fast as never, "ven_1", "fast", "a5_png").link;
  expect(fast.calls).toEqual(["POST /fast-code", "POST /posters"]);
  const join = new Api([{}, ready]);
  await makePoster(join as never, "ven_1", "join", "a5_png").link;
  expect(join.calls).toEqual(["GET /join-code", "POST /posters"]);
});

test("a poster that cannot be rendered, or is not one's own, is an error", async () => {
  const failed = { ...pending, status: "failed", poll_after_ms: null };
  await expect(makePoster(new Api([pending, failed]) as never, "ven_1", "venue", "a4_pdf").link).rejects.toBeInstanceOf(PosterFailed);
  const refused = new Problem(403, { code: "not_your_venue" }, undefined);
  await expect(makePoster(new Api([refused]) as never, "ven_1", "venue", "a4_pdf").link).rejects.toBe(refused);
});

test("nobody is asked about a poster after its page was left", async () => {
  const api = new Api([pending, pending, ready]);
  const making = makePoster(api as never, "ven_1", "venue", "a4_pdf");
  making.stop();
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve));
  expect(api.calls).toEqual(["POST /posters"]);
});
