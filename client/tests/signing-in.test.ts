import { expect, test } from "vitest";

import { session } from "@/state/session";
import { logIn } from "@/state/signing-in";

/** Begin a login; return what the API answers it with, and its end. */
function begun() {
  let answer: () => void = () => undefined;
  Object.assign(uni, {
    request: ({ success }: { success: (answer: object) => void }) => {
      answer = () => success({ statusCode: 201, header: {}, data: { access_token: "b1", refresh_token: "s1", person_id: "per_B" } });
    },
  });
  const done = logIn({ client: "sms", phone: "+8613800000001", code: "123456" });
  return { answer: () => answer(), done };
}

test("a login is kept, and says whether it is another person's", async () => {
  session.entered("a1", "r1", "per_A");
  const { answer, done } = begun();
  answer();
  expect(await done).toBe(true);
  expect(session.person()).toBe("per_B");
});

test("who closed the sheet before the answer came is not logged in by it", async () => {
  session.entered("a1", "r1", "per_A");
  const { answer, done } = begun();
  session.ended();
  answer();
  expect(await done).toBe(false);
  expect([session.person(), session.access()]).toEqual([null, null]);
});
