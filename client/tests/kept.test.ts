/** A guard's kept scans are sent wherever the client starts, and before a log-out. */

import { beforeEach, expect, test, vi } from "vitest";

import { uuid7 } from "@/api/nonce";
import { keptAfterSending, sendKept } from "@/state/kept";
import { session } from "@/state/session";
import { phoneStorage } from "@/state/storage";
import { DAY, PASS, VENUE } from "./queue-phone";

interface Request {
  url: string;
  success: (answer: object) => void;
  fail: (error: object) => void;
}
let sent: string[];
let answer: (request: Request) => void;

beforeEach(() => {
  sent = [];
  answer = ({ success }) => success({ statusCode: 201, header: {}, data: { status: "recorded" } });
  Object.assign(uni, {
    request: (request: Request) => {
      sent.push(request.url.replace(/.*\/v1/, "/v1"));
      answer(request);
    },
  });
  for (const key of phoneStorage.keys("queue.")) phoneStorage.remove(key);
  session.ended();
});

/** A scan that this phone has kept for a day. */
function keep(personId: string): void {
  const nonce = uuid7(Date.now() - DAY);
  const venue = { venueId: VENUE.id, venueName: VENUE.name };
  phoneStorage.write(`queue.${nonce}`, { nonce, id: nonce, personId, ...venue, deviceId: "phn_1", code: PASS, tail: "0B8J", paper: false, temperature: null, ahead: 0, state: "waiting", reason: "" });
  phoneStorage.write(`device.${personId}`, { deviceId: "phn_1", secret: "SECRET" });
}
const LATE = `/v1/venues/${VENUE.id}/late-scans`;

test("what was kept before the client was closed goes out at its next start", async () => {
  keep("per_1");
  session.entered("a1", "r1", "per_1");
  await sendKept();
  await vi.waitFor(() => expect(sent).toEqual([LATE]));
});

test("a phone that keeps nothing sends nothing, and another's scans stay", async () => {
  session.entered("a1", "r1", "per_2");
  await sendKept();
  keep("per_1");
  await sendKept();
  expect(await keptAfterSending()).toBe(0);
  expect(sent).toEqual([]);
});

test("before a log-out what waits is sent", async () => {
  keep("per_1");
  session.entered("a1", "r1", "per_1");
  expect(await keptAfterSending()).toBe(0);
  expect(sent).toEqual([LATE]);
});

test("what cannot be sent before a log-out is counted, and nobody is asked to log in for it", async () => {
  keep("per_1");
  session.entered("a1", "r1", "per_1");
  answer = ({ success }) => success({ statusCode: 401, header: {}, data: { code: "session_ended", detail: "" } });
  expect(await keptAfterSending()).toBe(1);
  expect(session.state.asking).toBe(false);
});

test("a network that does not answer holds nobody back for more than a few seconds", async () => {
  keep("per_1");
  session.entered("a1", "r1", "per_1");
  answer = () => undefined;
  vi.useFakeTimers();
  try {
    const waiting = keptAfterSending();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await waiting).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});
