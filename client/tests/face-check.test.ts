import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { useFaceCheck, type Subject } from "@/state/face-check";

const CHILD = { name: "关小满", document_type: "resident_id", document_number: "11010520150101001X" } as Subject;
interface Request {
  method: string;
  success: (answer: { statusCode: number; data: unknown; header: object }) => void;
}
const platform = uni as unknown as { request?: (request: Request) => void };
let waiting: Request[] = [];

beforeEach(() => {
  waiting = [];
  platform.request = (request) => void waiting.push(request);
});
afterEach(() => {
  delete platform.request;
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 1));
async function answer(status: string, pollAfterMs: number | null, sdk: object | null = null): Promise<void> {
  const data = { check_id: "chk_1", status, redirect_url: "https://face.example.com/1", sdk, poll_after_ms: pollAfterMs };
  waiting.shift()!.success({ statusCode: 201, data, header: {} });
  await settled();
}

test("a check that passes tells its id once", async () => {
  const passed: string[] = [];
  const check = useFaceCheck((id) => passed.push(id));
  const started = check.start(CHILD);
  await answer("pending", 0);
  await started;
  expect(check).toMatchObject({ status: "pending", url: "https://face.example.com/1" });
  await settled();
  await answer("passed", null);
  expect(passed).toEqual(["chk_1"]);
});

test("a check that was stopped before it began, because its page or its person changed, is not asked for", async () => {
  const passed: string[] = [];
  const check = useFaceCheck((id) => passed.push(id));
  const started = check.start(CHILD);
  check.stop();
  await answer("pending", 0);
  await started;
  await settled();
  expect(check).toMatchObject({ status: "none", url: "" });
  expect(waiting).toEqual([]);
});

test("an SDK gets what the service says and nothing else; if it does not start, the person may start again", async () => {
  const given: { fail: (error: unknown) => void }[] = [];
  const take = (options: (typeof given)[0]): void => void given.push(options);
  vi.stubGlobal("my", { startAPVerify: take });
  vi.stubGlobal("wx", { startFacialRecognitionVerify: take });
  const check = useFaceCheck(() => undefined);
  const started = check.start(CHILD);
  await answer("pending", 1000, { certifyId: "c1" });
  await started;
  expect(check.status).toBe("pending");
  expect(given.map((one) => Object.keys(one))).toEqual([["certifyId", "fail"], ["certifyId", "fail"]]);
  const error = { error: 2 };
  given[0]!.fail(error);
  expect(check).toMatchObject({ status: "none", error });
  // What a former check says of its end is not said of the next one.
  const again = check.start(CHILD);
  given[1]!.fail(error);
  expect(check.error).toBeNull();
  check.stop();
  await answer("pending", 1000);
  await again;
  vi.unstubAllGlobals();
});
